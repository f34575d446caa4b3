"""Messages of the broker as AMQP messages, and back.

What arrives is kept as it is, as the body of the broker's message; beside it go the few values that the
broker needs. What is delivered is that body with the sections written anew that are the broker's to write:

::

    header                   durable, priority as sent; time to live; deliveries that failed
    delivery annotations     lock token
    message annotations      the sender's, and sequence number, times, state

and application properties or properties only where a rule or a dead-lettering has changed them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from local.servicebus.amqp.codec.decoding import DecodeError, decode, entries
from local.servicebus.amqp.codec.encoding import encode, write, write_compound
from local.servicebus.amqp.codec.sections import Sections, split
from local.servicebus.amqp.codec.values import Int, Symbol, Timestamp, UInt
from local.servicebus.engine.message import BrokeredMessage, Message, Rewritten, Value

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
_LOCK_TOKEN = Symbol("x-opt-lock-token")
_SEQUENCE_NUMBER = Symbol("x-opt-sequence-number")
_ENQUEUED_NUMBER = Symbol("x-opt-enqueue-sequence-number")
_ENQUEUED_TIME = Symbol("x-opt-enqueued-time")
_LOCKED_UNTIL = Symbol("x-opt-locked-until")
_STATE = Symbol("x-opt-message-state")
_DEAD_LETTER_SOURCE = Symbol("x-opt-deadletter-source")


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
    """An AMQP value of a simple type as the broker's filters see it."""
    if isinstance(value, Timestamp):
        return to_datetime(value)
    if isinstance(value, bool) or value is None or isinstance(value, UUID):
        return value
    for plain in (int, float, str):
        if isinstance(value, plain):
            return plain(value)
    return bytes(value)


def _application_properties(sections: Sections) -> dict[str, Value]:
    """Those with simple values; others travel in the body, unseen by filters."""
    found = _map(sections.application_properties)
    return {str(key): to_value(value) for key, value in found.items() if _is_simple(key, value)}


def _is_simple(key: Any, value: Any) -> bool:
    return isinstance(key, str) and (value is None or isinstance(value, int | float | str | bytes | UUID))


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
    if value is None:
        return None
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
    sections.delivery_annotations = encode({_LOCK_TOKEN: brokered.lock_token}) if brokered.lock_token else b""
    sections.message_annotations = _annotations(sections.message_annotations, brokered)
    return sections.join()


def _header(sent: bytes, brokered: BrokeredMessage) -> bytes:
    durable, priority, time_to_live, first_acquirer, _ = _fields(sent, 5)
    if brokered.expires_at is not None:
        lifetime = (brokered.expires_at - brokered.enqueued_time) // _MILLISECOND
        time_to_live = UInt(max(0, min(lifetime, _MAX_UINT)))
    return encode([durable, priority, time_to_live, first_acquirer, UInt(brokered.delivery_count)])


def _annotations(sent: bytes, brokered: BrokeredMessage) -> bytes:
    ours: dict[Any, Any] = {
        _SEQUENCE_NUMBER: brokered.sequence_number,
        _ENQUEUED_NUMBER: brokered.enqueued_sequence_number,
        _ENQUEUED_TIME: to_timestamp(brokered.enqueued_time),
        _STATE: Int(brokered.state),
    }
    if brokered.locked_until is not None:
        ours[_LOCKED_UNTIL] = to_timestamp(brokered.locked_until)
    if brokered.dead_letter_source is not None:
        ours[_DEAD_LETTER_SOURCE] = brokered.dead_letter_source
    theirs = _map(sent)
    return encode(
        {**{key: value for key, value in theirs.items() if key not in _BROKERS_ANNOTATIONS}, **ours}
    )


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
