"""How statements are run: one for a batch, compiled once, given to the driver as it likes it best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import ARRAY, Connection, Select, Table, Text, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite


class Statements:
    """What every method of a transaction stands on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert

    def _run(self, name: str, make: Callable[[], Any], rows: list[dict[str, Any]]) -> None:
        """One statement for many rows, by the driver's own hand: half the cost of SQLAlchemy's parameters.

        It is made and compiled once for each `name` and database.
        """
        dialect = self._connection.dialect
        known = _COMPILED.get((dialect.name, name))
        if known is None:
            known = _compile(make().compile(dialect=dialect, column_keys=list(rows[0])), rows[0])
            _COMPILED[(dialect.name, name)] = known
        if known.fixed:
            rows = [{**known.fixed, **row} for row in rows]
        self._connection.exec_driver_sql(known.sql, known.pick(rows))

    def _many(self, statement: Among, fixed: Mapping[str, str], values: Iterable[str]) -> Sequence[Any]:
        """The rows in which a column has one of the values, which travel as one parameter."""
        wanted = list(dict.fromkeys(values))
        if not wanted:
            return []
        if self._connection.dialect.name == "postgresql":
            return self._connection.execute(statement.by_array, {**fixed, "values": wanted}).all()
        names = orjson.dumps(wanted).decode()
        return self._connection.execute(statement.by_json, {**fixed, "values": names}).all()

    def _upsert(
        self, table: Table, rows: list[dict[str, Any]], changed: tuple[str, ...] | None = None
    ) -> None:
        """Insert; where the primary key is there, set the changed columns (or all the others)."""
        if rows:
            name = f"upsert {table.name} {changed}"
            self._run(name, lambda: self._upserting(table, list(rows[0]), changed), rows)

    def _upserting(self, table: Table, columns: list[str], changed: tuple[str, ...] | None) -> Any:
        key = list(table.primary_key.columns.keys())
        statement = self._insert(table)
        names = changed or [name for name in columns if name not in key]
        return statement.on_conflict_do_update(
            index_elements=key, set_={name: statement.excluded[name] for name in names}
        )


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as its driver takes it: by place (then `order` says which), or by name."""

    sql: str
    fixed: Mapping[str, Any]
    order: Sequence[str] | None

    def pick(self, rows: list[dict[str, Any]]) -> list[Any]:
        if self.order is None:
            return rows
        if len(self.order) == 1:
            return [(row[self.order[0]],) for row in rows]
        return list(map(itemgetter(*self.order), rows))


_COMPILED: dict[tuple[str, str], _Compiled] = {}


def _compile(compiled: Any, given: Mapping[str, Any]) -> _Compiled:
    """`fixed` is what the statement holds itself, beside what each row gives."""
    fixed = {
        name: value for name, value in compiled.params.items() if name not in given and value is not None
    }
    return _Compiled(compiled.string, fixed, compiled.positiontup)


def chosen(table: Table, *names: str) -> Select[Any]:
    return select(*(table.c[name] for name in names))


@dataclass(frozen=True, slots=True)
class Among:
    """A statement for the rows in which a column has one of many values.

    PostgreSQL is given an array, SQLite a JSON list: thousands of parameters would cost more than the rows.
    """

    by_array: Select[Any]
    by_json: Select[Any]

    def where(self, condition: Any) -> Among:
        return Among(self.by_array.where(condition), self.by_json.where(condition))


def among(statement: Select[Any], table: Table, fixed: Sequence[str], column: str) -> Among:
    for name in fixed:
        statement = statement.where(table.c[name] == bindparam(name))
    array = bindparam("values", type_=ARRAY(Text))
    listed = func.json_each(bindparam("values", type_=Text)).table_valued("value")
    return Among(
        statement.where(table.c[column] == any_(array)),
        statement.where(table.c[column].in_(select(listed.c.value))),
    )
