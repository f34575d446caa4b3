from __future__ import annotations

import pytest

from tests.systems.salesforce.desk import ACCOUNT, CONTACT, LONER, OTHER_CONTACT, error, outcomes

PATH = "composite/sobjects"


def contact(**fields):
    return {"attributes": {"type": "Contact"}, **fields}


def send(desk, method, *records, path=PATH, **more):
    return desk.ask(method, path, {"records": list(records), **more})


def test_each_record_has_an_outcome_in_its_place_and_the_status_is_200(desk):
    answer = send(desk, "POST", contact(LastName="A"), contact(Email="x"), contact(LastName="C"))
    first, second, third = answer.json()
    assert answer.status_code == 200
    assert first == {"id": first["id"], "success": True, "errors": []}
    assert second == {
        "success": False,
        "errors": [
            {
                "statusCode": "INVALID_EMAIL_ADDRESS",
                "message": "Email: invalid email address: x",
                "fields": ["Email"],
            }
        ],
    }
    assert [desk.row("Contact", key)["LastName"] for key in (first["id"], third["id"])] == ["A", "C"]


def test_one_request_may_hold_several_objects(desk):
    account = {"attributes": {"type": "account"}, "Name": "New"}
    keys = [each["id"][:3] for each in send(desk, "POST", account, contact(LastName="A")).json()]
    assert keys == ["001", "003"]


def test_an_update_names_its_records_by_id(desk):
    answer = send(desk, "PATCH", contact(id=CONTACT[:15], LastName="X"), contact(Id=LONER, LastName="Y"))
    assert [each["id"] for each in answer.json()] == [CONTACT, LONER]
    assert desk.row("Contact", CONTACT)["LastName"] == "X"


def test_all_or_none_undoes_what_was_done(desk):
    before = dict(desk.row("Contact", CONTACT))
    answer = send(
        desk, "PATCH", contact(Id=CONTACT, LastName="X"), contact(Id=LONER, LastName=None), allOrNone=True
    )
    assert outcomes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert desk.row("Contact", CONTACT) == before


def test_all_or_none_takes_back_what_it_created(desk):
    answer = send(desk, "POST", contact(LastName="A", Crosswalk_Id__c="n"), contact(), allOrNone=True)
    assert outcomes(answer)[0] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert len(list(desk.system.records("Contact"))) == 3
    assert outcomes(send(desk, "POST", contact(LastName="A", Crosswalk_Id__c="n"))) == ["ok"]


@pytest.mark.parametrize(
    "record, code",
    [
        (contact(LastName="X"), "MISSING_ARGUMENT"),
        (contact(Id="abc", LastName="X"), "MALFORMED_ID"),
        (contact(Id=ACCOUNT, LastName="X"), "MALFORMED_ID"),
        (contact(Id="003000000000099AAA", LastName="X"), "INVALID_CROSS_REFERENCE_KEY"),
        (contact(Id=CONTACT, Crosswalk_Id__c="x" * 37), "STRING_TOO_LONG"),
        (contact(Id=CONTACT, IsDeleted=True), "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_an_update_that_breaks_a_rule_is_refused_alone(desk, record, code):
    assert outcomes(send(desk, "PATCH", record, contact(Id=LONER, LastName="Y"))) == [code, "ok"]


def test_a_deleted_record_is_refused_alone(desk):
    desk.ask("DELETE", f"sobjects/Contact/{CONTACT}")
    answer = send(desk, "PATCH", contact(Id=CONTACT, LastName="X"), contact(Id=LONER, LastName="Y"))
    assert outcomes(answer) == ["ENTITY_IS_DELETED", "ok"]


def test_the_same_record_twice_is_refused_twice(desk):
    twice = [contact(Id=CONTACT, LastName=name) for name in "XY"]
    assert outcomes(send(desk, "PATCH", *twice, contact(Id=LONER))) == [
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
        "ok",
    ]


def test_two_new_records_may_not_share_a_unique_value(desk):
    records = [contact(LastName=name, Crosswalk_Id__c=key) for name, key in (("A", "n"), ("B", "N"))]
    assert outcomes(send(desk, "POST", *records)) == ["ok", "DUPLICATE_VALUE"]


def test_a_create_refuses_an_id(desk):
    assert outcomes(send(desk, "POST", contact(Id=CONTACT, LastName="X"))) == [
        "INVALID_FIELD_FOR_INSERT_UPDATE"
    ]


@pytest.mark.parametrize(
    "body, code",
    [
        ({"records": [contact(LastName="X")] * 201}, "EXCEEDED_ID_LIMIT"),
        ({"records": []}, "MISSING_ARGUMENT"),
        ({"records": {}}, "JSON_PARSER_ERROR"),
        ({}, "JSON_PARSER_ERROR"),
        ({"records": ["x"]}, "JSON_PARSER_ERROR"),
        ({"records": [{"attributes": {"type": "Foo"}}]}, "INVALID_TYPE"),
        ({"records": [{"LastName": "X"}]}, "INVALID_TYPE"),
        ({"records": [contact(LastName="A"), contact(LastName="B", Foo=1)]}, "INVALID_FIELD"),
        ({"records": [contact(LastName="A"), contact(LastName=5)]}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_request_of_the_wrong_shape_is_refused_as_a_whole(desk, body, code):
    assert error(desk.ask("POST", PATH, body))[:2] == (400, code)
    assert len(list(desk.system.records("Contact"))) == 3


# Upsert

UPSERT = f"{PATH}/Contact/Crosswalk_Id__c"


def test_an_upsert_says_what_it_created(desk):
    records = [contact(Crosswalk_Id__c="CW-1", LastName="X"), contact(Crosswalk_Id__c="new", LastName="Y")]
    answer = send(desk, "PATCH", *records, path=UPSERT).json()
    assert [each["created"] for each in answer] == [False, True]
    assert answer[0]["id"] == CONTACT
    assert desk.row("Contact", answer[1]["id"])["Crosswalk_Id__c"] == "new"


def test_a_repeated_upsert_finds_what_it_made(desk):
    record = contact(Crosswalk_Id__c="new", LastName="Y")
    first, second = (send(desk, "PATCH", record, path=UPSERT).json()[0] for _ in range(2))
    assert (first["id"], second["created"]) == (second["id"], False)


def test_an_upsert_refuses_a_missing_or_repeated_key(desk):
    records = [contact(LastName="A"), *(contact(Crosswalk_Id__c=key, LastName="B") for key in ("k", "K"))]
    answer = send(desk, "PATCH", *records, path=UPSERT)
    assert outcomes(answer) == ["MISSING_ARGUMENT", "DUPLICATE_VALUE", "DUPLICATE_VALUE"]
    assert "Duplicate external id specified: K" in answer.text


def test_an_upsert_that_meets_several_records_writes_none(desk):
    desk.ask("PATCH", f"sobjects/Contact/{LONER}", {"Email": "hopper@example.com"})
    answer = send(
        desk, "PATCH", contact(Email="hopper@example.com", LastName="X"), path=f"{PATH}/Contact/Email"
    )
    assert outcomes(answer) == ["DUPLICATE_EXTERNAL_ID"]


def test_an_upsert_by_id_creates_where_the_id_is_null(desk):
    records = [contact(Id=None, LastName="New"), contact(Id=CONTACT, LastName="Old")]
    answer = send(desk, "PATCH", *records, path=f"{PATH}/Contact/Id").json()
    assert [each["created"] for each in answer] == [True, False]


def test_an_upsert_is_for_one_object(desk):
    account = {"attributes": {"type": "Account"}, "Crosswalk_Id__c": "a", "Name": "A"}
    assert outcomes(send(desk, "PATCH", account, path=UPSERT)) == ["INVALID_TYPE"]


# Delete and read


def test_a_delete_takes_ids_of_several_objects(desk):
    ids = f"{CONTACT},{ACCOUNT},abc,{LONER}"
    answer = desk.ask("DELETE", f"{PATH}?ids={ids}&allOrNone=false")
    assert outcomes(answer) == ["ok", "ok", "MALFORMED_ID", "ok"]
    assert desk.ids("SELECT Id FROM Contact") == []


def test_a_delete_may_be_all_or_none(desk):
    answer = desk.ask("DELETE", f"{PATH}?ids={CONTACT},003000000000099AAA&allOrNone=true")
    assert outcomes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_CROSS_REFERENCE_KEY"]
    assert not desk.row("Contact", CONTACT)["IsDeleted"]


def test_a_read_gives_null_for_what_is_not_there(desk):
    ids = [OTHER_CONTACT, "003000000000099AAA", CONTACT]
    by_get = desk.ask("GET", f"{PATH}/Contact?ids={','.join(ids)}&fields=Id,LastName").json()
    by_post = desk.ask("POST", f"{PATH}/Contact", {"ids": ids, "fields": ["Id", "LastName"]}).json()
    assert [row and row["LastName"] for row in by_get] == ["Hopper", None, "Lovelace"]
    assert by_post == by_get


# Faults of single records


def test_a_lock_meets_single_records(desk):
    desk.order_fault(kind="lock", count=1, match=LONER)
    records = [contact(Id=key, LastName="X") for key in (CONTACT, LONER)]
    answer = send(desk, "PATCH", *records)
    assert outcomes(answer) == ["ok", "UNABLE_TO_LOCK_ROW"]
    assert f"unable to obtain exclusive access to this record or 1 records: {LONER}" in answer.text
    assert outcomes(send(desk, "PATCH", *records)) == ["ok", "ok"]


def test_a_validation_rule_refuses_single_records(desk):
    desk.order_fault(kind="reject_records", match="Poison")
    answer = send(desk, "POST", contact(LastName="Good"), contact(LastName="Poison"))
    assert outcomes(answer) == ["ok", "FIELD_CUSTOM_VALIDATION_EXCEPTION"]


def test_the_call_log_counts_the_records(desk):
    send(desk, "POST", contact(LastName="A"), contact())
    desk.query("SELECT Id FROM Contact")
    wrote, read = desk.client.get("/_sim/calls").json()["calls"][-2:]
    assert (wrote["records"], wrote["write"], wrote["method"]) == (2, True, "POST")
    assert (read["records"], read["write"]) == (4, False)
