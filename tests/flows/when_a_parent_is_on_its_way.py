"""A child whose parent the hub knows, and is still trying to bring, is no orphan."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.pipeline.recoverability import Policy
from tests.flows.office import ACME, ADA, Office

pytestmark = pytest.mark.anyio

SHORT = Policy(first=1.0, longest=10.0, parent_wait=8.0)


async def test_a_child_waits_beyond_its_patience_while_the_parent_is_still_being_written(
    office_with: Callable[..., Office],
) -> None:
    office = office_with(policy=SHORT)
    office.world.fault("lms", "error", path="/api/v1/companies", count=18)
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", **ADA, AccountId=account)

    await office.world.settle(step=5.0)

    assert office.letters() == []
    assert office.school.user("ada@acme.example")["company_id"] == office.school.company("A-1")["id"]


async def test_a_child_of_a_refused_parent_waits_no_longer_than_the_flow_says(
    office_with: Callable[..., Office],
) -> None:
    office = office_with(policy=SHORT)
    account = office.sales.create("Account", **{**ACME, "Name": "A" * 101})
    office.sales.create("Contact", **ADA, AccountId=account)
    began = office.world.time.at

    await office.world.settle(step=1.0)

    assert sorted(letter.reason for letter in office.letters()) == ["ParentMissing", "TooLong"]
    assert (office.world.time.at - began).total_seconds() < 2 * (SHORT.parent_wait or 0.0)


async def test_a_parent_that_stays_on_its_way_is_waited_for_ten_times_as_long_and_no_longer(
    office_with: Callable[..., Office],
) -> None:
    office = office_with(policy=Policy(first=1.0, longest=10.0, parent_wait=8.0, attempts=30))
    office.world.fault("lms", "error", path="/api/v1/companies", count=10_000)
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", **ADA, AccountId=account)
    began = office.world.time.at
    while not office.letters():
        assert (office.world.time.at - began).total_seconds() < 120
        await office.world.round(forgiving=True)
        office.world.time.pass_by(5.0)

    assert office.letter().reason == "ParentMissing"
    assert (office.world.time.at - began).total_seconds() >= 80
