"""Many requests in one: their order, what a failure does, change sets; and many rows in one request."""

from __future__ import annotations

import pytest

from tests.systems.dataverse.desk import (
    ACCOUNT,
    API,
    CONTACT,
    HOST,
    OTHER_ACCOUNT,
    change_set,
    error,
    part,
    parts_of,
    statuses,
    stocked,
)

LONG = {"name": "x" * 161}
CONTINUE = {"Prefer": "odata.continue-on-error"}


def upsert(number, **more):
    return part("PATCH", f"{API}accounts(cw_hubid='h{number}')", {"name": f"Row {number}", **more})


def test_parts_are_answered_in_their_order(desk):
    answer = desk.batch(
        upsert(1),
        part("GET", f"{HOST}{API}accounts({ACCOUNT})?$select=name"),
        part("POST", "accounts", {"name": "Relative"}),
        part("DELETE", f"{API}contacts({CONTACT})"),
    )
    assert answer.status_code == 200
    assert statuses(answer) == [204, 200, 204, 204]
    assert '"name":"Acme"' in parts_of(answer)[1][1]
    assert f"OData-EntityId: {HOST}{API}accounts(cw_hubid='h1')" in answer.text


def test_a_failure_makes_the_whole_a_400_and_ends_it_there(desk):
    answer = desk.batch(upsert(1), part("POST", "accounts", LONG), upsert(2))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert statuses(answer) == [204, 400]
    assert "0x80044331" in parts_of(answer)[1][1]
    assert "REQ_ID: " in answer.text
    assert desk.ask("GET", "accounts(cw_hubid='h1')").status_code == 200, "what was done before stays done"
    assert desk.ask("GET", "accounts(cw_hubid='h2')").status_code == 404


def test_the_failing_part_may_come_alone():
    desk = stocked(switches={"batch_shows_earlier_parts": False})
    assert statuses(desk.batch(upsert(1), part("POST", "accounts", LONG))) == [400]


def test_a_batch_that_continues_is_a_200_with_a_status_for_each(desk):
    answer = desk.batch(upsert(1), part("POST", "accounts", LONG), upsert(2), **CONTINUE)
    assert (answer.status_code, statuses(answer)) == (200, [204, 400, 204])


def test_each_part_has_its_own_conditions(desk):
    answer = desk.batch(
        part("PATCH", f"accounts({ACCOUNT})", {"name": "X"}, If_Match='W/"1"'),
        part("PATCH", f"accounts({ACCOUNT})", {"name": "Y"}, If_Match="*"),
        part("PATCH", f"accounts({OTHER_ACCOUNT})", {"accountnumber": "A-1"}),
        **CONTINUE,
    )
    found = parts_of(answer)
    assert [status for status, _ in found] == [412, 204, 412]
    assert "0x80060882" in found[0][1]
    assert "0x80060892" in found[2][1]


# Change sets


def test_a_change_set_is_all_or_nothing(desk):
    good = part("POST", "accounts", {"name": "One", "cw_hubid": "one"}, content_id=1)
    bad = part("POST", "accounts", LONG, content_id=2)
    answer = desk.batch(change_set(good, bad), upsert(3), **CONTINUE)
    assert statuses(answer) == [400, 204]
    assert desk.ask("GET", "accounts(cw_hubid='one')").status_code == 404
    assert desk.ask("POST", "accounts", {"name": "One", "cw_hubid": "one"}).status_code == 204


def test_a_failed_change_set_may_answer_for_each_of_its_requests():
    desk = stocked(switches={"change_set_fails_as_one": False})
    bad = change_set(part("POST", "accounts", {"name": "One"}, 1), part("POST", "accounts", LONG, 2))
    assert statuses(desk.batch(bad)) == [400, 400]


def test_a_change_that_was_rolled_back_is_in_no_delta(desk):
    link = desk.get("accounts?$select=name", Prefer="odata.track-changes")["@odata.deltaLink"]
    delete = part("DELETE", f"accounts({OTHER_ACCOUNT})", content_id=1)
    edit = part("PATCH", f"accounts({ACCOUNT})", {"name": "X"}, content_id=2)
    desk.batch(change_set(delete, edit, part("POST", "accounts", LONG, 3)))
    assert desk.get(link)["value"] == []
    assert desk.get(f"contacts({CONTACT})")["_parentcustomerid_value"] == ACCOUNT


def test_a_reference_names_what_the_change_set_made(desk):
    answer = desk.batch(
        change_set(
            part("POST", f"{API}accounts", {"name": "Parent", "cw_hubid": "p"}, content_id=1),
            part(
                "POST",
                f"{API}contacts",
                {"lastname": "Child", "parentcustomerid_account@odata.bind": "$1"},
                2,
            ),
            part("PATCH", "$1", {"telephone1": "1"}, content_id=3),
            part("PATCH", f"{API}$2", {"jobtitle": "Buyer"}, content_id=4),
        )
    )
    assert statuses(answer) == [204] * 4
    assert "Content-ID: 2" in answer.text
    parent = desk.get("accounts(cw_hubid='p')")
    (child,) = desk.get(f"contacts?$filter=_parentcustomerid_value eq {parent['accountid']}")["value"]
    assert (parent["telephone1"], child["jobtitle"]) == ("1", "Buyer")


def test_a_reference_before_its_declaration_is_400(desk):
    child = part("POST", "contacts", {"lastname": "X", "parentcustomerid_account@odata.bind": "$7"}, 1)
    ((status, body),) = parts_of(desk.batch(change_set(child)))
    assert status == 400
    assert "Content-ID Reference: '$7' does not exist in the batch context." in body


def test_a_change_set_holds_no_get(desk):
    assert statuses(desk.batch(change_set(part("GET", f"accounts({ACCOUNT})", content_id=1)))) == [400]


# What is refused as a whole


def test_a_thousand_requests_are_taken_and_one_more_is_not(desk):
    reads = [part("GET", "WhoAmI()")] * 1000
    assert desk.batch(*reads).status_code == 200
    answer = desk.batch(*reads[1:], change_set(upsert(1), upsert(2)))
    assert error(answer)[:2] == (400, "0x80040203")
    assert desk.ask("GET", "accounts(cw_hubid='h1')").status_code == 404


def test_a_batch_inside_a_batch_is_refused(desk):
    assert statuses(desk.batch(part("POST", f"{API}$batch"))) == [400]


@pytest.mark.parametrize("kind", ["application/json", "multipart/mixed"])
def test_a_batch_needs_a_boundary(desk, kind):
    answer = desk.client.post(f"{API}$batch", content=b"{}", headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_a_batch_that_breaks_off_is_refused(desk):
    body = b"--b\r\n" + upsert(1)
    answer = desk.client.post(
        f"{API}$batch", content=body, headers={"Content-Type": "multipart/mixed; boundary=b"}
    )
    assert answer.status_code == 400


def test_lines_may_end_as_on_other_machines(desk):
    body = b"--b\n" + upsert(1).replace(b"\r\n", b"\n") + b"\n--b--\n"
    answer = desk.client.post(
        f"{API}$batch", content=body, headers={"Content-Type": "multipart/mixed; boundary=b"}
    )
    assert statuses(answer) == [204]


# Many rows of one table


def targets(*rows, table="account"):
    return {"Targets": [{"@odata.type": f"Microsoft.Dynamics.CRM.{table}", **row} for row in rows]}


def many(desk, action, *rows):
    return desk.ask("POST", f"accounts/Microsoft.Dynamics.CRM.{action}", targets(*rows))


def test_create_multiple_tells_the_ids(desk):
    answer = many(desk, "CreateMultiple", {"name": "One"}, {"name": "Two"})
    assert answer.status_code == 200
    assert [desk.row("account", key)["name"] for key in answer.json()["Ids"]] == ["One", "Two"]


def test_upsert_multiple_tells_nothing(desk):
    rows = (
        {"@odata.id": "accounts(accountnumber='A-1')", "name": "Old"},
        {"@odata.id": "accounts(cw_hubid='n')"},
    )
    answer = many(desk, "UpsertMultiple", rows[0], {**rows[1], "name": "New"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert desk.row("account", ACCOUNT)["name"] == "Old"
    assert desk.get("accounts(cw_hubid='n')")["name"] == "New"


def test_update_multiple_is_all_or_nothing(desk):
    good = {"accountid": ACCOUNT, "name": "X"}
    assert many(desk, "UpdateMultiple", good, {"accountid": OTHER_ACCOUNT, **LONG}).status_code == 400
    assert desk.row("account", ACCOUNT)["name"] == "Acme"
    answer = many(desk, "UpdateMultiple", good, {"accountid": CONTACT, "name": "X"})
    assert error(answer) == (404, "0x80040217", f"Account With Ids = {CONTACT} Do Not Exist")
    assert many(desk, "UpdateMultiple", good).status_code == 204


@pytest.mark.parametrize("action", ["CreateMultiple", "UpdateMultiple", "UpsertMultiple"])
def test_each_target_says_its_type(desk, action):
    body = {"Targets": [{"accountid": ACCOUNT, "@odata.id": f"accounts({ACCOUNT})", "name": "X"}]}
    assert desk.ask("POST", f"accounts/Microsoft.Dynamics.CRM.{action}", body).status_code == 400


def test_delete_multiple_is_not_for_these_tables(desk):
    message = error(many(desk, "DeleteMultiple", {"accountid": ACCOUNT}))[2]
    assert message == "DeleteMultiple has not yet been implemented."
