"""The ERP's database, and the hands of the people who work in it, who know nothing but SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url

from local.systems.erp.tables import METADATA, WORK_CLOCK
from local.systems.erp.triggers import statements

Row = dict[str, Any]


class Erp:
    """One company's ERP. Several processes may open the same."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)

    def create(self) -> bool:
        """Tables and triggers; False where they are there already."""
        with self.engine.begin() as connection:
            if inspect(connection).has_table("customers"):
                return False
            METADATA.create_all(connection)
            for statement in statements(self.engine.dialect.name):
                connection.exec_driver_sql(statement.replace("%", "%%") if self._formats else statement)
        return True

    @property
    def _formats(self) -> bool:
        return self.engine.dialect.paramstyle in ("format", "pyformat")

    def close(self) -> None:
        self.engine.dispose()

    # Its clock

    def now(self) -> datetime:
        """The time that the ERP says it is."""
        shown = self.ask("SELECT now FROM clock")[0]["now"]
        return (shown if isinstance(shown, datetime) else datetime.fromisoformat(shown)).replace(tzinfo=UTC)

    def set_clock(self, at: datetime | None) -> None:
        """From now on it is always then; None lets time go on."""
        with self.engine.begin() as connection:
            connection.execute(delete(WORK_CLOCK))
            if at is not None:
                connection.execute(insert(WORK_CLOCK), {"at": at.astimezone(UTC).replace(tzinfo=None)})

    # What its users do

    def insert(self, table: str, **values: Any) -> Any:
        """A new row; its key."""
        with self.engine.begin() as connection:
            made = connection.execute(insert(_table(table)).values(values))
            return made.inserted_primary_key[0] if made.inserted_primary_key else None

    def load(self, table: str, rows: Sequence[Row]) -> None:
        """Many rows at once."""
        if rows:
            with self.engine.begin() as connection:
                connection.execute(insert(_table(table)), rows)

    def update(self, table: str, key: Any, **values: Any) -> None:
        """An edit of the row with this key."""
        with self.engine.begin() as connection:
            self.update_in(connection, table, key, values)

    @staticmethod
    def update_in(connection: Connection, table: str, key: Any, values: Mapping[str, Any]) -> None:
        """An edit within somebody's transaction."""
        edited = _table(table)
        connection.execute(update(edited).where(_key(edited) == key).values(values))

    def delete(self, table: str, *keys: Any) -> None:
        with self.engine.begin() as connection:
            edited = _table(table)
            connection.execute(delete(edited).where(_key(edited).in_(keys)))

    def row(self, table: str, key: Any) -> Row:
        (found,) = [row for row in self.rows(table) if row[_key(_table(table)).name] == key]
        return found

    def rows(self, table: str) -> list[Row]:
        """All rows, by key."""
        shown = _table(table)
        with self.engine.connect() as connection:
            found: Iterable[Any] = connection.execute(select(shown).order_by(*shown.primary_key)).mappings()
            return [dict(row) for row in found]

    def ask(self, sql: str) -> list[Row]:
        """What a statement shows, or nothing where it is one that changes."""
        with self.engine.begin() as connection:
            answer = connection.exec_driver_sql(sql)
            return [dict(row) for row in answer.mappings()] if answer.returns_rows else []


def _table(name: str) -> Table:
    return METADATA.tables[name]


def _key(table: Table) -> Any:
    return next(iter(table.primary_key))


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not at the first write
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
