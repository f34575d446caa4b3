"""The rows of one object, with the indexes that make lookups and polls quick.

A row is a map of field name to value; a field that it does not have is null. A deleted row stays, with
`IsDeleted` true: the recycle bin. Keys that start with `_` are the server's own and no field: `_client` is
who wrote the row last.
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.systems.order import Finder, Order
from local.systems.rows import Rows
from local.systems.salesforce.schema import TEXTS, Field, SObject
from local.systems.system import Row


class Table:
    def __init__(self, rows: Rows, sobject: SObject) -> None:
        self.sobject = sobject
        self._rows = rows
        self.written: Mapping[str, Row] = rows.table(sobject.name)
        self.by_stamp: Order = rows.order(sobject.name, lambda row: row["SystemModstamp"])
        self.by_id: Order = rows.order(sobject.name, lambda row: row["Id"])
        self._folds = {field.name: folded(field) or _as_it_is for field in sobject.indexed}
        self._finders: dict[str, Finder] = {
            field.name: rows.finder(sobject.name, _living_value(field)) for field in sobject.indexed
        }

    @property
    def seen(self) -> Mapping[str, Row]:
        """The rows as a query sees them: without what a long transaction has not committed yet."""
        return self._rows.view(self.sobject.name)

    def find(self, field: str, value: Any) -> list[str]:
        """The ids of living rows with this value, capitals or not."""
        return self._finders[field].find(self._folds[field](value))

    def finds(self, field: str) -> bool:
        return field in self._finders

    def put(self, row: Row) -> None:
        self._rows.put(self.sobject.name, row["Id"], row)

    def remove(self, key: str) -> None:
        """Takes a row back that was put in a transaction that failed."""
        self._rows.delete(self.sobject.name, key)


def folded(field: Field) -> Callable[[Any], Any] | None:
    """How a field's values are made comparable: texts without case, ids and the rest as they are."""
    return str.lower if field.type in TEXTS else None


def _as_it_is(value: Any) -> Any:
    return value


def _living_value(field: Field) -> Callable[[Row], Any]:
    name, fold = field.name, folded(field) or _as_it_is

    def value_of(row: Row) -> Any:
        value = row.get(name)
        return None if value is None or row["IsDeleted"] else fold(value)

    return value_of
