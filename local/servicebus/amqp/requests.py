"""Nodes that answer: a request comes on one link, the answer goes out on another of the same session.

::

    request   message-id, reply-to · application properties: operation, … · body: one value
    answer    correlation-id       · application properties: status, …    · body: one value

The answer takes the way back whose source is the node and whose target is the request's `reply-to`, or else
any whose source is the node.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from local.servicebus.amqp.codec.decoding import DecodeError, decode
from local.servicebus.amqp.codec.encoding import encode
from local.servicebus.amqp.codec.performatives import Accepted, Rejected
from local.servicebus.amqp.codec.sections import Sections, split, value_body, value_of
from local.servicebus.amqp.errors import DECODE_ERROR, NOT_ALLOWED, AmqpError
from local.servicebus.amqp.incoming import Delivery
from local.servicebus.amqp.outgoing import Parcel

MAX_REQUEST_SIZE = 4 * 1024 * 1024


class Request(NamedTuple):
    message_id: Any
    reply_to: str | None
    properties: Mapping[str, Any]
    value: Any

    @property
    def operation(self) -> Any:
        return self.properties.get("operation")


class Answer(NamedTuple):
    properties: dict[str, Any]
    value: Any = None


class Responder(Protocol):
    def answer(self, request: Request, deliver: Callable[[Answer], None]) -> None:
        """Work, and deliver the answer now or later."""


class AnswerSupply:
    """The way back: answers wait here for credit."""

    settled = True

    def __init__(self) -> None:
        self.wake: Callable[[], None] = _nobody
        self._answers: deque[Parcel] = deque()
        self._count = 0

    def put(self, payload: bytes) -> None:
        self._count += 1
        self._answers.append(Parcel(payload, self._count.to_bytes(8, "big")))
        self.wake()

    def pull(self, limit: int) -> Sequence[Parcel]:
        return [self._answers.popleft() for _ in range(min(limit, len(self._answers)))]

    def is_idle(self) -> bool:
        return True

    def settle(self, tag: bytes, outcome: Any) -> Any:  # noqa: ARG002  # the port's signature
        return outcome


class RequestSink:
    """The way in."""

    max_message_size = MAX_REQUEST_SIZE

    def __init__(self, responder: Responder, way_back: Callable[[str | None], AnswerSupply | None]) -> None:
        self._responder = responder
        self._way_back = way_back

    def take(self, delivery: Delivery) -> None:
        try:
            request = to_request(delivery.payload)
        except DecodeError as error:
            delivery.settle(Rejected(AmqpError(DECODE_ERROR, str(error)).as_error()))
            return
        supply = self._way_back(request.reply_to)
        if supply is None:
            refusal = AmqpError(NOT_ALLOWED, "There is no link on which an answer could go back.")
            delivery.settle(Rejected(refusal.as_error()))
            return
        delivery.settle(Accepted())
        self._responder.answer(request, lambda answer: supply.put(to_payload(request, answer)))


def to_request(payload: bytes) -> Request:
    sections = split(payload)
    properties = decode(sections.properties) if sections.properties else []
    application = decode(sections.application_properties) if sections.application_properties else {}
    if not isinstance(properties, list) or not isinstance(application, dict):
        raise DecodeError("a request has properties and application properties")
    message_id, _, _, _, reply_to = (*properties, *[None] * 5)[:5]
    named = reply_to if isinstance(reply_to, str) else None
    return Request(message_id, named, application, value_of(sections))


def to_payload(request: Request, answer: Answer) -> bytes:
    correlated = [None] * 5 + [request.message_id] + [None] * 7
    return Sections(
        properties=encode(correlated),
        application_properties=encode(answer.properties),
        body=value_body(answer.value),
    ).join()


def _nobody() -> None:
    """No link has been attached yet."""
