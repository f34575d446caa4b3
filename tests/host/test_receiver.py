"""How a batch is filled and settled with a client that misses cancellations, drops what it has in hand, and
whose calls read one another's answers.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

from local.host.receiver import BatchSize, BusAway, fill, settled

pytestmark = pytest.mark.anyio


@dataclass
class Client:
    """As Microsoft's: what a call has in hand when it is cut off is lost, what is in the buffer is not."""

    buffer: list[str] = field(default_factory=list)
    coming: list[tuple[float, str]] = field(default_factory=list)
    """What comes after so many seconds."""
    deaf: bool = False
    """A cancellation meets the next message, and is not heard: as `asyncio.wait_for` does before 3.12."""
    credit: int = 0
    """For so many messages, by what was asked last."""

    async def ask(self, count: int, wait: float) -> list[str]:
        in_hand = [self.buffer.pop(0) for _ in range(min(count, len(self.buffer)))]
        if len(in_hand) < count and wait > 1e-6:
            self.credit = count - len(in_hand)
            await self._listen(wait)
        return in_hand + [self.buffer.pop(0) for _ in range(min(count - len(in_hand), len(self.buffer)))]

    async def _listen(self, wait: float) -> None:
        try:
            while self.coming:
                after, message = self.coming[0]
                await asyncio.sleep(after)
                self.coming.pop(0)
                self.buffer.append(message)
                return
            await asyncio.sleep(wait)
        except asyncio.CancelledError:
            if not (self.deaf and self.coming):
                raise
            self.buffer.append(self.coming.pop(0)[1])


async def filled(client: Client, size: BatchSize) -> list[str]:
    batch: list[str] = []
    async with asyncio.timeout(5):
        await fill(batch, size, client.ask)
    return batch


async def test_a_batch_does_not_wait_for_messages_that_never_come():
    client = Client(buffer=["first"])
    assert await filled(client, BatchSize(16)) == ["first"]


async def test_a_cancellation_that_the_client_drops_ends_the_step_all_the_same():
    client = Client(buffer=["a", "b"], coming=[(1.0, "c")], deaf=True)
    assert await filled(client, BatchSize(16)) == ["a", "b", "c"]


async def test_what_the_client_holds_is_in_no_call_that_is_cut_off():
    client = Client(buffer=["a", "b", "c"])
    assert await filled(client, BatchSize(16)) == ["a", "b", "c"]
    assert client.buffer == []


async def test_a_batch_is_as_large_as_it_may_be_and_leaves_the_rest():
    client = Client(buffer=[str(number) for number in range(20)])
    assert await filled(client, BatchSize(16)) == [str(number) for number in range(16)]
    assert client.buffer == ["16", "17", "18", "19"]


async def test_a_step_that_was_not_filled_leaves_credit_for_one_message():
    client = Client(buffer=["a", "b", "c", "d"])
    await filled(client, BatchSize(16))
    assert client.credit == 1


async def test_so_does_a_batch_that_was_to_be_larger():
    client = Client(buffer=["a"])
    await filled(client, BatchSize(16, at_least=4, patience=timedelta(milliseconds=5)))
    assert client.credit == 1


@dataclass
class Link:
    """As Microsoft's: each call reads the next frame, whosever it is, until its own answer has been read."""

    frames: list[str]
    answered: set[str] = field(default_factory=set)
    in_vain: int = 0
    """Calls that waited for a frame when there was none: the client takes a fifth of a second for that."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def settle(self, message: str) -> None:
        self.frames.append(message)
        while message not in self.answered:
            async with self.turn:
                await asyncio.sleep(0)
                if self.frames:
                    self.answered.add(self.frames.pop(0))
                else:
                    self.in_vain += 1


async def test_nobody_waits_for_an_answer_that_another_call_has_read():
    link = Link(["a message that came in while the function ran", "and another"])
    assert await settled(link.settle, ["a", "b", "c", "d"]) == 0
    assert link.in_vain == 0
    assert link.answered >= {"a", "b", "c", "d"}


async def test_messages_are_settled_together():
    together = 0
    most = 0

    async def settle(_message: str) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0)
        together -= 1

    await settled(settle, [str(number) for number in range(16)])
    assert most >= 15


async def test_who_has_lost_a_lock_is_counted_and_keeps_nobody_from_being_settled():
    done: list[str] = []

    async def settle(message: str) -> None:
        if message in "ac":
            raise MessageLockLostError
        done.append(message)

    assert await settled(settle, list("abcd")) == 2
    assert done == ["b", "d"]


async def test_a_bus_that_does_not_answer_is_asked_once():
    asked: list[str] = []

    async def settle(message: str) -> None:
        asked.append(message)
        raise ServiceBusError("gone")

    with pytest.raises(BusAway):
        await settled(settle, list("abcd"))
    assert asked == ["a"]
