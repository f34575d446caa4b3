"""Sends messages through Microsoft's client, unmodified, in the cloud and on a desk.

Senders stay open: to open one costs half a second. What is sent together travels in as few transfers as its
size allows; a message keeps its id, by which the bus drops one that was sent twice. A sender may be used by
one at a time, so what many ask of it at once goes together (`lane`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from itertools import groupby
from typing import Any

from azure.servicebus import ServiceBusMessage, parse_connection_string
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
)

from shared.adapters.lane import Lane
from shared.model.change import Message
from shared.model.errors import Misconfigured, Unavailable

MICROSECONDS = 1_000_000


class ServiceBus:
    """The bus port over AMQP. `connect` opens the client when the first message is sent."""

    def __init__(self, connect: Callable[[], ServiceBusClient]) -> None:
        self._connect = connect
        self._client: ServiceBusClient | None = None
        self._senders: dict[str, ServiceBusSender] = {}
        self._lanes: dict[str, Lane[Message]] = {}

    async def send(self, messages: Sequence[Message]) -> None:
        """All are on the bus when it returns.

        Raises Unavailable where the bus does not take them now (some may be there, and a repeat is safe), and
        Misconfigured where it never will: an entity that is not there, or rights that are missing.
        """
        destination = ""
        try:
            for destination, group in groupby(messages, key=lambda message: message.destination):
                await self._lane(destination).send(list(group))
        except (
            MessagingEntityNotFoundError,
            ServiceBusAuthenticationError,
            ServiceBusAuthorizationError,
        ) as error:
            raise _ours(error, destination) from None
        except (ServiceBusError, OSError) as error:
            raise Unavailable(f"the bus does not answer: {type(error).__name__}", reason="BusAway") from error

    async def close(self) -> None:
        for lane in self._lanes.values():
            await lane.close()
        self._lanes.clear()
        for sender in self._senders.values():
            await sender.close()
        self._senders.clear()
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _lane(self, destination: str) -> Lane[Message]:
        if destination not in self._lanes:
            self._lanes[destination] = Lane(partial(self._send, destination))
        return self._lanes[destination]

    def _sender(self, destination: str) -> ServiceBusSender:
        if self._client is None:
            self._client = self._connect()
        if destination not in self._senders:
            self._senders[destination] = self._client.get_queue_sender(destination)
        return self._senders[destination]

    async def _send(self, destination: str, messages: Iterable[Message]) -> None:
        sender = self._sender(destination)
        async for batch in _batches(sender, messages):
            await sender.send_messages(batch)


def _ours(error: ServiceBusError, destination: str) -> Misconfigured:
    """Of an entity that is not there the client says that the token for it is refused, with status 404."""
    status = getattr(error.inner_exception, "status_code", None)
    if isinstance(error, MessagingEntityNotFoundError) or status == HTTPStatus.NOT_FOUND:
        return Misconfigured(f"the bus has no queue or topic {destination!r}", reason="NoSuchEntity")
    return Misconfigured("the bus refuses us: check SERVICEBUS", reason="BusRefuses")


async def _batches(sender: ServiceBusSender, messages: Iterable[Message]) -> AsyncIterator[Any]:
    """The messages in batches as large as the bus takes."""
    batch = await sender.create_message_batch()
    for message in messages:
        wire = _wire(message)
        try:
            batch.add_message(wire)
        except MessageSizeExceededError:
            yield batch
            batch = await sender.create_message_batch()
            batch.add_message(wire)
    yield batch


def _wire(message: Message) -> ServiceBusMessage:
    properties: dict[Any, Any] = dict(message.properties)
    due = datetime.fromtimestamp(message.due / MICROSECONDS, UTC) if message.due is not None else None
    return ServiceBusMessage(
        message.body,
        application_properties=properties,
        message_id=message.id,
        content_type="application/json",
        scheduled_enqueue_time_utc=due,
    )


def connect(environment: Mapping[str, str], name: str) -> Callable[[], ServiceBusClient]:
    """How to open the connection that a trigger calls `name`: a connection string, or an identity.

    Raises Misconfigured where neither is set.
    """
    text = environment.get(name)
    namespace = environment.get(f"{name}__fullyQualifiedNamespace")
    if text:
        _check(name, text)
        return lambda: ServiceBusClient.from_connection_string(text)
    if namespace:
        return lambda: _by_identity(namespace, environment.get(f"{name}__clientId"))
    raise Misconfigured(
        f"{name} is missing: set a Service Bus connection string, or {name}__fullyQualifiedNamespace",
        reason="WrongSettings",
    )


def _check(name: str, text: str) -> None:
    """What the client would say of it quotes it."""
    try:
        parse_connection_string(text)
    except ValueError:
        raise Misconfigured(
            f"{name} is not a connection string: write"
            " Endpoint=sb://<host>/;SharedAccessKeyName=<name>;SharedAccessKey=<key>",
            reason="WrongSettings",
        ) from None


def _by_identity(namespace: str, client_id: str | None) -> ServiceBusClient:
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - slow to import, and only in Azure

    credential = DefaultAzureCredential(managed_identity_client_id=client_id)
    return ServiceBusClient(namespace, credential)
