"""The environment behind the API: its tables with their indexes, versions, deletions and transactions.

Every write of a row takes the next number of one counter for all tables, the row's `versionnumber`. A row
that is deleted leaves its id behind with a number of its own, for whoever asks what has changed. A
transaction is an undo log: requests come one at a time, so nobody sees what is rolled back.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any, Final
from uuid import UUID

from local.systems.dataverse.schema import Schema, Table
from local.systems.dataverse.stamps import stamp
from local.systems.dataverse.switches import Switches
from local.systems.order import Finder, Order
from local.systems.rows import Rows
from local.systems.system import Clock, Row

HUB_USER: Final = "00000000-0000-0000-0000-0000000000a1"
PERSON: Final = "00000000-0000-0000-0000-0000000000b1"
OTHER_PERSON: Final = "00000000-0000-0000-0000-0000000000b2"
CURRENCY: Final = "00000000-0000-0000-0000-0000000000c1"
UNIT_GROUP: Final = "00000000-0000-0000-0000-0000000000d1"
UNIT: Final = "00000000-0000-0000-0000-0000000000d2"
_VERSIONS: Final = "versionnumber"
_FIRST_VERSION: Final = 1_000_000


class TableRows:
    """The rows of one table, by id."""

    def __init__(self, rows: Rows, table: Table, *, ignore_case: bool) -> None:
        self.table = table
        self.gone_name = f"{table.name} deleted"
        self._rows = rows
        self.ignores_case = ignore_case
        self._fold = _folded if ignore_case else _as_it_is
        self.written: Mapping[str, Row] = rows.table(table.name)
        self.gone: Mapping[str, Row] = rows.table(self.gone_name)
        self.by_version: Order = rows.order(table.name, _version_of)
        self.by_id: Order = rows.order(table.name, lambda row: row[table.id])
        self.gone_by_version: Order = rows.order(self.gone_name, _version_of)
        self._finders: dict[tuple[str, ...], Finder] = {
            columns: rows.finder(table.name, _value_of(columns, self._fold)) for columns in table.finders
        }

    @property
    def seen(self) -> Mapping[str, Row]:
        """The rows as a query sees them: without what a long transaction has not committed yet."""
        return self._rows.view(self.table.name)

    @property
    def gone_seen(self) -> Mapping[str, Row]:
        return self._rows.view(self.gone_name)

    def finds(self, *columns: str) -> bool:
        return columns in self._finders

    def find(self, columns: tuple[str, ...], *values: Any) -> list[str]:
        """Ids of rows that have these values in these columns, by the names under which they are shown."""
        folded = tuple(self._fold(value) for value in values)
        return self._finders[columns].find(folded[0] if len(folded) == 1 else folded)


class Store:
    def __init__(self, schema: Schema, rows: Rows, clock: Clock, random: Random, switches: Switches) -> None:
        self.schema = schema
        self.rows = rows
        self.clock = clock
        self.switches = switches
        self._random = random
        fold = switches.keys_ignore_case
        self.tables = {
            name: TableRows(rows, table, ignore_case=fold) for name, table in schema.tables.items()
        }
        self._undo: list[tuple[str, str, Row | None]] | None = None
        rows.count_on(_VERSIONS, _FIRST_VERSION)

    def now(self) -> datetime:
        return self.clock()

    def new_guid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def number(self, counter: str) -> int:
        """The next number of a counter, for numbers that people read."""
        return self.rows.count(counter)

    def next_version(self) -> int:
        return self.rows.count(_VERSIONS)

    @property
    def version(self) -> int:
        """The number of the last write."""
        number: int = self.rows.table("counters")[_VERSIONS]["value"]
        return number

    # Writing

    def put(self, table: Table, row: Row) -> None:
        """The row's next version."""
        key = row[table.id]
        row[_VERSIONS] = self.next_version()
        self._write(table.name, key, row)
        gone = self.tables[table.name].gone_name
        if key in self.rows.table(gone):  # made again under its old id: it is not gone
            self._write(gone, key, None)

    def remove(self, table: Table, key: str) -> None:
        self._write(table.name, key, None)
        gone = {"id": key, _VERSIONS: self.next_version(), "at": stamp(self.now())}
        self._write(self.tables[table.name].gone_name, key, gone)

    def _write(self, name: str, key: str, row: Row | None) -> None:
        if self._undo is not None:
            self._undo.append((name, key, self.rows.table(name).get(key)))
        self._set(name, key, row)

    def _set(self, name: str, key: str, row: Row | None) -> None:
        if row is None:
            self.rows.delete(name, key)
        else:
            self.rows.put(name, key, row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing where it ends with an error."""
        log: list[tuple[str, str, Row | None]] = []
        outer, self._undo = self._undo, log
        try:
            yield
        except BaseException:
            for name, key, before in reversed(log):
                self._set(name, key, before)
            raise
        else:
            if outer is not None:
                outer.extend(log)
        finally:
            self._undo = outer


def _version_of(row: Row) -> Any:
    return row[_VERSIONS]


def _folded(value: Any) -> Any:
    return value.lower() if value.__class__ is str else value


def _as_it_is(value: Any) -> Any:
    return value


def _value_of(columns: tuple[str, ...], fold: Callable[[Any], Any]) -> Callable[[Row], Any]:
    """What a finder knows a row by; None where one of the columns is empty."""
    if len(columns) == 1:
        name = columns[0]
        return lambda row: fold(row.get(name))

    def values_of(row: Row) -> Any:
        values = tuple(fold(row.get(name)) for name in columns)
        return None if None in values else values

    return values_of
