"""The hub loses its power at each step of its work in turn: nothing is lost, and nothing is done twice.

A step is the beginning and the end of every transaction, call and message. What the next process finds is
what was committed, in the hub's store, in the ERP's database, and in Dataverse.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random

import anyio
import pytest

from shared.adapters.store.transaction import Transaction
from tests.flows.business import Business, business, customers_both_ways
from tests.flows.killed import opened
from tests.histories.power import Power, PowerLost

pytestmark = pytest.mark.anyio

CUSTOMERS = 8

EACH = 2
"""Whether the end of one step is missed or the beginning of the next makes no difference to what is kept."""


@pytest.fixture
async def office() -> AsyncIterator[Business]:
    """Customers that both sides have."""
    office = business(customers_both_ways())
    rows = [{"name": f"Company {each}", "accountnumber": f"N-{each}"} for each in range(CUSTOMERS)]
    office.crm.environment.load("account", rows)
    await office.settle()
    await office.settle()
    yield office
    await office.close()


async def failing(office: Business, work: Callable[[], None], steps: int) -> bool:
    """The work of people, and of a hub that has power for so many steps; whether it was cut."""
    office.forget()
    office.later(61)
    work()
    power = Power(Random(steps))
    power.cut(steps)
    office.power(power)
    with suppress(PowerLost):
        for system in ("crm", "erp"):
            await office.world.poll(system)
    with suppress(PowerLost):
        for system in ("crm", "erp"):
            await office.world.deliver(system)
    office.restore()
    await office.settle()
    return power.lost


async def test_rows_that_are_marked_in_the_erp_are_neither_lost_nor_doubled(office: Business):
    """Also where the cut falls between our commit and taking the marks off."""
    for steps in count(step=EACH):
        customers = office.books.rows("customers")

        def edit(number: int = steps, customers: list[dict[str, object]] = customers) -> None:
            for row in customers[:3]:
                office.books.edit("customers", row["id"], phone=f"+49 {number}")
            office.books.create("customers", customer_no=f"M-{number}", name=f"Made {number}")

        cut = await failing(office, edit, steps)

        phones = {row["accountnumber"]: row.get("telephone1") for row in office.crm.rows("account")}
        assert [phones[row["customer_no"]] for row in customers[:3]] == [f"+49 {steps}"] * 3
        assert sorted(phones) == sorted(row["customer_no"] for row in office.books.rows("customers"))
        assert {row["crm_status"] for row in office.books.rows("customers")} == {"P"}
        assert max(office.written_in_erp().values()) == 1, "the user's own edit, and nothing of ours"
        assert (office.letters(), office.conflicts()) == ([], [])
        if not cut:
            break
    assert steps > 15


async def test_after_a_token_has_expired_a_cut_loses_no_change_and_no_delete(office: Business):
    """The new token is kept with the rows that came before it, and never earlier: else they would be lost."""
    for steps in count(step=EACH):
        accounts = office.crm.rows("account")

        def change(number: int = steps, accounts: list[dict[str, object]] = accounts) -> None:
            for row in accounts[:2]:
                office.crm.edit("account", str(row["accountid"]), telephone1=f"+49 {number}")
            office.crm.delete("account", str(accounts[-1]["accountid"]))
            office.crm.create("account", name=f"Made {number}", accountnumber=f"M-{number}")
            expire(office)

        cut = await failing(office, change, steps)

        there = {row["customer_no"]: row for row in office.books.rows("customers")}
        assert [there[row["accountnumber"]]["phone"] for row in accounts[:2]] == [f"+49 {steps}"] * 2
        assert sorted(there) == sorted(row["accountnumber"] for row in office.crm.rows("account"))
        assert accounts[-1]["accountnumber"] not in there
        assert sorted(office.written_in_erp().values()) == [1, 1, 1]
        assert (office.written("crm"), office.letters(), office.conflicts()) == ([], [], [])
        if not cut:
            break
    assert steps > 15


async def test_a_process_that_is_killed_before_it_takes_the_marks_off_loses_and_doubles_nothing(
    tmp_path: Path,
):
    """A real process, by a real SIGKILL: what it leaves is two database files."""
    before = opened(str(tmp_path))
    before.books.create("customers", customer_no="K-1", name="Acme")
    await before.close()

    ended = await anyio.run_process([sys.executable, "-m", "tests.flows.killed", str(tmp_path)], check=False)

    assert ended.returncode == -signal.SIGKILL, ended.stderr
    after = opened(str(tmp_path))
    assert [row["crm_status"] for row in after.books.rows("customers")] == ["N"]
    after.later(600)  # until the lease of the dead has run out
    await after.settle()
    assert [row["name"] for row in after.crm.rows("account")] == ["Acme"]
    assert [(row["crm_status"], row["row_version"]) for row in after.books.rows("customers")] == [("P", 1)]
    assert len(after.written("crm")) == 1
    await after.close()


async def test_a_token_that_has_expired_is_replaced_when_its_rows_are_merged(office: Business):
    """In one transaction: at no moment has the hub the one without the other."""
    before = token(office)
    office.crm.edit("account", office.crm.rows("account")[0]["accountid"], telephone1="+49 1")
    expire(office)
    office.later(61)
    seen: list[tuple[bool, bool]] = []
    office.power(Watching(lambda: seen.append((token(office) == before, phones(office)))))

    await office.world.poll("crm")

    office.restore()

    assert token(office) != before
    assert len(seen) > 10
    assert all(old is not merged for old, merged in seen), "the token of before until the rows are in"


class Watching(Power):
    """Power that never fails, and looks at each step what is so."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__(Random(7))
        self._look = look

    def step(self) -> None:
        self._look()


def expire(office: Business) -> None:
    """Somebody has changed the table: delta tokens of before are no good any more."""
    office.world.control("crm", "POST", "metadata", {"table": "account"})


def token(office: Business) -> str | None:
    return office.world.hub.store.transact_now(lambda tx: tx.watermark("crm", "account"))[0]


def phones(office: Business) -> bool:
    """Whether any golden record has a telephone number."""

    def ask(tx: Transaction) -> bool:
        natives = [row["accountid"] for row in office.crm.rows("account")]
        ids = [each.id for each in tx.identities("crm", "account", natives).values()]
        return any(record.fields["phone"].value for record in tx.golden("account", ids).values())

    return office.world.hub.store.transact_now(ask)
