"""Reading sets: filters, orders, columns, counts, pages, annotations."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.systems.dataverse.desk import ACCOUNT, ANNOTATIONS, CONTACT, OTHER_ACCOUNT, error, stocked

PEOPLE: list[dict[str, Any]] = [
    {"lastname": "Ames", "jobtitle": "Buyer", "creditlimit": 10.0},
    {"lastname": "berg", "jobtitle": "buyer", "creditlimit": 20.0},
    {"lastname": "Cole", "creditlimit": 30.0, "creditonhold": True},
    {"lastname": "O'Dell", "jobtitle": "Nurse"},
]


@pytest.fixture(scope="module")
def people():
    desk = stocked()
    desk.ask("DELETE", f"contacts({CONTACT})")
    for person in PEOPLE:
        bound = (
            {"parentcustomerid_account@odata.bind": f"accounts({ACCOUNT})"} if "jobtitle" in person else {}
        )
        assert desk.ask("POST", "contacts", person | bound).status_code == 204
    yield desk
    desk.client.close()


def found(desk, condition):
    path = f"contacts?$select=lastname&$orderby=lastname&$filter={quote(condition)}"
    return desk.names(path, "lastname")


@pytest.mark.parametrize(
    "condition, names",
    [
        ("jobtitle eq 'BUYER'", ["Ames", "berg"]),
        ("jobtitle ne 'Buyer'", ["O'Dell"]),
        ("not (jobtitle eq 'Buyer')", ["O'Dell"]),
        ("jobtitle eq null", ["Cole"]),
        ("jobtitle ne null and creditlimit gt 10", ["berg"]),
        ("creditlimit ge 20 or lastname eq 'O''Dell'", ["berg", "Cole", "O'Dell"]),
        ("creditlimit lt 20.5 and creditlimit le 10", ["Ames"]),
        ("creditonhold eq true", ["Cole"]),
        ("contains(lastname,'E') and startswith(lastname,'b')", ["berg"]),
        ("endswith(lastname,'LL')", ["O'Dell"]),
        (f"_parentcustomerid_value eq {ACCOUNT} and statecode eq 0", ["Ames", "berg", "O'Dell"]),
        (
            "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['ames','Cole'])",
            ["Ames", "Cole"],
        ),
        ("createdon ge 2026-03-01T09:00:30Z and createdon lt 2026-03-01T10:00:30%2B01:00", []),
        ("(lastname eq 'Ames')", ["Ames"]),
    ],
)
def test_a_filter_gives_the_rows_that_it_means(people, condition, names):
    assert found(people, condition.replace("%2B", "+")) == names


def test_an_index_and_a_look_at_every_row_find_the_same(people):
    """`lastname` has an index, `jobtitle` has none; both are asked for the same rows."""
    by_index = found(people, " or ".join(f"lastname eq '{name}'" for name in ("ames", "BERG", "nobody")))
    assert by_index == found(people, "jobtitle eq 'buyer'")


@pytest.mark.parametrize(
    "condition",
    [
        "colour eq 'red'",
        "lastname",
        "lastname eq",
        "lastname like 'A'",
        "lastname eq 'A' and",
        "(lastname eq 'A'",
        "lastname eq 7",
        "creditlimit eq 'much'",
        "createdon gt 2026-03-01",
        "parentcustomerid/name eq 'Acme'",
        "lastname in ('A')",
        "contains(creditlimit,'1')",
        "lastname gt null",
        "lastname eq 'A' ;",
    ],
)
def test_a_filter_that_is_not_understood_is_400(people, condition):
    answer = people.ask("GET", f"contacts?$filter={quote(condition)}")
    assert error(answer)[:2] == (400, "0x80060888")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(alphabet="lastname eqornd()',='0123-:T[]", max_size=40))
def test_no_filter_breaks_the_server(text):
    answer = stocked().ask("GET", f"contacts?$filter={quote(text)}")
    assert answer.status_code in {200, 400}


def test_a_chain_of_hundreds_is_answered(people):
    condition = " or ".join([f"lastname eq 'nobody{each}'" for each in range(400)] + ["lastname eq 'Cole'"])
    assert found(people, condition) == ["Cole"]


@pytest.mark.parametrize(
    "option", ["$expand=ownerid", "$skip=5", "$apply=x", "$search=x", "fetchXml=x", "sql=x"]
)
def test_an_option_that_is_not_here_is_400(people, option):
    assert people.ask("GET", f"contacts?{option}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "contacts?$select=colour",
        "contacts?$orderby=colour",
        "contacts?$orderby=lastname up",
        "contacts?$top=x",
    ],
)
def test_a_name_that_does_not_exist_is_400(people, path):
    assert people.ask("GET", path).status_code == 400


def test_the_id_and_the_version_come_always_and_empty_columns_are_null(people):
    row = people.get("contacts?$select=jobtitle&$filter=lastname eq 'Cole'")["value"][0]
    assert row.keys() == {"@odata.etag", "jobtitle", "contactid"}
    assert row["jobtitle"] is None
    assert row["@odata.etag"].startswith('W/"')


def test_order_goes_by_several_columns_with_null_first(people):
    assert people.names("contacts?$orderby=jobtitle desc,creditlimit desc", "lastname") == [
        "O'Dell",
        "berg",
        "Ames",
        "Cole",
    ]
    assert people.names("contacts?$orderby=jobtitle,lastname", "lastname")[0] == "Cole"


def test_top_and_count(people):
    body = people.get("contacts?$orderby=lastname&$top=2&$count=true")
    assert ([row["lastname"] for row in body["value"]], body["@odata.count"]) == (["Ames", "berg"], 4)
    assert people.ask("GET", "contacts/$count").text == "4"
    assert people.ask("GET", "contacts/$count?$filter=jobtitle eq null").text == "1"


@pytest.mark.parametrize("order", ["", "&$orderby=jobtitle desc"])
def test_pages_hold_every_row_once(people, order):
    page = {"Prefer": "odata.maxpagesize=3"}
    first = people.get(f"contacts?$select=lastname{order}", **page)
    assert len(first["value"]) == 3
    second = people.get(first["@odata.nextLink"], **page)
    assert "@odata.nextLink" not in second
    names = [row["lastname"] for row in first["value"] + second["value"]]
    assert sorted(names) == ["Ames", "Cole", "O'Dell", "berg"]


def test_the_next_link_carries_a_cookie_with_the_page(people):
    link = people.get("contacts?$select=lastname", Prefer="odata.maxpagesize=1")["@odata.nextLink"]
    assert (
        "$select=lastname&$skiptoken=%3Ccookie%20pagenumber%3D%222%22%20pagingcookie%3D%22%253Ccookie" in link
    )
    assert "istracking%3D%22False%22" in link
    broken = people.ask("GET", "contacts?$skiptoken=nonsense")
    assert broken.status_code == 400


def test_top_is_ignored_where_a_page_size_is_asked_for(people):
    assert len(people.get("contacts?$top=1", Prefer="odata.maxpagesize=2")["value"]) == 2


def test_the_server_gives_no_more_rows_than_its_largest_page():
    small = stocked(page_size=1)
    body = small.get("accounts?$select=name")
    assert len(body["value"]) == 1
    assert len(small.get(body["@odata.nextLink"])["value"]) == 1


def test_annotations_stand_beside_the_values(desk):
    body = {"industrycode": 1, "revenue": 20000, "numberofemployees": 1200, "creditonhold": True}
    desk.ask("PATCH", f"accounts({ACCOUNT})", body)
    formatted = 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"'
    path = f"accounts({ACCOUNT})?$select=industrycode,revenue,numberofemployees,creditonhold,modifiedon"
    row = desk.get(path, Prefer=formatted)
    beside = "@OData.Community.Display.V1.FormattedValue"
    assert [row[name + beside] for name in (*body, "modifiedon")] == [
        "Accounting",
        "$20,000.00",
        "1,200",
        "Yes",
        "3/1/2026 9:00 AM",
    ]
    assert not any("lookuplogicalname" in name for name in row)
    assert any("lookuplogicalname" in name for name in desk.get(path, **ANNOTATIONS))


def test_several_preferences_come_in_one_header(desk):
    header = 'odata.include-annotations="*",odata.maxpagesize=1'
    answer = desk.ask("GET", "accounts", Prefer=header)
    assert answer.headers["Preference-Applied"] == 'odata.include-annotations="*", odata.maxpagesize=1'
    assert len(answer.json()["value"]) == 1


def test_the_definitions_name_sets_keys_and_options(desk):
    shown = desk.get(
        "EntityDefinitions?$select=EntitySetName,PrimaryIdAttribute&$filter=LogicalName eq 'opportunity'"
    )
    assert shown["value"] == [{"EntitySetName": "opportunities", "PrimaryIdAttribute": "opportunityid"}]
    keys = desk.get("EntityDefinitions(LogicalName='account')/Keys")["value"]
    assert {tuple(key["KeyAttributes"]) for key in keys} == {("accountnumber",), ("cw_hubid",)}
    assert desk.get("EntityDefinitions(LogicalName='account')?$select=ChangeTrackingEnabled") == {
        "ChangeTrackingEnabled": True
    }
    model = desk.ask("GET", "$metadata?annotations=true").text
    assert '<EntitySet Name="accounts"' in model
    assert "ChangeTracking" in model


def test_rows_are_read_by_an_alternate_key(desk):
    assert desk.get("accounts(accountnumber='a-1')")["accountid"] == ACCOUNT
    assert desk.get(f"accounts({OTHER_ACCOUNT.upper()})")["name"] == "Zenith"
