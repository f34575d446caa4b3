"""Many callers, one sender: nobody sends beside another, and nobody waits for more than one transfer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from shared.adapters.lane import Lane

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Sender:
    """One that stands in a doorway until it is let through."""

    let: asyncio.Event = field(default_factory=asyncio.Event)
    transfers: list[list[int]] = field(default_factory=list)
    error: Exception | None = None

    async def send(self, items: Sequence[int]) -> None:
        self.transfers.append(list(items))
        await self.let.wait()
        if self.error:
            raise self.error


async def begun(lane: Lane[int], *items: int) -> list[asyncio.Task[None]]:
    """A caller for each, who have all asked."""
    tasks = [asyncio.create_task(lane.send([each])) for each in items]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_is_asked_while_one_is_under_way_goes_together_behind_it():
    sender = Sender()
    lane = Lane(sender.send)
    tasks = [*await begun(lane, 1), *await begun(lane, 2, 3, 4)]
    assert sender.transfers == [[1]]

    sender.let.set()
    await asyncio.gather(*tasks)

    assert sender.transfers == [[1], [2, 3, 4]]


async def test_who_sent_together_is_told_together_that_it_failed_and_the_next_may_succeed():
    sender = Sender(error=OSError("away"))
    lane = Lane(sender.send)
    tasks = [*await begun(lane, 1), *await begun(lane, 2, 3)]
    sender.let.set()

    ended = await asyncio.gather(*tasks, return_exceptions=True)
    sender.error = None
    await lane.send([4])

    assert [type(each) for each in ended] == [OSError] * 3
    assert sender.transfers == [[1], [2, 3], [4]]


async def test_a_caller_who_goes_away_takes_nothing_from_the_others():
    sender = Sender()
    lane = Lane(sender.send)
    first, gone, other = [*await begun(lane, 1), *await begun(lane, 2, 3)]
    gone.cancel()
    sender.let.set()

    await asyncio.gather(first, other)
    await lane.close()

    assert sender.transfers == [[1], [2, 3]]
    assert gone.cancelled()
