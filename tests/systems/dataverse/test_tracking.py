"""What has changed since a token."""

from __future__ import annotations

import pytest

from tests.systems.dataverse.desk import ACCOUNT, CONTACT, LONG_AGO, OTHER_ACCOUNT, error, stocked

TRACK = {"Prefer": "odata.track-changes"}
PAGED = {"Prefer": "odata.track-changes,odata.maxpagesize=2"}
DAY = 24 * 3600


def token_after(desk, path="accounts?$select=name"):
    return desk.get(path, **TRACK)["@odata.deltaLink"]


def shown(body):
    """Names of rows, and ids of what is gone."""
    return [row.get("name") or row["id"] for row in body["value"]]


def read(desk, path, **headers):
    """All pages: what they show, and the link of the last."""
    rows = []
    body = desk.get(path, **headers)
    rows += shown(body)
    while "@odata.nextLink" in body:
        assert "@odata.deltaLink" not in body
        body = desk.get(body["@odata.nextLink"], Prefer="odata.maxpagesize=2")
        rows += shown(body)
    return rows, body["@odata.deltaLink"]


def test_the_first_answer_is_everything_and_a_token_of_version_and_time(desk):
    answer = desk.ask("GET", "accounts?$select=name", **TRACK)
    assert answer.headers["Preference-Applied"] == "odata.track-changes"
    body = answer.json()
    assert shown(body) == ["Acme", "Zenith"]
    assert body["@odata.context"].endswith("$metadata#accounts(name)")
    token = body["@odata.deltaLink"].partition("$deltatoken=")[2]
    version, _, at = token.partition("%21")
    assert version.isdecimal()
    assert at == "03%2F01%2F2026%2009%3A00%3A30"
    assert "accounts?$select=name&" in body["@odata.deltaLink"]


def test_nothing_changed_is_an_empty_answer_with_a_new_link(desk):
    body = desk.get(token_after(desk))
    assert body["value"] == []
    assert "@odata.deltaLink" in body
    assert body["@odata.context"].endswith("/$delta")


def test_changes_come_by_version_and_deletes_last(desk):
    link = token_after(desk)
    desk.ask("DELETE", f"accounts({ACCOUNT})")
    desk.ask("POST", "accounts", {"name": "New"})
    desk.ask("PATCH", f"accounts({OTHER_ACCOUNT})", {"name": "Zen"})
    body = desk.get(link)
    assert shown(body) == ["New", "Zen", ACCOUNT]
    gone = body["value"][-1]
    assert gone.pop("@odata.context").endswith("$metadata#accounts/$deletedEntity")
    assert gone == {"id": ACCOUNT, "reason": "deleted"}
    assert shown(desk.get(body["@odata.deltaLink"])) == []


def test_a_row_changed_twice_comes_once_and_the_token_works_again(desk):
    link = token_after(desk)
    for name in ("One", "Two"):
        desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": name})
    assert shown(desk.get(link)) == ["Two"]
    assert shown(desk.get(link)) == ["Two"]


def test_a_row_made_and_deleted_between_two_polls_is_still_a_delete(desk):
    link = token_after(desk)
    desk.ask("PATCH", "accounts(cw_hubid='x')", {"name": "Short"})
    desk.ask("DELETE", "accounts(cw_hubid='x')")
    assert [row["reason"] for row in desk.get(link)["value"]] == ["deleted"]


def test_a_row_made_again_under_its_id_is_not_gone(desk):
    link = token_after(desk)
    desk.ask("DELETE", f"accounts({ACCOUNT})")
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "Again"})
    assert shown(desk.get(link)) == ["Again"]


def test_the_first_answer_never_has_deletes(desk):
    desk.ask("DELETE", f"accounts({ACCOUNT})")
    assert shown(desk.get("accounts", **TRACK)) == ["Zenith"]


def test_changes_can_be_counted(desk):
    link = token_after(desk)
    desk.ask("POST", "accounts", {"name": "New"})
    desk.ask("DELETE", f"accounts({ACCOUNT})")
    assert desk.ask("GET", link.replace("accounts?", "accounts/$count?")).text == "2"


def test_pages_of_a_delta_have_the_delta_link_on_the_last_only(desk):
    link = token_after(desk)
    for number in range(3):
        desk.ask("POST", "accounts", {"name": f"New {number}"})
    desk.ask("DELETE", f"accounts({ACCOUNT})")
    desk.ask("DELETE", f"accounts({OTHER_ACCOUNT})")
    rows, after = read(desk, link, Prefer="odata.maxpagesize=2")
    assert rows == ["New 0", "New 1", "New 2", ACCOUNT, OTHER_ACCOUNT]
    assert shown(desk.get(after)) == []


def test_a_row_that_changes_while_pages_are_read_is_not_lost(desk):
    for number in range(4):
        desk.ask("PATCH", f"accounts(cw_hubid='{number}')", {"name": f"New {number}"})
    first = desk.get("accounts?$select=name", **PAGED)
    desk.ask("PATCH", "accounts(cw_hubid='3')", {"name": "Changed"})
    desk.ask("DELETE", "accounts(cw_hubid='2')")
    rows, link = read(desk, first["@odata.nextLink"], Prefer="odata.maxpagesize=2")
    assert shown(first) + rows == ["Acme", "Zenith", "New 0", "New 1"]
    later = desk.get(link)["value"]
    assert [row.get("name") or row["reason"] for row in later] == ["Changed", "deleted"]


def test_tables_have_their_own_changes(desk):
    link = token_after(desk, "contacts?$select=lastname")
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "X"})
    assert desk.get(link)["value"] == []
    desk.ask("DELETE", f"accounts({ACCOUNT})")
    assert shown(desk.get(link)) == [CONTACT]


@pytest.mark.parametrize("option", ["$filter=name eq 'x'", "$orderby=name", "$top=5"])
def test_what_tracking_does_not_support_is_said_in_the_vendors_words(desk, option):
    status, _, message = error(desk.ask("GET", f"accounts?{option}", **TRACK))
    name = option.partition("=")[0]
    assert status == 400
    assert message == f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'


def test_a_table_without_tracking_says_so(desk):
    answer = desk.ask("GET", "systemusers", **TRACK)
    assert error(answer)[:2] == (400, "0x80072491")


def test_a_token_ends_after_seven_days(desk):
    link = token_after(desk)
    desk.clock.advance(7 * DAY - 1)
    desk.log_in()
    assert desk.get(link)["value"] == []
    desk.clock.advance(31)
    assert error(desk.ask("GET", link)) == (
        400,
        "0x80044352",
        "Version stamp associated with the client has expired. Please perform a full sync.",
    )


def test_how_long_tokens_last_and_what_an_old_one_gets_are_switches():
    desk = stocked(switches={"track_changes_days": 0.001, "expired_token_status": 410})
    link = token_after(desk)
    desk.clock.advance(120)
    assert desk.ask("GET", link).status_code == 410


def test_a_change_to_the_tables_columns_ends_its_tokens_only(desk):
    accounts, contacts = token_after(desk), token_after(desk, "contacts")
    assert desk.client.post("/_sim/metadata", json={"table": "account"}).status_code == 204
    assert error(desk.ask("GET", accounts))[1] == "0x80044352"
    assert desk.ask("GET", contacts).status_code == 200
    assert desk.ask("GET", token_after(desk)).status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "12", "x!03/01/2026 09:00:30", "12!yesterday"])
def test_a_token_that_is_none_is_400(desk, token):
    assert desk.ask("GET", f"accounts?$deltatoken={token}").status_code == 400


def test_a_token_never_passes_what_a_long_transaction_holds_back(desk):
    """The row has an older version than one that is seen already, and must not be lost for it."""
    link = token_after(desk)
    desk.order_fault(kind="late", seconds=60, count=1)
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "Late"})
    desk.ask("PATCH", f"accounts({OTHER_ACCOUNT})", {"name": "Soon"})
    body = desk.get(link)
    assert shown(body) == []
    desk.clock.advance(61)
    assert shown(desk.get(body["@odata.deltaLink"])) == ["Late", "Soon"]


def test_who_changed_a_row_is_told_where_it_is_asked_for(desk):
    link = token_after(desk, "accounts?$select=name,_modifiedby_value")
    desk.system.people.edit("account", ACCOUNT, {"name": "By Dana"})
    (row,) = desk.get(link)["value"]
    assert row["_modifiedby_value"].endswith("b1")
    assert desk.client.post("/_sim/switches", json={"delta_shows_writer": False}).status_code == 200
    assert desk.get(link)["value"][0]["_modifiedby_value"] is None


def test_the_next_page_of_a_tracked_read_names_itself_so(desk):
    desk.system.load("account", [{"name": f"Row {number}", "createdon": LONG_AGO} for number in range(3)])
    link = desk.get("accounts?$select=name", **PAGED)["@odata.nextLink"]
    assert "istracking%3D%22True%22" in link


def test_a_fault_ends_tokens_and_nothing_else(desk):
    link = token_after(desk)
    desk.order_fault(kind="expire_tracking", count=1)
    assert desk.ask("GET", "accounts").status_code == 200
    assert error(desk.ask("GET", link))[1] == "0x80044352"
    assert desk.ask("GET", link).status_code == 200
