from __future__ import annotations

import httpx
import pytest

from local.systems.rows import Rows
from tests.systems.salesforce.desk import ACCOUNT, CONTACT, Desk, error, stocked

EXCEEDED = (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def test_every_answer_says_how_many_calls_are_used(desk):
    answers = [desk.ask("GET", "limits"), desk.ask("GET", "nowhere"), desk.ask("GET", "query?q=x")]
    assert [each.headers["Sforce-Limit-Info"] for each in answers] == [
        f"api-usage={used}/1000000" for used in (1, 2, 3)
    ]


def test_limits_say_what_is_left(desk):
    assert desk.ask("GET", "limits").json()["DailyApiRequests"] == {"Max": 1_000_000, "Remaining": 999_999}


def test_calls_above_the_daily_limit_are_refused_until_old_ones_roll_out():
    desk = stocked(daily_limit=2)
    desk.ask("GET", "limits")
    desk.clock.advance(3600)
    desk.ask("GET", "limits")
    refused = desk.ask("GET", "limits")
    assert error(refused) == EXCEEDED
    assert refused.headers["Sforce-Limit-Info"] == "api-usage=2/2"
    assert "Retry-After" not in refused.headers
    desk.clock.advance(23 * 3600)
    desk.log_in()
    assert desk.ask("GET", "limits").headers["Sforce-Limit-Info"] == "api-usage=2/2"


@pytest.mark.parametrize(
    "kind, status, code",
    [
        ("throttle", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("error", 500, "UNKNOWN_EXCEPTION"),
        ("unavailable", 503, "SERVER_UNAVAILABLE"),
    ],
)
def test_a_fault_answers_in_the_shape_of_this_api(desk, kind, status, code):
    desk.order_fault(kind=kind, count=1)
    answer = desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"LastName": "X"})
    assert error(answer)[:2] == (status, code)
    assert "Retry-After" not in answer.headers
    assert desk.row("Contact", CONTACT)["LastName"] == "Lovelace"


def test_a_fault_does_not_meet_the_token_endpoint(desk):
    desk.order_fault(kind="error")
    assert desk.token().status_code == 200


def test_a_write_may_be_done_and_its_answer_lost(desk):
    desk.order_fault(kind="drop_after_write", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"LastName": "X"})
    assert desk.row("Contact", CONTACT)["LastName"] == "X"


def test_the_date_of_an_answer_is_the_systems_own_clock(desk):
    desk.clock.advance(90)
    assert desk.ask("GET", "limits").headers["Date"] == "Sun, 01 Mar 2026 09:02:00 GMT"


def test_an_org_starts_again_where_it_was(tmp_path):
    first = stocked(Rows(tmp_path / "rows.sqlite"))
    made = first.ask("POST", "sobjects/Contact", {"LastName": "New", "AccountId": ACCOUNT}).json()["id"]
    first.system.rows.close()
    second = Desk(Rows(tmp_path / "rows.sqlite"))
    second.log_in()
    assert second.ids("SELECT Id FROM Contact WHERE LastName = 'new'") == [made]
    assert second.ask("POST", "sobjects/Contact", {"LastName": "Next"}).json()["id"] > made
    second.system.rows.close()


# Loading


def test_loaded_rows_keep_their_ids_and_stamps(desk):
    row = desk.row("Contact", CONTACT)
    assert {row["CreatedDate"], row["SystemModstamp"]} == {"2025-01-01T00:00:00.000+0000"}


def test_loaded_rows_are_given_what_they_lack(desk):
    desk.system.load(
        "Account", [{"Name": "Bare"}, {"Name": "Dated", "SystemModstamp": "2025-05-05T10:00:00+02:00"}]
    )
    rows = desk.query(
        "SELECT Id, SystemModstamp, OwnerId FROM Account WHERE Name IN ('Bare', 'Dated') ORDER BY Name"
    )
    stamps = [row["SystemModstamp"] for row in rows["records"]]
    assert stamps == ["2026-03-01T09:00:30.000+0000", "2025-05-05T08:00:00.000+0000"]
    assert all(row["OwnerId"] for row in rows["records"])


@pytest.mark.parametrize(
    "row", [{"Foo": "x"}, {"Id": "003000000000001AAA"}, {"Id": "x"}, {"CreatedDate": "soon"}]
)
def test_a_row_that_the_object_cannot_have_is_not_loaded(desk, row):
    with pytest.raises(ValueError, match=r"Account|soon"):
        desk.system.load("Account", [row])


def test_a_row_can_be_checked_before_it_is_loaded(desk):
    check = desk.system.loader.check
    assert check("Account", {"Name": "Fine", "CreatedDate": "2025-01-01T00:00:00Z"}) is None
    assert check("Account", {"Name": "x" * 256}).code == "STRING_TOO_LONG"
    assert check("Account", {"Name": "Fine", "Foo": "x"}).code == "INVALID_FIELD"
