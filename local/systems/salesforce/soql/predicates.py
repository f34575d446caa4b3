"""From a condition to a function that says yes or no to a row.

Texts compare without case. Null is below nothing and above nothing; `!=` and `NOT IN` hold for it, unless
null itself is what is excluded. An empty text in a query is null, as it is in the store.
"""

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from local.systems.salesforce.ids import canonical
from local.systems.salesforce.schema import IDS, NUMBERS, TEXTS, Field
from local.systems.salesforce.soql.lexer import SoqlError
from local.systems.salesforce.soql.scope import Column, Scope
from local.systems.salesforce.soql.syntax import (
    All,
    Comparison,
    Condition,
    Literal,
    Membership,
    Negation,
    Path,
)
from local.systems.salesforce.tables import folded
from local.systems.system import Row

Predicate = Callable[[Row], bool]
_ORDERED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def predicate(condition: Condition, scope: Scope) -> Predicate:
    """The test that a condition stands for; SoqlError where its fields or values make no sense."""
    if isinstance(condition, Comparison):
        return _comparison(condition, scope)
    if isinstance(condition, Membership):
        return _membership(condition, scope)
    if isinstance(condition, Negation):
        inner = predicate(condition.condition, scope)
        return lambda row: not inner(row)
    tests = [predicate(each, scope) for each in condition.conditions]
    if isinstance(condition, All):
        return lambda row: all(test(row) for test in tests)
    return lambda row: any(test(row) for test in tests)


def operand(field: Field, literal: Literal) -> Any:
    """A literal in the form in which the field's values are compared; SoqlError for another type."""
    if literal.kind == "null" or (literal.kind == "string" and literal.value == "" and field.type not in IDS):
        return None
    kind = _KIND_OF.get(field.type, "string")
    if literal.kind != kind:
        raise _wrong_kind(field, kind, literal.place)
    if field.type in IDS:
        return _id(literal)
    fold = folded(field)
    return fold(_without_like_escapes(literal.value)) if fold else literal.value


_KIND_OF: Final = {
    **dict.fromkeys(NUMBERS, "number"),
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}


def _wrong_kind(field: Field, kind: str, place: int) -> SoqlError:
    name = {"datetime": "dateTime", "number": field.type}.get(kind, kind)
    quotes = "should be enclosed in quotes" if kind == "string" else "should not be enclosed in quotes"
    reason = f"value of filter criterion for field '{field.name}' must be of type {name} and {quotes}"
    return SoqlError("INVALID_FIELD", reason, place)


def _id(literal: Literal) -> str:
    key = canonical(literal.value)
    if key is None:
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.value}", literal.place)
    return key


def _without_like_escapes(text: str) -> str:
    return text.replace("\\%", "%").replace("\\_", "_") if "\\" in text else text


def _filterable(path: Path, scope: Scope) -> Column:
    column = scope.column(path)
    if not column.field.filterable:
        reason = f"field '{column.field.name}' can not be filtered in a query call"
        raise SoqlError("INVALID_FIELD", reason, path.place)
    return column


def _comparison(condition: Comparison, scope: Scope) -> Predicate:
    column = _filterable(condition.path, scope)
    if condition.operator == "LIKE":
        return _like(column, condition.literal, condition.path.place)
    wanted = operand(column.field, condition.literal)
    if condition.operator in _ORDERED:
        return _ordered(column, _ORDERED[condition.operator], wanted)
    if condition.operator == "=":
        return _equal(column, wanted)
    equal = _equal(column, wanted)
    return lambda row: not equal(row)


def _equal(column: Column, wanted: Any) -> Predicate:
    get, fold = column.get, folded(column.field)
    if fold is None or wanted is None:
        return lambda row: get(row) == wanted

    def test(row: Row) -> bool:
        value = get(row)
        return value is not None and fold(value) == wanted

    return test


def _ordered(column: Column, compare: Callable[[Any, Any], bool], wanted: Any) -> Predicate:
    get, fold = column.get, folded(column.field)
    if wanted is None:
        return lambda _: False

    def test(row: Row) -> bool:
        value = get(row)
        return value is not None and compare(fold(value) if fold else value, wanted)

    return test


def _membership(condition: Membership, scope: Scope) -> Predicate:
    column = _filterable(condition.path, scope)
    wanted = frozenset(operand(column.field, literal) for literal in condition.literals)
    get, fold, negated = column.get, folded(column.field), condition.negated

    def test(row: Row) -> bool:
        value = get(row)
        return ((fold(value) if fold and value is not None else value) in wanted) is not negated

    return test


def _like(column: Column, literal: Literal, place: int) -> Predicate:
    if literal.kind != "string" or column.field.type not in TEXTS:
        reason = f"invalid operator on {column.field.type} field"
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", reason, place)
    get, matches = column.get, _pattern(literal.value).fullmatch
    return lambda row: matches(get(row) or "") is not None


def _pattern(text: str) -> re.Pattern[str]:
    """A LIKE pattern: % for any text, _ for one character, a backslash before either for itself."""
    parts = re.split(r"(\\[%_]|[%_])", text)
    signs = {"%": ".*", "_": ".", "\\%": "%", "\\_": "_"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts), re.IGNORECASE | re.DOTALL)
