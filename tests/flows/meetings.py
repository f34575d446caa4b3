"""Pairs of systems where crowds may meet, each opened under a policy and closed behind them."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Protocol

from tests.flows.business import business, customers_both_ways
from tests.flows.crowd import POLICIES, Crowd, Size, policy_text
from tests.flows.office import office
from tests.flows.sides import SalesAndAccounting, SalesAndSchool, Sides
from tests.flows.two_sides import two_way

__all__ = ["PAIRS", "POLICIES", "meet"]


class Opening(Protocol):
    """Opens a pair under a policy."""

    def __call__(self, policy: str, seed: int) -> Sides: ...


def _sales_and_school(policy: str, seed: int) -> Sides:
    return SalesAndSchool(office(two_way(policy_text(policy, "salesforce")), seed=seed))


def _sales_and_accounting(policy: str, seed: int) -> Sides:
    return SalesAndAccounting(business(customers_both_ways(policy_text(policy, "crm")), seed=seed))


PAIRS: Mapping[str, Opening] = {"salesforce-lms": _sales_and_school, "crm-erp": _sales_and_accounting}


async def meet(pair: str, policy: str, seed: int, size: Size | None = None) -> None:
    """Raises AssertionError where it did not end as the policy says."""
    sides = PAIRS[pair](policy, seed)
    try:
        await Crowd(sides, policy, Random(seed), size or Size()).play()
    finally:
        await sides.close()
