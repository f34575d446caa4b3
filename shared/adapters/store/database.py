"""Opens the hub's database, brings it up to date, and runs work in transactions.

SQLite (embedded: WAL, one writer at a time, see `turn`) and PostgreSQL (`REPEATABLE READ`) are one
code path. Where two transactions meet, one is run again from its start: so work given to `transact` reads
everything it needs through the transaction, and has no effect outside it. What only reads waits for nobody.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import alembic.command
import alembic.config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

from shared.adapters.store.sign_in import Password
from shared.adapters.store.transaction import Transaction
from shared.adapters.store.turn import Freely, MetAnotherError, OneWriter, Reader, Turn, is_busy
from shared.model.errors import Misconfigured, Unavailable

Result = TypeVar("Result")
AGAIN = 12
"""So often a database server is asked to run a transaction that met another one."""
AT_ONCE = 4
"""Transactions at the same time, where a database server works at them."""
PAUSE = 0.002
"""Seconds between two looks whether SQLite's writer is done. SQLite would wait by itself, but the event loop
with it, and it looks ever more seldom: at last ten times a second.
"""
PATIENCE = 60.0
"""Seconds in which that writer must be done."""
TABLES = 0x63726F7373
"""The lock of whoever changes tables: a number that nobody else takes by chance."""

SERIALIZATION_FAILURES = frozenset({"40001", "40P01", "23505"})


class Runner(Protocol):
    """Where a transaction runs: in a thread, or right here."""

    def __call__(self, work: Callable[[], Result]) -> Awaitable[Result]: ...


class Threads:
    """Runs transactions in threads of their own, so that the event loop goes on while the database works."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="store")

    def __call__(self, work: Callable[[], Result]) -> Awaitable[Result]:
        return asyncio.get_running_loop().run_in_executor(self._pool, work)


async def inline(work: Callable[[], Result]) -> Result:
    """Runs a transaction where it is asked for: nothing else happens meanwhile.

    So SQLite's do: it works in our own process, and in a thread it would lose the interpreter at every row.
    """
    return work()


class Store:
    """The hub's memory. One for each process."""

    def __init__(self, url: str, password: Password | None = None) -> None:
        self._url = url
        self._engine = _engine(url, password)
        self._reading = self._engine.execution_options(postgresql_readonly=True)
        self._embedded = self._engine.dialect.name == "sqlite"
        self._run: Runner = inline if self._embedded else Threads(AT_ONCE)
        self._pause, self._tries = (PAUSE, round(PATIENCE / PAUSE)) if self._embedded else (0.0, AGAIN)

    async def transact(self, work: Callable[[Transaction], Result]) -> Result:
        """Run `work` in one transaction, again from its start where another got in between.

        Raises Unavailable where the database cannot be reached or stays contended.
        """
        return await self._settled(partial(self._write, work))

    async def read(self, work: Callable[[Transaction], Result]) -> Result:
        """As `transact`, for work that only reads: it sees what was committed when it began, and neither
        waits for whoever writes nor keeps them waiting. To write in it is a defect, and the driver's error.
        """
        return await self._settled(partial(self._read, work))

    def transact_now(self, work: Callable[[Transaction], Result]) -> Result:
        """As `transact`, in this thread."""
        return self._settled_now(partial(self._write, work))

    def read_now(self, work: Callable[[Transaction], Result]) -> Result:
        """As `read`, in this thread."""
        return self._settled_now(partial(self._read, work))

    def _write(self, work: Callable[[Transaction], Result], before: int) -> Result:
        with self._engine.begin() as connection:
            turn = self._turn(connection)
            if before:
                turn.take()
            return work(Transaction(connection, turn))

    def _read(self, work: Callable[[Transaction], Result], _before: int) -> Result:
        with self._reading.begin() as connection:
            return work(Transaction(connection, Reader(connection) if self._embedded else Freely()))

    def _turn(self, connection: Connection) -> Turn:
        return OneWriter(connection) if self._embedded else Freely()

    async def _settled(self, attempt: Callable[[int], Result]) -> Result:
        """Tried until nobody gets in between; whoever waits lets others work. An attempt is given how many
        there were before: from the second on it takes its turn at once.
        """
        for number in range(self._tries):
            try:
                return await self._run(partial(attempt, number))
            except (DBAPIError, MetAnotherError) as error:
                _unless_met(error, _named)
            await asyncio.sleep(self._pause)
        raise self._contended()

    def _settled_now(
        self, attempt: Callable[[int], Result], named: Callable[[DBAPIError], Exception] | None = None
    ) -> Result:
        for number in range(self._tries):
            try:
                return attempt(number)
            except (DBAPIError, MetAnotherError) as error:
                _unless_met(error, named or _named)
            time.sleep(self._pause)
        raise self._contended()

    def _contended(self) -> Unavailable:
        return Unavailable(f"the store stays contended after {self._tries} tries", reason="StoreContended")

    def migrate(self) -> None:
        """Create the tables, or bring older ones up to date.

        Raises Misconfigured where there can be no such database, Unavailable where it does not answer.
        """
        config = alembic.config.Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))

        def upgrade(_before: int) -> None:
            with self._alone() as connection:
                config.attributes["connection"] = connection
                alembic.command.upgrade(config, "head")

        self._settled_now(upgrade, _at_the_start)

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that may change tables: in the cloud many instances start at once, and one does it.

        Each statement sees what was committed before it, so whoever waited finds the work done.
        """
        with self._engine.connect() as fresh:
            postgresql = self._engine.dialect.name == "postgresql"
            connection = fresh.execution_options(isolation_level="READ COMMITTED") if postgresql else fresh
            with connection.begin():
                self._turn(connection).take()
                if postgresql:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TABLES})")
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def _engine(url: str, password: Password | None) -> Engine:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            return _sqlite(url, memory=parsed.database in (None, "", ":memory:"))
        if backend == "postgresql":
            return _postgresql(url, password)
    except (ArgumentError, ImportError, ValueError):
        pass  # whatever is wrong with it, its text may hold a password
    raise Misconfigured(
        "CROSSWALK_STORE_URL is not a database address: write sqlite:///path/hub.sqlite or"
        " postgresql+psycopg://user@host/database",
        reason="WrongSettings",
    )


def _postgresql(url: str, password: Password | None) -> Engine:
    engine = create_engine(
        url,
        isolation_level="REPEATABLE READ",
        pool_pre_ping=True,
        paramstyle="format",  # by place, as SQLite: what goes to the driver has one form
        hide_parameters=True,  # they are personal, and errors are logged
    )
    if password is not None:

        @event.listens_for(engine, "do_connect")
        def _sign_in(_dialect: Any, _record: Any, _positional: Any, options: dict[str, Any]) -> None:
            options["password"] = password()

    return engine


# For each value that is neither number nor text the driver looks for somebody who adapts it: if nobody does,
# that takes three times as long as binding it.
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(type(None), lambda nothing: nothing)


def _sqlite(url: str, *, memory: bool) -> Engine:
    options: dict[str, Any] = {
        "connect_args": {"timeout": 60, "check_same_thread": False},
        "hide_parameters": True,  # they are personal, and errors are logged
    }
    if memory:
        options["poolclass"] = StaticPool
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "cache_size=-32768",  # KiB; more is no faster, for the system caches the file, and counts as ours
            "temp_store=MEMORY",
            "wal_autocheckpoint=10000",
            "busy_timeout=0",  # from here on whoever asks waits, in a way that lets others work
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _unless_met(error: DBAPIError | MetAnotherError, named: Callable[[DBAPIError], Exception]) -> None:
    """Raise it, unless it says that another transaction was in the way."""
    if isinstance(error, MetAnotherError) or is_busy(error.orig):
        return
    if getattr(error.orig, "sqlstate", None) not in SERIALIZATION_FAILURES:
        raise named(error) from error


def _at_the_start(error: DBAPIError) -> Exception:
    """A file that was never there is a mistake; one that goes away later is only away."""
    if {"unable to open database file", "attempt to write a readonly database"} & {str(error.orig)}:
        return Misconfigured(
            "CROSSWALK_STORE_URL names a file that cannot be opened: are it and its folder there, and ours to"
            " write?",
            reason="WrongSettings",
        )
    return _named(error)


def _named(error: DBAPIError) -> Exception:
    forbidden = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY
    if isinstance(error, OperationalError) and not forbidden:
        return Unavailable(
            f"the store does not answer: {type(error.orig).__name__}", reason="StoreUnavailable"
        )
    return error
