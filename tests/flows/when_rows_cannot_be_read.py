"""A system that only pushes: its events carry the values, each with the row's own time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count, permutations
from typing import Any

import pytest

from shared.model.change import Row
from shared.model.errors import InvalidChange, Misconfigured
from shared.model.event import Event
from shared.pipeline import brake
from shared.pipeline.events import ARRIVALS
from shared.pipeline.recoverability import SECOND
from tests.flows.office import Office, to_lms, to_salesforce, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]

numbers = count(1)
ACME = {"number": "A-1", "name": "Acme", "phone": "1", "city": "Ulm"}


@pytest.fixture
def office(office_with: Open) -> Office:
    return pushing(office_with(topology(to_lms("account"))))


def pushing(office: Office) -> Office:
    """From now on nobody can look into Salesforce."""
    hub = office.world.hub
    blind = replace(hub.connections["salesforce"], readable=False)
    office.world.hub = replace(hub, connections={**hub.connections, "salesforce": blind})
    return office


def event(
    office: Office, native_id: str = "1", *, ago: float = 0, deleted: bool = False, **values: Any
) -> Event:
    """What the row was so many seconds ago."""
    stamp = office.world.time.micros() - int(ago * SECOND)
    row = Row(native_id, {} if deleted else {**ACME, **values}, stamp, deleted=deleted)
    return Event(f"event-{next(numbers)}", "account", native_id, row)


async def pushed(office: Office, *events: Event) -> None:
    await office.world.push("salesforce", *events)
    await office.world.settle()


def phone(office: Office) -> str:
    return str(office.school.company("A-1")["phone"])


async def test_the_values_of_an_event_reach_the_target_and_nobody_is_asked(office: Office):
    await pushed(office, event(office))
    await pushed(office, event(office, phone="2"))

    assert phone(office) == "2"
    assert office.requests("salesforce") == []


async def test_an_event_that_is_late_loses(office: Office):
    """It would beat what its editor saw; but its editor has not seen what is newer."""
    await pushed(office, event(office, ago=60, phone="old"))
    newer, older = event(office, ago=10, phone="newer"), event(office, ago=20, phone="older")

    await pushed(office, newer)
    await pushed(office, older)

    assert phone(office) == "newer"
    assert office.world.hub.store.transact_now(lambda tx: tx.conflicts("account")) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
async def test_in_whatever_order_events_come_the_newest_stays(
    office: Office, order: tuple[int, ...], together: bool
):
    events = [event(office, ago=30 - number, phone=str(number)) for number in range(3)]
    some = [events[number] for number in order]

    for each in [some] if together else [[one] for one in some]:
        await pushed(office, *each)

    assert phone(office) == "2"


async def test_an_edit_that_comes_after_the_delete_that_it_preceded_is_not_heard(office: Office):
    await pushed(office, event(office, ago=60))
    delete, edit = event(office, ago=10, deleted=True), event(office, ago=20, phone="2")

    await pushed(office, delete)
    await pushed(office, edit)

    assert office.school.company("A-1")["status"] == "inactive"
    assert office.letters() == []


async def test_an_event_from_the_future_does_not_deafen_the_hub(office: Office):
    await pushed(office, event(office, ago=-3600, phone="from the future"))
    office.world.time.pass_by(10)

    await pushed(office, event(office, phone="2"))

    assert phone(office) == "2"


async def test_deletes_that_come_together_are_weighed(office_with: Open):
    office = pushing(office_with(topology(to_lms("account", "envelope: {share: 1%, records: 2}"))))
    await pushed(office, *[event(office, str(n), ago=60, number=f"A-{n}") for n in range(4)])

    await pushed(office, *[event(office, str(n), deleted=True) for n in range(4)])
    assert office.letter().reason == "EnvelopeExceeded"
    assert {row["status"] for row in office.world.rows("lms", "companies")} == {"active"}

    now = office.world.time.micros()
    office.world.hub.store.transact_now(
        lambda tx: brake.approve(tx, "salesforce", "account", "somebody", now)
    )
    await pushed(office, event(office, "9", number="A-9"))
    statuses = [row["status"] for row in office.world.rows("lms", "companies")]
    assert sorted(statuses) == ["active", *["inactive"] * 4]


async def test_an_event_without_values_is_refused_at_the_door(office: Office):
    with pytest.raises(InvalidChange, match="carries no values"):
        await office.world.push("salesforce", Event("1", "account", "1"))


async def test_values_that_no_message_holds_are_refused_at_the_door(office: Office):
    with pytest.raises(InvalidChange, match="bytes"):
        await office.world.push("salesforce", event(office, name="x" * 200_000))


async def test_many_large_events_travel_in_messages_that_the_bus_takes(office: Office):
    events = [event(office, str(n), number=f"A-{n}", city="x" * 30_000) for n in range(10)]

    await office.world.push("salesforce", *events)

    messages = office.world.broker.peek(ARRIVALS, count=100)
    assert len(messages) > 1
    assert max(len(each.message.body) for each in messages) < 200_000


async def test_the_system_is_not_polled(office: Office):
    assert await office.world.hub.polling("salesforce").tick() == []


@pytest.mark.parametrize("mode", ["poll", "batch"])
async def test_news_that_a_poll_would_have_to_bring_are_refused_at_the_start(office_with: Open, mode: str):
    with pytest.raises(Misconfigured, match="write push"):
        pushing(office_with(topology(to_lms("account", f"mode: {mode}"))))


async def test_a_system_whose_rows_cannot_be_read_is_nobodys_target(office_with: Open):
    with pytest.raises(Misconfigured, match="cannot be read"):
        pushing(office_with(topology(to_salesforce("account"))))
