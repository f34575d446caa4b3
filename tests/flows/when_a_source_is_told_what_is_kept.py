"""A source that marks its rows learns which of them are kept: after the commit, and not before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from shared.model.errors import Unavailable
from tests.flows.office import ACME, Office
from tests.flows.sources import Told, told

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]


def known(office: Office, key: str) -> bool:
    return bool(office.world.hub.store.transact_now(lambda tx: tx.identities("salesforce", "account", [key])))


async def test_it_is_told_once_the_rows_are_kept(office: Office):
    source = told(office)
    key = office.sales.create("Account", **ACME)
    seen: list[bool] = []
    source.before = lambda: seen.append(known(office, key))

    await office.world.poll("salesforce")

    assert (source.kept, seen) == ([key], [True])


async def test_it_is_not_told_of_pages_without_rows(office: Office):
    source = told(office)
    source.before = lambda: pytest.fail("nothing was read")

    await office.world.poll("salesforce")


async def test_a_row_that_is_a_dead_letter_is_kept_too(office: Office):
    source = told(office)
    office.sales.create("Account", **ACME)
    again = office.sales.create("Account", **ACME)

    await office.world.poll("salesforce")

    assert office.letter().record == f"salesforce:{again}"
    assert again in source.kept


async def test_a_row_that_is_left_out_for_later_is_kept_when_it_is_looked_at_again(office: Office):
    source, key = await _claimed(office)

    await office.world.poll("salesforce")
    assert source.kept == []

    office.world.time.pass_by(301)
    await office.world.poll("salesforce")
    assert source.kept == [key]


async def test_killed_before_it_is_told_the_rows_come_again_and_nothing_happens_twice(office: Office):
    source = told(office)
    key = office.sales.create("Account", **ACME)
    source.before = _away
    with pytest.raises(Unavailable):
        await office.world.poll("salesforce")
    await office.world.deliver("lms")
    assert source.kept == []
    office.forget()

    source.before = lambda: None
    await office.settle()

    assert source.kept == [key]
    assert (office.writes(), office.changes()) == ([], [])


def _away() -> None:
    raise Unavailable("away", reason="Unreachable")


async def _claimed(office: Office) -> tuple[Told, str]:
    """An account that was edited while a handler writes to it."""
    key = office.sales.create("Account", **ACME)
    await office.settle()
    office.sales.change(key, Phone="+49 731 2")
    record, until = office.golden_id(key), office.world.time.micros() + 300_000_000

    def claim(tx):
        snapshot = tx.snapshots("salesforce", "account", [record])[record]
        tx.claim("salesforce", "account", [replace(snapshot, pending={}, pending_until=until)])

    office.world.hub.store.transact_now(claim)
    office.world.time.pass_by(61)
    return told(office), key
