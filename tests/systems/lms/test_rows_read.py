"""How rows of the simulated LMS are found: pages of changes, and look-ups by value."""

from __future__ import annotations

import pytest

LEAD = {"last_name": "Okafor", "company_name": "Okafor & Co"}


def leads(api, count):
    for start in range(0, count, 100):
        records = [LEAD | {"first_name": str(n)} for n in range(start, min(count, start + 100))]
        api.post("/leads/batch", json={"records": records})


def pages(api, **params):
    """All pages, each a list of rows."""
    cursor: dict[str, str] = {}
    while True:
        answer = api.get("/leads", params=params | cursor).json()
        yield answer["data"]
        if answer["next_cursor"] is None:
            return
        cursor = {"cursor": answer["next_cursor"]}


def test_a_page_has_five_hundred_rows_unless_told_otherwise(api):
    leads(api, 700)
    assert [len(page) for page in pages(api)] == [500, 200]
    assert [len(page) for page in pages(api, limit=1000)] == [700]
    assert [len(page) for page in pages(api, limit=350)] == [350, 350]


def test_rows_of_one_stamp_are_paged_each_once(api):
    leads(api, 700)
    ids = [row["id"] for page in pages(api, limit=99, updated_since="2026-03-01T09:00:00Z") for row in page]
    assert ids == list(range(1, 701))


def test_changes_come_in_the_order_of_stamp_and_id_from_the_given_time_on(api, clock):
    leads(api, 10)
    clock.advance(1)
    api.patch("/leads/3", json={"phone": "1"})
    clock.advance(1)
    api.patch("/leads/2", json={"phone": "1"})
    answer = api.get("/leads", params={"updated_since": "2026-03-01T10:00:01+01:00"}).json()
    assert [row["id"] for row in answer["data"]] == [3, 2]
    assert [row["id"] for row in api.get("/leads").json()["data"]] == [1, 4, 5, 6, 7, 8, 9, 10, 3, 2]


def test_as_of_is_the_servers_clock(api, clock):
    clock.advance(0.25)
    assert api.get("/leads").json()["as_of"] == "2026-03-01T09:00:00.250000Z"


def test_a_deleted_row_is_a_tombstone_for_those_who_ask_what_changed(api, clock):
    api.post("/leads", json=LEAD | {"external_id": "X1"})
    clock.advance(1)
    api.delete("/leads/1")
    assert api.get("/leads").json()["data"] == []
    assert api.get("/leads", params={"updated_since": "2026-01-01T00:00:00Z"}).json()["data"] == [
        {"id": 1, "external_id": "X1", "deleted": True, "updated_at": "2026-03-01T09:00:01.000000Z"}
    ]


def test_writes_between_two_pages_lose_no_row_and_double_none_that_did_not_move(api, clock):
    leads(api, 400)
    seen = []
    for number, page in enumerate(pages(api, limit=100, updated_since="2026-01-01T00:00:00Z")):
        seen += [(row["id"], row["updated_at"]) for row in page]
        if number < 3:
            clock.advance(1)
            api.patch(f"/leads/{number + 1}", json={"phone": "moved, was read"})
            api.patch(f"/leads/{300 + number}", json={"phone": "moved, was not read"})
            api.delete(f"/leads/{390 + number}")
            api.post("/leads", json=LEAD)
    assert len(seen) == len(set(seen))
    assert {number for number, _ in seen} == set(range(1, 404))
    assert sorted(number for number, _ in seen if number < 4) == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    "params, where",
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": "2026-01-01T00:00:00"}, "updated_since"),
        ({"updated_since": "0001-01-01T00:00:00+12:00"}, "updated_since"),
        ({"cursor": "rubbish"}, "cursor"),
        ({"cursor": "WzEsMl0="}, "cursor"),
        ({"cursor": "\u00e9"}, "cursor"),
        ({"page": "2"}, "page"),
        ({"numbers": "1"}, "numbers"),
        ({"ids": "1,x"}, "ids"),
        ({"ids": ""}, "ids"),
        ({"ids": "1", "limit": "5"}, "ids"),
        ({"ids": ["1", "2"]}, "ids"),
    ],
)
def test_a_question_that_makes_no_sense_is_malformed(api, params, where):
    answer = api.get("/leads", params=params)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["path"]) == (400, "malformed", where)


def test_rows_are_looked_up_by_id_external_id_number_and_e_mail(api):
    first = api.post("/companies", json={"name": "A", "number": "N1", "external_id": "X1"}).json()
    second = api.post("/companies", json={"name": "B", "number": "N2", "external_id": "X2"}).json()
    lead = api.post("/leads", json=LEAD | {"email": "ada@b.org"}).json()
    assert api.get("/companies", params={"ids": f"{second['id']},{first['id']},77"}).json() == {
        "data": [second, first],
        "next_cursor": None,
        "as_of": "2026-03-01T09:00:00.000000Z",
    }
    assert api.get("/companies", params={"external_ids": "X2,nope"}).json()["data"] == [second]
    assert api.get("/companies", params={"numbers": "N1,N2"}).json()["data"] == [first, second]
    assert api.get("/leads", params={"emails": "ADA@b.org,x@y.org"}).json()["data"] == [lead]


def test_a_deleted_row_is_not_looked_up(api):
    api.post("/companies", json={"name": "A", "number": "N1"})
    api.delete("/companies/1")
    for params in ({"ids": "1"}, {"numbers": "N1"}):
        assert api.get("/companies", params=params).json()["data"] == []


def test_more_than_a_hundred_values_are_too_many(api):
    assert api.get("/leads", params={"ids": ",".join(map(str, range(100)))}).status_code == 200
    answer = api.get("/leads", params={"ids": ",".join(map(str, range(101)))})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_many_records")
