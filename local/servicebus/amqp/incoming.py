"""A link on which the client sends: frames become deliveries, a sink takes them.

The client's credit is renewed when half of it is used. Of a message that grows above the limit nothing is
kept; it is rejected when its last frame has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from local.servicebus.amqp.codec.performatives import Attach, Disposition, Flow, Rejected, Transfer
from local.servicebus.amqp.errors import INVALID_FIELD, MESSAGE_TOO_LARGE, AmqpError, SessionError
from local.servicebus.amqp.links import Link

if TYPE_CHECKING:
    from local.servicebus.amqp.session import Session

CREDIT = 1000
"""Messages that a client may send before it has to wait for more."""


class Delivery(NamedTuple):
    """A whole message from the client."""

    payload: bytes
    message_format: int
    settle: Callable[[Any], None]
    """Tell the outcome; does nothing where the client does not want to know."""


class Sink(Protocol):
    max_message_size: int

    def take(self, delivery: Delivery) -> None: ...


class IncomingLink(Link):
    def __init__(self, session: Session, attach: Attach, sink: Sink) -> None:
        super().__init__(session, attach)
        self._sink = sink
        self._delivery_count = attach.initial_delivery_count or 0
        self._credit = CREDIT
        self._first: Transfer | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def open(self) -> None:
        reply = self.attach._replace(
            role=True,
            unsettled=None,
            initial_delivery_count=None,
            max_message_size=self._sink.max_message_size,
            offered_capabilities=None,
            desired_capabilities=None,
            properties={},
        )
        self.session.send(reply)
        self._grant()

    def on_flow(self, flow: Flow) -> None:
        if flow.echo:
            self._grant()

    def on_transfer(self, transfer: Transfer, payload: bytes, /) -> None:
        if transfer.aborted:
            self._forget()
            self._count()
            return
        self._first = self._first or transfer
        self._size += len(payload)
        if self._size <= self._sink.max_message_size:
            self._parts.append(payload)
        else:
            self._parts.clear()
        if not transfer.more:
            self._take(self._first, settled=bool(self._first.settled or transfer.settled))

    def _take(self, first: Transfer, *, settled: bool) -> None:
        if first.delivery_id is None:
            raise SessionError(INVALID_FIELD, "A delivery has an id.")
        settle = _keep_quiet if settled else self._settler(first.delivery_id)
        payload, size = b"".join(self._parts), self._size
        self._forget()
        self._count()
        if size > self._sink.max_message_size:
            settle(Rejected(self._too_large().as_error()))
        else:
            self._sink.take(Delivery(payload, first.message_format or 0, settle))

    def _too_large(self) -> AmqpError:
        return AmqpError(MESSAGE_TOO_LARGE, f"A message has at most {self._sink.max_message_size} bytes.")

    def _settler(self, delivery_id: int) -> Callable[[Any], None]:
        return lambda outcome: self.session.send(
            Disposition(role=True, first=delivery_id, last=delivery_id, settled=True, state=outcome)
        )

    def _forget(self) -> None:
        self._first, self._parts, self._size = None, [], 0

    def _count(self) -> None:
        self._delivery_count = (self._delivery_count + 1) % 2**32
        self._credit -= 1
        if self._credit <= CREDIT // 2:
            self._grant()

    def _grant(self) -> None:
        self._credit = CREDIT
        self.session.send_flow(self.handle, self._delivery_count, self._credit)


def _keep_quiet(_outcome: Any) -> None:
    """The client has settled the delivery when it sent it."""
