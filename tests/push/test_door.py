"""A door's answers, status by status, and that nothing is queued but what is answered as taken."""

from __future__ import annotations

import pytest

from shared.push.door import LARGEST
from tests.push.doors import KEY, LEAD, Street, body, keyed, said, street

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def door() -> Street:
    return keyed()


async def test_what_is_taken_is_a_202_with_the_ids_and_is_queued(door):
    answer = await door.post(body(), JSON | {"webhook-id": "evt-1"}, code=KEY)

    assert (answer.status, said(answer)) == (202, {"ids": ["evt-1"]})
    (event,) = door.queue.events
    assert (event.entity, event.native_id, event.row) == ("lead", "17", None)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "", "\x00"])
async def test_other_methods_are_told_which_there_are(door, method):
    answer = await door.ask(method, body(), JSON, code=KEY)

    assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")


async def test_too_large_is_too_large_even_for_those_who_prove_nothing(door):
    assert (await door.post(b" " * (LARGEST + 1), JSON)).status == 413
    assert (await door.post(b" " * LARGEST, JSON)).status == 401


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"code": ""},
        {"code": KEY[:-1]},
        {"code": KEY + "x"},
        {"code": KEY.upper()},
        {"code": "ключ"},
        {"code": "\ud800"},
        {"other": KEY},
    ],
)
async def test_without_the_key_there_is_a_401_that_says_nothing_and_the_body_is_not_looked_at(door, shown):
    for content in (body(), b"{", b"\xff"):
        answer = await door.post(content, JSON, **shown)
        assert (answer.status, said(answer)) == (401, {"title": "Unauthorized", "status": 401})
    assert door.queue.events == []


@pytest.mark.parametrize(
    "headers,query",
    [
        ({}, {"code": KEY}),
        ({}, {"access_token": KEY}),
        ({"X-Functions-Key": KEY}, {}),
        ({"Authorization": f"Bearer {KEY}"}, {}),
        ({"authorization": f"bearer {KEY}"}, {}),
    ],
)
async def test_a_key_is_shown_in_any_of_the_places_that_senders_know(door, headers, query):
    assert (await door.post(body(), JSON | headers, **query)).status == 202


async def test_while_a_key_is_changed_both_open():
    door = street(SCHEME="key", SECRET=f"{KEY} {KEY[::-1]}")

    assert [(await door.post(body(), JSON, code=each)).status for each in (KEY, KEY[::-1], KEY + KEY)] == [
        202,
        202,
        401,
    ]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "json", "application/json2"])
async def test_an_unknown_media_type_is_told_the_known_ones(door, kind):
    answer = await door.post(body(), {"Content-Type": kind}, code=KEY)

    assert answer.status == 415
    assert answer.headers["Accept"].startswith("application/json, application/cloudevents+json")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "zstd", "x"])
async def test_a_compressed_body_is_not_unpacked(door, coding):
    answer = await door.post(body(), JSON | {"Content-Encoding": coding}, code=KEY)

    assert (answer.status, answer.headers["Accept-Encoding"]) == (415, "identity")


async def test_while_the_broker_is_away_the_sender_is_asked_to_come_again(door):
    door.queue.away = True
    away = await door.post(body(), JSON, code=KEY)
    door.queue.away = False

    assert (away.status, away.headers["Retry-After"]) == (503, "5")
    assert "broker" not in away.body.decode()
    assert (await door.post(body(), JSON, code=KEY)).status == 202


async def test_what_no_flow_reads_is_answered_as_taken_and_named():
    door = street(SCHEME="key", SECRET=KEY, entities=frozenset({"account"}))
    answer = await door.post(body(), JSON | {"webhook-id": "a"}, code=KEY)

    assert (answer.status, said(answer), door.queue.events) == (202, {"ids": [], "ignored": ["a"]}, [])


NETWORKS = "203.0.113.0/24, 2001:db8::/32"


@pytest.mark.parametrize(
    "heard,status",
    [
        ("203.0.113.7", 202),
        ("203.0.113.7:50123", 202),
        ("::ffff:203.0.113.7", 202),
        ("2001:db8::1", 202),
        ("[2001:db8::1]:443", 202),
        ("198.51.100.1, 203.0.113.7:1", 202),
        ("203.0.113.7, 198.51.100.1:1", 403),
        ("198.51.100.1", 403),
        ("", 403),
        ("unknown", 403),
        ("203.0.113.7,", 403),
        ("[", 403),
        ("203.0.113.7:x:y", 403),
    ],
)
async def test_only_whom_the_front_end_itself_heard_counts_for_the_networks(heard, status):
    """What stands further left in the header is what a caller says of itself."""
    door = keyed(networks=NETWORKS)
    answer = await door.post(body(), JSON | {"X-Forwarded-For": heard}, code=KEY)

    assert answer.status == status


async def test_the_network_is_asked_before_the_key():
    answer = await keyed(networks=NETWORKS).post(body(), JSON)

    assert (answer.status, said(answer)) == (403, {"title": "Forbidden", "status": 403})


async def test_whoever_asks_for_permission_is_given_it_and_no_more(door):
    asking = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
    answer = await door.ask("OPTIONS", b"", asking | {"WebHook-Request-Callback": "https://victim.example"})

    assert (answer.status, dict(answer.headers), answer.body) == (
        200,
        {
            "Allow": "POST, OPTIONS",
            "WebHook-Allowed-Origin": "eventgrid.azure.net",
            "WebHook-Allowed-Rate": "120",
        },
        b"",
    )


@pytest.mark.parametrize("asked", ["", "0", "*", "x", "999999999", "1" * 4000, "-5"])
async def test_the_rate_that_is_allowed_is_a_number_and_bounded(door, asked):
    headers = {"WebHook-Request-Origin": "a.example", "WebHook-Request-Rate": asked}

    assert (await door.ask("OPTIONS", b"", headers)).headers["WebHook-Allowed-Rate"] == "6000"


@pytest.mark.parametrize("origin", ["", "a\r\nX: y", "ä.example", "a" * 256])
async def test_an_origin_that_is_none_is_allowed_nothing(door, origin):
    answer = await door.ask("OPTIONS", b"", {"WebHook-Request-Origin": origin})

    assert answer.headers == {"Allow": "POST, OPTIONS"}


async def test_permission_is_for_the_networks_too():
    answer = await keyed(networks=NETWORKS).ask("OPTIONS", b"", {"WebHook-Request-Origin": "a.example"})

    assert answer.status == 403


async def test_names_of_headers_may_be_written_in_any_case(door):
    assert (
        await door.post(body(), {"CONTENT-TYPE": "Application/JSON; charset=utf-8"}, code=KEY)
    ).status == 202


async def test_an_answer_never_repeats_what_came(door):
    """A value that is wrong may be a person's."""
    for content in ({**LEAD, "id": "jane@example.com"}, {**LEAD, "updated_at": "jane@example.com"}):
        answer = await door.post(body(content), JSON, code=KEY)
        assert answer.status == 400
        assert b"jane" not in answer.body
