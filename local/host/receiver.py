"""The receiving end of a queue or a subscription: a port, and Microsoft's client behind it.

Why `receive` asks again and again: once the client has one message, `receive_messages(100)` goes on
listening for a fifth of a second for the other 99, whatever wait it was given. Asked for one it returns at
once. So the first message is asked for alone, and more in steps that grow while each is filled:

    1, 1, 4, 16, 64, ...        until one is not filled in its time, or the batch is full

A step that is not filled is cut off; what it had taken in stays in the client's buffer, from which the next
call gets it without waiting. Two things are to know of cutting off: what a call had taken *out of* the buffer
goes with it, so the buffer is emptied before anything is waited for; and the client may not notice (before
Python 3.12 `asyncio.wait_for` drops a cancellation that meets a message), so nothing is waited for twice.
What the bus sends on open credit while the function runs, the client only hands back, and each such message
gets in the way of an answer (`settled`). So first steps are small, and behind a step that was not filled one
message more is asked for: that leaves credit for one, and not for the step.

Locks are not renewed: the cloud's host renews them for functions that take single messages only, so that a
batch that takes longer than its lock comes again there, and here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

from local.host.functions import BusTrigger

_FIRST = 60.0  # seconds of waiting for a first message before asking again
_STEP = 4  # each step asks for so many times the one before
_STEP_WAIT = 0.01  # seconds for a step, and for each message of it:
_MESSAGE_WAIT = 0.001
_BUFFERED = 1e-9  # a wait that is over at once: only what the client holds already
_CLOSING = 5.0  # seconds for a receiver to say goodbye to a broker that may be gone

M = TypeVar("M")


class BusAway(Exception):
    """The bus cannot be reached or refuses us; what was received is locked until its lock ends."""


@dataclass(frozen=True, slots=True)
class BatchSize:
    at_most: int
    at_least: int = 1
    patience: timedelta = timedelta()  # how long to wait for `at_least`, once there is one


class Receiver(Protocol[M]):
    async def receive(self, size: BatchSize) -> list[M]:
        """Waits for a first message and brings what is there with it, never an empty list."""

    async def complete(self, messages: Sequence[M]) -> int:
        """The number of messages whose lock was lost, which will come again."""

    async def abandon(self, messages: Sequence[M]) -> int: ...

    async def close(self) -> None: ...


class ClientReceiver:
    """A receiver on the azure-servicebus client. Its first use opens it; after `BusAway` it is of no use."""

    def __init__(self, trigger: BusTrigger, prefetch_count: int) -> None:
        # Retrying is the pump's, which says so in the log and is stopped by one event.
        self._client = ServiceBusClient.from_connection_string(trigger.connection, retry_total=0)
        self._receiver = _receiver(self._client, trigger, prefetch_count)

    async def receive(self, size: BatchSize) -> list[ServiceBusReceivedMessage]:
        batch: list[ServiceBusReceivedMessage] = []
        try:
            await self._open()
            await fill(batch, size, self._ask)
        except _AWAY as error:
            raise BusAway(_reason(error)) from error
        except asyncio.CancelledError:
            await self.abandon(batch)
            raise
        return batch

    async def complete(self, messages: Sequence[ServiceBusReceivedMessage]) -> int:
        return await settled(self._receiver.complete_message, messages)

    async def abandon(self, messages: Sequence[ServiceBusReceivedMessage]) -> int:
        return await settled(self._receiver.abandon_message, messages)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSING):
                await self._receiver.close()
                await self._client.close()
        except (TimeoutError, *_AWAY):
            return  # there is nobody to say goodbye to

    async def _open(self) -> None:
        """Does nothing where it is open. Not cut off half-way, for the client would leave its socket open."""
        opening = asyncio.ensure_future(self._receiver.__aenter__())
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait((opening,), timeout=_CLOSING)
            raise

    async def _ask(self, count: int, wait: float) -> list[ServiceBusReceivedMessage]:
        return await self._receiver.receive_messages(count, max_wait_time=wait)


Ask = Callable[[int, float], Awaitable[list[M]]]
"""Brings up to so many messages; waits so many seconds for the first of them."""


async def fill(batch: list[M], size: BatchSize, ask: Ask[M]) -> None:
    """Into the batch: a first message, however long that takes, and what is there with it."""
    while not batch:
        batch += await ask(1, _FIRST)
    step = 1
    while len(batch) < size.at_most:
        asked = min(step, size.at_most - len(batch))
        if not await _grow(batch, len(batch) + asked, _STEP_WAIT + _MESSAGE_WAIT * asked, ask):
            break
        step *= _STEP
    if len(batch) < size.at_least:
        await _grow(batch, size.at_least, size.patience.total_seconds(), ask)
    if len(batch) < size.at_most and max(step, size.at_least) > 1:
        await _grow(batch, len(batch) + 1, _MESSAGE_WAIT, ask)


async def _grow(batch: list[M], count: int, seconds: float, ask: Ask[M]) -> bool:
    """Whether the batch came to that count in time."""
    batch += await ask(count - len(batch), _BUFFERED)
    wait = max(seconds, _BUFFERED)
    try:
        async with asyncio.timeout(seconds) as limit:
            while not limit.expired() and (missing := count - len(batch)) > 0:
                if not (more := await ask(missing, wait)):
                    break
                batch += more
    except TimeoutError:
        batch += await ask(count - len(batch), _BUFFERED)
    return len(batch) >= count


_AWAY = (AzureError, OSError, ValueError)  # the client raises ValueError once it has been shut down under us


def _receiver(client: ServiceBusClient, trigger: BusTrigger, prefetch_count: int) -> ServiceBusReceiver:
    if trigger.subscription is None:
        return client.get_queue_receiver(trigger.entity, prefetch_count=prefetch_count)
    return client.get_subscription_receiver(
        trigger.entity, trigger.subscription, prefetch_count=prefetch_count
    )


async def settled(settle: Callable[[M], Awaitable[None]], messages: Sequence[M]) -> int:
    """The first alone, then all others at once: the client waits a round trip for each message's answer.
    Returns how many had lost their lock; raises BusAway once the bus does not answer.

    Each call reads frames, whosever they are, until it finds that its own answer has been read. A message
    that came in on open credit is a frame more than there are answers: then a call whose answer another one
    reads is just about to wait, for a fifth of a second, for a frame that does not come. The first reads what
    came in before.
    """
    lost = 0
    for some in (messages[:1], messages[1:]):
        lost += _lost(await asyncio.gather(*map(settle, some), return_exceptions=True))
    return lost


def _lost(answers: Sequence[BaseException | None]) -> int:
    lost = 0
    for error in answers:
        if isinstance(error, MessageLockLostError):
            lost += 1
        elif isinstance(error, _AWAY):
            raise BusAway(_reason(error)) from error
        elif error is not None:
            raise error
    return lost


def _reason(error: BaseException) -> str:
    kind = type(error).__name__
    return f"{kind}: {error.message}" if isinstance(error, ServiceBusError) else kind
