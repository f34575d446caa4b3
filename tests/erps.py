"""The ERP's database as tests see it: what the hub asks of it is noted, and may be disturbed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import URL, Engine, event

from functions.erp.client import open_engine
from local.systems.erp.database import Erp

UPDATE = re.compile(r"UPDATE (\w+) SET (.*) WHERE")
MARK = "crm_status"


class WatchedErp(Erp):
    """`before` and `after` are called as each transaction of the hub begins and ends.

    They may raise: then the hub is gone.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self._updates: list[tuple[str, Sequence[str], Sequence[Any]]] = []

    def arrive(self, at: datetime) -> None:
        """The hub begins a transaction, at the time that it is in the test."""
        self.set_clock(at)
        if self.before:
            self.before()

    def leave(self) -> None:
        """What it did is kept."""
        if self.after:
            self.after()

    def open(self, url: URL, at_once: int) -> Engine:
        """The hub's way in: of a database that nobody will look for after a power cut."""
        engine = open_engine(url, at_once)

        @event.listens_for(engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")

        @event.listens_for(engine, "before_cursor_execute")
        def _note(_c: Any, _cursor: Any, sql: str, bound: Any, _context: Any, many: bool) -> None:
            if found := UPDATE.match(sql):
                columns = [each.partition("=")[0].strip(' "') for each in found[2].split(",")]
                self._updates += [(found[1], columns, row) for row in (bound if many else [bound])]

        return engine

    def forget(self) -> None:
        self._updates.clear()

    def updated(self, table: str) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        """Key, and column → value, of every update that the hub has asked for; marks aside."""
        for name, columns, bound in self._updates:
            if name == table and columns != [MARK]:
                yield bound[len(columns)], dict(zip(columns, bound, strict=False))
