"""Two people edit the same field of the same record, each in their own system, between two polls.

Neither knows of the other. The topology says whose edit stays; the other is overwritten, and is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flows.office import Office
from tests.flows.two_sides import TwoSides, two_way

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]

OWNED = "{key: [number], fields: {phone: {owner: salesforce}}}"
NEWEST = "{key: [number], conflict: newest}"
RANK = "{key: [number], conflict: rank}"
OLD = "+49 731 1"


async def test_the_owners_older_value_stays_against_a_newer_one(office_with: Open):
    sides = await TwoSides(office_with(two_way(OWNED))).begin()
    sides.sales(Phone="sales")
    sides.school(phone="school")

    await sides.settle()

    assert sides.phones() == ("sales", "sales")
    assert sides.told() == ("sales", "school", "owner")
    assert sides.written() == {"salesforce": 0, "lms": 1}


async def test_what_nobody_but_the_owner_may_change_is_put_right(office_with: Open):
    sides = await TwoSides(office_with(two_way(OWNED))).begin()
    sides.school(phone="school")

    await sides.settle()

    assert sides.phones() == (OLD, OLD)
    assert sides.told() == (OLD, "school", "owner")


@pytest.mark.parametrize("guard", ["read", "conditional"])
async def test_the_newest_stays_where_nothing_else_is_said(office_with: Open, guard: str):
    sides = await TwoSides(office_with(two_way(NEWEST, guard))).begin()
    sides.sales(Phone="sales")
    sides.school(phone="school")

    await sides.settle()

    assert sides.phones() == ("school", "school")
    assert sides.told() == ("school", "sales", "newest")
    assert sides.written() == {"salesforce": 1, "lms": 0}


@pytest.mark.parametrize("guard", ["read", "conditional"])
async def test_the_higher_rank_stays_whoever_was_later(office_with: Open, guard: str):
    sides = await TwoSides(office_with(two_way(RANK, guard))).begin()
    sides.sales(Phone="sales")
    sides.school(phone="school")

    await sides.settle()

    assert sides.phones() == ("sales", "sales")
    assert sides.told() == ("sales", "school", "rank")


async def test_the_higher_rank_stays_against_several_edits_that_did_not_know_it(office_with: Open):
    sides = await TwoSides(office_with(two_way(RANK))).begin()
    sides.sales(Phone="sales")
    for text in ("school 1", "school 2"):
        sides.school(phone=text)
        await sides.office.world.poll("lms")

    await sides.settle()

    assert sides.phones() == ("sales", "sales")


async def test_a_lower_rank_may_change_what_it_has_seen(office_with: Open):
    """Else rank would be ownership."""
    sides = await TwoSides(office_with(two_way(RANK))).begin()
    sides.sales(Phone="sales")
    await sides.settle()
    sides.school(phone="school")

    await sides.settle()

    assert sides.phones() == ("school", "school")
    assert sides.conflicts() == []


@pytest.mark.parametrize("policy", [OWNED, NEWEST, RANK, "{key: [number], conflict: ask}"])
async def test_both_sides_may_edit_different_fields(office_with: Open, policy: str):
    sides = await TwoSides(office_with(two_way(policy))).begin()
    sides.sales(Phone="sales")
    sides.school(city="Bonn")

    await sides.settle()

    assert sides.phones() == ("sales", "sales")
    assert sides.office.sales.row(sides.key)["BillingCity"] == "Bonn"
    assert sides.conflicts() == []
    assert sides.written() == {"salesforce": 1, "lms": 1}


@pytest.mark.parametrize("policy", [OWNED, NEWEST, RANK, "{key: [number], conflict: ask}"])
async def test_two_who_say_the_same_are_no_conflict(office_with: Open, policy: str):
    sides = await TwoSides(office_with(two_way(policy))).begin()
    sides.sales(Phone="same")
    sides.school(phone="same")

    await sides.settle()

    assert sides.phones() == ("same", "same")
    assert (sides.conflicts(), sides.written()) == ([], {"salesforce": 0, "lms": 0})


@pytest.mark.parametrize("policy", [OWNED, NEWEST, RANK])
async def test_a_field_does_not_flip_to_and_fro(office_with: Open, policy: str):
    sides = await TwoSides(office_with(two_way(policy))).begin()
    sides.sales(Phone="sales")
    sides.school(phone="school")
    await sides.settle()
    settled = sides.phones()

    for _ in range(4):
        await sides.settle()

    assert sides.phones() == settled
    assert sum(sides.written().values()) == 1
    assert len(sides.conflicts()) == 1


async def test_an_operator_may_say_that_the_lost_value_was_right(office_with: Open):
    sides = await TwoSides(office_with(two_way(OWNED))).begin()
    sides.school(phone="school")
    await sides.settle()

    sides.decide("lost", conflict=sides.conflict())
    await sides.settle()

    assert sides.phones() == ("school", "school")
    assert sides.conflict().resolution == "lost"


async def test_the_owner_may_change_what_an_operator_has_decided(office_with: Open):
    sides = await TwoSides(office_with(two_way(OWNED))).begin()
    sides.school(phone="school")
    await sides.settle()
    sides.decide("lost", conflict=sides.conflict())
    await sides.settle()
    sides.sales(Phone="sales")

    await sides.settle()

    assert sides.phones() == ("sales", "sales")
