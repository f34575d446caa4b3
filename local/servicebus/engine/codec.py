"""Messages and entities as JSON, for the journal. A value that JSON cannot say stands as [kind, text]."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from local.servicebus.engine.entities import (
    AuthorizationRule,
    Described,
    Entity,
    EntityStatus,
    QueueOptions,
    Right,
    Rule,
    SubscriptionOptions,
    TopicOptions,
)
from local.servicebus.engine.filters import CorrelationFilter, FalseFilter, SqlFilter, TrueFilter
from local.servicebus.engine.message import Message, Rewritten, Value

_MICROSECOND = timedelta(microseconds=1)
_PLAIN = frozenset((str, int, float, bool, type(None)))
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "bytes": base64.b64decode,
    "datetime": datetime.fromisoformat,
    "timedelta": lambda text: int(text) * _MICROSECOND,
    "Decimal": Decimal,
    "UUID": UUID,
    "int": int,
    "EntityStatus": EntityStatus,
    "Right": Right,
}
_TO_TEXT: dict[type, Callable[[Any], str]] = {
    bytes: lambda value: base64.b64encode(value).decode(),
    datetime: datetime.isoformat,
    timedelta: lambda value: str(value // _MICROSECOND),
    EntityStatus: lambda value: str(value.value),
}
_TEXTS = (
    "message_id",
    "session_id",
    "correlation_id",
    "subject",
    "to",
    "reply_to",
    "reply_to_session_id",
    "content_type",
    "partition_key",
)
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        AuthorizationRule,
        QueueOptions,
        TopicOptions,
        SubscriptionOptions,
        Rule,
        TrueFilter,
        FalseFilter,
        SqlFilter,
        CorrelationFilter,
        Entity,
    )
}


def dump_message(message: Message, place: tuple[Any, ...]) -> bytes:
    """All but the body; `place` is what the broker knows of it."""
    return orjson.dumps(
        (
            place,
            [getattr(message, name) for name in _TEXTS],
            None if message.time_to_live is None else message.time_to_live // _MICROSECOND,
            message.size,
            message.rewritten.value,
            {name: _dumped(value) for name, value in message.application_properties.items()},
        )
    )


def load_message(head: bytes, body: bytes) -> tuple[Message, tuple[Any, ...]]:
    place, texts, lives, size, rewritten, properties = orjson.loads(head)
    origin, enqueued_at, expires_at, source, hops = place
    message = Message(
        body=body,
        application_properties={name: _loaded(value) for name, value in properties.items()},
        **dict(zip(_TEXTS, texts, strict=True)),
        time_to_live=None if lives is None else lives * _MICROSECOND,
        size=size,
        rewritten=Rewritten(rewritten) if rewritten else Rewritten.NOTHING,
    )
    expires = load_time(expires_at) if expires_at else None
    return message, (origin, load_time(enqueued_at), expires, source, hops)


def dump_described(described: Described) -> bytes:
    rules = [_record(rule) for rule in described.rules]
    return orjson.dumps((_record(described.entity), described.topic, rules))


def load_described(text: bytes) -> Described:
    entity, topic, rules = orjson.loads(text)
    return Described(_from_record(entity), topic, tuple(_from_record(rule) for rule in rules))


def dump_plain(value: object) -> object:
    """As a column can hold it."""
    if isinstance(value, Described):
        return dump_described(value)
    return value.isoformat() if isinstance(value, datetime) else value


def load_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _dumped(value: Value | EntityStatus | Right) -> Any:
    if type(value) in _PLAIN and not (isinstance(value, int) and abs(value) >= 2**63):
        return value
    return [type(value).__name__, _TO_TEXT.get(type(value), str)(value)]


def _loaded(value: Any) -> Any:
    return _FROM_TEXT[value[0]](value[1]) if isinstance(value, list) else value


def _record(value: Any) -> Any:
    """A dataclass of those above as {"": its kind, ...}."""
    if type(value).__name__ in _KINDS:
        parts = {field.name: _record(getattr(value, field.name)) for field in fields(value)}
        return {"": type(value).__name__, **parts}
    if isinstance(value, Mapping):
        return {"": "properties", "items": [[name, _dumped(item)] for name, item in value.items()]}
    if isinstance(value, tuple):
        return {"": "tuple", "items": [_record(item) for item in value]}
    return _dumped(value)


def _from_record(value: Any) -> Any:
    if not isinstance(value, dict):
        return _loaded(value)
    name = value.pop("")
    if name == "tuple":
        return tuple(_from_record(item) for item in value["items"])
    if name == "properties":
        return {key: _loaded(item) for key, item in value["items"]}
    return _KINDS[name](**{key: _from_record(item) for key, item in value.items()})
