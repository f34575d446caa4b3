"""Whose turn it is to write, where there is one writer at a time (SQLite).

    look     records are read as they were when the transaction began, while somebody else writes
    take     from the first statement that writes, or reads what is no record, nobody else does
    meet     what is counted and was read before the turn must still be what it was

Golden records, snapshots and links are most of what a transaction reads, and between reading and writing it
decides. Whoever writes them counts it, in the transaction that writes; so whoever has read them before his
turn, and then writes some of them, knows whether another one did so meanwhile. Then nothing is written, and
the work is done again, this time in turn from its start. So it is where records of before the turn and of now
would be looked at together. PostgreSQL's `REPEATABLE READ` keeps transactions apart as well as this.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Protocol, cast

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

AT_MOST = 0.1
"""Seconds that a transaction waits for its turn where it has read: most have theirs in a fifth of that."""
PAUSE = 0.001

COUNTED = "SELECT name, value FROM counter"


class MetAnotherError(Exception):
    """Another transaction is in the way: do it again."""


class Turn(Protocol):
    """What a transaction asks before its statements."""

    counts: bool
    """Whether every change of records is counted."""

    def look(self) -> None:
        """Records are about to be read. Raises MetAnotherError."""

    def take(self) -> None:
        """Something else is about to be read, or written. Raises MetAnotherError."""

    def meet(self, name: str, place: int) -> None:
        """A change was counted under this name, and is the so many-th. Raises MetAnotherError."""


class Freely:
    """Where the database keeps transactions apart, and where nothing is written."""

    counts = False

    def look(self) -> None:
        pass

    def take(self) -> None:
        pass

    def meet(self, name: str, place: int) -> None:
        pass


class Reader(Freely):
    """A transaction of SQLite that only reads."""

    def __init__(self, connection: Connection) -> None:
        _only_reads(connection, on=True)
        connection.exec_driver_sql("BEGIN")


class OneWriter:
    """A transaction of SQLite that may write. It begins with its first statement."""

    counts = True

    def __init__(self, connection: Connection) -> None:
        _only_reads(connection, on=False)
        self._driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        self._looks = self._taken = self._old = False
        self._counted: dict[str, int] = {}
        self._met: set[str] = set()

    def look(self) -> None:
        if self._old:
            raise MetAnotherError
        if not (self._looks or self._taken):
            self._do("BEGIN")
            self._looks = True

    def take(self) -> None:
        if self._taken:
            return
        if self._looks:
            self._counted = self._count()
            self._do("COMMIT")
        self._begin(time.monotonic() + AT_MOST * self._looks)
        self._taken, self._old = True, self._looks and self._counted != self._count()

    def meet(self, name: str, place: int) -> None:
        if self._looks and name not in self._met and place != self._counted.get(name, 0) + 1:
            raise MetAnotherError
        self._met.add(name)

    def _count(self) -> dict[str, int]:
        return dict(self._do(COUNTED).fetchall())

    def _begin(self, until: float) -> None:
        """Whoever has read nothing is told at once, and lets others work while he waits."""
        while not self._free():
            if time.monotonic() >= until:
                raise MetAnotherError
            time.sleep(PAUSE)

    def _free(self) -> bool:
        """Whether it was anybody's turn, and is ours now.

        An error that SQLAlchemy names holds the frames that it came through, and so all that the transaction
        has in hand, until the cycle collector comes: this one, which is no error, is the driver's.
        """
        try:
            self._driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if is_busy(error):
                return False
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        return True

    def _do(self, statement: str) -> sqlite3.Cursor:
        """By the driver's hand, as what every transaction does."""
        try:
            return self._driver.execute(statement)
        except sqlite3.Error as error:
            raise OperationalError(statement, None, error) from error


def is_busy(error: BaseException | None) -> bool:
    """Whether SQLite's writer is at work."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _only_reads(connection: Connection, *, on: bool) -> None:
    if connection.info.get("only reads", False) != on:
        connection.exec_driver_sql(f"PRAGMA query_only={on:d}")
        connection.info["only reads"] = on
