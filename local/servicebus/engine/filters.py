"""The filters of a rule. Each compiles once to a function that says whether it takes a message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from local.servicebus.engine.errors import FilterError, RuleSyntaxError
from local.servicebus.engine.logic import comparison
from local.servicebus.engine.message import Message, Value
from local.servicebus.engine.sql import Action, compile_action, compile_condition

__all__ = [
    "Action",
    "CorrelationFilter",
    "FalseFilter",
    "Filter",
    "FilterError",
    "SqlFilter",
    "TrueFilter",
    "compile_action",
    "compile_filter",
]


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

_FIELDS = (
    "correlation_id",
    "message_id",
    "to",
    "reply_to",
    "subject",
    "session_id",
    "reply_to_session_id",
    "content_type",
)


def compile_filter(condition: Filter) -> Callable[[Message], bool]:
    """Errors: RuleSyntaxError."""
    if isinstance(condition, SqlFilter):
        return compile_condition(condition.expression, condition.parameters)
    if isinstance(condition, CorrelationFilter):
        return _correlates(condition)
    takes = isinstance(condition, TrueFilter)
    return lambda _: takes


def _correlates(condition: CorrelationFilter) -> Callable[[Message], bool]:
    fields = [(attrgetter(field), getattr(condition, field)) for field in _FIELDS]
    wanted = [(get, value) for get, value in fields if value is not None]
    properties = list(condition.properties.items())
    if not wanted and not properties:
        raise RuleSyntaxError("a correlation filter names at least one property")
    equal = comparison("=")

    def matches(message: Message) -> bool:
        found = message.application_properties
        return all(get(message) == value for get, value in wanted) and all(
            equal(found.get(name), value) for name, value in properties
        )

    return matches
