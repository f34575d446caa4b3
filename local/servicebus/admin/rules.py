"""Rules as XML, both ways.

    <RuleDescription>
      <Filter i:type="SqlFilter | TrueFilter | FalseFilter | CorrelationFilter"> ... </Filter>
      <Action i:type="SqlRuleAction | EmptyRuleAction"> ... </Action>
      <CreatedAt/> <Name/>
    </RuleDescription>

Values of properties and parameters carry their type: <Value i:type="d6p1:int">1</Value>.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from local.servicebus import durations, fields
from local.servicebus.admin.atom import stamp
from local.servicebus.admin.xml import (
    SCHEMA,
    DocumentError,
    bus,
    find,
    kind_of,
    local,
    texts,
    typed,
)
from local.servicebus.engine.entities import DEFAULT_RULE, Rule
from local.servicebus.engine.filters import CorrelationFilter, FalseFilter, Filter, SqlFilter, TrueFilter
from local.servicebus.engine.message import Value

_PREFIX = "d6p1"
_LEVEL = "20"


def to_xml(rule: Rule) -> Element:
    made = [bus("CreatedAt", stamp(rule.created_at))] if rule.created_at is not None else []
    parts = [_filter_to_xml(rule.filter), _action_to_xml(rule), *made, bus("Name", rule.name)]
    return bus("RuleDescription", parts)


def from_xml(description: Element, name: str) -> Rule:
    """Errors: DocumentError."""
    action = find(description, "Action")
    rule = Rule(name=name, filter=_filter_from_xml(find(description, "Filter")))
    if action is None or kind_of(action) != "SqlRuleAction":
        return rule
    expression, parameters = texts(action).get("SqlExpression"), _values(find(action, "Parameters"))
    return replace(rule, action=expression or None, action_parameters=parameters)


def name_in(description: Element) -> str:
    return texts(description).get("Name") or DEFAULT_RULE


def _filter_to_xml(condition: Filter) -> Element:
    if isinstance(condition, CorrelationFilter):
        return typed(bus("Filter", _correlation_to_xml(condition)), "CorrelationFilter")
    if isinstance(condition, SqlFilter):
        return typed(bus("Filter", _sql(condition.expression, condition.parameters)), "SqlFilter")
    if isinstance(condition, FalseFilter):
        return typed(bus("Filter", _sql("1=0", {})), "FalseFilter")
    return typed(bus("Filter", _sql("1=1", {})), "TrueFilter")


def _filter_from_xml(element: Element | None) -> Filter:
    kind = "TrueFilter" if element is None else kind_of(element)
    if element is None or kind == "TrueFilter":
        return TrueFilter()
    if kind == "FalseFilter":
        return FalseFilter()
    if kind == "SqlFilter":
        return SqlFilter(texts(element).get("SqlExpression", ""), _values(find(element, "Parameters")))
    if kind == "CorrelationFilter":
        return _correlation_from_xml(element)
    raise DocumentError(f"there is no kind of filter {kind!r}")


def _correlation_to_xml(condition: CorrelationFilter) -> Iterator[Element]:
    for name, attribute in fields.CORRELATION.items():
        if getattr(condition, attribute) is not None:
            yield bus(name, getattr(condition, attribute))
    yield bus("Properties", map(_pair, condition.properties.items()))


def _correlation_from_xml(element: Element) -> CorrelationFilter:
    own = {
        fields.CORRELATION[name]: text for name, text in texts(element).items() if name in fields.CORRELATION
    }
    return CorrelationFilter(**own, properties=_values(find(element, "Properties")))


def _action_to_xml(rule: Rule) -> Element:
    if rule.action is None:
        return typed(bus("Action"), "EmptyRuleAction")
    return typed(bus("Action", _sql(rule.action, rule.action_parameters)), "SqlRuleAction")


def _sql(expression: str, parameters: Mapping[str, Value]) -> Iterator[Element]:
    yield bus("SqlExpression", expression)
    yield bus("CompatibilityLevel", _LEVEL)
    if parameters:
        yield bus("Parameters", map(_pair, parameters.items()))


def _pair(item: tuple[str, Value]) -> Element:
    name, value = item
    kind, text = _said(value)
    element = typed(bus("Value", text), f"{_PREFIX}:{kind}")
    element.set(f"xmlns:{_PREFIX}", SCHEMA)
    return bus("KeyValueOfstringanyType", [bus("Key", name), element])


def _said(value: Value) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean", str(value).lower()
    if isinstance(value, int):
        return ("int" if abs(value) < 2**31 else "long"), str(value)
    if isinstance(value, datetime):
        return "dateTime", value.isoformat()
    if isinstance(value, timedelta):
        return "duration", durations.say(value)
    if isinstance(value, float | Decimal):
        return "double", str(value)
    return "string", str(value)


def _values(element: Element | None) -> dict[str, Any]:
    pairs = [] if element is None else [pair for pair in element if local(pair) == "KeyValueOfstringanyType"]
    return dict(map(_value, pairs))


def _value(pair: Element) -> tuple[str, Any]:
    key, value = find(pair, "Key"), find(pair, "Value")
    if key is None or value is None:
        raise DocumentError("a pair needs a Key and a Value")
    try:
        return key.text or "", _READ.get(kind_of(value), str)(value.text or "")
    except ValueError as error:
        raise DocumentError(f"the value of {key.text}: {error}") from error


_READ: dict[str, Any] = {
    "int": int,
    "long": int,
    "boolean": lambda text: text.lower() == "true",
    "double": float,
    "dateTime": datetime.fromisoformat,
    "duration": durations.parse,
}
