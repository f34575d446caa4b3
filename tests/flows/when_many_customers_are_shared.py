"""Thousands of customers in Dataverse and the ERP: what is written is what changed, in few calls.

`python -m benchmarks.multitude` does it with as many as you like.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.flows.business import business, customers_both_ways
from tests.flows.multitude import Multitude

pytestmark = pytest.mark.anyio

SIZE = 3_000


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def multitude() -> AsyncIterator[Multitude]:
    opened = Multitude(business(customers_both_ways()), SIZE)
    await opened.begin()
    yield opened
    await opened.business.close()


async def test_after_a_token_has_expired_only_what_changed_is_written_and_what_is_gone_deleted(
    multitude: Multitude,
):
    multitude.expire(edited=12, deleted=3)

    await multitude.business.settle()

    cost = multitude.cost()
    assert (cost.updated_in_erp, cost.deleted_in_erp, cost.written_in_crm) == (12, 3, 0)
    assert multitude.business.letters() == []


async def test_all_of_them_are_written_to_the_crm_in_the_fewest_calls_and_never_again(multitude: Multitude):
    there = len(multitude.business.crm.rows("account"))
    multitude.change_all(city="Ulm")

    await multitude.business.settle()

    cost = multitude.cost()
    assert cost.written_in_crm == there
    assert cost.batches == -(-there // 500)
    await multitude.business.settle()
    assert multitude.cost().batches == 0
    assert multitude.business.letters() == []
