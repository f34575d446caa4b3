from __future__ import annotations

import pytest

from tests.systems.salesforce.desk import (
    ACCOUNT,
    CONTACT,
    LEAD,
    LONER,
    OTHER_ACCOUNT,
    OTHER_CONTACT,
    error,
    stocked,
)

NOW = "2026-03-01T09:00:30.000+0000"


UNWRITEABLE = (
    "Unable to create/update fields: CreatedDate. Please check the security settings of this field "
    "and verify that it is read/write for your profile or permission set."
)


def created(desk, name="Contact", **fields):
    answer = desk.ask("POST", f"sobjects/{name}", {"LastName": "New", **fields})
    assert answer.status_code == 201, answer.text
    return desk.row(name, answer.json()["id"])


def test_a_create_answers_with_the_long_id(desk):
    answer = desk.ask("POST", "sobjects/Contact", {"LastName": "Turing", "AccountId": ACCOUNT[:15]})
    key = answer.json()["id"]
    assert (answer.status_code, answer.json()) == (201, {"id": key, "success": True, "errors": []})
    assert len(key) == 18
    assert key.startswith("003")
    assert desk.row("Contact", key)["AccountId"] == ACCOUNT


def test_the_server_writes_the_stamps_the_owner_and_the_name(desk):
    row = created(desk, FirstName="Alan")
    assert {row[name] for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")} == {NOW}
    assert row["OwnerId"] == row["CreatedById"] == row["LastModifiedById"]
    assert (row["Name"], row["IsDeleted"], row["DoNotCall"]) == ("Alan New", False, False)


def test_a_new_record_has_an_owner_even_where_the_caller_says_none(desk):
    assert created(desk, OwnerId=None)["OwnerId"].startswith("005")


def test_texts_lose_blanks_at_their_ends_and_an_empty_one_is_null(desk):
    row = created(desk, FirstName="  Alan\t\n", Title="   ", Email=" Alan@Example.COM ")
    assert (row["FirstName"], row.get("Title"), row["Email"]) == ("Alan", None, "Alan@Example.COM")


def test_field_names_are_taken_in_any_case(desk):
    assert created(desk, firstname="Alan", EMAIL="a@b.org")["FirstName"] == "Alan"


def test_values_are_kept_in_the_form_of_their_type(desk):
    row = created(
        desk, "Lead", Company="X", AnnualRevenue="1200", NumberOfEmployees=7, Status="working - contacted"
    )
    assert (row["AnnualRevenue"], row["NumberOfEmployees"], row["Status"]) == (
        1200.0,
        7,
        "Working - Contacted",
    )
    bounced = created(desk, EmailBouncedDate="2026-01-01T10:00:00.123+01:00", Birthdate="1912-06-23")
    assert (bounced["EmailBouncedDate"], bounced["Birthdate"]) == (
        "2026-01-01T09:00:00.000+0000",
        "1912-06-23",
    )


def test_a_parent_may_be_named_by_its_external_id(desk):
    desk.ask("PATCH", f"sobjects/Account/{ACCOUNT}", {"Crosswalk_Id__c": "cw-a"})
    assert created(desk, Account={"Crosswalk_Id__c": "CW-A"})["AccountId"] == ACCOUNT
    refused = desk.ask("POST", "sobjects/Contact", {"LastName": "X", "Account": {"Crosswalk_Id__c": "none"}})
    message = "Foreign key external ID: none not found for field Crosswalk_Id__c in entity Account"
    assert error(refused) == (400, "INVALID_FIELD", message)


def test_an_update_moves_the_stamp_even_where_nothing_changes(desk):
    answer = desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"LastName": "Lovelace"})
    assert (answer.status_code, answer.content) == (204, b"")
    row = desk.row("Contact", CONTACT)
    assert (row["SystemModstamp"], row["LastModifiedDate"]) == (NOW, NOW)
    assert row["CreatedDate"] < NOW


def test_an_update_touches_only_what_it_names(desk):
    desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"FirstName": None})
    row = desk.row("Contact", CONTACT)
    assert (row.get("FirstName"), row["LastName"], row["Name"]) == (None, "Lovelace", "Lovelace")


def test_what_wrote_a_row_last_is_kept_on_it(desk):
    desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {}, headers={"Sforce-Call-Options": "client=crosswalk"})
    desk.ask("PATCH", f"sobjects/Contact/{LONER}", {})
    clients = [desk.row("Contact", key).get("_client") for key in (CONTACT, LONER)]
    assert clients == ["crosswalk", None]


def test_a_read_gives_all_fields_or_those_asked_for(desk):
    whole = desk.ask("GET", f"sobjects/Contact/{CONTACT[:15]}").json()
    assert (whole["Id"], whole["Title"], whole["MailingAddress"]) == (CONTACT, None, None)
    assert "_client" not in whole
    some = desk.ask("GET", f"sobjects/Contact/{CONTACT}?fields=LastName,email").json()
    assert set(some) == {"attributes", "LastName", "Email"}
    assert error(desk.ask("GET", f"sobjects/Contact/{CONTACT}?fields=Foo"))[1] == "INVALID_FIELD"


def test_a_delete_goes_to_the_recycle_bin_and_moves_the_stamp(desk):
    assert desk.ask("DELETE", f"sobjects/Contact/{CONTACT}").status_code == 204
    row = desk.row("Contact", CONTACT)
    assert (row["IsDeleted"], row["SystemModstamp"]) == (True, NOW)


def test_what_is_deleted_can_neither_be_read_nor_changed_nor_deleted_again(desk):
    path = f"sobjects/Contact/{CONTACT}"
    desk.ask("DELETE", path)
    answers = [desk.ask("GET", path), desk.ask("PATCH", path, {"LastName": "X"}), desk.ask("DELETE", path)]
    assert [error(answer) for answer in answers] == [(404, "ENTITY_IS_DELETED", "entity is deleted")] * 3


def test_an_account_takes_its_contacts_with_it(desk):
    desk.ask("DELETE", f"sobjects/Account/{ACCOUNT}")
    assert desk.ids("SELECT Id FROM Contact") == [LONER]


def test_a_unique_value_is_free_again_after_a_delete(desk):
    desk.ask("DELETE", f"sobjects/Contact/{CONTACT}")
    assert created(desk, Crosswalk_Id__c="cw-1")["Crosswalk_Id__c"] == "cw-1"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_record_that_never_was_is_not_found(desk, method):
    body = {"LastName": "X"} if method == "PATCH" else None
    answer = desk.ask(method, "sobjects/Contact/003000000000099AAA", body)
    assert error(answer) == (404, "NOT_FOUND", "The requested resource does not exist")


def test_an_id_that_is_none_is_taken_for_an_external_id_field(desk):
    message = "Provided external ID field does not exist or is not accessible: abc"
    assert error(desk.ask("GET", "sobjects/Contact/abc")) == (404, "NOT_FOUND", message)


# What is refused when a record is written


@pytest.mark.parametrize(
    "fields, code, message, named",
    [
        (
            {"LastName": None},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
            ["LastName"],
        ),
        (
            {"LastName": "  "},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
            ["LastName"],
        ),
        (
            {"LastName": "x" * 81},
            "STRING_TOO_LONG",
            f"Last Name: data value too large: {'x' * 81} (max length=80)",
            ["LastName"],
        ),
        ({"Email": "a@b"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: a@b", ["Email"]),
        ({"Email": "a b@c.de"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: a b@c.de", ["Email"]),
        ({"Email": ".a@b.de"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: .a@b.de", ["Email"]),
        (
            {"Salutation": "Sir"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Salutation: bad value for restricted picklist field: Sir",
            ["Salutation"],
        ),
        ({"AccountId": "abc"}, "MALFORMED_ID", "Account ID: id value of incorrect type: abc", ["AccountId"]),
        (
            {"AccountId": CONTACT},
            "FIELD_INTEGRITY_EXCEPTION",
            f"Account ID: id value of incorrect type: {CONTACT}",
            ["AccountId"],
        ),
        (
            {"AccountId": "001000000000099AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            ["AccountId"],
        ),
        (
            {"Crosswalk_Id__c": "CW-1"},
            "DUPLICATE_VALUE",
            f"duplicate value found: Crosswalk_Id__c duplicates value on record with id: {CONTACT}",
            [],
        ),
        (
            {"CreatedDate": NOW},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            UNWRITEABLE,
            ["CreatedDate"],
        ),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_record_that_breaks_a_rule_is_refused(desk, method, fields, code, message, named):
    path = "sobjects/Contact" if method == "POST" else f"sobjects/Contact/{OTHER_CONTACT}"
    before = dict(desk.row("Contact", OTHER_CONTACT))
    answer = desk.ask(method, path, {"LastName": "X", **fields})
    assert answer.status_code == 400
    assert answer.json() == [{"message": message, "errorCode": code, "fields": named}]
    assert desk.row("Contact", OTHER_CONTACT) == before


@pytest.mark.parametrize(
    "body, code, message",
    [
        (b"{", "JSON_PARSER_ERROR", "[line:1, column:"),
        (b"[]", "JSON_PARSER_ERROR", "JSON object"),
        (b'{"LastName": 5}', "JSON_PARSER_ERROR", "instance of string from VALUE_NUMBER_INT value 5"),
        (b'{"LastName": {"a": 1}}', "JSON_PARSER_ERROR", "instance of string from START_OBJECT"),
        (b'{"DoNotCall": "maybe"}', "JSON_PARSER_ERROR", "instance of boolean from VALUE_STRING value maybe"),
        (b'{"Birthdate": "soon"}', "JSON_PARSER_ERROR", "instance of date from VALUE_STRING value soon"),
        (b'{"EmailBouncedDate": "x"}', "JSON_PARSER_ERROR", "instance of datetime from VALUE_STRING value x"),
        (b'{"Foo": "x"}', "INVALID_FIELD", "No such column 'Foo' on sobject of type Contact"),
        (b'{"Id": "003"}', "INVALID_FIELD", "The Id field should not be specified in the sobject data."),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(desk, body, code, message):
    answer = desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", content=body)
    assert error(answer)[:2] == (400, code)
    assert message in error(answer)[2]


def test_numbers_that_are_none_are_refused(desk):
    answer = desk.ask("PATCH", f"sobjects/Lead/{LEAD}", {"NumberOfEmployees": "many"})
    assert error(answer)[1] == "JSON_PARSER_ERROR"


def test_a_new_lead_needs_a_company_and_starts_open(desk):
    answer = desk.ask("POST", "sobjects/Lead", {"FirstName": "M"})
    assert error(answer)[2] == "Required fields are missing: [LastName, Company]"
    assert created(desk, "Lead", Company="X")["Status"] == "Open - Not Contacted"


def test_a_parent_in_the_recycle_bin_is_refused(desk):
    desk.ask("DELETE", f"sobjects/Account/{ACCOUNT}")
    answer = desk.ask("PATCH", f"sobjects/Contact/{LONER}", {"AccountId": ACCOUNT})
    assert error(answer)[1] == "ENTITY_IS_DELETED"


def test_a_converted_lead_can_not_be_changed(desk):
    assert desk.client.post("/_sim/convert", json={"lead": LEAD}).status_code == 200
    answer = desk.ask("PATCH", f"sobjects/Lead/{LEAD}", {"LastName": "X"})
    assert error(answer) == (400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def test_a_converted_lead_has_become_an_account_with_a_contact(desk):
    made = desk.client.post("/_sim/convert", json={"lead": LEAD}).json()
    lead = desk.row("Lead", LEAD)
    assert (lead["IsConverted"], lead["ConvertedContactId"]) == (True, made["contactId"])
    assert desk.row("Contact", made["contactId"])["AccountId"] == made["accountId"]
    assert desk.row("Account", made["accountId"])["Name"] == "Radium"


def test_a_duplicate_rule_refuses_until_told_to_save():
    desk = stocked(duplicate_rules={"Contact": "Email"})
    body = {"LastName": "Twin", "Email": "HOPPER@example.com"}
    (entry,) = desk.ask("POST", "sobjects/Contact", body).json()
    (match,) = entry["duplicateResult"]["matchResults"]
    assert entry["errorCode"] == "DUPLICATES_DETECTED"
    assert match["matchRecords"][0]["record"]["Id"] == OTHER_CONTACT
    forced = desk.ask(
        "POST", "sobjects/Contact", body, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    )
    assert forced.status_code == 201


# By external id


def test_an_upsert_creates_then_updates(desk):
    path = "sobjects/Contact/Crosswalk_Id__c/a%2Fb"
    first, second = desk.ask("PATCH", path, {"LastName": "One"}), desk.ask("PATCH", path, {"LastName": "Two"})
    key = first.json()["id"]
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()) == (
        200,
        {"id": key, "success": True, "errors": [], "created": False},
    )
    assert (desk.row("Contact", key)["LastName"], desk.row("Contact", key)["Crosswalk_Id__c"]) == (
        "Two",
        "a/b",
    )


def test_an_upsert_of_an_older_version_answers_with_nothing(desk):
    path = "/services/data/v45.0/sobjects/Contact/Crosswalk_Id__c/cw-1"
    assert desk.client.patch(path, json={"LastName": "X"}).status_code == 204


def test_an_upsert_that_may_only_update_creates_nothing(desk):
    answer = desk.ask("PATCH", "sobjects/Contact/Crosswalk_Id__c/new?updateOnly=true", {"LastName": "X"})
    assert error(answer)[:2] == (404, "NOT_FOUND")
    assert len(desk.ids("SELECT Id FROM Contact")) == 3


def test_an_upsert_that_meets_several_records_is_a_question(desk):
    desk.ask("PATCH", f"sobjects/Contact/{LONER}", {"Email": "hopper@example.com"})
    answer = desk.ask("PATCH", "sobjects/Contact/Email/Hopper@Example.com", {"LastName": "X"})
    found = [f"/services/data/v62.0/sobjects/Contact/{key}" for key in (OTHER_CONTACT, LONER)]
    assert (answer.status_code, answer.json()) == (300, found)
    assert desk.row("Contact", LONER)["LastName"] == "O'Neil"


def test_the_external_id_may_not_be_in_the_body_too(desk):
    answer = desk.ask(
        "PATCH", "sobjects/Contact/Crosswalk_Id__c/c", {"crosswalk_id__c": "c", "LastName": "X"}
    )
    assert error(answer)[1] == "INVALID_FIELD"


def test_a_field_that_names_no_record_is_not_found(desk):
    message = "Provided external ID field does not exist or is not accessible: LastName"
    assert error(desk.ask("PATCH", "sobjects/Contact/LastName/x", {})) == (404, "NOT_FOUND", message)


def test_a_record_is_read_and_deleted_by_external_id(desk):
    path = "sobjects/Contact/Crosswalk_Id__c/CW-1"
    assert desk.ask("GET", path).json()["Id"] == CONTACT
    assert desk.ask("DELETE", path).status_code == 204
    assert error(desk.ask("GET", path))[0] == 404


# What there is


def test_the_objects_describe_themselves(desk):
    listed = {each["name"]: each["keyPrefix"] for each in desk.ask("GET", "sobjects").json()["sobjects"]}
    assert listed == {
        "Account": "001",
        "Contact": "003",
        "Lead": "00Q",
        "User": "005",
        "RecordType": "012",
        "Training_Purchase__c": "a01",
        "Course_Result__c": "a02",
    }
    assert desk.ask("GET", "sobjects/contact").json()["objectDescribe"]["name"] == "Contact"
    fields = {field["name"]: field for field in desk.ask("GET", "sobjects/Contact/describe").json()["fields"]}
    assert (fields["LastName"]["length"], fields["LastName"]["nillable"]) == (80, False)
    assert (fields["AccountId"]["referenceTo"], fields["AccountId"]["relationshipName"]) == (
        ["Account"],
        "Account",
    )
    assert fields["Salutation"]["picklistValues"][0]["value"] == "Mr."
    external = fields["Crosswalk_Id__c"]
    assert (external["externalId"], external["unique"], external["length"], external["custom"]) == (
        True,
        True,
        36,
        True,
    )
    assert (fields["Name"]["createable"], fields["Name"]["updateable"]) == (False, False)


@pytest.mark.parametrize("path", ["sobjects/Foo", "sobjects/Foo/describe", "foo", "sobjects/Contact/a/b/c"])
def test_what_does_not_exist_is_not_found(desk, path):
    assert error(desk.ask("GET", path)) == (404, "NOT_FOUND", "The requested resource does not exist")


def test_a_known_path_refuses_other_methods(desk):
    answer = desk.ask("PUT", "sobjects/Contact", {})
    assert error(answer) == (405, "METHOD_NOT_ALLOWED", "HTTP Method 'PUT' not allowed. Allowed are GET,POST")


def test_a_version_that_does_not_exist_is_not_found(desk):
    assert error(desk.client.get("/services/data/v99.0/sobjects"))[:2] == (404, "NOT_FOUND")


# Merge, as a user does it


def test_a_merge_deletes_the_loser_with_the_winners_name_on_it_and_moves_its_contacts(desk):
    body = {"object": "Account", "winner": OTHER_ACCOUNT, "losers": [ACCOUNT]}
    assert desk.client.post("/_sim/merge", json=body).status_code == 200
    loser = desk.query("SELECT MasterRecordId FROM Account WHERE IsDeleted = true", "queryAll")["records"]
    assert [row["MasterRecordId"] for row in loser] == [OTHER_ACCOUNT]
    assert desk.row("Contact", CONTACT)["AccountId"] == OTHER_ACCOUNT
    assert desk.row("Account", OTHER_ACCOUNT)["SystemModstamp"] == NOW


def test_a_merge_with_a_record_that_is_gone_changes_nothing(desk):
    body = {"object": "Account", "winner": OTHER_ACCOUNT, "losers": [ACCOUNT, "001000000000099AAA"]}
    assert desk.client.post("/_sim/merge", json=body).status_code == 400
    assert not desk.row("Account", ACCOUNT)["IsDeleted"]


def test_a_record_is_not_merged_into_itself(desk):
    body = {"object": "Account", "winner": ACCOUNT, "losers": [ACCOUNT]}
    assert desk.client.post("/_sim/merge", json=body).status_code == 400


# Conversion, and what belongs to a lead


def test_a_lead_is_converted_into_the_account_of_its_company_and_a_contact_that_is_named(desk):
    lead = desk.ask("POST", "sobjects/Lead", {"LastName": "Byron", "Company": "ACME", "Phone": "1"}).json()[
        "id"
    ]

    made = desk.client.post("/_sim/convert", json={"lead": lead, "contact": CONTACT}).json()

    assert (made["accountId"], made["contactId"]) == (ACCOUNT, CONTACT)
    contact = desk.row("Contact", CONTACT)
    assert (contact["LastName"], contact["Phone"]) == ("Lovelace", "1"), "only what was empty is filled"


def test_a_conversion_that_is_refused_leaves_nothing_behind(desk):
    accounts = len(desk.ids("SELECT Id FROM Account"))

    answer = desk.client.post("/_sim/convert", json={"lead": LEAD, "contact": "003xx0000000000AAA"})

    assert answer.status_code == 400
    assert len(desk.ids("SELECT Id FROM Account")) == accounts
    assert desk.row("Lead", LEAD)["IsConverted"] is False


def test_nothing_may_refer_to_a_lead_once_it_is_converted_and_what_did_goes_on(desk):
    result = {"Number__c": "R-1", "Course__c": "Radium", "Lead__c": LEAD}
    key = desk.ask("POST", "sobjects/Course_Result__c", result).json()["id"]
    desk.client.post("/_sim/convert", json={"lead": LEAD})

    answer = desk.ask("POST", "sobjects/Course_Result__c", result)

    assert error(answer)[:2] == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    assert desk.row("Course_Result__c", key)["Lead__c"] == LEAD
    assert desk.row("Course_Result__c", key)["Name"].startswith("CR-")
