"""From a query to its rows: found by the plan, tested, sorted, cut, and shown as records.

```
  text ─parse─> Query ─scope, predicate─> meaning ─plan─> candidates ─> rows ─show─> JSON
```
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from local.systems.salesforce.org import Org
from local.systems.salesforce.schema import Field, SObject
from local.systems.salesforce.soql.lexer import SoqlError
from local.systems.salesforce.soql.parser import parse
from local.systems.salesforce.soql.plan import candidates
from local.systems.salesforce.soql.predicates import predicate
from local.systems.salesforce.soql.scope import Column, Scope
from local.systems.salesforce.soql.syntax import Ordering, Query
from local.systems.salesforce.tables import folded
from local.systems.system import Row

Show = Callable[[Row], Row]
"""From a stored row to the record in an answer."""


@dataclass(frozen=True, slots=True)
class Found:
    sobject: SObject
    keys: list[str]
    show: Show | None
    """None for a query that only counts."""


def answer(org: Org, text: str, base: str, *, deleted: bool) -> Found:
    """The ids of the rows that a query is about and how to show them; SoqlError where it is wrong."""
    query = parse(text)
    scope = Scope(org, query.source)
    show = None if query.count else shower(scope, query, base)
    keys = [row["Id"] for row in _rows(query, scope, org, deleted=deleted)]
    return Found(scope.sobject, keys, show)


def _rows(query: Query, scope: Scope, org: Org, *, deleted: bool) -> Iterator[Row]:
    if query.offset > 2000:
        raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000", 0)
    test = None if query.where is None else predicate(query.where, scope)
    sorts = [_sort_key(each, scope) for each in query.order]
    found = candidates(query, scope, org.table(scope.sobject))
    rows = found.rows if deleted else (row for row in found.rows if not row["IsDeleted"])
    rows = rows if test is None else filter(test, rows)
    if not found.ordered:
        rows = _sorted(rows, query.order, sorts)
    return islice(rows, query.offset, None if query.limit is None else query.offset + query.limit)


def _sort_key(ordering: Ordering, scope: Scope) -> Callable[[Row], Any]:
    column = scope.column(ordering.path)
    if not column.field.filterable:
        reason = f"field '{column.field.name}' can not be sorted in a query call"
        raise SoqlError("MALFORMED_QUERY", reason, ordering.path.place)
    get, fold = column.get, folded(column.field)
    null_rank = 1 if ordering.nulls_last is not ordering.descending else -1

    def key(row: Row) -> tuple[int, Any]:
        value = get(row)
        return (null_rank, "") if value is None else (0, fold(value) if fold else value)

    return key


def _sorted(
    rows: Iterator[Row], order: tuple[Ordering, ...], keys: list[Callable[[Row], Any]]
) -> Iterator[Row]:
    """Sorted by the last ordering first: each sort keeps what the one before it did."""
    found = list(rows)
    for ordering, key in reversed(list(zip(order, keys, strict=True))):
        found.sort(key=key, reverse=ordering.descending)
    return iter(found)


def shower(scope: Scope, query: Query, base: str) -> Show:
    """Shows the columns that a query selects."""
    columns = [scope.column(path) for path in query.select]
    for place, path in enumerate(query.select):
        if path.text.lower() in {each.text.lower() for each in query.select[:place]}:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {path.text}", path.place)
    return record_shower(scope, columns, base)


def record_shower(scope: Scope, columns: list[Column], base: str) -> Show:
    """Shows these columns of a row, a parent's inside an object of its own."""
    name = scope.sobject.name
    address = f"{base}/sobjects/{name}/"
    plain = [each.field.name for each in columns if each.reference is None and each.field.type != "address"]
    special = list(_specials(scope, columns, base))

    def show(row: Row) -> Row:
        get = row.get
        record: Row = {"attributes": {"type": name, "url": address + row["Id"]}}
        for field in plain:
            record[field] = get(field)
        for key, make in special:
            record[key] = make(row)
        return record

    return show


def _specials(scope: Scope, columns: list[Column], base: str) -> Iterator[tuple[str, Callable[[Row], Any]]]:
    parents: dict[str, list[Column]] = {}
    for column in columns:
        if column.reference is not None:
            parents.setdefault(column.reference.name, []).append(column)
        elif column.field.type == "address":
            yield column.field.name, _address(column.field)
    for group in parents.values():
        yield _parent(scope, group, base)


def _address(field: Field) -> Callable[[Row], Any]:
    parts = field.parts

    def make(row: Row) -> Row | None:
        address = {key: row.get(name) for key, name in parts.items()}
        return address if any(value is not None for value in address.values()) else None

    return make


def _parent(scope: Scope, columns: list[Column], base: str) -> tuple[str, Callable[[Row], Any]]:
    reference, parent = columns[0].reference, columns[0].parent
    if reference is None or parent is None or reference.relationship is None:
        raise ValueError("a column of a parent has a reference")  # pragma: no cover
    find, address = scope.parent_row(reference, parent), f"{base}/sobjects/{parent.name}/"
    names = [column.field.name for column in columns]

    def make(row: Row) -> Row | None:
        found = find(row)
        if found is None:
            return None
        attributes = {"type": parent.name, "url": address + found["Id"]}
        return {"attributes": attributes, **{name: found.get(name) for name in names}}

    return reference.relationship, make
