"""Service protection, faults, the control plane, and what outlives the process."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from local.systems.dataverse import Limits
from local.systems.rows import Rows
from tests.systems.dataverse.desk import (
    ACCOUNT,
    CONTACT,
    OTHER_ACCOUNT,
    Desk,
    error,
    part,
    parts_of,
    statuses,
    stocked,
)


def test_answers_say_what_is_left():
    desk = stocked(limits=Limits(requests=3))
    answer = desk.ask("GET", "WhoAmI()")
    assert answer.headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "2"
    assert answer.headers["x-ms-ratelimit-time-remaining-xrm-requests"] == "1,200.00"


def test_too_many_requests_have_to_wait_and_longer_for_who_keeps_pushing():
    desk = stocked(limits=Limits(requests=2))
    assert [desk.ask("GET", "WhoAmI()").status_code for _ in range(2)] == [200, 200]
    answer = desk.ask("GET", "WhoAmI()")
    assert error(answer) == (
        429,
        "0x80072322",
        "Number of requests exceeded the limit of 2 over time window of 300 seconds.",
    )
    desk.clock.advance(100)
    waits = [int(desk.ask("GET", "WhoAmI()").headers["Retry-After"]) for _ in range(3)]
    assert waits == [201, 202, 203]
    desk.clock.advance(200)
    assert desk.ask("GET", "WhoAmI()").status_code == 200


def test_running_time_is_limited_by_the_rows_that_a_request_names():
    desk = stocked(limits=Limits(execution=1.0, seconds_per_row=0.4))
    for _ in range(2):
        assert desk.ask("GET", "accounts").status_code == 200
    assert error(desk.ask("GET", "accounts"))[:2] == (429, "0x80072321")


@pytest.mark.parametrize("counts, status", [(False, 200), (True, 429)])
def test_requests_in_a_batch_count_as_the_switch_says(counts, status):
    desk = stocked(limits=Limits(requests=5), switches={"batch_parts_count": counts})
    desk.batch(*[part("GET", f"accounts({ACCOUNT})")] * 8)
    assert desk.ask("GET", "accounts").status_code == status


def test_limits_are_set_while_it_runs(desk):
    answer = desk.client.post("/_sim/limits", json={"requests": 1})
    assert answer.json()["requests"] == 1
    assert [desk.ask("GET", "accounts").status_code for _ in range(2)] == [200, 429]
    assert desk.client.post("/_sim/limits", json={"requests": 0}).status_code == 400
    assert desk.client.get("/_sim/limits").json()["requests"] == 1


def test_switches_are_set_while_it_runs(desk):
    assert desk.client.post("/_sim/switches", json={"trims_text": False}).json()["trims_text"] is False
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": " Acme "})
    assert desk.row("account", ACCOUNT)["name"] == " Acme "
    wrongs: list[Any] = [{"colour": True}, {"trims_text": "no"}, []]
    for wrong in wrongs:
        assert desk.client.post("/_sim/switches", json=wrong).status_code == 400


@pytest.mark.parametrize(
    "kind, status, code",
    [
        ("throttle", 429, "0x80072322"),
        ("throttle_time", 429, "0x80072321"),
        ("throttle_concurrency", 429, "0x80072326"),
        ("unavailable", 503, "0x8004a001"),
        ("error", 500, "0x80040216"),
    ],
)
def test_faults_answer_as_the_vendor_does_and_nothing_is_done(desk, kind, status, code):
    desk.order_fault(kind=kind, count=1, seconds=7)
    answer = desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "X"})
    assert error(answer)[:2] == (status, code)
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert desk.row("account", ACCOUNT)["name"] == "Acme"


def test_a_token_that_was_taken_back_is_401_until_a_new_one(desk):
    desk.order_fault(kind="expire_session", count=1)
    assert [desk.ask("GET", "accounts").status_code for _ in range(2)] == [401, 401]
    desk.log_in()
    assert desk.ask("GET", "accounts").status_code == 200


def test_a_dropped_connection_may_have_done_its_work(desk):
    desk.order_fault(kind="drop_after_write", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        desk.batch(part("PATCH", f"accounts({ACCOUNT})", {"name": "Done"}))
    assert desk.row("account", ACCOUNT)["name"] == "Done"


def test_single_records_of_a_batch_meet_faults_of_their_own(desk):
    desk.order_fault(kind="lock", match=ACCOUNT)
    desk.order_fault(kind="reject_records", match="Zen")
    answer = desk.batch(
        part("PATCH", f"accounts({ACCOUNT})", {"name": "X"}),
        part("PATCH", f"accounts({OTHER_ACCOUNT})", {"name": "Zen"}),
        part("PATCH", f"contacts({CONTACT})", {"lastname": "X"}),
        Prefer="odata.continue-on-error",
    )
    found = parts_of(answer)
    assert statuses(answer) == [500, 400, 204]
    assert "Sql Number: 1205" in found[0][1]
    assert "0x80040265" in found[1][1]


def test_the_call_log_knows_how_many_rows_a_batch_named(desk):
    desk.batch(part("PATCH", f"accounts({ACCOUNT})", {"name": "X"}), part("GET", f"accounts({ACCOUNT})"))
    (call,) = [each for each in desk.controlled.calls.since(0) if each.path.endswith("$batch")]
    assert (call.records, call.write) == (2, True)


def test_people_work_past_the_api_and_are_told_what_is_refused(desk):
    def act(verb, **body):
        return desk.client.post(f"/_sim/people/{verb}", json=body)

    key = act("create", table="account", values={"name": "By hand"}).json()["id"]
    assert act("edit", table="account", id=key, values={"name": "Again"}).status_code == 200
    assert desk.row("account", key)["name"] == "Again"
    assert error(act("edit", table="account", id=key, values={"name": 7}))[0] == 400
    assert act("delete", table="account", id=key).status_code == 200
    assert error(act("delete", table="account", id=key))[0] == 404
    assert act("edit", table="account").status_code == 400
    assert act("dance").status_code == 404
    assert not [call for call in desk.controlled.calls.since(0) if "_sim" in call.path]


def test_errors_say_more_where_all_annotations_are_asked_for(desk):
    plain = desk.ask("GET", "accounts(accountnumber='X')").json()["error"]
    assert plain.keys() == {"code", "message"}
    answer = desk.ask("GET", "accounts(accountnumber='X')", Prefer='odata.include-annotations="*"')
    more = answer.json()["error"]
    assert more["@Microsoft.PowerApps.CDS.HelpLink"].endswith("CrmException%3a80060891&client=platform")
    assert answer.headers["REQ_ID"] == answer.headers["x-ms-service-request-id"]


def test_a_method_that_is_not_for_it_is_405(desk):
    assert desk.ask("PUT", "accounts", {}).status_code == 405
    assert desk.ask("POST", f"accounts({ACCOUNT})", {}).status_code == 405
    assert desk.ask("POST", f"accounts({ACCOUNT})/Microsoft.Dynamics.CRM.QualifyLead", {}).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
def test_a_body_that_is_no_object_is_400(desk, body):
    answer = desk.client.post("/api/data/v9.2/accounts", content=body)
    assert error(answer)[:2] == (400, "0x80048d19")


@pytest.mark.parametrize(
    "path", ["accounts(", "accounts(x)y", "accounts()", "accounts(name=)", "accounts(,)", "("]
)
def test_an_address_that_is_none_is_refused(desk, path):
    assert desk.ask("GET", path).status_code in {400, 404}


def test_rows_versions_and_deletes_outlive_the_process(tmp_path):
    first = stocked(Rows(tmp_path / "rows.sqlite"))
    link = first.get("accounts?$select=name", Prefer="odata.track-changes")["@odata.deltaLink"]
    first.ask("DELETE", f"accounts({ACCOUNT})")
    first.ask("PATCH", f"accounts({OTHER_ACCOUNT})", {"accountnumber": "Z-1"})
    version = first.row("account", OTHER_ACCOUNT)["versionnumber"]
    first.system.rows.close()
    second = Desk(Rows(tmp_path / "rows.sqlite"))
    second.log_in()
    assert [row.get("name") or row["reason"] for row in second.get(link)["value"]] == ["Zenith", "deleted"]
    assert second.get("accounts(accountnumber='Z-1')")["@odata.etag"] == f'W/"{version}"'
    second.ask("PATCH", f"accounts({OTHER_ACCOUNT})", {"name": "Zen"})
    assert second.row("account", OTHER_ACCOUNT)["versionnumber"] > version
    assert len(list(second.system.records("systemuser"))) == 3
    second.system.rows.close()
