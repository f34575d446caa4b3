"""Rules of a subscription as the management node takes and gives them.

Taken is a map (`sql-filter`, `correlation-filter`, `sql-rule-action`), given is a described list: that is how
it is documented.
"""

from __future__ import annotations

from typing import Any

from local.servicebus.amqp.bodies import Body
from local.servicebus.amqp.codec.values import Described, Int, ULong
from local.servicebus.amqp.envelope import to_timestamp, to_wire
from local.servicebus.amqp.errors import ARGUMENT_ERROR, AmqpError
from local.servicebus.engine.entities import Rule
from local.servicebus.engine.filters import CorrelationFilter, FalseFilter, Filter, SqlFilter, TrueFilter

_RULE = ULong(0x13700000004)
_NO_ACTION = ULong(0x13700000005)
_SQL_ACTION = ULong(0x13700000006)
_SQL_FILTER = ULong(0x1370000006)
_TRUE_FILTER = ULong(0x1370000007)
_FALSE_FILTER = ULong(0x1370000008)
_CORRELATION_FILTER = ULong(0x1370000009)

_LEVEL = Int(20)
"""The version of the SQL grammar, a constant of the protocol."""


def to_rule(name: str, description: Body) -> Rule:
    return Rule(name=name, filter=_filter(description), action=_action(description))


def from_rule(rule: Rule) -> Described:
    action = Described(_SQL_ACTION, [rule.action, _LEVEL]) if rule.action else Described(_NO_ACTION, [])
    created = to_timestamp(rule.created_at) if rule.created_at else None
    return Described(_RULE, [_described(rule.filter), action, rule.name, created])


def _filter(description: Body) -> Filter:
    if "sql-filter" in description:
        return SqlFilter(description.body("sql-filter").text("expression"))
    if "correlation-filter" in description:
        return _correlation(description.body("correlation-filter"))
    raise AmqpError(ARGUMENT_ERROR, "A rule has a 'sql-filter' or a 'correlation-filter'.")


def _correlation(body: Body) -> CorrelationFilter:
    return CorrelationFilter(
        correlation_id=body.optional_text("correlation-id"),
        message_id=body.optional_text("message-id"),
        to=body.optional_text("to"),
        reply_to=body.optional_text("reply-to"),
        subject=body.optional_text("label"),
        session_id=body.optional_text("session-id"),
        reply_to_session_id=body.optional_text("reply-to-session-id"),
        content_type=body.optional_text("content-type"),
        properties=body.values("properties"),
    )


def _action(description: Body) -> str | None:
    if "sql-rule-action" not in description:
        return None
    return description.body("sql-rule-action").optional_text("expression") or None


def _described(rule_filter: Filter) -> Described:
    match rule_filter:
        case TrueFilter():
            return Described(_TRUE_FILTER, [])
        case FalseFilter():
            return Described(_FALSE_FILTER, [])
        case SqlFilter(expression=expression):
            return Described(_SQL_FILTER, [expression, _LEVEL])
        case CorrelationFilter():
            return Described(_CORRELATION_FILTER, _correlated(rule_filter))


def _correlated(known: CorrelationFilter) -> list[Any]:
    return [
        known.correlation_id,
        known.message_id,
        known.to,
        known.reply_to,
        known.subject,
        known.session_id,
        known.reply_to_session_id,
        known.content_type,
        {name: to_wire(value) for name, value in known.properties.items()},
    ]
