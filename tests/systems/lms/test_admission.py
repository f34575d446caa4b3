"""Who may call the simulated LMS, how often, and what it says to requests that mean nothing."""

from __future__ import annotations

import httpx
import pytest

from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.rows import Rows
from local.systems.transport import SyncSystemTransport
from tests.systems.lms.conftest import TOKEN


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", TOKEN])
def test_a_wrong_or_missing_token_is_unauthorized(api, authorization):
    answer = api.get("/companies", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


def test_every_answer_tells_the_limit_and_what_is_left_of_it(api):
    first, second = api.get("/companies"), api.get("/nothing")
    assert first.headers["X-RateLimit-Limit"] == "6000"
    assert first.headers["X-RateLimit-Remaining"] == "5999"
    assert second.headers["X-RateLimit-Remaining"] == "5998"


def test_an_empty_bucket_refuses_until_the_seconds_it_names_are_over(clock):
    lms = Controlled(Lms(Rows(), clock, TOKEN, calls_a_minute=20), clock)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=SyncSystemTransport(lms), base_url="http://lms", headers=headers) as api:
        assert {api.get("/api/v1/leads").status_code for _ in range(20)} == {200}
        refused = api.get("/api/v1/leads")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
        assert refused.json()["error"]["code"] == "rate_limited"
        clock.advance(2.9)
        assert api.get("/api/v1/leads").status_code == 429
        clock.advance(0.2)
        assert api.get("/api/v1/leads").status_code == 200
        assert api.get("/api/v1/leads").status_code == 429


def test_a_bucket_never_holds_more_than_a_minutes_worth(clock):
    lms = Controlled(Lms(Rows(), clock, TOKEN, calls_a_minute=3), clock)
    clock.advance(3600)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=SyncSystemTransport(lms), base_url="http://lms", headers=headers) as api:
        statuses = [api.get("/api/v1/leads").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize(
    "method, path, status, code",
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/companies/1/users", 404, "not_found"),
        ("GET", "/companies/abc", 404, "not_found"),
        ("GET", "/companies/1", 404, "not_found"),
        ("GET", f"/companies/{'9' * 5000}", 404, "not_found"),
        ("DELETE", "/companies", 405, "method_not_allowed"),
        ("PUT", "/companies/1", 405, "method_not_allowed"),
        ("GET", "/companies/batch", 405, "method_not_allowed"),
    ],
)
def test_a_request_for_nothing_is_told_so(api, method, path, status, code):
    answer = api.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "method, path, body, where",
    [
        ("POST", "/leads", b"{", ""),
        ("POST", "/leads", b"", ""),
        ("POST", "/leads", b"[]", ""),
        ("POST", "/leads", b'{"last_name": "\xff"}', ""),
        ("POST", "/leads", b'{"last_name": "\\ud800"}', ""),
        ("PATCH", "/leads/1", b'"x"', ""),
        ("POST", "/leads/batch", b"[]", ""),
        ("POST", "/leads/batch", b"{}", "records"),
        ("POST", "/leads/batch", b'{"records": {}}', "records"),
        ("POST", "/leads/batch", b'{"records": [], "more": 1}', "records"),
        ("POST", "/leads/batch", b'{"records": [{}, {}, 3]}', "records[2]"),
        ("PATCH", "/leads/batch", b'{"records": [null]}', "records[0]"),
        ("POST", "/leads/batch-delete", b'{"ids": 5}', "ids"),
        ("POST", "/leads/batch-delete", b'{"ids": [5, "6"]}', "ids[1]"),
        ("POST", "/leads/batch-delete", b'{"ids": [true]}', "ids[0]"),
    ],
)
def test_a_malformed_body_is_refused_with_the_place_of_the_fault(api, method, path, body, where):
    answer = api.request(method, path, content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["path"]) == (400, "malformed", where)
    assert error["message"]


@pytest.mark.parametrize(
    "method, path, name",
    [("POST", "batch", "records"), ("PATCH", "batch", "records"), ("POST", "batch-delete", "ids")],
)
def test_a_batch_of_more_than_a_hundred_is_refused_whole(api, lms, method, path, name):
    answer = api.request(method, f"/leads/{path}", json={name: [{}] * 101})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_many_records")
    assert not list(lms.system.records("leads"))
