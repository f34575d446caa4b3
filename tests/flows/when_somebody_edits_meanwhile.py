"""Somebody edits a row between the hub's knowledge of it and the hub's write: the edit survives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flows.office import ACME, Office, to_lms, to_salesforce, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]

TWO_WAY = topology(
    to_lms("account", "guard: conditional"),
    to_salesforce("account", "guard: read"),
    account="{key: [number]}",
)


async def known(office: Office) -> tuple[str, int]:
    """A company in both systems, of which the hub knows all."""
    account = office.sales.create("Account", **ACME)
    await office.settle()
    office.forget()
    office.world.time.pass_by(10)
    return account, int(office.school.company("A-1")["id"])


def meddle(office: Office, number: int, values: list[dict[str, Any]]) -> None:
    """Each of the hub's next writes is preceded by somebody's edit."""
    left = iter(values)

    def edit_first(request: httpx.Request) -> None:
        if request.method == "PATCH" and (edit := next(left, None)):
            office.world.time.pass_by(1)
            office.school.change("companies", number, **edit)

    office.world.wires["lms"].before = edit_first


def both(office: Office, field: str, name: str) -> tuple[Any, Any]:
    (account,) = office.world.rows("salesforce", "Account")
    return office.school.company("A-1")[field], account[name]


async def test_an_edit_of_another_field_stays_beside_what_the_hub_writes(office_with: Open):
    office = office_with(TWO_WAY)
    account, number = await known(office)
    office.sales.change(account, Phone="+49 731 2")
    meddle(office, number, [{"city": "Bonn"}])

    await office.settle()

    assert both(office, "phone", "Phone") == ("+49 731 2", "+49 731 2")
    assert both(office, "city", "BillingCity") == ("Bonn", "Bonn")
    assert office.letters() == []


async def test_of_two_edits_of_one_field_the_newer_stays_and_the_other_is_a_conflict(office_with: Open):
    office = office_with(TWO_WAY)
    account, number = await known(office)
    office.sales.change(account, Phone="+49 731 2")
    meddle(office, number, [{"phone": "+49 731 999"}])

    await office.settle()

    assert both(office, "phone", "Phone") == ("+49 731 999", "+49 731 999")
    ((_, clash),) = office.world.hub.store.transact_now(lambda tx: tx.conflicts("account"))
    assert (clash.kept.value, clash.lost.value) == ("+49 731 999", "+49 731 2")


async def test_a_stale_version_is_looked_at_again_at_once(office_with: Open):
    office = office_with(TWO_WAY)
    account, number = await known(office)
    office.sales.change(account, Phone="+49 731 2")
    meddle(office, number, [{"city": "Bonn"}])
    office.world.time.pass_by(61)

    await office.world.poll("salesforce")
    await office.world.deliver("lms")

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert scheduled(office) == 0


async def test_where_somebody_edits_without_end_the_record_waits_its_turn(office_with: Open):
    office = office_with(TWO_WAY)
    account, number = await known(office)
    office.sales.change(account, Phone="+49 731 2")
    meddle(office, number, [{"city": f"Bonn {times}"} for times in range(6)])
    office.world.time.pass_by(61)

    await office.world.poll("salesforce")
    await office.world.deliver("lms")

    assert len(office.writes()) == 4
    assert scheduled(office) == 1

    await office.settle()
    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert both(office, "city", "BillingCity") == ("Bonn 5", "Bonn 5")
    assert office.letters() == []


async def test_others_in_the_batch_are_written_once(office_with: Open):
    office = office_with(TWO_WAY)
    account, number = await known(office)
    other = office.sales.create("Account", AccountNumber="A-2", Name="Babbage & Co")
    await office.settle()
    office.forget()
    office.sales.change(account, Phone="+49 731 2")
    office.sales.change(other, Phone="+49 731 3")
    meddle(office, number, [{"city": "Bonn"}])

    await office.settle()

    written = [record["phone"] for record in office.written() if "phone" in record]
    assert sorted(written) == ["+49 731 2", "+49 731 2", "+49 731 3"]


async def test_a_row_that_is_gone_where_it_is_polled_is_a_delete_once_the_poll_says_so(office_with: Open):
    office = office_with(TWO_WAY)
    account, number = await known(office)
    office.sales.change(account, Phone="+49 731 2")
    office.world.time.pass_by(61)
    await office.world.poll("salesforce")
    office.school.delete("companies", number)

    await office.world.deliver("lms")
    assert golden_lives(office, account)

    await office.settle()
    assert not golden_lives(office, account)
    assert office.letters() == []


async def test_a_row_that_was_merged_into_another_is_its_alias_and_not_a_delete(office_with: Open):
    """The handler finds the loser gone before the poll has told of the merge."""
    office = office_with(TWO_WAY)
    account, number = await known(office)
    other = office.sales.create("Account", AccountNumber="A-2", Name="Babbage & Co")
    await office.settle()
    office.school.change("companies", number, phone="+49 731 999")
    office.world.time.pass_by(61)
    await office.world.poll("lms")
    office.sales.merge(other, account)

    await office.world.deliver("salesforce")
    await office.settle()

    alias = office.world.hub.store.transact_now(lambda tx: tx.identities("salesforce", "account", [account]))
    assert alias[account].alias
    assert alias[account].id == office.golden_id(other)


def scheduled(office: Office) -> int:
    """Records that are to be looked at later."""
    return office.world.broker.namespace.counts("changes").scheduled


def golden_lives(office: Office, account: str) -> bool:
    record = office.golden_id(account)
    golden = office.world.hub.store.transact_now(lambda tx: tx.golden("account", [record]))
    return golden[record].tombstone is None
