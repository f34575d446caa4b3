"""What a table is: its columns, its alternate keys, its states; `tables.py` has those that there are.

```
  Column   logical name    kind      shown in JSON as      written as
           name            text      name                  name
           revenue         money     revenue               revenue
           parentaccountid lookup    _parentaccountid_value  parentaccountid@odata.bind
           customerid      lookup    _customerid_value     customerid_account@odata.bind, customerid_contact@…
```
A stored row is a map from the name under which a column is shown to its value; null is left out. Of a lookup
that may point into several tables, the table stands beside it under `POINTS_TO`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

POINTS_TO: Final = "@Microsoft.Dynamics.CRM.lookuplogicalname"
CHOICES: Final = frozenset({"choice", "state", "status"})
TIMES: Final = frozenset({"datetime", "date"})


@dataclass(frozen=True)
class Column:
    """One column. `most` is the longest text or the largest number."""

    name: str
    kind: str
    most: int = 0
    flag: str = ""
    """required (a create without it is refused), read (the server's), computed (the server's, unless an
    integration user writes it)."""
    default: str = ""
    options: Mapping[int, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()

    @cached_property
    def shown(self) -> str:
        return f"_{self.name}_value" if self.kind == "lookup" else self.name

    @cached_property
    def navigations(self) -> dict[str, str]:
        """Property by which the lookup is written, to the table that it points into."""
        if len(self.targets) == 1:
            return {self.name: self.targets[0]}
        return {f"{self.name}_{target}": target for target in self.targets}

    def navigation_to(self, table: str) -> str:
        return next(name for name, target in self.navigations.items() if target == table)


@dataclass(frozen=True)
class Key:
    """An alternate key: columns whose values, together, no two rows share."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    name: str
    set_name: str
    title: str
    """The column that people know a row by."""
    columns: Mapping[str, Column]
    keys: tuple[Key, ...] = ()
    states: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """State to its statuses, the usual one first; the first state is that of a new row."""
    tracked: bool = True
    """Whether changes can be asked for."""
    indexed: frozenset[str] = frozenset()
    """Columns found without a scan, besides those of keys."""

    @cached_property
    def id(self) -> str:
        return f"{self.name}id"

    @cached_property
    def label(self) -> str:
        return self.name.capitalize()

    @cached_property
    def by_shown(self) -> dict[str, Column]:
        return {column.shown: column for column in self.columns.values()}

    @cached_property
    def navigations(self) -> dict[str, tuple[Column, str]]:
        """Property of a lookup to its column and the table that it points into."""
        lookups = (column for column in self.columns.values() if column.kind == "lookup")
        return {name: (each, target) for each in lookups for name, target in each.navigations.items()}

    @cached_property
    def finders(self) -> tuple[tuple[str, ...], ...]:
        """The combinations of columns, as shown, by which rows are found at once."""
        single = [(self.columns[name].shown,) for name in sorted(self.indexed)]
        return tuple(dict.fromkeys([*self.keys_by_shown.values(), *single]))

    @cached_property
    def state_of(self) -> dict[int, int]:
        """Status to its state."""
        return {status: state for state, statuses in self.states.items() for status in statuses}

    def column(self, name: str) -> Column | None:
        """A column by its logical name or the name under which it is shown."""
        return self.columns.get(name) or self.by_shown.get(name)

    @cached_property
    def keys_by_shown(self) -> dict[frozenset[str], tuple[str, ...]]:
        """The columns of each alternate key as shown: as a set, and in the key's order."""
        keys = [tuple(self.columns[name].shown for name in key.columns) for key in self.keys]
        return {frozenset(columns): columns for columns in keys}


class Schema:
    """The tables of one environment, by logical name and by the name of their set."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = dict(tables)
        self.sets = {table.set_name: table for table in tables.values()}

    def without(self, column: str) -> "Schema":
        """The same where nobody has added this column yet."""
        return Schema({name: _without(table, column) for name, table in self.tables.items()})

    def with_key(self, table: str, *columns: str) -> "Schema":
        """The same with one more alternate key."""
        found = self.tables[table]
        key = Key("_".join(("cw", *columns)), columns)
        return Schema({**self.tables, table: replace(found, keys=(*found.keys, key))})


def _without(table: Table, name: str) -> Table:
    columns = {each: column for each, column in table.columns.items() if each != name}
    keys = tuple(key for key in table.keys if name not in key.columns)
    return replace(table, columns=columns, keys=keys)
