"""Opens the hub's database, brings it up to date, and runs work in transactions.

SQLite (embedded: WAL, one writer at a time, `BEGIN IMMEDIATE`) and PostgreSQL (`REPEATABLE READ`) are one
code path. Where two transactions meet, one is run again from its start: so work given to `transact` reads
everything it needs through the transaction, and has no effect outside it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import alembic.command
import alembic.config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

from shared.adapters.store.sign_in import Password
from shared.adapters.store.transaction import Transaction
from shared.model.errors import Misconfigured, Unavailable

Result = TypeVar("Result")
AGAIN = 12
AT_ONCE = 4
"""Transactions at the same time, where a database server works at them."""
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

    def __init__(self, url: str, run: Runner | None = None, password: Password | None = None) -> None:
        self._url = url
        self._engine = _engine(url, password)
        self._run: Runner = run or (inline if self._engine.dialect.name == "sqlite" else Threads(AT_ONCE))

    async def transact(self, work: Callable[[Transaction], Result]) -> Result:
        """Run `work` in one transaction, again from its start where another got in between.

        Raises Unavailable where the database cannot be reached or stays contended.
        """
        return await self._run(lambda: self.transact_now(work))

    def transact_now(self, work: Callable[[Transaction], Result]) -> Result:
        """As `transact`, in this thread."""
        for _ in range(AGAIN):
            try:
                with self._engine.begin() as connection:
                    return work(Transaction(connection))
            except DBAPIError as error:
                if not _met_another(error):
                    raise _named(error) from error
        raise Unavailable(f"the store stays contended after {AGAIN} tries", reason="StoreContended")

    def migrate(self) -> None:
        """Create the tables, or bring older ones up to date.

        Raises Misconfigured where there can be no such database, Unavailable where it does not answer.
        """
        config = alembic.config.Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self._alone() as connection:
                config.attributes["connection"] = connection
                alembic.command.upgrade(config, "head")
        except DBAPIError as error:
            raise _at_the_start(error) from error

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that may change tables: in the cloud many instances start at once, and one does it.

        Each statement sees what was committed before it, so whoever waited finds the work done.
        """
        with self._engine.connect() as fresh:
            postgresql = self._engine.dialect.name == "postgresql"
            connection = fresh.execution_options(isolation_level="READ COMMITTED") if postgresql else fresh
            with connection.begin():
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
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _met_another(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in SERIALIZATION_FAILURES or "database is locked" in str(error.orig)


def _at_the_start(error: DBAPIError) -> Exception:
    """A file that was never there is a mistake; one that goes away later is only away."""
    if "unable to open database file" in str(error.orig):
        return Misconfigured(
            "CROSSWALK_STORE_URL names a file that cannot be opened: is its folder there, and ours to write?",
            reason="WrongSettings",
        )
    return _named(error)


def _named(error: DBAPIError) -> Exception:
    if isinstance(error, OperationalError):
        return Unavailable(
            f"the store does not answer: {type(error.orig).__name__}", reason="StoreUnavailable"
        )
    return error
