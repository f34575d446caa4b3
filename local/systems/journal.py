"""The journal behind rows: what was written, in order, one SQLite transaction for each request.

It is a log of entries, each a list of `[table, key, row or null]`. Reading it from the front gives the tables
back. Appending costs the same however much there is, which a table keyed by row would not: 200 rows spread
over a large B-tree touch 200 pages. Once most of the log has been overwritten, it is written anew from the
tables.
"""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from local.systems.garbage import uncollected

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from local.systems.system import Row

Written = tuple[str, str, "Row | None"]
_SPARE = 50_000
_ENTRY = 1000


class Journal:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One request at a time, though not always on the thread that opened it.
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, entry BLOB NOT NULL)"
        )
        self._length = 0

    def replay(self, tables: dict[str, dict[str, Row]]) -> None:
        with uncollected():
            for (entry,) in self._file.execute("SELECT entry FROM log ORDER BY position"):
                for name, key, row in orjson.loads(entry):
                    self._length += 1
                    if row is None:
                        tables[name].pop(key, None)
                    else:
                        tables[name][key] = row

    def append(self, written: list[Written]) -> None:
        self._file.execute("BEGIN")
        self._insert(written)
        self._file.execute("COMMIT")

    def compact(self, tables: dict[str, dict[str, Row]]) -> None:
        """Writes the log anew where less than a third of it still counts."""
        if self._length < 3 * sum(map(len, tables.values())) + _SPARE:
            return
        self._length = 0
        self._file.execute("BEGIN")
        self._file.execute("DELETE FROM log")
        self._insert((name, key, row) for name, table in tables.items() for key, row in table.items())
        self._file.execute("COMMIT")

    def _insert(self, written: Iterable[Written]) -> None:
        waiting = iter(written)
        while entry := list(islice(waiting, _ENTRY)):
            self._length += len(entry)
            self._file.execute("INSERT INTO log (entry) VALUES (?)", (orjson.dumps(entry),))

    def close(self) -> None:
        self._file.close()
