"""The HTTP edge: what is tried again, how large an answer may be, and what never shows in an error."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import httpx
import pytest

from shared.adapters.http import AT_ONCE, Answer, Cost, Http, Limits, Retries, judged, retry_after
from shared.model.errors import Misconfigured, Rejected, Throttled, Unavailable

pytestmark = pytest.mark.anyio


def http(answer: Callable[[httpx.Request], httpx.Response], **more) -> Http:
    more = {"retries": AT_ONCE, **more}
    return Http("https://system.test", random=Random(1), transport=httpx.MockTransport(answer), **more)


class Failing:
    """Fails some times, then answers."""

    def __init__(self, times: int, failure: Exception | int) -> None:
        self.left, self.failure, self.asked = times, failure, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked > self.left:
            return httpx.Response(200, json={"well": True})
        if isinstance(self.failure, Exception):
            raise self.failure
        return httpx.Response(self.failure)


@pytest.mark.parametrize(
    "failure", [httpx.ReadError("x"), httpx.ConnectError("x"), httpx.ReadTimeout("x"), 503]
)
async def test_a_get_is_tried_again_and_each_try_is_counted(failure):
    cost = Cost()

    answer = await http(Failing(2, failure)).request("GET", "/x", cost=cost)

    assert answer.json(dict) == {"well": True}
    assert cost.calls == 3


async def test_a_write_is_not_tried_again():
    failing = Failing(1, httpx.ReadError("x"))

    with pytest.raises(Unavailable):
        await http(failing).request("POST", "/x")

    assert failing.asked == 1


async def test_a_write_that_its_caller_calls_repeatable_is_tried_again():
    answer = await http(Failing(1, 502)).request(
        "POST", "/x", content=b"12345", repeatable=True, cost=(cost := Cost())
    )

    assert answer.status == 200
    assert (cost.calls, cost.bytes_sent) == (2, 10)


async def test_retries_can_be_switched_off():
    failing = Failing(1, 503)

    with pytest.raises(Unavailable):
        await http(failing, retries=Retries(attempts=1)).request("GET", "/x")

    assert failing.asked == 1


@pytest.mark.parametrize(
    "status, error",
    [
        (400, Rejected),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Rejected),
        (408, Unavailable),
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
async def test_a_status_says_whose_fault_it_is(status, error):
    with pytest.raises(error):
        await http(lambda _: httpx.Response(status)).request("POST", "/x")


async def test_an_answer_without_end_is_cut_off():
    async def endless():
        while True:
            yield b"x" * 1000

    with pytest.raises(Unavailable, match="more than 5000 bytes"):
        await http(
            lambda _: httpx.Response(200, content=endless()),
            limits=Limits(answer_bytes=5000),
            retries=Retries(attempts=1),
        ).request("GET", "/x")


async def test_an_answer_that_is_no_json_is_unavailable_and_not_shown():
    answer = await http(lambda _: httpx.Response(200, text="<html>secret</html>")).request("GET", "/x")

    with pytest.raises(Unavailable) as raised:
        answer.json(dict)
    assert "secret" not in repr(raised.value)


async def test_half_a_character_does_not_keep_the_rest_away():
    body = b'{"rows": ["cut \\ud83e", "whole \\ud83e\\udd8a"]}'

    answer = await http(lambda _: httpx.Response(200, content=body)).request("GET", "/x")

    assert answer.json(dict) == {"rows": ["cut ?", "whole 🦊"]}


@pytest.mark.parametrize("body", [b"[]", b'{"x": NaN}', b"[" * 100_000, b"\xff"])
async def test_an_answer_of_another_shape_is_unavailable(body: bytes):
    answer = await http(lambda _: httpx.Response(200, content=body)).request("GET", "/x")

    with pytest.raises(Unavailable) as raised:
        answer.json(dict)
    assert raised.value.reason == "MalformedAnswer"


async def test_an_error_names_the_path_and_neither_query_nor_headers():
    with pytest.raises(Unavailable) as raised:
        await http(lambda _: httpx.Response(500), retries=Retries(attempts=1)).request(
            "GET", "/path", params={"q": "ann@example.org"}, headers={"Authorization": "Bearer hush"}
        )

    assert raised.value.description == "GET system.test/path: HTTP 500"


async def test_a_wrong_address_is_a_matter_for_an_operator():
    wrong = Http("ftp://system.test", random=Random(1))

    with pytest.raises(Misconfigured):
        await wrong.request("GET", "/x")
    await wrong.close()


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("17", 17.0),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_both_forms_of_retry_after_are_read(header, seconds):
    headers = httpx.Headers({"Retry-After": header, "Date": "Sat, 31 Jan 2026 12:00:00 GMT"})

    error = judged(answer := Answer(429, headers, b"", "GET x"))

    assert retry_after(answer) == seconds
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds
