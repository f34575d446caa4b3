"""Speaks to the database: transactions in threads, statements that are counted, and our errors.

read     sees one moment, and keeps nobody from writing
write    all of it or nothing; what it reads first is locked until it ends
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from functions.erp.refusals import judge
from functions.erp.tables import Wire, micros
from shared.adapters.http import Cost
from shared.adapters.store.database import Runner
from shared.model.errors import Rejected, Unavailable

Result = TypeVar("Result")
LOCK_WAIT = 10
"""Seconds to wait for what somebody else has locked; then it is for another time."""
SQLITE_NOW = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"


@dataclass(slots=True)
class Statements:
    """The statements of one transaction, counted."""

    connection: Connection
    clock: str | None
    cost: Cost

    def rows(self, query: Executable) -> list[Wire]:
        self.cost.calls += 1
        answer = self.connection.execute(query)
        names = tuple(answer.keys())
        return [dict(zip(names, row, strict=True)) for row in answer]

    def run(self, statement: Executable, bound: Sequence[Mapping[str, Any]]) -> int:
        """The same statement for each of these, in one call; how many rows it changed."""
        self.cost.calls += 1
        self.cost.bytes_sent += sum(len(str(value)) for each in bound for value in each.values())
        return self.connection.execute(statement, bound).rowcount

    def count(self, query: Executable) -> int:
        self.cost.calls += 1
        return int(self.connection.execute(query).scalar_one())

    def now(self) -> int:
        """The database's own time, in microseconds since 1970."""
        self.cost.calls += 1
        return micros(self.connection.execute(self._clock()).scalar_one(), 0)

    def _clock(self) -> Executable:
        if self.clock is not None:
            return text(self.clock.replace(":", "\\:"))
        if self.connection.dialect.name == "sqlite":
            return text(SQLITE_NOW.replace(":", "\\:"))
        return select(func.clock_timestamp())


class Client:
    """`run` says where transactions run: in threads, or right here."""

    def __init__(self, engine: Engine, run: Runner, clock: str | None) -> None:
        self._engine, self._run, self._clock = engine, run, clock
        self._writing = engine.execution_options(writing=True)

    async def read(self, work: Callable[[Statements], Result]) -> Result:
        return await self._run(lambda: self._transact(self._engine, work, Cost()))

    async def write(self, work: Callable[[Statements], Result], cost: Cost) -> Result:
        return await self._run(lambda: self._transact(self._writing, work, cost))

    def close(self) -> None:
        self._engine.dispose()

    def _transact(self, engine: Engine, work: Callable[[Statements], Result], cost: Cost) -> Result:
        try:
            with engine.begin() as connection:
                return work(Statements(connection, self._clock, cost))
        except DBAPIError as error:
            raise judge(error) from None  # the driver's own text may hold a customer's values
        except UnicodeEncodeError:
            raise Rejected("A text of the record is no valid Unicode", reason="UnfitText") from None
        except NoConnectionError:
            raise Unavailable("No connection to the ERP's database is free", reason="DatabaseBusy") from None


def open_engine(url: URL, at_once: int) -> Engine:
    """Nothing is connected before it is used."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    engine = create_engine(url, pool_size=at_once, max_overflow=0, pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute(f"SET lock_timeout = {LOCK_WAIT * 1000}")
        connection.commit()

    return engine


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": LOCK_WAIT, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not at the first write
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
