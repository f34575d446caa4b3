"""Messages of the broker as AMQP messages, and back.

What arrives is kept as it is, as the body of the broker's message; beside it go the few values that the
broker needs. What is delivered is that body with the sections written anew that are the broker's to write:

::

    header                   durable, priority as sent; time to live; deliveries that failed
    delivery annotations     the sender's, and the lock token
    message annotations      the sender's, and sequence number, times, state if it is not active

and application properties or properties only where a rule or a dead-lettering has changed them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from local.servicebus.amqp.codec.decoding import DecodeError, decode, entries
from local.servicebus.amqp.codec.encoding import encode, write, write_compound
from local.servicebus.amqp.codec.sections import Sections, split
from local.servicebus.amqp.codec.values import (
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Float,
    Int,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)
from local.servicebus.engine.message import BrokeredMessage, Message, MessageState, Rewritten, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MAX_UINT = 2**32 - 1
_FOREVER = timedelta(days=365 * 1000)

_PROPERTIES = (
    "message_id",
    "user_id",
    "to",
    "subject",
    "reply_to",
    "correlation_id",
    "content_type",
    "content_encoding",
    "absolute_expiry_time",
    "creation_time",
    "session_id",
    "group_sequence",
    "reply_to_session_id",
)
_NO_TEXTS = {"user_id", "content_encoding", "absolute_expiry_time", "creation_time", "group_sequence"}
_TEXTS = [name for name in _PROPERTIES if name not in _NO_TEXTS]
_BROKERS_ANNOTATIONS = frozenset(
    {
        "x-opt-sequence-number",
        "x-opt-enqueued-time",
        "x-opt-locked-until",
        "x-opt-enqueue-sequence-number",
        "x-opt-message-state",
        "x-opt-deadletter-source",
    }
)
_LOCK_TOKEN = "x-opt-lock-token"  # noqa: S105  # the name of an annotation

_LONG, _TIMESTAMP = b"\x81", b"\x83"
_LOCK_TOKEN_KEY = encode(Symbol(_LOCK_TOKEN))
_SEQUENCE_NUMBER = encode(Symbol("x-opt-sequence-number")) + _LONG
_ENQUEUED_NUMBER = encode(Symbol("x-opt-enqueue-sequence-number")) + _LONG
_ENQUEUED_TIME = encode(Symbol("x-opt-enqueued-time")) + _TIMESTAMP
_LOCKED_UNTIL = encode(Symbol("x-opt-locked-until")) + _TIMESTAMP
_STATE = encode(Symbol("x-opt-message-state"))
_DEAD_LETTER_SOURCE = encode(Symbol("x-opt-deadletter-source"))
_INT64 = struct.Struct(">q")


# -- in ------------------------------------------------------------------------------------------------


def to_message(payload: bytes) -> Message:
    """Errors: DecodeError."""
    sections = split(payload)
    properties = _properties(sections)
    header = _fields(sections.header, 5)
    annotations = _map(sections.message_annotations)
    texts: dict[str, Any] = {name: _text(properties[name]) for name in _TEXTS}
    return Message(
        body=payload,
        size=len(payload),
        application_properties=_application_properties(sections),
        partition_key=_text(annotations.get("x-opt-partition-key")),
        scheduled_enqueue_time=_time(annotations.get("x-opt-scheduled-enqueue-time")),
        time_to_live=_time_to_live(header[2], properties),
        **texts,
    )


def to_datetime(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise DecodeError("a time that no calendar knows") from error


def to_timestamp(moment: datetime) -> Timestamp:
    return Timestamp((moment - _EPOCH) // _MILLISECOND)


def to_value(value: Any) -> Value:
    """An AMQP value of a simple type as the broker's filters see it. Errors: DecodeError."""
    plain = _PLAIN.get(type(value))
    if plain is None:
        raise DecodeError(f"a property of type {type(value).__name__} is not simple")
    return plain(value)


def _application_properties(sections: Sections) -> dict[str, Value]:
    """Those with simple values; others travel in the body, unseen by filters."""
    found = _map(sections.application_properties)
    return {str(key): to_value(value) for key, value in found.items() if _is_simple(key, value)}


def _is_simple(key: Any, value: Any) -> bool:
    return isinstance(key, str) and type(value) in _PLAIN


def _as_it_is(value: Any) -> Any:
    return value


_PLAIN: dict[type[Any], Callable[[Any], Value]] = {
    **dict.fromkeys((bool, type(None), UUID, int, float, str, bytes), _as_it_is),
    **dict.fromkeys((UByte, UShort, UInt, ULong, Byte, Short, Int), int),
    **dict.fromkeys((Symbol, Char), str),
    **dict.fromkeys((Decimal32, Decimal64, Decimal128), bytes),
    Float: float,
    Timestamp: to_datetime,
}


def _properties(sections: Sections) -> dict[str, Any]:
    return dict(zip(_PROPERTIES, _fields(sections.properties, len(_PROPERTIES)), strict=True))


def _fields(section: bytes, count: int) -> list[Any]:
    fields = decode(section) if section else []
    if not isinstance(fields, list) or len(fields) > count:
        raise DecodeError("a section is no list of its fields")
    return fields + [None] * (count - len(fields))


def _map(section: bytes) -> dict[Any, Any]:
    found = decode(section) if section else {}
    if not isinstance(found, dict):
        raise DecodeError("a section is no map")
    return found


def _text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _time(value: Any) -> datetime | None:
    return to_datetime(value) if isinstance(value, int) else None


def _time_to_live(header: Any, properties: dict[str, Any]) -> timedelta | None:
    """The header's has 32 bits, 49 days; a longer one is in the distance of two times."""
    created, expires = properties["creation_time"], properties["absolute_expiry_time"]
    if isinstance(created, int) and isinstance(expires, int) and expires > created:
        return min(to_datetime(expires) - to_datetime(created), _FOREVER)
    return timedelta(milliseconds=header) if isinstance(header, int) else None


# -- out -----------------------------------------------------------------------------------------------


def to_payload(brokered: BrokeredMessage) -> bytes:
    message = brokered.message
    sections = split(message.body)
    if Rewritten.APPLICATION_PROPERTIES in message.rewritten:
        sections.application_properties = _merged(
            sections.application_properties, message.application_properties
        )
    if Rewritten.PROPERTIES in message.rewritten:
        sections.properties = _corrected(sections, message)
    sections.header = _header(sections.header, brokered)
    sections.delivery_annotations = _delivery_annotations(sections.delivery_annotations, brokered)
    sections.message_annotations = _annotations(sections.message_annotations, brokered)
    return sections.join()


def _header(sent: bytes, brokered: BrokeredMessage) -> bytes:
    durable, priority, time_to_live, first_acquirer, _ = _fields(sent, 5)
    if brokered.expires_at is not None:
        lifetime = (brokered.expires_at - brokered.enqueued_time) // _MILLISECOND
        time_to_live = UInt(max(0, min(lifetime, _MAX_UINT)))
    return encode([durable, priority, time_to_live, first_acquirer, UInt(brokered.delivery_count)])


def _delivery_annotations(sent: bytes, brokered: BrokeredMessage) -> bytes:
    """A section that is there even if it is empty, as the client's tests expect it of Service Bus."""
    token = brokered.lock_token
    return _extended(sent, {_LOCK_TOKEN}, [_LOCK_TOKEN_KEY + encode(token)] if token is not None else [])


def _annotations(sent: bytes, brokered: BrokeredMessage) -> bytes:
    ours = [
        _SEQUENCE_NUMBER + _INT64.pack(brokered.sequence_number),
        _ENQUEUED_TIME + _INT64.pack(to_timestamp(brokered.enqueued_time)),
    ]
    if brokered.enqueued_sequence_number is not None:
        ours.append(_ENQUEUED_NUMBER + _INT64.pack(brokered.enqueued_sequence_number))
    if brokered.state is not MessageState.ACTIVE:
        ours.append(_STATE + encode(Int(brokered.state)))
    if brokered.locked_until is not None:
        ours.append(_LOCKED_UNTIL + _INT64.pack(to_timestamp(brokered.locked_until)))
    if brokered.dead_letter_source is not None:
        ours.append(_DEAD_LETTER_SOURCE + encode(brokered.dead_letter_source))
    return _extended(sent, _BROKERS_ANNOTATIONS, ours)


def _extended(sent: bytes, replaced: AbstractSet[str], added: list[bytes]) -> bytes:
    """A map with entries that are encoded already, in place of those that must not come from outside."""
    kept = [raw for key, _, raw in entries(sent) if key not in replaced] if sent else []
    out = bytearray()
    write_compound(out, 0xC1, 2 * (len(kept) + len(added)), b"".join((*kept, *added)))
    return bytes(out)


def _merged(sent: bytes, wanted: Mapping[str, Value]) -> bytes:
    """The application properties as they are wanted; those that were not changed keep their wire types."""
    kept = {
        key: raw
        for key, value, raw in (entries(sent) if sent else ())
        if not _is_simple(key, value) or (key in wanted and to_value(value) == wanted[key])
    }
    body = bytearray().join(kept.values())
    added = [name for name in wanted if name not in kept]
    for name in added:
        write(body, name)
        write(body, to_wire(wanted[name]))
    out = bytearray()
    write_compound(out, 0xC1, 2 * (len(kept) + len(added)), body)
    return bytes(out)


def _corrected(sections: Sections, message: Message) -> bytes:
    """The properties, with those replaced that the broker's message says otherwise."""
    sent = _properties(sections)
    for name in _TEXTS:
        wanted = getattr(message, name)
        if _text(sent[name]) != wanted:
            sent[name] = wanted
    return encode(list(sent.values()))


def to_wire(value: Value) -> Any:
    if isinstance(value, datetime):
        return to_timestamp(value)
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, Decimal) or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        return float(value)
    return value
