"""One row: created, updated, upserted, deleted; conditions, keys, values, states."""

from __future__ import annotations

import pytest

from local.systems.dataverse.store import HUB_USER, PERSON
from local.systems.dataverse.tables import STANDARD
from tests.systems.dataverse.desk import ACCOUNT, API, CONTACT, HOST, OTHER_ACCOUNT, error, stocked

NEW = "aaaaaaaa-0000-4000-8000-00000000000f"


# Create, update, upsert, delete


def test_a_create_tells_the_address_of_the_row_and_nothing_else(desk):
    answer = desk.ask("POST", "accounts", {"name": "New"})
    assert (answer.status_code, answer.content) == (204, b"")
    address = answer.headers["OData-EntityId"]
    assert address.startswith(f"{HOST}{API}accounts(")
    assert desk.get(address)["name"] == "New"


def test_a_create_with_representation_is_201_with_the_row(desk):
    answer = desk.ask("POST", "accounts?$select=name", {"name": "New"}, Prefer="return=representation")
    assert answer.status_code == 201
    assert answer.json()["name"] == "New"
    assert answer.headers["ETag"] == answer.json()["@odata.etag"]
    assert answer.headers["Preference-Applied"] == "return=representation"


def test_a_new_row_says_who_made_it_when_in_whole_seconds(desk):
    answer = desk.ask("POST", "accounts", {"name": "New"}, Prefer="return=representation").json()
    assert (answer["createdon"], answer["modifiedon"]) == ("2026-03-01T09:00:30Z",) * 2
    assert (answer["_createdby_value"], answer["_ownerid_value"]) == (HUB_USER, HUB_USER)


def test_an_upsert_says_the_same_whether_it_created_or_updated(desk):
    made = desk.ask("PATCH", "accounts(accountnumber='N-1')", {"name": "New"})
    changed = desk.ask("PATCH", "accounts(accountnumber='N-1')", {"name": "Newer"})
    assert made.status_code == changed.status_code == 204
    assert made.headers["OData-EntityId"] == changed.headers["OData-EntityId"]
    assert made.headers["OData-EntityId"].endswith("/accounts(accountnumber='N-1')")
    assert desk.names("accounts?$filter=accountnumber eq 'N-1'") == ["Newer"]


@pytest.mark.parametrize("key", [f"{NEW}", "cw_hubid='h-1'"])
def test_only_a_representation_tells_a_create_from_an_update(desk, key):
    for status in (201, 200):
        answer = desk.ask("PATCH", f"accounts({key})", {"name": "New"}, Prefer="return=representation")
        assert answer.status_code == status


def test_a_row_that_is_made_by_a_key_takes_the_bodys_value_for_it(desk):
    desk.ask("PATCH", "accounts(accountnumber='N-1')", {"name": "New", "accountnumber": "N-2"})
    assert desk.names("accounts?$filter=name eq 'New'", "accountnumber") == ["N-2"]


def test_a_row_that_is_found_by_a_key_keeps_it(desk):
    desk.ask("PATCH", "accounts(accountnumber='A-1')", {"name": "New", "accountnumber": "N-2"})
    assert desk.row("account", ACCOUNT)["accountnumber"] == "A-1"


def test_a_quote_in_a_key_is_doubled(desk):
    desk.ask("PATCH", "accounts(accountnumber='O''B)')", {"name": "Quoted"})
    assert desk.names("accounts?$filter=name eq 'Quoted'", "accountnumber") == ["O'B)"]


def test_columns_that_are_no_key_find_nothing(desk):
    assert error(desk.ask("GET", "accounts(name='Acme')"))[:2] == (400, "0x80060890")


def test_a_missing_row_has_a_code_by_the_way_it_was_named(desk):
    assert error(desk.ask("GET", f"accounts({NEW})"))[:2] == (404, "0x80040217")
    code, message = error(desk.ask("GET", "accounts(accountnumber='X')"))[1:]
    assert code == "0x80060891"
    assert message == "A record with the specified key values does not exist in account entity"


@pytest.mark.parametrize("value", ["A%2F1", "A%3A1", "50%25"])
def test_awkward_characters_in_a_key_are_refused_unless_switched(value):
    assert stocked().ask("PATCH", f"accounts(accountnumber='{value}')", {"name": "X"}).status_code == 400
    lenient = stocked(switches={"awkward_key_characters": ""})
    assert lenient.ask("PATCH", f"accounts(accountnumber='{value}')", {"name": "X"}).status_code == 204


def test_a_deleted_row_comes_back_by_an_upsert_that_has_no_condition(desk):
    assert desk.ask("DELETE", f"contacts({CONTACT})").status_code == 204
    assert desk.ask("DELETE", f"contacts({CONTACT})").status_code == 404
    assert desk.ask("PATCH", f"contacts({CONTACT})", {"lastname": "X"}, If_Match="*").status_code == 404
    assert desk.ask("PATCH", f"contacts({CONTACT})", {"lastname": "X"}).status_code == 204
    assert desk.row("contact", CONTACT)["lastname"] == "X"


def test_one_column_is_put_and_emptied(desk):
    assert desk.ask("PUT", f"accounts({ACCOUNT})/name", {"value": "One"}).status_code == 204
    assert desk.get(f"accounts({ACCOUNT})/name")["value"] == "One"
    assert desk.ask("DELETE", f"accounts({ACCOUNT})/accountnumber").status_code == 204
    assert desk.ask("GET", f"accounts({ACCOUNT})/accountnumber").status_code == 204
    assert desk.ask("PUT", f"accounts({ACCOUNT})/primarycontactid", {"value": CONTACT}).status_code == 404


# Conditions


def test_a_stale_version_is_412_and_the_row_stays(desk):
    etag = desk.get(f"accounts({ACCOUNT})")["@odata.etag"]
    desk.system.people.edit("account", ACCOUNT, {"telephone1": "1"})
    answer = desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "Mine"}, If_Match=etag)
    assert error(answer)[:2] == (412, "0x80060882")
    assert desk.row("account", ACCOUNT)["name"] == "Acme"
    assert desk.row("account", ACCOUNT)["_modifiedby_value"] == PERSON
    assert desk.ask("DELETE", f"accounts({ACCOUNT})", If_Match=etag).status_code == 412


def test_the_right_version_is_taken_and_a_create_only_upsert_is_refused(desk):
    etag = desk.get(f"accounts({ACCOUNT})")["@odata.etag"]
    assert desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "Mine"}, If_Match=etag).status_code == 204
    answer = desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "Again"}, If_None_Match="*")
    assert error(answer)[::2] == (412, "A record with matching key values already exists.")
    assert desk.ask("PATCH", f"accounts({NEW})", {"name": "X"}, If_None_Match="*").status_code == 204


def test_an_update_only_upsert_by_key_of_a_missing_row_is_404(desk):
    answer = desk.ask("PATCH", "accounts(cw_hubid='x')", {"name": "X"}, If_Match="*")
    assert error(answer)[:2] == (404, "0x80060891")


def test_a_row_as_it_is_known_is_304_and_the_word_null_is_no_version(desk):
    etag = desk.get(f"accounts({ACCOUNT})")["@odata.etag"]
    assert desk.ask("GET", f"accounts({ACCOUNT})", If_None_Match=etag).status_code == 304
    assert desk.ask("GET", f"accounts({ACCOUNT})", If_None_Match="null").status_code == 200
    assert desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "X"}, If_None_Match="null").status_code == 204


def test_the_code_of_a_conflict_may_be_blank():
    desk = stocked(switches={"blank_conflict_code": True})
    answer = desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "X"}, If_Match='W/"1"')
    assert error(answer)[:2] == (412, "")


@pytest.mark.parametrize("moves", [True, False])
def test_a_write_that_changes_nothing_moves_the_version_as_the_switch_says(moves):
    desk = stocked(switches={"equal_update_moves_version": moves})
    before = desk.row("account", ACCOUNT)["versionnumber"]
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": " Acme "})
    assert (desk.row("account", ACCOUNT)["versionnumber"] > before) is moves


# Alternate keys


def test_another_rows_key_is_412_and_does_not_name_the_other_row(desk):
    answer = desk.ask(
        "PATCH",
        f"accounts({OTHER_ACCOUNT})",
        {"accountnumber": "a-1"},
        Prefer='odata.include-annotations="*"',
    )
    status, code, message = error(answer)
    assert (status, code) == (412, "0x80060892")
    assert message.startswith(
        "Entity Key Accountnumber violated. A record with the same value for Accountnumber"
    )
    assert "<accountnumber>a-1</accountnumber>" in answer.text
    assert ACCOUNT not in answer.text


def test_rows_without_a_key_do_not_clash(desk):
    desk.ask("POST", "accounts", {"name": "One", "accountnumber": None})
    assert desk.ask("POST", "accounts", {"name": "Two", "accountnumber": ""}).status_code == 204


def test_a_key_that_is_given_up_is_free(desk):
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"accountnumber": None})
    assert desk.ask("PATCH", f"accounts({OTHER_ACCOUNT})", {"accountnumber": "A-1"}).status_code == 204


def test_an_environment_may_lack_the_hubs_column_or_have_more_keys():
    bare = stocked(schema=STANDARD.without("cw_hubid"))
    assert error(bare.ask("PATCH", "accounts(cw_hubid='x')", {"name": "X"}))[:2] == (400, "0x80060890")
    assert bare.ask("POST", "accounts", {"name": "X", "cw_hubid": "h"}).status_code == 400
    keyed = stocked(schema=STANDARD.with_key("contact", "emailaddress1"))
    assert keyed.ask("PATCH", "contacts(emailaddress1='a@b.example')", {"lastname": "X"}).status_code == 204
    clash = keyed.ask("POST", "contacts", {"lastname": "Y", "emailaddress1": "A@b.example"})
    assert error(clash)[:2] == (412, "0x80060892")


def test_an_id_that_is_taken_is_no_alternate_keys_error(desk):
    answer = desk.ask("POST", "accounts", {"name": "X", "accountid": ACCOUNT})
    assert error(answer)[:2] == (412, "0x80040237")


# Values


@pytest.mark.parametrize(
    "column, value, code",
    [
        ("name", "x" * 161, "0x80044331"),
        ("name", "\U0001f600" * 81, "0x80044331"),
        ("numberofemployees", 1_000_000_001, "0x8004432f"),
        ("revenue", 1e15, "0x80044330"),
        ("industrycode", 99, "0x8004431a"),
        ("industrycode", "Accounting", "0x80048d19"),
        ("name", 7, "0x80048d19"),
        ("creditonhold", "yes", "0x80048d19"),
        ("colour", "red", "0x0"),
        ("_primarycontactid_value", CONTACT, "0x80048d19"),
        ("primarycontactid@odata.bind", f"accounts({ACCOUNT})", "0x80048d19"),
        ("colour@odata.bind", f"contacts({CONTACT})", "0x80048d19"),
    ],
)
def test_a_value_that_the_column_does_not_take_is_refused(desk, column, value, code):
    answer = desk.ask("PATCH", f"accounts({ACCOUNT})", {column: value})
    assert error(answer)[:2] == (400, code)


def test_a_text_that_is_too_long_is_told_in_the_vendors_words(desk):
    message = error(desk.ask("PATCH", f"accounts({ACCOUNT})", {"name": "x" * 161}))[2]
    assert message == (
        "A validation error occurred.  The length of the 'name' attribute of the 'account' entity exceeded "
        "the maximum allowed length of '160'."
    )


def test_values_are_stored_in_the_servers_own_form(desk):
    desk.ask(
        "PATCH",
        f"accounts({ACCOUNT})",
        {"name": "  Acme Ltd ", "revenue": 2.00005, "description": "   ", "lastname@odata.type": "#String"},
    )
    assert desk.ask("PATCH", f"contacts({CONTACT})", {"birthdate": "1815-12-10"}).status_code == 204
    row = desk.row("account", ACCOUNT)
    assert (row["name"], row["revenue"], row.get("description")) == ("Acme Ltd", 2.0, None)


def test_money_is_shown_with_four_decimals_and_its_currency(desk):
    answer = desk.ask("GET", f"accounts({OTHER_ACCOUNT})?$select=revenue")
    assert b'"revenue":1000.5000,' in answer.content
    assert "_transactioncurrencyid_value" in answer.json()


def test_a_time_is_cut_to_whole_seconds_and_needs_an_offset(desk):
    body = {"name": "Q", "customerid_account@odata.bind": f"accounts({ACCOUNT})"}
    at = {"closedon": "2026-03-01T10:00:00.987+01:00"}
    made = desk.ask("POST", "quotes", body | at, Prefer="return=representation").json()
    assert made["closedon"] == "2026-03-01T09:00:00Z"
    assert desk.ask("POST", "quotes", body | {"closedon": "2026-03-01T09:00:00"}).status_code == 400


def test_a_required_column_is_required_unless_switched():
    assert error(stocked().ask("POST", "contacts", {"firstname": "X"}))[:2] == (400, "0x80040200")
    answer = stocked().ask("PATCH", f"contacts({CONTACT})", {"lastname": None})
    assert error(answer)[:2] == (400, "0x80040200")
    lenient = stocked(switches={"requires_business_columns": False})
    assert lenient.ask("POST", "contacts", {"firstname": "X"}).status_code == 204


def test_a_column_of_the_servers_is_left_alone_without_a_word_unless_switched():
    desk = stocked()
    assert desk.ask("PATCH", f"contacts({CONTACT})", {"fullname": "X", "modifiedon": "Y"}).status_code == 204
    assert desk.row("contact", CONTACT)["fullname"] == "Lovelace"
    strict = stocked(switches={"ignores_read_only": False})
    assert strict.ask("PATCH", f"contacts({CONTACT})", {"fullname": "X"}).status_code == 400


# Lookups


@pytest.mark.parametrize(
    "address", [f"contacts({CONTACT})", f"/contacts({CONTACT})", f"{HOST}{API}contacts({CONTACT})"]
)
def test_a_lookup_is_bound_by_an_address_and_emptied_by_null(desk, address):
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"primarycontactid@odata.bind": address})
    assert desk.row("account", ACCOUNT)["_primarycontactid_value"] == CONTACT
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"primarycontactid@odata.bind": None})
    assert "_primarycontactid_value" not in desk.row("account", ACCOUNT)


def test_a_lookup_into_two_tables_says_which_by_its_property(desk):
    bound = {"lastname": "X", "parentcustomerid_account@odata.bind": "accounts(accountnumber='A-1')"}
    made = desk.ask("POST", "contacts", bound)
    shown = desk.get(
        made.headers["OData-EntityId"] + "?$select=_parentcustomerid_value",
        Prefer='odata.include-annotations="*"',
    )
    assert shown["_parentcustomerid_value"] == ACCOUNT
    assert shown["_parentcustomerid_value@OData.Community.Display.V1.FormattedValue"] == "Acme"
    assert shown["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    property_name = shown["_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"]
    assert property_name == "parentcustomerid_account"


def test_a_lookup_to_nobody_is_404(desk):
    answer = desk.ask("PATCH", f"accounts({ACCOUNT})", {"primarycontactid@odata.bind": f"contacts({NEW})"})
    assert error(answer)[:2] == (404, "0x80040217")


def test_a_reference_is_taken_away_by_its_own_address(desk):
    assert desk.ask("DELETE", f"accounts({ACCOUNT})/primarycontactid/$ref").status_code == 204


# Deletes


def test_contacts_go_with_their_account(desk):
    assert desk.ask("DELETE", f"accounts({ACCOUNT})").status_code == 204
    assert desk.ask("GET", f"contacts({CONTACT})").status_code == 404


def test_an_account_with_orders_cannot_be_deleted_and_keeps_its_contacts(desk):
    body = {"name": "O", "customerid_account@odata.bind": f"accounts({ACCOUNT})"}
    desk.ask("POST", "salesorders", body)
    assert error(desk.ask("DELETE", f"accounts({ACCOUNT})"))[:2] == (405, "0x80040227")
    assert desk.ask("GET", f"contacts({CONTACT})").status_code == 200


def test_a_lookup_to_a_deleted_row_is_emptied(desk):
    desk.ask("PATCH", f"accounts({OTHER_ACCOUNT})", {"primarycontactid@odata.bind": f"contacts({CONTACT})"})
    desk.ask("DELETE", f"contacts({CONTACT})")
    assert "_primarycontactid_value" not in desk.row("account", OTHER_ACCOUNT)


# States


def test_a_status_follows_the_state_and_must_belong_to_it(desk):
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"statecode": 1})
    assert desk.row("account", ACCOUNT)["statuscode"] == 2
    answer = desk.ask("PATCH", f"accounts({ACCOUNT})", {"statecode": 0, "statuscode": 2})
    assert error(answer)[:2] == (400, "0x80048408")
    assert desk.ask("PATCH", f"accounts({ACCOUNT})", {"statuscode": 1}).status_code == 400


def test_a_merged_row_stays_inactive_and_its_contacts_move(desk):
    desk.system.people.merge("account", OTHER_ACCOUNT, ACCOUNT)
    loser = desk.row("account", ACCOUNT)
    assert (loser["merged"], loser["statecode"], loser["_masterid_value"]) == (True, 1, OTHER_ACCOUNT)
    assert desk.row("contact", CONTACT)["_parentcustomerid_value"] == OTHER_ACCOUNT
