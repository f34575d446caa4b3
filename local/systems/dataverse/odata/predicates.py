"""From a filter's tree to a test of rows, and to their ids at once where an index has them.

Comparisons know SQL's third truth: a null is neither equal nor unequal to a value, so `name ne 'Acme'` does
not give the rows without a name, and neither does its negation. Texts are compared without case.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from local.systems.dataverse.errors import invalid
from local.systems.dataverse.odata.syntax import Among, Both, Compare, Condition, Either, Matches, Not
from local.systems.dataverse.schema import TIMES, Column, Table
from local.systems.dataverse.stamps import canonical_datetime
from local.systems.dataverse.store import TableRows
from local.systems.system import Row

Truth = bool | None
Test = Callable[[Row], Truth]

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_MATCHES: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_TEXTS: Final = frozenset({"text", "id", "guid", "lookup"})
_NUMBERS: Final = frozenset({"integer", "decimal", "money", "choice", "state", "status"})


def test_of(table: Table, condition: Condition) -> Test:
    """The test of a row; refused where a column does not exist or a value is not of its type."""
    match condition:
        case Both(left, right):
            return _both(test_of(table, left), test_of(table, right))
        case Either(left, right):
            return _either(test_of(table, left), test_of(table, right))
        case Not(inner):
            return _not(test_of(table, inner))
        case Compare(name, sign, value):
            return _compare(_column(table, name), sign, value)
        case Matches(name, function, text):
            return _matches(_column(table, name), function, text)
        case Among(name, values):
            return _among(_column(table, name), values)


def candidates(rows: TableRows, condition: Condition) -> set[str] | None:
    """Ids among which all that pass are, where indexes tell; None where each row has to be looked at."""
    match condition:
        case Both(left, right):
            found = [each for part in (left, right) if (each := candidates(rows, part)) is not None]
            return min(found, key=len) if found else None
        case Either(left, right):
            one, other = candidates(rows, left), candidates(rows, right)
            return None if one is None or other is None else one | other
        case Compare(name, "eq", value) if value is not None:
            return _indexed(rows, name, (value,))
        case Among(name, values):
            return _indexed(rows, name, values)
        case _:
            return None


def _indexed(rows: TableRows, name: str, values: tuple[Any, ...]) -> set[str] | None:
    column = _column(rows.table, name)
    if column.name == rows.table.id:
        return {str(value).lower() for value in values}
    if not rows.finds(column.shown) or not rows.ignores_case:  # filters do, whatever keys do
        return None
    return {key for value in values for key in rows.find((column.shown,), value)}


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        kind = f"Microsoft.Dynamics.CRM.{table.name}"
        raise invalid(f"Could not find a property named '{name}' on type '{kind}'.")
    return column


def _operand(column: Column, value: Any) -> Any:
    """A literal in the form of what is stored; refused where it is of another type."""
    if value is None:
        return None
    if column.kind in TIMES:
        return _moment(column, value)
    expected = str if column.kind in _TEXTS else bool if column.kind == "boolean" else int | float
    if not isinstance(value, expected) or (isinstance(value, bool) and column.kind in _NUMBERS):
        raise invalid(f"A binary operator with incompatible types was detected for '{column.name}'.")
    return _folded(value)


def _moment(column: Column, value: Any) -> str:
    text = str(value).upper()
    moment = text if column.kind == "date" else canonical_datetime(text)
    if moment is None:
        raise invalid(f"'{value}' is no date and time with an offset, as '{column.name}' wants it.")
    return moment


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _compare(column: Column, sign: str, value: Any) -> Test:
    name, wanted = column.shown, _operand(column, value)
    if wanted is None:
        return _is_null(name, sign)
    holds = _COMPARISONS[sign]
    if column.kind != "text":
        return lambda row: None if (found := row.get(name)) is None else holds(found, wanted)
    return lambda row: None if (found := row.get(name)) is None else holds(found.lower(), wanted)


def _is_null(name: str, sign: str) -> Test:
    if sign not in {"eq", "ne"}:
        raise invalid(f"null cannot be compared by '{sign}'.")
    wanted = sign == "eq"
    return lambda row: (row.get(name) is None) == wanted


def _matches(column: Column, function: str, text: str) -> Test:
    if column.kind != "text":
        raise invalid(f"'{function}' is for text, which '{column.name}' is not.")
    name, holds, wanted = column.shown, _MATCHES[function], text.lower()
    return lambda row: None if (found := row.get(name)) is None else holds(found.lower(), wanted)


def _among(column: Column, values: tuple[Any, ...]) -> Test:
    # PropertyValues are texts, whatever the column is
    name, wanted = column.shown, {str(value).lower() for value in values}
    return lambda row: None if (found := row.get(name)) is None else str(found).lower() in wanted


def _both(left: Test, right: Test) -> Test:
    def test(row: Row) -> Truth:
        one = left(row)
        if one is False:
            return False
        other = right(row)
        return False if other is False else None if one is None or other is None else True

    return test


def _either(left: Test, right: Test) -> Test:
    def test(row: Row) -> Truth:
        one = left(row)
        if one is True:
            return True
        other = right(row)
        return True if other is True else None if one is None or other is None else False

    return test


def _not(inner: Test) -> Test:
    def test(row: Row) -> Truth:
        truth = inner(row)
        return None if truth is None else not truth

    return test
