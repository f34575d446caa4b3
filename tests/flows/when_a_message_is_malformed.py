"""Messages on the topic that no hub has sent: each a dead letter, no crash, and the others are delivered."""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest

from local.servicebus.engine.message import Message
from tests.flows.office import ACME, Office

pytestmark = pytest.mark.anyio

NOBODY = "11111111-1111-4111-8111-111111111111"
SOUND = {"entity": "account", "source": "salesforce", "ids": [NOBODY]}

MALFORMED = {
    "nothing at all": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe\x00",
    "half a character": b'{"entity": "\\ud800", "source": "salesforce", "ids": ["' + NOBODY.encode() + b'"]}',
    "a list": b"[]",
    "a number": b"7",
    "deep nesting": b"[" * 100_000,
    "no ids": orjson.dumps({**SOUND, "ids": []}),
    "ids that are no list": orjson.dumps({**SOUND, "ids": NOBODY}),
    "an id that is a number": orjson.dumps({**SOUND, "ids": [7]}),
    "an id that is too short": orjson.dumps({**SOUND, "ids": ["7"]}),
    "an id of the right length that is no uuid": orjson.dumps({**SOUND, "ids": ["x" * 36]}),
    "an id with a null character": orjson.dumps({**SOUND, "ids": ["\x00" * 36]}),
    "no entity": orjson.dumps({"source": "salesforce", "ids": [NOBODY]}),
    "an entity that is a number": orjson.dumps({**SOUND, "entity": 7}),
    "an entity with a null character": orjson.dumps({**SOUND, "entity": "account\x00"}),
    "a name that is too long": orjson.dumps({**SOUND, "source": "s" * 65}),
    "an attempt below zero": orjson.dumps({**SOUND, "attempt": -1}),
    "a time beyond all times": orjson.dumps({**SOUND, "since": 10**18}),
}


def send(office: Office, *bodies: bytes) -> None:
    properties = {"entity": "account", "source": "salesforce"}
    for body in bodies:
        office.world.broker.send("changes", [Message(body=body, application_properties=properties)])


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_message_is_one_dead_letter_and_no_crash(office: Office, what: str):
    send(office, MALFORMED[what])

    await office.world.settle()

    letter = office.letter()
    assert (letter.target, letter.entity, letter.reason) == ("lms", "message", "MalformedMessage")
    assert letter.field


async def test_more_ids_than_a_message_may_name_are_refused_as_a_whole(office: Office):
    """Larger than the bus would carry on its usual tier."""
    ids = [str(UUID(int=number)) for number in range(10_001)]

    await office.world.hub.delivery("lms").deliver([orjson.dumps({**SOUND, "ids": ids})])

    assert (office.letter().reason, office.letter().field) == ("MalformedMessage", "ids")


async def test_among_malformed_messages_the_others_are_delivered(office: Office):
    office.sales.create("Account", **ACME)
    send(office, *list(MALFORMED.values())[:7])
    await office.world.poll("salesforce")
    send(office, *list(MALFORMED.values())[7:])

    handled = await office.world.deliver("lms", batch=100)

    assert handled == len(MALFORMED) + 1
    assert office.school.company("A-1")["name"] == "Acme"
    assert [letter.reason for letter in office.letters()] == ["MalformedMessage"] * len(MALFORMED)


async def test_a_record_that_the_hub_does_not_have_is_a_dead_letter(office: Office):
    send(office, orjson.dumps(SOUND))

    await office.world.settle()

    letter = office.letter()
    assert (letter.target, letter.record, letter.reason) == ("lms", NOBODY, "UnknownRecord")


@pytest.mark.parametrize("entity", ["invoice", "ACCOUNT", "__class__"])
async def test_an_entity_that_no_flow_brings_here_is_a_dead_letter_for_each_record(
    office: Office, entity: str
):
    send(office, orjson.dumps({**SOUND, "entity": entity, "ids": [NOBODY, str(UUID(int=1 << 100))]}))

    await office.world.settle()

    assert [(letter.entity, letter.reason) for letter in office.letters()] == [(entity, "NoSuchFlow")] * 2


async def test_the_same_record_many_times_in_many_messages_is_written_once(office: Office):
    account = office.sales.create("Account", **ACME)
    await office.world.poll("salesforce")
    same = orjson.dumps({**SOUND, "ids": [office.golden_id(account)] * 3})
    send(office, *[same] * 5)

    await office.world.settle()

    assert len(office.written()) == 1


async def test_a_count_of_waits_beyond_all_counts_is_waited_on_like_any_other(office: Office):
    """Two to the power of it is more than a float holds."""
    office.sales.create("Contact", LastName="Doe", AccountId=office.sales.create("Account", **ACME))
    office.world.fault("lms", "lock", path="/api/v1/companies", count=1)
    await office.world.poll("salesforce")
    record = office.golden_id(office.world.rows("salesforce", "Contact")[0]["Id"])
    send(office, orjson.dumps({**SOUND, "entity": "contact", "ids": [record], "waits": 10**5}))

    await office.world.settle()

    assert [row["last_name"] for row in office.world.rows("lms", "company-users")] == ["Doe"]
    assert office.letters() == []


async def test_fields_that_a_later_version_will_send_are_no_fault(office: Office):
    account = office.sales.create("Account", **ACME)
    await office.world.poll("salesforce")
    office.forget()
    send(office, orjson.dumps({**SOUND, "ids": [office.golden_id(account)], "priority": "high"}))

    await office.world.settle()

    assert office.letters() == []
    assert len(office.written()) == 1
