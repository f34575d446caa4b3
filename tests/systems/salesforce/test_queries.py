from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.systems.salesforce.ids import record_id
from local.systems.salesforce.soql.parser import parse
from local.systems.salesforce.soql.predicates import predicate
from local.systems.salesforce.soql.scope import Scope
from tests.systems.salesforce.desk import (
    ACCOUNT,
    CONTACT,
    LEAD,
    LONER,
    LONG_AGO,
    OTHER_ACCOUNT,
    OTHER_CONTACT,
    Desk,
    error,
    stocked,
)


def test_a_record_comes_with_its_attributes_and_the_fields_asked_for(desk):
    assert desk.query(f"SELECT id, email, AccountId FROM contact WHERE Id = '{CONTACT[:15]}'") == {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{CONTACT}"},
                "Id": CONTACT,
                "Email": "lovelace@example.com",
                "AccountId": ACCOUNT,
            }
        ],
    }


def test_a_parents_fields_come_in_an_object_of_their_own(desk):
    found = desk.query("SELECT Id, Account.Name, Account.AccountNumber FROM Contact ORDER BY Id")["records"]
    url = f"/services/data/v62.0/sobjects/Account/{ACCOUNT}"
    assert found[0]["Account"] == {
        "attributes": {"type": "Account", "url": url},
        "Name": "Acme",
        "AccountNumber": "A-1",
    }
    assert found[2]["Account"] is None


def test_who_owns_and_who_changed_a_row_has_a_name(desk):
    (row,) = desk.query(f"SELECT Owner.Name, LastModifiedBy.Email FROM Lead WHERE Id = '{LEAD}'")["records"]
    assert row["Owner"]["Name"] == "Integration"
    assert row["LastModifiedBy"]["Email"] == "integration@crosswalk.example"


def test_an_address_is_one_value_made_of_its_parts(desk):
    found = desk.query(f"SELECT MailingAddress FROM Contact WHERE Id IN ('{CONTACT}', '{OTHER_CONTACT}')")
    assert [row["MailingAddress"] and row["MailingAddress"]["city"] for row in found["records"]] == [
        None,
        "New York",
    ]


def test_count_says_how_many_and_names_none(desk):
    assert desk.query("SELECT COUNT() FROM Contact WHERE AccountId != null") == {
        "totalSize": 2,
        "done": True,
        "records": [],
    }


@pytest.mark.parametrize(
    "condition, found",
    [
        ("Email = 'LOVELACE@Example.com'", [CONTACT]),
        ("LastName IN ('hopper', 'LOVELACE')", [CONTACT, OTHER_CONTACT]),
        ("LastName = 'O\\'Neil'", [LONER]),
        ("FirstName = null", [LONER]),
        ("FirstName = ''", [LONER]),
        ("FirstName != 'Ada'", [OTHER_CONTACT, LONER]),
        ("FirstName NOT IN ('Ada')", [OTHER_CONTACT, LONER]),
        ("FirstName < 'b'", [CONTACT]),
        ("NOT FirstName < 'b'", [OTHER_CONTACT, LONER]),
        ("Email LIKE '%PER@%'", [OTHER_CONTACT]),
        ("LastName LIKE 'L_velace'", [CONTACT]),
        ("LastName LIKE 'L\\_velace'", []),
        ("DoNotCall = true", [LONER]),
        ("Account.Name = 'acme' AND FirstName = 'Ada'", [CONTACT]),
        ("Account.Name = null", [LONER]),
        ("(FirstName = 'Ada' OR FirstName = 'Grace') AND MailingCity != null", [OTHER_CONTACT]),
        ("Crosswalk_Id__c IN ('CW-1')", [CONTACT]),
        (f"AccountId = '{ACCOUNT[:15]}'", [CONTACT, OTHER_CONTACT]),
        (f"SystemModstamp = {LONG_AGO} AND Id > '{CONTACT}'", [OTHER_CONTACT, LONER]),
        ("SystemModstamp < 2025-01-01T01:00:00+02:00", []),
        ("CreatedDate >= 2025-01-01T01:00:00%2B01:00", [CONTACT, OTHER_CONTACT, LONER]),
    ],
)
def test_a_condition_finds_what_it_says(desk, condition, found):
    assert desk.ids(f"SELECT Id FROM Contact WHERE {condition.replace('%2B', '+')} ORDER BY Id") == found


def test_numbers_are_compared_as_numbers(desk):
    assert desk.ids("SELECT Id FROM Account WHERE AnnualRevenue > 999.5") == [OTHER_ACCOUNT]


@pytest.mark.parametrize(
    "order, found",
    [
        ("FirstName", [LONER, CONTACT, OTHER_CONTACT]),
        ("FirstName DESC", [LONER, OTHER_CONTACT, CONTACT]),
        ("FirstName NULLS LAST", [CONTACT, OTHER_CONTACT, LONER]),
        ("FirstName DESC NULLS LAST", [OTHER_CONTACT, CONTACT, LONER]),
        ("DoNotCall DESC, Id DESC", [LONER, OTHER_CONTACT, CONTACT]),
        ("SystemModstamp, Id LIMIT 1 OFFSET 1", [OTHER_CONTACT]),
    ],
)
def test_rows_come_in_the_order_asked_for_nulls_first(desk, order, found):
    assert desk.ids(f"SELECT Id FROM Contact ORDER BY {order}") == found


def test_deleted_rows_are_seen_by_query_all_only(desk):
    desk.ask("DELETE", f"sobjects/Contact/{CONTACT}")
    soql = "SELECT Id FROM Contact WHERE IsDeleted = true"
    assert (desk.ids(soql), desk.ids(soql, "queryAll")) == ([], [CONTACT])


@pytest.mark.parametrize(
    "soql, code, reason",
    [
        ("SELECT Foo FROM Contact", "INVALID_FIELD", "No such column 'Foo' on entity 'Contact'."),
        (
            "SELECT Id FROM Contact WHERE Foo = 1",
            "INVALID_FIELD",
            "No such column 'Foo' on entity 'Contact'.",
        ),
        ("SELECT Account.Foo FROM Contact", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'."),
        (
            "SELECT Foo.Name FROM Contact",
            "INVALID_FIELD",
            "Didn't understand relationship 'Foo' in field path.",
        ),
        ("SELECT Id, ID FROM Contact", "INVALID_FIELD", "duplicate field selected: ID"),
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported."),
        ("SELECT Id FROM Contact WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        (
            "SELECT Id FROM Contact WHERE Id LIKE 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id field",
        ),
        (
            "SELECT Id FROM Contact WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered",
        ),
        (
            "SELECT Id FROM Contact ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted",
        ),
        (
            "SELECT Id FROM Contact OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
        (
            "SELECT Id FROM Contact WHERE SystemModstamp > '2025-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "value of filter criterion for field 'SystemModstamp' must be of type dateTime",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_a_caret(desk, soql, code, reason):
    status, given, message = error(desk.ask("GET", "query", params={"q": soql}))
    assert (status, given) == (400, code)
    assert reason in message
    assert "\nERROR at Row:1:Column:" in message


def test_a_request_without_a_query_is_refused(desk):
    assert error(desk.ask("GET", "query"))[:2] == (400, "MALFORMED_QUERY")


def test_an_address_that_is_too_long_is_refused_with_no_json(desk):
    answer = desk.ask("GET", f"query?q={quote('SELECT Id FROM Contact WHERE Id = ' + 'x' * 16_384)}")
    assert (answer.status_code, answer.headers["content-type"]) == (414, "text/html")


# Pages


def with_contacts(count: int, **options: Any) -> Desk:
    """An org with many contacts, all of one second."""
    desk = stocked(**options)
    rows = (
        {"Id": record_id("003", 10 + n), "LastName": f"N{n}", "CreatedDate": LONG_AGO} for n in range(count)
    )
    desk.system.load("Contact", rows)
    return desk


def test_pages_follow_the_locator_until_done():
    desk = with_contacts(4500)
    body, sizes, ids = desk.query("SELECT Id FROM Contact"), [], []
    while True:
        sizes.append(len(body["records"]))
        ids += [row["Id"] for row in body["records"]]
        if body["done"]:
            break
        assert body["totalSize"] == 4503
        body = desk.client.get(body["nextRecordsUrl"]).json()
    assert sizes == [2000, 2000, 503]
    assert len(set(ids)) == 4503
    assert "nextRecordsUrl" not in body


def test_the_caller_may_ask_for_smaller_pages_within_bounds():
    desk = with_contacts(600)
    sizes = [
        len(desk.query("SELECT Id FROM Contact", **{"Sforce-Query-Options": f"batchSize={size}"})["records"])
        for size in (1, 250, 5000)
    ]
    assert sizes == [200, 250, 603]


def test_the_server_may_give_fewer_rows_than_asked_for():
    body = with_contacts(300, page_size=150).query("SELECT Id FROM Contact")
    assert (len(body["records"]), body["done"], body["totalSize"]) == (150, False, 303)


def test_the_further_pages_of_query_all_are_at_query():
    body = with_contacts(2000).query("SELECT Id FROM Contact", "queryAll")
    assert body["nextRecordsUrl"].startswith("/services/data/v62.0/query/01g")
    assert body["nextRecordsUrl"].endswith("-2000")


def test_a_page_may_be_fetched_again():
    desk = with_contacts(2000)
    url = desk.query("SELECT Id FROM Contact")["nextRecordsUrl"]
    assert desk.client.get(url).json() == desk.client.get(url).json()


def test_a_locator_that_nobody_gave_or_that_is_two_days_old_is_refused():
    desk = with_contacts(2000, session=timedelta(days=9))
    url = desk.query("SELECT Id FROM Contact")["nextRecordsUrl"]
    assert error(desk.ask("GET", "query/01g0000000000AAA-2000")) == (
        400,
        "INVALID_QUERY_LOCATOR",
        "invalid query locator",
    )
    desk.clock.advance(2 * 86_400)
    assert error(desk.client.get(url))[1] == "INVALID_QUERY_LOCATOR"


def test_a_keyset_of_stamp_and_id_reads_each_row_of_one_second_once():
    desk = with_contacts(950)
    seen: list[str] = []
    condition = f"SystemModstamp >= {LONG_AGO}"
    while True:
        found = desk.ids(f"SELECT Id FROM Contact WHERE {condition} ORDER BY SystemModstamp, Id LIMIT 100")
        if not found:
            break
        seen += found
        stamp = desk.row("Contact", found[-1])["SystemModstamp"]
        condition = f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{found[-1]}'))"
    assert len(seen) == len(set(seen)) == 953


def test_a_row_written_late_shows_up_with_its_older_stamp(desk):
    desk.order_fault(kind="late", seconds=60, count=1)
    desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"LastName": "Byron"})
    soql = "SELECT LastName FROM Contact WHERE FirstName = 'Ada'"
    before = desk.query(soql)["records"][0]["LastName"]
    desk.clock.advance(61)
    assert (before, desk.query(soql)["records"][0]["LastName"]) == ("Lovelace", "Byron")
    assert desk.row("Contact", CONTACT)["SystemModstamp"] == "2026-03-01T09:00:30.000+0000"


# The plan may only narrow what is looked at

STAMPS = [f"2025-01-0{day}T00:00:00.000+0000" for day in range(1, 6)]
KEYS = [record_id("003", number) for number in range(1, 31)]
OPERATORS = st.sampled_from(["=", "<", "<=", ">", ">=", "!="])
BOUNDS = st.builds("SystemModstamp {} {}".format, OPERATORS, st.sampled_from(STAMPS)) | st.builds(
    "Id {} '{}'".format, OPERATORS, st.sampled_from(KEYS)
)
OTHERS = st.one_of(
    st.builds("Email {} '{}@x.org'".format, st.sampled_from(["=", "!=", ">"]), st.integers(0, 5)),
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=4).map(lambda keys: f"Id IN ({str(keys)[1:-1]})"),
    st.lists(st.integers(0, 5), min_size=1, max_size=3).map(
        lambda numbers: "Email NOT IN (" + ",".join(f"'{n}@x.org'" for n in numbers) + ")"
    ),
    st.just("Email = null"),
)


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(parts.map("({})".format), min_size=2, max_size=3)
    return st.builds(lambda word, texts: word.join(texts), st.sampled_from([" AND ", " OR "]), several)


TESTS = BOUNDS | OTHERS
SIMPLE = TESTS | TESTS.map("NOT ({})".format)
CONDITIONS = TESTS | joined(SIMPLE) | joined(BOUNDS) | joined(SIMPLE | joined(BOUNDS))
ORDERS = {
    "": lambda row: "",
    "ORDER BY SystemModstamp, Id": lambda row: row["SystemModstamp"],
    "ORDER BY Id": lambda row: "",
    "ORDER BY SystemModstamp DESC, Id": lambda row: [-ord(letter) for letter in row["SystemModstamp"]],
    "ORDER BY Email, Id": lambda row: row.get("Email") or "",
}


@pytest.fixture(scope="module")
def busy() -> Desk:
    desk = Desk()
    rows = (
        {
            "Id": key,
            "LastName": "x",
            "Email": None if n % 7 == 0 else f"{n % 6}@x.org",
            "CreatedDate": STAMPS[n * 3 % len(STAMPS)],
        }
        for n, key in enumerate(KEYS)
    )
    desk.system.load("Contact", rows)
    desk.log_in()
    desk.ask("DELETE", f"sobjects/Contact/{KEYS[4]}")
    return desk


@settings(max_examples=400, deadline=None)
@example(f"SystemModstamp = {STAMPS[0]} AND Id < '{KEYS[-1]}'", "ORDER BY SystemModstamp, Id", "")
@given(CONDITIONS, st.sampled_from(list(ORDERS)), st.sampled_from([" LIMIT 5", ""]))
def test_an_index_finds_what_a_look_at_every_row_finds(busy, condition, order, limit):
    table = busy.system._org.tables["Contact"]
    expected = [row for _, row in sorted(table.written.items()) if _holds(busy, condition, row)]
    expected.sort(key=ORDERS[order])
    found = busy.ids(f"SELECT Id FROM Contact WHERE {condition} {order}{limit}")
    assert len(found) == min(len(expected), 5 if limit else len(KEYS))
    assert set(found) <= {row["Id"] for row in expected}
    if order:
        assert found == [row["Id"] for row in expected][: len(found)]


def _holds(desk: Desk, condition: str, row: dict[str, Any]) -> bool:
    """The condition asked of one row alone."""
    query = parse(f"SELECT Id FROM Contact WHERE {condition}")
    assert query.where is not None
    org = desk.system._org
    return not row["IsDeleted"] and predicate(query.where, Scope(org, query.source))(row)
