"""What a system pushes: a wake-up, so that it may come twice, late, out of order or never."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import orjson
import pytest

from local.servicebus.engine.message import Message
from shared.model.errors import InvalidChange, Misconfigured, Unavailable
from shared.model.event import Event
from shared.pipeline.events import ARRIVALS
from shared.pipeline.recoverability import Policy
from tests.flows.office import ACME, ADA, Office, to_lms, topology

pytestmark = pytest.mark.anyio

numbers = count(1)


def event(native_id: str, entity: str = "account", name: str | None = None) -> Event:
    return Event(name or f"event-{next(numbers)}", entity, native_id)


async def pushed(office: Office, *events: Event) -> None:
    """Accepted, read, and delivered."""
    await office.world.push("salesforce", *events)
    await office.world.read_arrivals()
    await office.world.deliver("lms")


async def acme(office: Office) -> str:
    """Known on both sides, and all is quiet."""
    account = office.sales.create("Account", **ACME)
    await office.settle()
    office.forget()
    return account


def polls(office: Office) -> int:
    """How often Salesforce was asked what had changed."""
    return sum("query" in request.url.path for request in office.requests("salesforce"))


async def test_an_edit_that_is_pushed_reaches_the_target_without_a_poll(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await pushed(office, event(account))

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert polls(office) == 0


async def test_a_row_that_is_new_is_made_where_its_push_leads(office: Office):
    account = office.sales.create("Account", **ACME)
    contact = office.sales.create("Contact", **ADA, AccountId=account)

    await pushed(office, event(contact, "contact"), event(account))

    company = office.school.company("A-1")
    assert office.school.user(ADA["Email"])["company_id"] == company["id"]


async def test_what_is_pushed_twice_is_kept_once(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    for _ in range(2):
        await office.world.push("salesforce", event(account, name="the same"))

    assert await office.world.read_arrivals() == 1


async def test_the_same_edit_pushed_under_two_ids_is_written_once(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await pushed(office, event(account))
    await pushed(office, event(account))

    assert len(office.written()) == 1


async def test_what_is_pushed_and_then_polled_has_one_effect(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await pushed(office, event(account))
    await office.settle()

    assert polls(office) > 0
    assert len(office.written()) == 1
    assert len(office.changes()) == 1


async def test_what_is_polled_and_then_pushed_has_one_effect(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")
    await office.settle()

    await pushed(office, event(account))

    assert len(office.written()) == 1
    assert len(office.changes()) == 1


async def test_a_push_that_never_came_is_made_up_for_by_the_poll(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await office.settle()

    assert office.school.company("A-1")["phone"] == "+49 731 2"


async def test_many_rows_that_are_pushed_are_read_with_one_call(office: Office):
    accounts = [office.sales.create("Account", **{**ACME, "AccountNumber": f"A-{n}"}) for n in range(50)]

    await pushed(office, *map(event, accounts))

    reads = [each for each in office.requests("salesforce") if "/composite/" in each.url.path]
    assert len(reads) == 1
    assert len(office.world.rows("lms", "companies")) == 50


async def test_values_stay_off_the_bus(office: Office):
    account = office.sales.create("Account", **ACME)

    await office.world.push("salesforce", event(account))

    (message,) = office.world.broker.peek(ARRIVALS, count=10)
    assert orjson.loads(message.message.body) == {
        "system": "salesforce",
        "entity": "account",
        "ids": [account],
    }


async def test_a_row_that_is_gone_is_left_to_the_poll(office: Office):
    """It may have been merged into another one, which only the poll can tell."""
    winner, loser = [
        office.sales.create("Account", **{**ACME, "AccountNumber": each}) for each in ("A-1", "A-2")
    ]
    await office.settle()
    office.sales.merge(winner, loser)
    office.forget()

    await pushed(office, event(loser))
    assert office.changes() == []
    await office.settle()

    statuses = {row["number"]: row["status"] for row in office.world.rows("lms", "companies")}
    assert statuses == {"A-1": "active", "A-2": "inactive"}
    assert office.letters() == []


async def test_what_is_emptied_waits_for_the_poll_which_weighs_it(
    office_with: Callable[..., Office],
):
    """Pushes that each take away a little would pass any brake."""
    office = office_with(topology(to_lms("account", "envelope: {share: 1%, records: 2}")))
    rows = [{**ACME, "AccountNumber": f"A-{n}"} for n in range(10)]
    accounts = [office.sales.create("Account", **row) for row in rows]
    await office.settle()
    for account in accounts:
        office.sales.change(account, Phone=None)
        await pushed(office, event(account))

    assert {row["phone"] for row in office.world.rows("lms", "companies")} == {ACME["Phone"]}
    await office.settle()

    assert office.letter().reason == "EnvelopeExceeded"
    assert {row["phone"] for row in office.world.rows("lms", "companies")} == {ACME["Phone"]}


async def test_one_field_that_is_emptied_is_so_after_the_next_poll(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone=None)

    await pushed(office, event(account))
    await office.settle()

    assert office.school.company("A-1")["phone"] is None


# What meets


async def test_a_row_that_the_hub_is_writing_is_looked_at_again_shortly(office_with: Callable[..., Office]):
    """The claim of a handler that has died ends; no poll is needed for the edit to arrive."""
    both = topology(
        to_lms("contact", "guard: read"),
        "entity: contact, from: lms, to: salesforce, guard: read, delete: ignore",
        contact="{key: [email]}",
    )
    office = office_with(both)
    contact = office.sales.create("Contact", **ADA)
    await office.settle()
    user = office.school.user(ADA["Email"])
    office.school.change("company-users", user["id"], phone="1")
    await office.world.push("lms", event(str(user["id"]), "contact"))
    await office.world.read_arrivals()
    pushes = iter([event(contact, "contact")])

    async def at_the_write() -> None:
        for each in pushes:
            office.sales.change(contact, Title="Baroness")
            await office.world.push("salesforce", each)
            await office.world.read_arrivals()

    target = office.world.hub.connections["salesforce"].target
    office.world.hub.connections["salesforce"].__dict__["target"] = _Meanwhile(target, at_the_write)
    await office.world.deliver("salesforce")
    office.world.time.pass_by(5)
    await office.world.read_arrivals()
    await office.world.deliver("lms")

    assert office.sales.row(contact)["Phone"] == "1"
    assert office.school.user(ADA["Email"])["title"] == "Baroness"
