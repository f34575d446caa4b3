"""`<entity>/$management`: what cannot be done by sending and receiving on a link.

An operation takes the body of a request and gives the body of an answer, or refuses; the table at the end
names them all. An answer goes out when what it says is on disk. The node takes the right to listen, as the
links to it check; to schedule and to cancel take the right to send besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from local.servicebus.amqp.bodies import Body
from local.servicebus.amqp.codec.decoding import DecodeError
from local.servicebus.amqp.codec.values import Array, Int, Symbol
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.envelope import to_message, to_payload, to_timestamp
from local.servicebus.amqp.errors import (
    ARGUMENT_ERROR,
    DECODE_ERROR,
    NOT_IMPLEMENTED,
    UNAUTHORIZED,
    AmqpError,
)
from local.servicebus.amqp.requests import Answer, Request
from local.servicebus.amqp.rules import from_rule, to_rule
from local.servicebus.engine.broker import SessionLock
from local.servicebus.engine.entities import Right
from local.servicebus.engine.errors import BrokerError, NotAllowedError
from local.servicebus.engine.message import BrokeredMessage, Message, ReceiveMode

PREFIX = "com.microsoft:"
PEEK_BYTES = 1024 * 1024
"""A peek gives at least one message, and as many as are asked for up to this size."""


class Management:
    def __init__(self, container: Container, address: str, check: Callable[[Right], None]) -> None:
        """`check` refuses, with a LinkError, what the client has no right to. Errors: EntityNotFoundError."""
        self._container = container
        self._broker = container.broker
        self._address = address
        self._check = check
        self._broker.check_exists(address)

    def answer(self, request: Request, deliver: Callable[[Answer], None]) -> None:
        try:
            answer = self._perform(request)
        except BrokerError as refusal:
            answer = _refused(refusal.status, refusal.condition, str(refusal))
        except AmqpError as refusal:
            status = 401 if refusal.condition == UNAUTHORIZED else 400
            answer = _refused(status, refusal.condition, refusal.description)
        except DecodeError as refusal:
            answer = _refused(400, DECODE_ERROR, str(refusal))
        self._container.turns.confirm(lambda: deliver(answer))

    def _perform(self, request: Request) -> Answer:
        operation = OPERATIONS.get(str(request.operation).removeprefix(PREFIX))
        if operation is None:
            raise AmqpError(NOT_IMPLEMENTED, f"There is no operation '{request.operation}'.")
        value = operation(self, Body(request.value))
        return _accepted(200, "OK", value) if value is not None else _accepted(204, "No content", None)

    # -- messages --------------------------------------------------------------------------------------

    def schedule(self, body: Body) -> dict[str, Any]:
        self._check(Right.SEND)
        messages = [_scheduled(entry) for entry in body.bodies("messages")]
        return {"sequence-numbers": Array(self._broker.schedule(self._address, messages))}

    def cancel(self, body: Body) -> dict[str, Any]:
        self._check(Right.SEND)
        self._broker.cancel_scheduled(self._address, body.numbers("sequence-numbers"))
        return {}

    def peek(self, body: Body) -> dict[str, Any] | None:
        start, count = body.number("from-sequence-number"), body.number("message-count")
        found = self._broker.peek(self._address, start, count, body.optional_text("session-id"))
        payloads = list(_as_many_as_fit(map(to_payload, found)))
        return {"messages": [{"message": payload} for payload in payloads]} if payloads else None

    def receive_deferred(self, body: Body) -> dict[str, Any]:
        numbers = body.numbers("sequence-numbers")
        delete = body.number("receiver-settle-mode") == 0
        mode = ReceiveMode.RECEIVE_AND_DELETE if delete else ReceiveMode.PEEK_LOCK
        found = self._broker.receive_deferred(self._address, numbers, mode, self._session(body))
        return {"messages": [_deferred(message) for message in found]}

    def settle(self, body: Body) -> dict[str, Any]:
        status = body.text("disposition-status")
        step = _SETTLEMENTS.get(status)
        if step is None:
            raise AmqpError(ARGUMENT_ERROR, f"'disposition-status' cannot be '{status}'.")
        for token in body.tokens("lock-tokens"):
            step(self, token, body)
        return {}

    def renew_locks(self, body: Body) -> dict[str, Any]:
        ends = [self._broker.renew(self._address, token) for token in body.tokens("lock-tokens")]
        return {"expirations": Array(to_timestamp(end) for end in ends)}

    # -- sessions --------------------------------------------------------------------------------------

    def renew_session(self, body: Body) -> dict[str, Any]:
        lock = self._broker.session_lock(self._address, body.text("session-id"))
        renewed = self._broker.renew_session(lock)
        return {"expiration": to_timestamp(renewed.locked_until)}

    def get_state(self, body: Body) -> dict[str, Any]:
        lock = self._broker.session_lock(self._address, body.text("session-id"))
        return {"session-state": self._broker.session_state(self._address, lock.session_id)}

    def set_state(self, body: Body) -> dict[str, Any]:
        lock = self._broker.session_lock(self._address, body.text("session-id"))
        state = body.optional_octets("session-state")
        self._broker.set_session_state(self._address, lock.session_id, state)
        return {}

    def list_sessions(self, body: Body) -> dict[str, Any] | None:
        skip, top = body.number("skip"), body.number("top")
        found = self._broker.sessions(self._address, body.moment("last-updated-time"))[skip : skip + top]
        return {"skip": Int(skip + len(found)), "sessions-ids": Array(found)} if found else None

    # -- rules -----------------------------------------------------------------------------------------

    def add_rule(self, body: Body) -> dict[str, Any]:
        rule = to_rule(body.text("rule-name"), body.body("rule-description"))
        self._broker.namespace.create_rule(*self._subscription(), rule)
        return {}

    def remove_rule(self, body: Body) -> dict[str, Any]:
        self._broker.namespace.delete_rule(*self._subscription(), body.text("rule-name"))
        return {}

    def list_rules(self, body: Body) -> dict[str, Any] | None:
        skip, top = body.number("skip"), body.number("top")
        found = self._broker.namespace.rules(*self._subscription())[skip : skip + top]
        return {"rules": [{"rule-description": from_rule(rule)} for rule in found]} if found else None

    # -- own -------------------------------------------------------------------------------------------

    def _session(self, body: Body) -> SessionLock | None:
        session_id = body.optional_text("session-id")
        return None if session_id is None else self._broker.session_lock(self._address, session_id)

    def _subscription(self) -> tuple[str, str]:
        topic, kind, name = (*self._address.split("/"), "", "")[:3]
        if kind.lower() != "subscriptions":
            raise NotAllowedError(f"{self._address} is no subscription")
        return topic, name

    def _complete(self, token: UUID, _body: Body) -> None:
        self._broker.complete(self._address, token)

    def _abandon(self, token: UUID, body: Body) -> None:
        self._broker.abandon(self._address, token, body.values("properties-to-modify"))

    def _defer(self, token: UUID, body: Body) -> None:
        self._broker.defer(self._address, token, body.values("properties-to-modify"))

    def _dead_letter(self, token: UUID, body: Body) -> None:
        reason = body.optional_text("deadletter-reason")
        description = body.optional_text("deadletter-description")
        changes = body.values("properties-to-modify")
        self._broker.dead_letter(self._address, token, reason, description, changes)


def _accepted(status: int, description: str, value: Any) -> Answer:
    return Answer({"statusCode": Int(status), "statusDescription": description}, value)


def _refused(status: int, condition: str, description: str) -> Answer:
    told = {"statusCode": Int(status), "statusDescription": description, "errorCondition": Symbol(condition)}
    return Answer(told)


def _scheduled(entry: Body) -> Message:
    message = to_message(entry.octets("message"))
    if message.scheduled_enqueue_time is None:
        raise AmqpError(ARGUMENT_ERROR, "A message that is scheduled says for when.")
    return message


def _deferred(found: BrokeredMessage) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": to_payload(found)}
    if found.lock_token is not None:
        entry["lock-token"] = found.lock_token
    return entry


def _as_many_as_fit(payloads: Iterable[bytes]) -> Iterable[bytes]:
    size = 0
    for payload in payloads:
        size += len(payload)
        if size > PEEK_BYTES and size > len(payload):
            return
        yield payload


_SETTLEMENTS: dict[str, Callable[[Management, UUID, Body], None]] = {
    "completed": Management._complete,  # noqa: SLF001  # the table belongs to the class
    "abandoned": Management._abandon,  # noqa: SLF001  # the table belongs to the class
    "defered": Management._defer,  # noqa: SLF001  # the table belongs to the class
    "suspended": Management._dead_letter,  # noqa: SLF001  # the table belongs to the class
}
OPERATIONS: dict[str, Callable[[Management, Body], dict[str, Any] | None]] = {
    "schedule-message": Management.schedule,
    "cancel-scheduled-message": Management.cancel,
    "peek-message": Management.peek,
    "receive-by-sequence-number": Management.receive_deferred,
    "update-disposition": Management.settle,
    "renew-lock": Management.renew_locks,
    "renew-session-lock": Management.renew_session,
    "get-session-state": Management.get_state,
    "set-session-state": Management.set_state,
    "get-message-sessions": Management.list_sessions,
    "add-rule": Management.add_rule,
    "remove-rule": Management.remove_rule,
    "enumerate-rules": Management.list_rules,
}
