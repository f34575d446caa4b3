"""A journal in one SQLite file: what the broker accepted survives the process.

    broker's thread       write(page) ─> pending ──┐        returns at once, with a ticket
    the journal's thread      takes all that is pending, one transaction, commit, calls back; again

While one commit is on its way to the disk the next group collects: the busier the broker, the more operations
share a commit. What came and left within a group is never written.

One process at a time: the file is locked while it is open, and free when the process ends, however it ends.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Condition, Thread
from typing import Self

from local.servicebus.engine import codec
from local.servicebus.engine.group import Group
from local.servicebus.engine.records import NUMBERS_OF_STORE, Kind, Record

_SCHEMA = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -32768;
CREATE TABLE IF NOT EXISTS entity (number INTEGER PRIMARY KEY, described BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS numbers (store INTEGER PRIMARY KEY, reserved INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS seen (
    store INTEGER, message_id TEXT, at TEXT NOT NULL, PRIMARY KEY (store, message_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    store INTEGER, session_id TEXT, state BLOB, at TEXT NOT NULL,
    PRIMARY KEY (store, session_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (
    place INTEGER PRIMARY KEY, state INTEGER NOT NULL, delivery_count INTEGER NOT NULL,
    head BLOB NOT NULL, body BLOB NOT NULL);
"""


class JournalError(Exception):
    """The journal could not be written: nothing more may be acknowledged."""


class SqliteJournal:
    """The port `Journal`, on disk."""

    def __init__(self, path: Path, patience: timedelta = timedelta(seconds=5)) -> None:
        """`patience` is how long to wait for another process to let go. Errors: sqlite3.OperationalError."""
        self._connection = _opened(path, patience)
        self._changed = Condition()
        self._pending: list[Record] = []
        self._written = 0
        self._durable = 0
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._failure: Exception | None = None
        self._closing = False
        self._writer = Thread(target=self._work, name="journal", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def durable(self) -> int:
        return self._durable

    def write(self, page: Sequence[Record]) -> int:
        """Errors: JournalError."""
        with self._changed:
            if self._failure is not None:
                raise JournalError(str(self._failure)) from self._failure
            if page:
                self._pending.extend(page)
                self._written += 1
                self._changed.notify()
            return self._written

    def when_durable(self, ticket: int, callback: Callable[[], None]) -> None:
        """Tickets of one caller rise; so the callbacks come in the order of asking."""
        with self._changed:
            if self._durable < ticket:
                self._waiting.append((ticket, callback))
                return
        callback()

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._writer.join()
        self._connection.close()

    def load(self) -> Iterator[Record]:
        """Before the first write only: it reads with the writer's connection."""
        read = self._connection.execute
        for number, described in read("SELECT number, described FROM entity ORDER BY number"):
            yield Kind.ENTITY, number, codec.load_described(described)
        for store, reserved in read("SELECT store, reserved FROM numbers"):
            yield Kind.NUMBERS, store, reserved
        for store, message_id, at in read("SELECT store, message_id, at FROM seen ORDER BY at"):
            yield Kind.SEEN, store, message_id, codec.load_time(at)
        for store, session_id, state, at in read("SELECT store, session_id, state, at FROM session"):
            yield Kind.STATE, store, session_id, state, codec.load_time(at)
        for row in read("SELECT * FROM message ORDER BY place"):
            yield _put(*row)

    def _work(self) -> None:
        try:
            while (taken := self._take()) is not None:
                self._commit(*taken)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next write tells the broker
            with self._changed:
                self._failure = error

    def _take(self) -> tuple[int, list[Record]] | None:
        """All that is pending, as soon as there is something; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closing)
            if not self._pending:
                return None
            records, self._pending = self._pending, []
            return self._written, records

    def _commit(self, ticket: int, records: list[Record]) -> None:
        self._connection.execute("BEGIN")
        Group(records).write(self._connection)
        self._connection.execute("COMMIT")
        with self._changed:
            self._durable = ticket
            ready = []
            while self._waiting and self._waiting[0][0] <= ticket:
                ready.append(self._waiting.popleft()[1])
        for callback in ready:
            callback()


def _opened(path: Path, patience: timedelta) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=patience.total_seconds(), isolation_level=None, check_same_thread=False
    )
    try:
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _put(place: int, state: int, delivery_count: int, head: bytes, body: bytes) -> Record:
    message, rest = codec.load_message(head, body)
    return Kind.PUT, *divmod(place, NUMBERS_OF_STORE), state, delivery_count, rest, message
