"""Signatures, late and early ones, replays, retries, and the change of a secret."""

from __future__ import annotations

import base64

import pytest

from shared.push.exchange import Request
from shared.push.standard_webhooks import StandardWebhooks
from tests.push.doors import LEAD, NOW, OTHER, SECRET, Clock, Street, body, said, signed, street

pytestmark = pytest.mark.anyio
VECTOR = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


class Nothing:
    """No delivery is remembered."""

    async def times(self, sender, delivery):
        return []

    async def keep(self, sender, delivery, sent, until):
        raise AssertionError("nothing was taken")


@pytest.fixture
def lms() -> Street:
    return street()


async def test_the_signature_that_the_convention_shows_is_genuine():
    scheme = StandardWebhooks("lms", [SECRET], Nothing(), Clock(1_614_265_330))

    proof = await scheme.prove(Request("POST", VECTOR, body=b'{"test": 2432232314}'))

    assert not proof.repeated


async def test_what_is_signed_is_taken(lms):
    answer = await lms.signed(body())

    assert (answer.status, said(answer)) == (202, {"ids": ["msg_1"]})


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-id": "é"},
        {"webhook-id": "m" * 257},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": f"{NOW}.0"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "९" * 10},
        {"webhook-timestamp": "9" * 4000},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,äöü"},
        {"webhook-signature": " ".join(["v1,x"] * 9)},
    ],
)
async def test_with_another_id_time_or_signature_it_is_a_401_that_says_nothing(lms, changed):
    answer = await lms.signed(body(), **changed)

    assert (answer.status, said(answer)) == (401, {"title": "Unauthorized", "status": 401})
    assert lms.queue.events == []


async def test_a_body_that_was_changed_is_refused(lms):
    headers = signed(body(), "msg_1", NOW)

    assert (await lms.post(body({**LEAD, "id": 18}), headers)).status == 401
    assert (await lms.post(body() + b"\xff", headers)).status == 401


@pytest.mark.parametrize("late,status", [(300, 202), (301, 401), (-300, 202), (-301, 401)])
async def test_five_minutes_early_or_late_and_no_more(lms, late, status):
    headers = signed(body(), "msg_1", NOW)
    lms.clock.seconds = NOW + late

    assert (await lms.post(body(), headers)).status == status


async def test_the_same_bytes_once_more_are_a_replay(lms):
    headers = signed(body(), "msg_1", NOW)
    first, again = await lms.post(body(), headers), await lms.post(body(), headers)

    assert (first.status, again.status, len(lms.queue.events)) == (202, 409, 1)
    assert again.headers["Content-Type"] == "application/problem+json"


async def test_a_retry_has_its_own_time_and_is_answered_as_taken_with_one_effect(lms):
    await lms.signed(body())
    lms.clock.seconds += 5
    retry = await lms.signed(body())
    replay = await lms.signed(body())

    assert (retry.status, said(retry), len(lms.queue.events)) == (202, {"ids": ["msg_1"]}, 1)
    assert replay.status == 409, "the retry's own bytes, once more"


async def test_what_the_broker_did_not_take_is_not_remembered(lms):
    lms.queue.away = True
    refused = await lms.signed(body())
    lms.queue.away = False

    assert (refused.status, (await lms.signed(body())).status, len(lms.queue.events)) == (503, 202, 1)


async def test_what_was_malformed_may_come_again_mended(lms):
    assert (await lms.signed(b"{}")).status == 400
    assert (await lms.signed(body())).status == 202


async def test_a_replay_is_known_to_every_instance(lms):
    other = street(store=lms.store)
    headers = signed(body(), "msg_1", NOW)

    assert [(await each.post(body(), headers)).status for each in (lms, other)] == [202, 409]


async def test_what_was_taken_is_forgotten_once_no_replay_could_pass(lms):
    for number in range(5):
        await lms.signed(body(), f"msg_{number}")
    lms.clock.seconds += 16 * 60
    await lms.signed(body(), "msg_new")

    kept = lms.store.transact_now(lambda tx: [tx.deliveries("lms", f"msg_{each}") for each in (0, 4, "new")])
    assert kept == [[], [], [lms.clock.seconds]]


async def test_while_a_secret_is_changed_both_sign_and_afterwards_the_new_one_alone():
    during, after = street(SECRET=f"{SECRET} {OTHER}"), street(SECRET=OTHER)

    assert [(await during.signed(body(), each, each)).status for each in (SECRET, OTHER)] == [202, 202]
    assert [(await after.signed(body(), each, each)).status for each in (SECRET, OTHER)] == [401, 202]


async def test_one_genuine_signature_among_several_is_enough(lms):
    """As senders write while they change a secret, or an algorithm."""
    headers = signed(body(), "msg_1", NOW)
    headers["webhook-signature"] = (
        f"v1a,AAAA v1,{base64.b64encode(bytes(32)).decode()} {headers['webhook-signature']}"
    )

    assert (await lms.post(body(), headers)).status == 202
