"""A record is deleted in one system while somebody edits it in another: the delete wins.

The edit is kept as a conflict. What is deleted stays so; its key may be used again, by a new record.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flows.office import ACME, Office
from tests.flows.two_sides import TwoSides, deleting

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]

POLICIES = [f"{{key: [number], conflict: {policy}}}" for policy in ("newest", "rank", "ask")]
POLICIES.append("{key: [number], owner: salesforce}")


def deaths(sides: TwoSides) -> list[tuple[str, object]]:
    return [
        (each.clash.field, each.clash.lost.value)
        for each in sides.conflicts()
        if each.clash.policy == "delete"
    ]


@pytest.mark.parametrize("policy", POLICIES)
async def test_the_delete_wins_over_a_newer_edit_which_is_a_conflict(office_with: Open, policy: str):
    sides = await TwoSides(office_with(deleting(policy))).begin()
    sides.office.sales.delete(sides.key)
    sides.school(phone="school")

    await sides.settle()

    assert sides.office.world.rows("lms", "companies") == []
    assert deaths(sides) == [("phone", "school")]


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_delete_in_the_other_system_wins_as_well(office_with: Open, policy: str):
    sides = await TwoSides(office_with(deleting(policy))).begin()
    sides.office.school.delete("companies", sides.number)
    sides.sales(Phone="sales")

    await sides.settle()

    assert sides.office.world.rows("salesforce", "Account") == []
    assert deaths(sides) == [("phone", "sales")]


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_delete_is_not_revived(office_with: Open, policy: str):
    sides = await TwoSides(office_with(deleting(policy))).begin()
    sides.office.sales.delete(sides.key)
    sides.school(phone="school")

    for _ in range(4):
        await sides.settle()

    rows = sides.office.world.rows("salesforce", "Account") + sides.office.world.rows("lms", "companies")
    assert rows == []
    assert len(deaths(sides)) == 1


@pytest.mark.parametrize("policy", POLICIES)
async def test_the_key_of_a_deleted_record_is_a_new_records_when_it_is_used_again(
    office_with: Open, policy: str
):
    sides = await TwoSides(office_with(deleting(policy))).begin()
    before = sides.office.golden_id(sides.key)
    sides.office.sales.delete(sides.key)
    await sides.settle()
    sides.office.world.time.pass_by(60)

    again = sides.office.sales.create("Account", **ACME)
    await sides.settle()

    assert sides.office.golden_id(again) != before
    assert sides.office.school.company("A-1")["phone"] == ACME["Phone"]


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_first_sight_wins_nothing_and_is_a_conflict_where_it_differs(office_with: Open, policy: str):
    """A row that was there before it was linked: adoption, not an edit, whatever the policy."""
    office = office_with(deleting(policy))
    office.sales.create("Account", **ACME)
    office.world.time.pass_by(30)
    number = office.school.create("companies", number="A-1", name="Acme", phone="old", website="acme.example")
    await office.world.poll("salesforce")
    await office.settle()

    company = office.school.company("A-1")
    assert (company["id"], company["phone"], company["website"]) == (number, ACME["Phone"], FILLED[policy])
    conflicts = office.world.hub.store.transact_now(lambda tx: tx.conflicts("account"))
    assert ("phone", "old", "adoption") in [(c.field, c.lost.value, c.policy) for _, c in conflicts]
    assert office.letters() == []


FILLED = {policy: None if "owner" in policy else "acme.example" for policy in POLICIES}
