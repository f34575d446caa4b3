"""Batches of writes: side by side, halved where one record spoils a call, stopped where it is no use."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from shared.adapters.batches import Batches, side_by_side
from shared.model.change import Outcome, Verb, Write
from shared.model.errors import IntegrationError, Misconfigured, Rejected, Throttled, Unavailable

pytestmark = pytest.mark.anyio


def writes(count: int) -> list[Write]:
    return [Write(Verb.CREATE, str(number), {}) for number in range(count)]


class System:
    """Refuses a whole call that holds one of these records."""

    def __init__(self, spoilt: dict[str, IntegrationError] | None = None) -> None:
        self.spoilt = spoilt or {}
        self.calls: list[list[str]] = []
        self.under_way = self.most_under_way = 0

    async def send(self, batch: Sequence[Write]) -> list[Outcome]:
        self.calls.append([write.id for write in batch])
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        for write in batch:
            if error := self.spoilt.get(write.id):
                raise error
        return [Outcome(write) for write in batch]


async def test_no_more_calls_are_under_way_than_allowed():
    system = System()

    outcomes = await Batches(system.send, size=10, at_once=3).outcomes(writes(95))

    assert len(outcomes) == 95
    assert len(system.calls) == 10
    assert system.most_under_way == 3


async def test_one_record_that_spoils_its_call_is_found_by_halving():
    system = System({"37": Rejected("no"), "61": Rejected("no")})

    outcomes = await Batches(system.send, size=100, at_once=4).outcomes(writes(100))

    assert sorted(outcome.write.id for outcome in outcomes if outcome.error) == ["37", "61"]
    assert len(outcomes) == 100
    assert len(system.calls) < 30


async def test_a_call_that_fails_for_a_while_fails_its_own_records_only():
    system = System({"7": Unavailable("no")})

    outcomes = await Batches(system.send, size=5, at_once=1).outcomes(writes(20))

    assert [outcome.write.id for outcome in outcomes if outcome.error] == ["5", "6", "7", "8", "9"]


async def test_a_throttled_system_is_asked_no_more():
    system = System({"7": Throttled("no")})

    outcomes = await Batches(system.send, size=5, at_once=1).outcomes(writes(50))

    assert len(system.calls) == 2
    assert sum(outcome.error is None for outcome in outcomes) == 5


async def test_wrong_settings_are_raised_once_all_calls_under_way_have_ended():
    system = System({"0": Misconfigured("no")})

    with pytest.raises(Misconfigured):
        await Batches(system.send, size=5, at_once=4).outcomes(writes(50))

    assert system.under_way == 0
    assert len(system.calls) == 4


async def test_answers_come_in_the_order_of_the_questions():
    async def ask(number: int) -> int:
        for _ in range(5 - number):
            await asyncio.sleep(0)
        return number

    assert await side_by_side([partial(ask, number) for number in range(5)], at_once=5) == [0, 1, 2, 3, 4]


async def test_an_error_is_raised_as_it_is():
    async def fail() -> int:
        raise Unavailable("no")

    with pytest.raises(Unavailable):
        await side_by_side([fail, fail], at_once=2)
