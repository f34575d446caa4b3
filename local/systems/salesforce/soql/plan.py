"""Which rows a query has to look at, and in which order: the whole table only where no index serves.

| index                            | serves                                                    |
|----------------------------------|-----------------------------------------------------------|
| ids, indexed values              | `WHERE Id IN (...)`, `Email = '...'`                      |
| (SystemModstamp, Id), bounded    | `WHERE SystemModstamp >= t ORDER BY SystemModstamp, Id`   |
| Id, from a bound                 | `WHERE Id > '...' ORDER BY Id`, and whatever is left      |

Bounds are taken from the condition by `_low` and `_high`: through an AND the tighter one, through an OR the
looser one. They only narrow what is looked at; the condition is still asked of every row.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from local.systems.salesforce.ids import canonical
from local.systems.salesforce.soql.predicates import operand
from local.systems.salesforce.soql.scope import Scope
from local.systems.salesforce.soql.syntax import (
    All,
    Comparison,
    Condition,
    Literal,
    Membership,
    Ordering,
    Query,
    Some,
)
from local.systems.salesforce.tables import Table
from local.systems.system import Row

STAMP: Final = "systemmodstamp"
_LAST: Final = "\uffff"
Entry = tuple[str, str]
"""A place in the order of stamps: (stamp, id)."""


@dataclass(frozen=True, slots=True)
class Candidates:
    rows: Iterator[Row]
    ordered: bool
    """Whether they come in the order that the query asks for."""


def candidates(query: Query, scope: Scope, table: Table) -> Candidates:
    """The rows that may answer a query."""
    seen, condition = table.seen, query.where
    keys = None if condition is None else _keys(condition, scope, table)
    if keys is not None:
        return Candidates(_existing(sorted(keys), seen), ordered=not query.order)
    order = _order_of(query.order)
    low, high = (None, None) if condition is None else (_low(condition), _high(condition))
    if order == STAMP or low or high:
        return Candidates(_between(table, low, high, seen), ordered=order == STAMP or not query.order)
    start = "" if condition is None else _low_id(condition, scope) or ""
    return Candidates(
        _existing((key for _, key in table.by_id.since(start)), seen), ordered=order in {"", "id"}
    )


def _existing(keys: Iterable[str], seen: Mapping[str, Row]) -> Iterator[Row]:
    return (row for row in map(seen.get, keys) if row is not None)


def _between(table: Table, low: Entry | None, high: str | None, seen: Mapping[str, Row]) -> Iterator[Row]:
    entries = iter(table.by_stamp) if low is None else table.by_stamp.after(*low)
    if high is not None:
        entries = takewhile(lambda entry: entry[0] <= high, entries)
    return _existing((key for _, key in entries), seen)


def _order_of(order: tuple[Ordering, ...]) -> str:
    """Which index gives this order: of stamps, of ids, none at all is asked for, or `?`."""
    if any(each.descending for each in order):
        return "?"
    names = [each.path.text.lower() for each in order]
    if names in ([STAMP], [STAMP, "id"]):
        return STAMP
    return {(): "", ("id",): "id"}.get(tuple(names), "?")


# The keys that a condition pins down; None where it pins none


def _keys(condition: Condition, scope: Scope, table: Table) -> set[str] | None:
    if isinstance(condition, All):
        sets = [keys for each in condition.conditions if (keys := _keys(each, scope, table)) is not None]
        return min(sets, key=len) if sets else None
    if isinstance(condition, Some):
        found = [_keys(each, scope, table) for each in condition.conditions]
        return None if None in found else set().union(*(keys for keys in found if keys is not None))
    return _pinned(condition, scope, table)


def _pinned(condition: Condition, scope: Scope, table: Table) -> set[str] | None:
    literals = _equal_to(condition)
    if literals is None or not isinstance(condition, Comparison | Membership):
        return None
    column = scope.column(condition.path)
    name = column.field.name
    if column.reference is not None or (name != "Id" and not table.finds(name)):
        return None
    values = [operand(column.field, literal) for literal in literals]
    if None in values:
        return None
    return set(values) if name == "Id" else {key for value in values for key in table.find(name, value)}


def _equal_to(condition: Condition) -> tuple[Literal, ...] | None:
    if isinstance(condition, Membership) and not condition.negated:
        return condition.literals
    if isinstance(condition, Comparison) and condition.operator == "=":
        return (condition.literal,)
    return None


# Bounds in the order of stamps; None where a condition gives none


def _low(condition: Condition) -> Entry | None:
    """Everything that the condition holds for lies behind this entry."""
    if isinstance(condition, Comparison):
        return _low_stamp(condition)
    if isinstance(condition, All):
        lows = [low for each in condition.conditions if (low := _low(each)) is not None]
        return max([*lows, *_tie(condition)], default=None)
    if isinstance(condition, Some):
        found = [_low(each) for each in condition.conditions]
        return None if None in found else min(low for low in found if low is not None)
    return None


def _low_stamp(condition: Comparison) -> Entry | None:
    if condition.path.text.lower() != STAMP or condition.operator not in {"=", ">", ">="}:
        return None
    if condition.literal.value is None:
        return None
    return condition.literal.value, _LAST if condition.operator == ">" else ""


def _tie(condition: All) -> list[Entry]:
    """`SystemModstamp = t AND Id > x`: behind x among the rows of one stamp."""
    tests = [each for each in condition.conditions if isinstance(each, Comparison)]
    stamps = [low for each in tests if each.operator == "=" and (low := _low_stamp(each)) is not None]
    ids = [
        canonical(each.literal.value) or ""
        for each in tests
        if each.path.text.lower() == "id" and each.operator == ">" and each.literal.kind == "string"
    ]
    return [(stamp, key) for stamp, _ in stamps for key in ids]


def _high(condition: Condition) -> str | None:
    """Everything that the condition holds for has this stamp or an earlier one."""
    if isinstance(condition, Comparison):
        about_stamps = condition.path.text.lower() == STAMP and condition.operator in {"=", "<", "<="}
        return condition.literal.value if about_stamps and condition.literal.value else None
    if isinstance(condition, All):
        return min((high for each in condition.conditions if (high := _high(each)) is not None), default=None)
    if isinstance(condition, Some):
        found = [_high(each) for each in condition.conditions]
        return None if None in found else max(high for high in found if high is not None)
    return None


def _low_id(condition: Condition, scope: Scope) -> str | None:
    tests = condition.conditions if isinstance(condition, All) else (condition,)
    lows = [
        str(operand(scope.column(each.path).field, each.literal))
        for each in tests
        if isinstance(each, Comparison) and each.path.text.lower() == "id" and each.operator in {">", ">="}
    ]
    return max(lows, default=None)
