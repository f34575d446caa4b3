"""What the simulated LMS stores, refuses and answers, row by row."""

from __future__ import annotations

import pytest

LEAD = {"last_name": "Okafor", "company_name": "Okafor & Co"}


def test_a_new_row_has_an_id_stamps_and_null_where_nothing_was_said(api):
    answer = api.post("/companies", json={"name": "Acme"})
    assert answer.status_code == 201
    assert answer.json() == {
        "id": 1,
        "external_id": None,
        "number": None,
        "name": "Acme",
        "phone": None,
        "website": None,
        "street": None,
        "city": None,
        "state": None,
        "postal_code": None,
        "country": None,
        "industry": None,
        "status": "active",
        "created_at": "2026-03-01T09:00:00.000000Z",
        "updated_at": "2026-03-01T09:00:00.000000Z",
    }
    assert api.get("/companies/1").json() == answer.json()


def test_strings_are_trimmed_and_empty_ones_become_null(api):
    row = api.post("/companies", json={"name": "  Acme\n", "city": "   ", "phone": ""}).json()
    assert (row["name"], row["city"], row["phone"]) == ("Acme", None, None)


def test_an_e_mail_address_is_stored_in_lower_case(api):
    assert api.post("/leads", json=LEAD | {"email": " Ada@Example.COM "}).json()["email"] == "ada@example.com"


def test_everything_else_is_stored_as_given(api):
    name = "Zoe\u0308 \u05e9\u05dc\u05d5\u05dd \U0001f33b a\u200bb  c"
    assert api.post("/companies", json={"name": name}).json()["name"] == name


def test_lengths_are_counted_in_code_points_after_trimming(api):
    assert api.post("/companies", json={"name": " " + "\U0001f33b" * 100 + " "}).status_code == 201
    assert api.post("/companies", json={"name": "e\u0301" * 50 + "e"}).status_code == 422


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"last_name": None}, {"field": "last_name", "code": "required"}),
        ({"last_name": "  "}, {"field": "last_name", "code": "required"}),
        ({"status": None}, {"field": "status", "code": "required"}),
        ({"last_name": "x" * 61}, {"field": "last_name", "code": "too_long", "max": 60}),
        ({"external_id": "x" * 65}, {"field": "external_id", "code": "too_long", "max": 64}),
        ({"phone": 5}, {"field": "phone", "code": "wrong_type"}),
        ({"phone": ["1"]}, {"field": "phone", "code": "wrong_type"}),
        ({"email": True}, {"field": "email", "code": "wrong_type"}),
        ({"rating": "Hot"}, {"field": "rating", "code": "not_in_list", "allowed": ["hot", "warm", "cold"]}),
        ({"status": "gone"}, {"field": "status", "code": "not_in_list", "allowed": ["active", "inactive"]}),
        ({"nickname": "x"}, {"field": "nickname", "code": "unknown_field"}),
        ({"updated_at": "x"}, {"field": "updated_at", "code": "unknown_field"}),
        ({"id": 9}, {"field": "id", "code": "unknown_field"}),
    ],
)
def test_a_field_that_breaks_a_rule_is_refused_by_name_and_code(api, fields, expected):
    single = api.post("/leads", json=LEAD | fields)
    error = single.json()["error"]
    assert (single.status_code, error["code"], error["path"]) == (422, expected["code"], expected["field"])
    batch = api.post("/leads/batch", json={"records": [LEAD | fields]})
    (result,) = batch.json()["results"]
    assert (batch.status_code, result["status"]) == (200, 422)
    (fault,) = result["errors"]
    assert fault.items() >= expected.items()
    assert fault["message"]


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "ada@",
        "@b.org",
        "ada@localhost",
        "a b@c.org",
        "a@b@c.org",
        "a@b..org",
        "a@-b.org",
        "\u00e4@b.org",
        "a@b.org,c@d.org",
    ],
)
def test_what_is_no_e_mail_address_is_refused(api, email):
    answer = api.post("/leads", json=LEAD | {"email": email})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_email")


def test_all_faults_of_a_row_are_told_at_once(api):
    errors = api.post("/leads", json={"email": "x", "phone": 1}).json()["error"]["errors"]
    assert {(fault["field"], fault["code"]) for fault in errors} == {
        ("last_name", "required"),
        ("company_name", "required"),
        ("email", "invalid_email"),
        ("phone", "wrong_type"),
    }


def test_a_user_needs_a_company_that_is_there(api, company):
    user = {"last_name": "Lovelace"}
    assert api.post("/company-users", json=user).json()["error"]["code"] == "required"
    unknown = api.post("/company-users", json=user | {"company_id": company + 1})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (422, "unknown_parent")
    assert unknown.json()["error"]["path"] == "company_id"
    assert api.post("/company-users", json=user | {"company_id": "1"}).json()["error"]["code"] == "wrong_type"
    assert api.post("/company-users", json=user | {"company_id": company}).status_code == 201


@pytest.mark.parametrize(
    "path, row, field, again",
    [
        ("companies", {"name": "A", "number": "N1"}, "number", "N1"),
        ("companies", {"name": "A", "external_id": "X"}, "external_id", " X "),
        ("leads", LEAD | {"email": "ada@b.org"}, "email", "ADA@B.org"),
    ],
)
def test_a_value_that_must_be_unique_is_refused_with_the_id_of_its_holder(api, path, row, field, again):
    holder = api.post(f"/{path}", json=row).json()["id"]
    single = api.post(f"/{path}", json=row | {field: again})
    assert single.status_code == 409
    assert (
        single.json()["error"].items() >= {"code": f"duplicate_{field}", "id": holder, "field": field}.items()
    )
    (result,) = api.post(f"/{path}/batch", json={"records": [row | {field: again}]}).json()["results"]
    assert result == {"status": 409, "code": f"duplicate_{field}", "id": holder, "field": field}


def test_two_records_of_one_batch_clash_as_two_requests_would(api):
    records = [LEAD | {"email": "a@b.org"}, LEAD | {"email": "a@b.org"}, LEAD]
    results = api.post("/leads/batch", json={"records": records}).json()["results"]
    assert [result["status"] for result in results] == [201, 409, 201]
    assert results[1]["id"] == results[0]["id"]


def test_a_unique_value_is_free_again_once_its_holder_lets_go(api):
    first = api.post("/leads", json=LEAD | {"email": "a@b.org"}).json()["id"]
    api.patch(f"/leads/{first}", json={"email": None})
    second = api.post("/leads", json=LEAD | {"email": "a@b.org"})
    assert second.status_code == 201
    api.delete(f"/leads/{second.json()['id']}")
    assert api.post("/leads", json=LEAD | {"email": "a@b.org"}).status_code == 201


def test_a_row_may_keep_its_own_unique_value(api, company):
    assert api.patch(f"/companies/{company}", json={"number": "A-1", "name": "New"}).status_code == 200


def test_a_patch_changes_what_it_names_and_moves_the_stamp(api, clock, company):
    clock.advance(1.5)
    row = api.patch(f"/companies/{company}", json={"city": "Oslo"}).json()
    assert (row["city"], row["name"]) == ("Oslo", "Acme")
    assert row["updated_at"] == "2026-03-01T09:00:01.500000Z"
    assert row["created_at"] == "2026-03-01T09:00:00.000000Z"


def test_a_patch_that_changes_nothing_leaves_the_stamp(api, clock, company):
    before = api.get(f"/companies/{company}").json()
    clock.advance(5)
    assert api.patch(f"/companies/{company}", json={"name": " Acme ", "status": "active"}).json() == before
    (result,) = api.patch("/companies/batch", json={"records": [{"id": company, "name": "Acme"}]}).json()[
        "results"
    ]
    assert result == {"status": 200, "id": company, "updated_at": before["updated_at"]}


def test_a_patch_is_checked_as_a_create_is(api, company):
    assert api.patch(f"/companies/{company}", json={"name": None}).json()["error"]["code"] == "required"
    assert (
        api.patch(f"/companies/{company}", json={"colour": "red"}).json()["error"]["code"] == "unknown_field"
    )
    api.post("/companies", json={"name": "Other", "number": "B-2"})
    assert api.patch(f"/companies/{company}", json={"number": "B-2"}).status_code == 409


def test_a_patch_of_a_row_that_is_not_there_is_not_found(api, company):
    assert api.patch("/companies/99", json={"name": "X"}).status_code == 404
    records = [{"id": 99, "name": "X"}, {"id": company, "name": "Y"}, {"name": "Z"}, {"id": "1"}]
    results = api.patch("/companies/batch", json={"records": records}).json()["results"]
    assert results[0] == {"status": 404, "code": "not_found"}
    assert results[1]["status"] == 200
    assert [fault["code"] for result in results[2:] for fault in result["errors"]] == [
        "required",
        "wrong_type",
    ]


def test_a_patch_for_another_version_of_the_row_is_stale(api, clock, company):
    seen = api.get(f"/companies/{company}").json()["updated_at"]
    clock.advance(1)
    now = api.patch(f"/companies/{company}", json={"city": "Oslo"}).json()["updated_at"]
    record = {"id": company, "city": "Rome", "if_updated_at": seen}
    (stale,) = api.patch("/companies/batch", json={"records": [record]}).json()["results"]
    assert stale == {"status": 412, "code": "stale", "updated_at": now}
    assert api.get(f"/companies/{company}").json()["city"] == "Oslo"
    (done,) = api.patch("/companies/batch", json={"records": [record | {"if_updated_at": now}]}).json()[
        "results"
    ]
    assert done["status"] == 200
    assert api.patch(f"/companies/{company}", json={"city": "Bonn", "if_updated_at": seen}).status_code == 412


def test_a_company_with_users_cannot_be_deleted(api, company):
    user = api.post("/company-users", json={"company_id": company, "last_name": "Hopper"}).json()["id"]
    refused = api.delete(f"/companies/{company}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "has_children")
    results = api.post("/companies/batch-delete", json={"ids": [company, 77]}).json()["results"]
    assert results == [{"status": 409, "code": "has_children"}, {"status": 404, "code": "not_found"}]
    assert api.delete(f"/company-users/{user}").status_code == 204
    assert api.post("/companies/batch-delete", json={"ids": [company]}).json()["results"] == [{"status": 204}]


def test_a_deleted_row_is_gone_for_all_that_asks_for_it(api, company):
    assert api.delete(f"/companies/{company}").status_code == 204
    assert api.delete(f"/companies/{company}").status_code == 404
    assert api.get(f"/companies/{company}").status_code == 404
    assert api.patch(f"/companies/{company}", json={"name": "X"}).status_code == 404
    user = api.post("/company-users", json={"company_id": company, "last_name": "Hopper"})
    assert user.json()["error"]["code"] == "unknown_parent"


def test_an_id_is_never_given_twice(api, company):
    api.delete(f"/companies/{company}")
    assert api.post("/companies", json={"name": "Next"}).json()["id"] == company + 1


def test_one_bad_record_of_a_batch_leaves_the_others_alone(api):
    records = [LEAD, LEAD | {"email": "bad"}, LEAD]
    results = api.post("/leads/batch", json={"records": records}).json()["results"]
    assert [result["status"] for result in results] == [201, 422, 201]
    assert len(api.get("/leads").json()["data"]) == 2
