"""A message as the Service Bus client received it -> the message that a function gets.

Property values cross the cloud's host as JSON, so what JSON does not know arrives as text; here too.
"""

import json
from datetime import datetime
from typing import Any

from azure.functions.servicebus import ServiceBusMessage
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType


def to_function(message: ServiceBusReceivedMessage) -> ServiceBusMessage:
    properties = _properties(message)
    return ServiceBusMessage(
        body=_body(message),
        application_properties=properties,
        user_properties=properties,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        dead_letter_error_description=_text(message.dead_letter_error_description),
        dead_letter_reason=_text(message.dead_letter_reason),
        dead_letter_source=_text(message.dead_letter_source),
        delivery_count=_delivery_count(message),
        enqueued_sequence_number=message.enqueued_sequence_number,
        enqueued_time_utc=message.enqueued_time_utc,
        expires_at_utc=message.expires_at_utc,
        label=message.subject,
        locked_until=message.locked_until_utc,
        lock_token=_text(message.lock_token),
        message_id=message.message_id or "",
        partition_key=message.partition_key,
        reply_to=message.reply_to,
        reply_to_session_id=message.reply_to_session_id,
        scheduled_enqueue_time_utc=message.scheduled_enqueue_time_utc,
        sequence_number=message.sequence_number,
        session_id=message.session_id,
        state=message.state.value,
        subject=message.subject,
        time_to_live=message.time_to_live,
        to=message.to,
    )


def _delivery_count(message: ServiceBusReceivedMessage) -> int:
    """On the wire the count is of the deliveries before this one; the functions host counts this one too."""
    return (message.delivery_count or 0) + 1


def _body(message: ServiceBusReceivedMessage) -> bytes:
    if message.body_type is AmqpMessageBodyType.DATA:
        return b"".join(message.body)
    value = message.body if message.body_type is AmqpMessageBodyType.VALUE else list(message.body)
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(_plain(value))).encode()


def _properties(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    properties: dict[str, Any] = _plain(message.application_properties or {})
    return properties


def _plain(value: Any) -> Any:
    match value:
        case None | str() | int() | float():
            return value
        case bytes():
            return value.decode(errors="replace")
        case datetime():
            return value.isoformat()
        case dict():
            return {str(_plain(name)): _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return str(value)


def _text(value: object) -> str | None:
    return None if value is None else str(_plain(value))
