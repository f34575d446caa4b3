"""A source answers with everything: what is unchanged costs nothing, and what it leaves out was deleted."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import func, select

from shared.adapters.store import tables
from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.model.errors import Unavailable
from shared.pipeline import brake
from tests.flows.office import Office, to_lms, topology
from tests.flows.sources import WHOLE, Told, table, told
from tests.flows.when_a_run_would_delete_much import HERE, accounts, decide, inactive, waiting

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]
NARROW = topology(to_lms("account", "envelope: {share: 10%, records: 3}"), to_lms("contact"))
PAGED = {"SALESFORCE_PAGE_SIZE": "4"}


def known(office: Office) -> int:
    """How many native ids the roll of a whole read has."""

    def ask(tx: Transaction) -> int:
        return int(tx._connection.execute(select(func.count()).select_from(tables.roll)).scalar_one())

    return office.world.hub.store.transact_now(ask)


def watermark(office: Office) -> str:
    found, _ = office.world.hub.store.transact_now(lambda tx: tx.watermark(*HERE))
    return found or ""


def first_of(keys: list[str]) -> Callable[[Row], bool]:
    """An answer that shows only these."""
    return lambda row: row.native_id in keys


async def lost(office: Office, source: Told, keys: list[str]) -> None:
    """Rows go away, and the source cannot say which."""
    for key in keys:
        office.sales.delete(key)
    source.expired = True


async def test_changes_and_deletes_are_found_and_nothing_else_is_written(office: Office):
    source = told(office)
    keys = await accounts(office, 30)

    for key in keys[10:16]:
        office.sales.change(key, Phone="+49 731 2")
    await lost(office, source, keys[:3])
    await office.settle()

    assert inactive(office) == {"A-0", "A-1", "A-2"}
    assert len(office.written()) == 9
    assert known(office) == 0


async def test_where_all_is_as_it_was_nothing_is_written(office: Office):
    source = told(office)
    await accounts(office, 30)

    source.expired = True
    await office.settle()

    assert (office.written(), office.changes(), office.letters()) == ([], [], [])


async def test_of_many_rows_only_those_that_differ_are_written(office: Office):
    """`python -m benchmarks.whole_reads` does it with 50,000."""
    source = table(office, 1_000)
    await office.settle()
    office.forget()

    source.edited, source.gone = frozenset(range(100, 112)), frozenset((5, 6, 7))
    await office.settle()

    assert inactive(office) == {"A-5", "A-6", "A-7"}
    assert len(office.written()) == 15
    assert len(office.changes()) == 2


async def test_the_first_load_of_all_keeps_no_roll(office_with: Open):
    office = office_with(settings=PAGED)
    source = told(office)
    source.expired = True
    office.sales.load("Account", [{"Name": f"Acme {number}"} for number in range(6)])

    pages = office.world.hub.connections["salesforce"].source.changes("account", None)
    assert [(page.whole, page.first, page.last) async for page in pages] == [
        (True, True, False),
        (True, False, True),
    ]
    source.expired = True
    await office.world.poll("salesforce")
    assert known(office) == 0
    assert office.world.hub.store.transact_now(lambda tx: tx.census(*HERE)) is None


async def test_a_whole_read_that_is_broken_off_goes_on_where_it_was(office_with: Open):
    office = office_with(settings=PAGED)
    source = told(office)
    keys = await accounts(office)
    await lost(office, source, keys[:2])
    office.world.time.pass_by(61)

    calls: list[httpx.Request] = []

    def cut(request: httpx.Request) -> None:
        calls.append(request)
        if len(calls) > 1:
            raise httpx.ConnectError("cut")

    office.world.wires["salesforce"].before = cut
    with pytest.raises(Unavailable):
        await office.world.poll("salesforce")
    assert (known(office), watermark(office).startswith(WHOLE)) == (4, True)
    assert inactive(office) == set()

    office.world.wires["salesforce"].before = None
    office.forget()
    await office.settle()
    assert inactive(office) == {"A-0", "A-1"}
    assert len(office.written()) == 2


async def test_a_record_that_the_hub_makes_meanwhile_is_not_taken_for_deleted(office_with: Open):
    """It comes into being behind the place that the read has reached, and is not in the answer."""
    account = "{key: [number]}"
    there = "entity: account, from: lms, to: salesforce, delete: ignore, guard: read"
    office = office_with(topology(to_lms("account", "guard: read"), there, account=account), settings=PAGED)
    source = told(office)
    keys = await accounts(office)
    office.school.create("companies", number="L-1", name="Of the LMS")
    office.world.time.pass_by(61)
    await office.world.poll("lms")

    source.expired, source.shown = True, first_of(keys)
    source.meanwhile = lambda: office.world.deliver("salesforce")
    await office.world.poll("salesforce")

    assert "L-1" in {row["AccountNumber"] for row in office.world.rows("salesforce", "Account")}
    assert waiting(office) == []
    await office.settle()
    assert inactive(office) == set()


async def test_a_key_that_is_used_again_meanwhile_names_a_new_record(office: Office):
    source = told(office)
    keys = await accounts(office)
    before = office.golden_id(keys[0])

    await lost(office, source, keys[:1])
    office.world.time.pass_by(1)
    again = office.sales.create("Account", AccountNumber="A-0", Name="Acme again")
    office.world.time.pass_by(61)
    await office.world.poll("salesforce")

    assert office.golden_id(again) != before
    assert office.world.dead_letters() == []


# Answers that are too small


@pytest.mark.parametrize("there", [0, 1])
async def test_an_answer_that_has_next_to_nothing_deletes_nothing(office_with: Open, there: int):
    office = office_with(NARROW)
    source = told(office)
    keys = await accounts(office, 33)

    source.expired, source.shown = True, first_of(keys[:there])
    await office.settle()

    assert (office.written(), inactive(office)) == ([], set())
    assert f"{33 - there} deleted" in office.letter().description


async def test_approved_it_goes_on(office_with: Open):
    office = office_with(NARROW)
    source = told(office)
    keys = await accounts(office, 33)
    source.expired, source.shown = True, first_of(keys[:1])
    await office.settle()

    decide(office, brake.approve)
    await office.settle()

    assert len(inactive(office)) == 32
    assert office.letters() == []


async def test_a_sound_answer_after_it_ends_the_matter(office_with: Open):
    office = office_with(NARROW)
    source = told(office)
    keys = await accounts(office, 33)
    source.expired, source.shown = True, first_of(keys[:1])
    await office.settle()

    source.expired, source.shown = True, lambda row: True
    office.sales.delete(keys[0])
    await office.settle()

    assert inactive(office) == {"A-0"}
    assert (office.letters(), waiting(office)) == ([], [])


async def test_discarded_the_next_whole_read_decides_again(office_with: Open):
    office = office_with(NARROW)
    source = told(office)
    keys = await accounts(office, 33)
    source.expired, source.shown = True, first_of(keys[:1])
    await office.settle()
    decide(office, brake.discard)
    await office.settle()
    assert office.letters() == []

    source.expired = True
    await office.settle()

    assert office.letter().reason == "EnvelopeExceeded"
    assert inactive(office) == set()
