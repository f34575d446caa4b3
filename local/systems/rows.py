"""The state of one simulated system: tables of JSON rows in memory, journalled to SQLite.

```
  put, delete ──> tables (live) ──> indexes
       │
       └──> written by this request ──commit──> journal (SQLite), one transaction
```

Rules
- A row in a table is never changed in place: put a new one. Indexes compare the old row with the new.
- What was committed survives SIGKILL of the process. Losing the machine's power may lose the last moments.
- `hold` keeps later writes out of queries for a time, as a long transaction of the vendor's database would:
  `table` shows what is written, `view` and the orders what a query may see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from local.systems.journal import Journal
from local.systems.order import Finder, Index, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from local.systems.system import Row

_COUNTERS = "counters"


@dataclass(frozen=True, slots=True)
class Written:
    """A row that was written, before and after; None where it was not there, or is gone."""

    table: str
    key: str
    before: Row | None
    after: Row | None


Kind = TypeVar("Kind", bound=Index)


class Rows:
    def __init__(self, path: Path | None = None) -> None:
        self._tables: dict[str, dict[str, Row]] = defaultdict(dict)
        self._orders: dict[str, list[Order]] = defaultdict(list)
        self._finders: dict[str, list[Finder]] = defaultdict(list)
        self._written: dict[tuple[str, str], Row | None] = {}
        self._hidden: dict[str, dict[str, Row | None]] = defaultdict(dict)
        self._reveals: dict[tuple[str, str], datetime] = {}
        self._held_until: datetime | None = None
        self._before: dict[tuple[str, str], Row | None] = {}
        self._listener: Callable[[Sequence[Written]], None] | None = None
        self._journal = None if path is None else Journal(path)
        if self._journal is not None:
            self._journal.replay(self._tables)

    def table(self, name: str) -> Mapping[str, Row]:
        """All rows by key, live; to be read only."""
        return self._tables[name]

    def view(self, name: str) -> Mapping[str, Row]:
        """The rows that a query may see: a held row is seen as it was before, or not at all."""
        hidden = self._hidden[name]
        return _View(self._tables[name], hidden) if hidden else self._tables[name]

    def order(self, name: str, of: Callable[[Row], Any]) -> Order:
        """A new index of what queries see, ordered by a value of the row."""
        order = Order(of)
        self._orders[name].append(order)
        return self._fill(order, name)

    def finder(self, name: str, of: Callable[[Row], Any]) -> Finder:
        """A new index of what is written, by a value of the row."""
        finder = Finder(of)
        self._finders[name].append(finder)
        return self._fill(finder, name)

    def put(self, name: str, key: str, row: Row) -> None:
        self._write(name, key, row)

    def delete(self, name: str, key: str) -> None:
        self._write(name, key, None)

    def count(self, counter: str) -> int:
        """The next number of a counter, from 1."""
        number: int = self._tables[_COUNTERS].get(counter, {"value": 0})["value"] + 1
        self._write(_COUNTERS, counter, {"value": number})
        return number

    def count_on(self, counter: str, least: int) -> None:
        """The counter goes on behind this number, if it is not already further."""
        if self._tables[_COUNTERS].get(counter, {"value": 0})["value"] < least:
            self._write(_COUNTERS, counter, {"value": least})

    def commit(self) -> None:
        """One transaction for all that was written since the last."""
        if self._journal is not None and self._written:
            self._journal.append([(name, key, row) for (name, key), row in self._written.items()])
            self._journal.compact(self._tables)
        self._written.clear()
        self._tell()

    def listen(self, listener: Callable[[Sequence[Written]], None] | None) -> None:
        """Who hears of rows that have changed, once they are committed; nobody, with None."""
        self._listener = listener
        self._before.clear()

    def _tell(self) -> None:
        told, self._before = self._before, {}
        if told and self._listener is not None:
            changed = [
                Written(*place, before, self._tables[place[0]].get(place[1]))
                for place, before in told.items()
            ]
            self._listener([each for each in changed if each.before != each.after])

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def hold(self, until: datetime | None) -> None:
        """What is put from now on is seen by queries only from `until`; None ends it."""
        self._held_until = until

    def held(self) -> Iterator[Row | None]:
        """What is written and not seen yet; None for a delete."""
        return (self._tables[name].get(key) for name, key in self._reveals)

    def reveal(self, now: datetime) -> None:
        """Shows the held rows whose time has come."""
        for name, key in [place for place, until in self._reveals.items() if until <= now]:
            del self._reveals[name, key], self._hidden[name][key]
            _note(self._orders[name], key, self._tables[name].get(key))

    def _write(self, name: str, key: str, row: Row | None) -> None:
        table = self._tables[name]
        if self._listener is not None:
            self._before.setdefault((name, key), table.get(key))
        if self._held_until is not None:
            self._hide(name, key, self._held_until)
        if row is None:
            table.pop(key, None)
        else:
            table[key] = row
        self._written[name, key] = row
        _note(self._finders[name], key, row)
        if key not in self._hidden[name]:
            _note(self._orders[name], key, row)

    def _hide(self, name: str, key: str, until: datetime) -> None:
        self._hidden[name].setdefault(key, self._tables[name].get(key))
        self._reveals[name, key] = until

    def _fill(self, index: Kind, name: str) -> Kind:
        for key, row in self._tables[name].items():
            index.note(key, row)
        return index


class _View(Mapping[str, "Row"]):
    """A table as queries see it while some of its rows are held."""

    def __init__(self, table: dict[str, Row], hidden: dict[str, Row | None]) -> None:
        self._table = table
        self._hidden = hidden

    def __getitem__(self, key: str) -> Row:
        row = self._hidden[key] if key in self._hidden else self._table[key]
        if row is None:
            raise KeyError(key)
        return row

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in self._table if key not in self._hidden)
        yield from (key for key, row in self._hidden.items() if row is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _note(indexes: list[Order] | list[Finder], key: str, row: Row | None) -> None:
    for index in indexes:
        index.note(key, row)
