"""An entity of the broker at the end of a link: where messages are sent to, and where they come from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from local.servicebus.amqp.codec.decoding import DecodeError
from local.servicebus.amqp.codec.performatives import Accepted, Modified, Rejected, Released
from local.servicebus.amqp.codec.sections import BATCH_FORMAT, batch
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.envelope import to_message, to_payload, to_value
from local.servicebus.amqp.errors import DECODE_ERROR, NOT_IMPLEMENTED, AmqpError, LinkError, error_of
from local.servicebus.amqp.incoming import Delivery
from local.servicebus.amqp.outgoing import Parcel
from local.servicebus.engine.broker import Broker, SessionLock
from local.servicebus.engine.errors import BrokerError, EntityNotFoundError, SessionLockLostError
from local.servicebus.engine.message import BrokeredMessage, Message, ReceiveMode, Value

DEAD_LETTER = "com.microsoft:dead-letter"
NO_TAG = b""
"""Of a delivery that nobody will settle: a client takes any other for a lock token."""


class EntitySink:
    """Sends what it takes; a batch goes in whole or not at all. Accepted is what is on disk."""

    def __init__(self, container: Container, address: str) -> None:
        self._container = container
        self._address = address
        self.max_message_size = container.broker.max_message_size(address)

    def take(self, delivery: Delivery) -> None:
        try:
            self._container.broker.send(self._address, _messages(delivery))
        except EntityNotFoundError:
            raise  # the link leads nowhere any more
        except BrokerError as refusal:
            delivery.settle(Rejected(error_of(refusal)))
        except DecodeError as error:
            delivery.settle(Rejected(AmqpError(DECODE_ERROR, str(error)).as_error()))
        else:
            self._container.turns.confirm(lambda: delivery.settle(Accepted()))


def _messages(delivery: Delivery) -> list[Message]:
    if delivery.message_format == BATCH_FORMAT:
        return [to_message(payload) for payload in batch(delivery.payload)]
    return [to_message(delivery.payload)]


class LockedSupply:
    """Peek-lock: the tag of a delivery is its lock token, in the order of bytes that .NET has."""

    settled = False

    def __init__(self, broker: Broker, address: str, session: SessionLock | None) -> None:
        self.wake: Callable[[], None] = _nobody
        self._broker = broker
        self._address = address
        self._session = session

    def pull(self, limit: int) -> Sequence[Parcel]:
        found = _receive(self._broker, self._address, limit, ReceiveMode.PEEK_LOCK, self._session)
        return [Parcel(to_payload(message), _token(message).bytes_le) for message in found]

    def is_idle(self) -> bool:
        return True

    def settle(self, tag: bytes, outcome: Any) -> Any:
        return settle(self._broker, self._address, UUID(bytes_le=tag), outcome)


class DeletingSupply:
    """Receive-and-delete: gone from the disk first, then on the wire, so that nothing comes twice."""

    settled = True

    def __init__(self, container: Container, address: str, session: SessionLock | None) -> None:
        self.wake: Callable[[], None] = _nobody
        self._container = container
        self._address = address
        self._session = session
        self._under_way = 0
        self._ready: deque[Parcel] = deque()

    def pull(self, limit: int) -> Sequence[Parcel]:
        ready = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        self._fetch(limit - len(ready) - self._under_way)
        return ready

    def is_idle(self) -> bool:
        return not self._under_way

    def settle(self, tag: bytes, outcome: Any) -> Any:  # noqa: ARG002  # the port's signature
        return outcome

    def _fetch(self, limit: int) -> None:
        broker, mode = self._container.broker, ReceiveMode.RECEIVE_AND_DELETE
        found = _receive(broker, self._address, limit, mode, self._session) if limit > 0 else []
        if found:
            self._under_way += len(found)
            self._container.turns.confirm(lambda: self._arrive(found))

    def _arrive(self, found: Sequence[BrokeredMessage]) -> None:
        self._under_way -= len(found)
        self._ready += [Parcel(to_payload(message), NO_TAG) for message in found]
        self.wake()


def _receive(
    broker: Broker, address: str, limit: int, mode: ReceiveMode, session: SessionLock | None
) -> list[BrokeredMessage]:
    """Nothing from a session that is lost: its link is about to be told."""
    try:
        return broker.receive(address, limit, mode, session)
    except SessionLockLostError:
        return []


def settle(broker: Broker, address: str, token: UUID, outcome: Any) -> Any:
    """Apply a client's outcome; gives the same one as an answer. Errors: BrokerError, LinkError."""
    if outcome is None or isinstance(outcome, Accepted):
        broker.complete(address, token)
        return Accepted()
    if isinstance(outcome, Released):
        broker.release(address, token)
        return Released()
    if isinstance(outcome, Rejected):
        broker.dead_letter(address, token, *_reason(outcome))
        return Rejected()
    if isinstance(outcome, Modified):
        change = broker.defer if outcome.undeliverable_here else broker.abandon
        change(address, token, _changes(outcome))
        return outcome
    raise LinkError(NOT_IMPLEMENTED, "Messages are settled by accepted, rejected, released or modified.")


def _reason(outcome: Rejected) -> tuple[str | None, str | None]:
    """Why: in the error's info, or else in its description."""
    error = outcome.error
    if error is None:
        return None, None
    info = error.info or {}
    reason, description = info.get("DeadLetterReason"), info.get("DeadLetterErrorDescription")
    if reason is None and error.condition != DEAD_LETTER:
        reason = error.condition
    return _optional_text(reason), _optional_text(description or error.description)


def _optional_text(value: Any) -> str | None:
    return None if value is None else str(value)


def _changes(outcome: Modified) -> dict[str, Value] | None:
    annotations = outcome.message_annotations
    return {str(key): to_value(value) for key, value in annotations.items()} if annotations else None


def _token(message: BrokeredMessage) -> UUID:
    assert message.lock_token is not None, "received with a lock"  # noqa: S101  # an invariant of the broker
    return message.lock_token


def _nobody() -> None:
    """No link has been attached yet."""
