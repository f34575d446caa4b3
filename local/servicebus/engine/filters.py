"""The filters of a rule. Each compiles once to a function from a message to True, False or None (unknown)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.servicebus.engine.message import Value


@dataclass(frozen=True, slots=True)
class TrueFilter:
    """Takes everything."""


@dataclass(frozen=True, slots=True)
class FalseFilter:
    """Takes nothing."""


@dataclass(frozen=True, slots=True)
class SqlFilter:
    expression: str
    parameters: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationFilter:
    """Takes a message of which every named property is equal; a property of None is not looked at."""

    correlation_id: str | None = None
    message_id: str | None = None
    to: str | None = None
    reply_to: str | None = None
    subject: str | None = None
    session_id: str | None = None
    reply_to_session_id: str | None = None
    content_type: str | None = None
    properties: Mapping[str, Value] = field(default_factory=dict)


Filter = TrueFilter | FalseFilter | SqlFilter | CorrelationFilter
