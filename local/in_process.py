"""The bus port on the engine itself, with no socket: what tests and simulations use.

What it sends and how it receives is what the real client and the Functions host do, batch for batch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from local.servicebus.engine.broker import Broker
from local.servicebus.engine.errors import EntityNotFoundError
from local.servicebus.engine.message import Message as Brokered
from shared.model.change import Message
from shared.model.errors import Misconfigured

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EngineBus:
    """Sends straight into a broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            try:
                self._broker.send(message.destination, [_brokered(message)])
            except EntityNotFoundError as error:
                raise Misconfigured(str(error), reason="NoSuchEntity") from None


async def pump(
    broker: Broker, address: str, handle: Callable[[list[bytes]], Awaitable[None]], count: int = 16
) -> int:
    """One batch of what waits: completed when it is handled, abandoned when that raises."""
    batch = broker.receive(address, count)
    if not batch:
        return 0
    tokens = [message.lock_token for message in batch if message.lock_token]
    try:
        await handle([message.message.body for message in batch])
    except Exception:
        for token in tokens:
            broker.abandon(address, token)
        raise
    for token in tokens:
        broker.complete(address, token)
    return len(batch)


def _brokered(message: Message) -> Brokered:
    due = EPOCH + timedelta(microseconds=message.due) if message.due is not None else None
    return Brokered(
        body=message.body,
        application_properties=dict(message.properties),
        message_id=message.id,
        scheduled_enqueue_time=due,
    )
