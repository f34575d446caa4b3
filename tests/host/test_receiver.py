"""How a batch is filled from a client that misses cancellations, and drops what it has in hand."""

import asyncio
from dataclasses import dataclass, field

import pytest

from local.host.receiver import BatchSize, fill

pytestmark = pytest.mark.anyio


@dataclass
class Client:
    """As Microsoft's: what a call has in hand when it is cut off is lost, what is in the buffer is not."""

    buffer: list[str] = field(default_factory=list)
    coming: list[tuple[float, str]] = field(default_factory=list)
    """What comes after so many seconds."""
    deaf: bool = False
    """A cancellation meets the next message, and is not heard: as `asyncio.wait_for` does before 3.12."""

    async def ask(self, count: int, wait: float) -> list[str]:
        in_hand = [self.buffer.pop(0) for _ in range(min(count, len(self.buffer)))]
        if len(in_hand) < count and wait > 1e-6:
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
