"""A handler, or a poll, dies between two steps: what it claimed is read back first, and then put right."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.flows.office import ACME, ADA, Office, to_lms, topology
from tests.world import Wire

pytestmark = pytest.mark.anyio

CLAIM = 300.0


class Died(BaseException):
    """The process is gone: nothing in it catches that."""


def dying(request: httpx.Request) -> None:
    if request.method != "GET":
        raise Died


async def deliver_and_die(office: Office, *, after: bool) -> Wire:
    """A handler that dies at its first write, just before it reaches the LMS or just after."""
    wire = office.world.wires["lms"]
    wire.after, wire.before = (dying, None) if after else (None, dying)
    with pytest.raises(BaseExceptionGroup):
        await office.world.deliver("lms")
    wire.after = wire.before = None
    return wire


async def prepared(office: Office) -> str:
    """A company in both systems, and a change of it that is published."""
    account = office.sales.create("Account", **ACME)
    await office.settle()
    office.sales.change(account, BillingCity="Bonn")
    office.world.time.pass_by(61)
    await office.world.poll("salesforce")
    office.forget()
    return account


async def test_a_create_that_was_not_made_is_made_once_the_claim_has_run_out(office: Office):
    office.sales.create("Account", **ACME)
    await office.world.poll("salesforce")
    await deliver_and_die(office, after=False)
    died = office.world.time.at

    while not office.world.rows("lms", "companies"):
        await office.world.round()
        office.world.time.pass_by(10)

    assert CLAIM <= (office.world.time.at - died).total_seconds() <= CLAIM + 60
    await office.world.settle()
    assert len(office.written()) == 2, "the one that died on the way, and the one that arrived"


@pytest.mark.parametrize("account", [ACME, {"Name": "Nameless & Sons"}])
async def test_a_create_that_was_made_is_found_and_not_made_again(office: Office, account: dict[str, str]):
    """By its natural key; where it has none, the LMS knows the hub's id."""
    key = office.sales.create("Account", **account)
    await office.world.poll("salesforce")
    await deliver_and_die(office, after=True)

    await office.world.settle()

    (company,) = office.world.rows("lms", "companies")
    assert company["external_id"] == office.golden_id(key)
    assert office.letters() == []


async def test_what_was_found_as_it_was_written_is_not_written_again(office: Office):
    await prepared(office)
    await deliver_and_die(office, after=True)

    await office.world.settle()

    assert len(office.writes()) == 1
    assert office.school.company("A-1")["city"] == "Bonn"


async def test_what_was_not_written_is_read_back_and_written(office: Office):
    await prepared(office)
    wire = await deliver_and_die(office, after=False)
    died = len(wire.requests)

    await office.world.settle()

    asked, wrote = wire.requests[died:]
    assert (asked.method, wrote.method) == ("GET", "PATCH")
    assert office.school.company("A-1")["city"] == "Bonn"


async def test_what_changed_in_between_is_what_arrives(office: Office):
    account = await prepared(office)
    await deliver_and_die(office, after=True)
    office.sales.change(account, BillingCity="Köln")

    await office.world.settle()

    assert office.school.company("A-1")["city"] == "Köln"
    assert [record["city"] for record in office.written()] == ["Bonn", "Köln"]


async def test_others_are_not_held_up_by_the_claims_of_the_dead(office: Office):
    await prepared(office)
    await deliver_and_die(office, after=False)
    office.sales.create("Account", AccountNumber="A-2", Name="Babbage & Co")
    office.world.time.pass_by(61)

    await office.world.round()

    assert office.school.company("A-2")["name"] == "Babbage & Co"
    assert office.school.company("A-1")["city"] == "Ulm"


async def test_a_poll_of_the_target_leaves_a_claimed_row_out_and_looks_again(
    office_with: Callable[..., Office],
):
    """The hub's own write, half known, is no edit of somebody's."""
    office = office_with(topology(to_lms("account", "watch: true")))
    await prepared(office)
    await deliver_and_die(office, after=True)
    office.world.time.pass_by(61)

    await office.world.settle()

    assert len(office.writes()) == 1
    assert office.world.hub.store.transact_now(lambda tx: tx.conflicts("account")) == []
    assert office.school.company("A-1")["city"] == "Bonn"


async def test_messages_that_come_again_after_all_was_settled_change_nothing(office: Office):
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    bodies = [message.body for message in office.changes()]
    office.forget()

    for _ in range(3):
        await office.world.hub.delivery("lms").deliver(bodies)

    assert (office.requests("lms"), office.world.sent) == ([], [])


async def test_a_poll_that_dies_before_it_has_published_leaves_its_messages_to_the_timer(office: Office):
    office.sales.create("Account", **ACME)
    office.bus.before = die
    with pytest.raises(Died):
        await office.world.poll("salesforce")
    office.bus.before = None
    assert office.world.waiting() == 1

    assert await office.world.hub.outbox.publish() == 1
    await office.world.settle()

    assert office.school.company("A-1")["name"] == "Acme"


async def test_a_poll_that_dies_before_its_page_is_merged_reads_it_again(office: Office):
    office.sales.create("Account", **ACME)
    office.world.wires["salesforce"].after = dead_after_query
    with pytest.raises(Died):
        await office.world.poll("salesforce")
    office.world.wires["salesforce"].after = None

    await office.settle()

    assert office.school.company("A-1")["name"] == "Acme"


def dead_after_query(request: httpx.Request) -> None:
    if "/query" in request.url.path:
        raise Died


def die() -> None:
    raise Died
