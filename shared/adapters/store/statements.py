"""How statements are run: one for a batch, compiled once, given to the driver as it likes it best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Join,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors

from shared.adapters.store.turn import Turn

LOOKED_AT = frozenset({"golden", "snapshot", "identity", "counter", "paused"})
"""The tables that may be read before the turn: records, of which every change is counted, what counts it, and
whether a system is paused, which may be over the next moment anyway."""
SPOT = "spot"
"""The name under which a row says where it lies."""


class Statements:
    """What every method of a transaction stands on."""

    def __init__(self, connection: Connection, turn: Turn) -> None:
        self._connection = connection
        self._turn = turn
        self._arrays = connection.dialect.name == "postgresql"
        self._insert = postgresql.insert if self._arrays else sqlite.insert

    def _run(self, name: object, make: Callable[[], Any], rows: list[dict[str, Any]]) -> None:
        """One statement for many rows, by the driver's own hand: half the cost of SQLAlchemy's parameters."""
        known = self._known(name, make, rows[0])
        if known.fixed:
            rows = [{**known.fixed, **row} for row in rows]
        self._turn.take()
        self._connection.exec_driver_sql(known.sql, known.pick(rows))

    def _execute(self, statement: Any, given: Any = None) -> Any:
        """By SQLAlchemy's hand, which makes rows of what is found."""
        self._turn.take()
        return self._connection.execute(statement, given)

    def _find(self, statement: Select[Any], **given: Any) -> Sequence[Any]:
        """The rows that a statement finds."""
        return self._fetch(self._known(statement, lambda: statement, given), given)

    def _many(self, statement: Many, fixed: Mapping[str, str], values: Iterable[str]) -> Sequence[Any]:
        """The rows in which a column has one of the values, which travel as one parameter."""
        wanted = list(dict.fromkeys(values))
        if not wanted:
            return []
        given = {**fixed, "values": self._together(wanted)}
        return self._fetch(self._known(statement, lambda: self._either(statement), given), given)

    def _spread(self, statement: Many, rows: Sequence[tuple[Mapping[str, Any], Iterable[str]]]) -> None:
        """A row for each of the values: what they have in common, and the values, which travel as one."""
        given = [{**fixed, "values": self._together(sorted(set(values)))} for fixed, values in rows]
        self._run(statement, lambda: self._either(statement), given)

    def _together(self, values: list[str]) -> Any:
        """Many values as one parameter."""
        return values if self._arrays else orjson.dumps(values).decode()

    def _either(self, statement: Many) -> Any:
        return statement.by_array if self._arrays else statement.by_json

    def _known(self, name: object, make: Callable[[], Any], given: Mapping[str, Any]) -> _Compiled:
        """A statement, made and compiled once for each `name` and database."""
        dialect = self._connection.dialect
        known = _COMPILED.get((dialect.name, name))
        if known is None:
            statement = make()
            columns = list(given) if statement.is_insert and statement.select is None else None
            compiled = statement.compile(dialect=dialect, column_keys=columns)
            known = _compile(compiled, given, looks=_looks(statement))
            _COMPILED[(dialect.name, name)] = known
        return known

    def _fetch(self, known: _Compiled, given: Mapping[str, Any]) -> Sequence[Any]:
        """The rows as the driver makes them: SQLAlchemy's cost as much as reading."""
        if known.looks:
            self._turn.look()
        else:
            self._turn.take()
        result = self._connection.exec_driver_sql(known.sql, known.pick([{**known.fixed, **given}])[0])
        try:
            return result.cursor.fetchall()
        finally:
            result.close()

    def _upsert(
        self, table: Table, rows: list[dict[str, Any]], changed: tuple[str, ...] | None = None
    ) -> None:
        """Insert; where the primary key is there, set the changed columns (or all the others)."""
        if rows:
            name = f"upsert {table.name} {changed}"
            self._run(name, lambda: self._upserting(table, list(rows[0]), changed), rows)

    def _set(self, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        """Set these columns of rows, where each lies: no index is searched, and none is touched but those of
        the columns, so it costs half of what an upsert does. A row is the values, and its spot.
        """
        if rows:
            given = dict.fromkeys((*names, SPOT))
            known = self._known(f"set {table.name} {names}", lambda: _setting(table, names), given)
            self._turn.take()
            self._connection.exec_driver_sql(known.sql, rows)

    def _upserting(self, table: Table, columns: list[str], changed: tuple[str, ...] | None) -> Any:
        key = list(table.primary_key.columns.keys())
        statement = self._insert(table)
        names = changed or [name for name in columns if name not in key]
        return statement.on_conflict_do_update(
            index_elements=key, set_={name: statement.excluded[name] for name in names}
        )


def _setting(table: Table, names: Sequence[str]) -> Any:
    pairs: list[Any] = [(table.c[name], bindparam(name)) for name in names]
    return update(table).where(Spot(table) == bindparam(SPOT)).ordered_values(*pairs)


class Spot(ColumnElement[Any]):
    """Where a row lies, so that it is found again without its key.

    Good for one write in the transaction that read it: PostgreSQL puts what is written somewhere else.
    """

    inherit_cache = True

    def __init__(self, table: Table) -> None:
        self.table = table


@compiles(Spot, "sqlite")
def _rowid(spot: Spot, _compiler: Any, **_options: Any) -> str:
    return f"{spot.table.name}.rowid"


@compiles(Spot, "postgresql")
def _ctid(spot: Spot, _compiler: Any, **_options: Any) -> str:
    return f"{spot.table.name}.ctid"


class InOrder(Join):
    """A join whose left side is gone through, and whose right side is searched for each of its rows.

    SQLite does as `CROSS JOIN` says; of `JOIN` it may make a search of every row of the right side.
    """

    inherit_cache = True


@compiles(InOrder, "sqlite")
def _cross_join(each: InOrder, compiler: Any, **options: Any) -> str:
    options |= {"asfrom": True}
    left, right = (compiler.process(side, **options) for side in (each.left, each.right))
    return f"{left} CROSS JOIN {right} ON {compiler.process(each.onclause)}"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as its driver takes it, and the names of its parameters, in their order."""

    sql: str
    fixed: Mapping[str, Any]
    order: Sequence[str]
    looks: bool
    """Whether it only reads records."""

    def pick(self, rows: list[dict[str, Any]]) -> list[Any]:
        if len(self.order) == 1:
            return [(row[self.order[0]],) for row in rows]
        return list(map(itemgetter(*self.order), rows))


_COMPILED: dict[tuple[str, object], _Compiled] = {}


def _compile(compiled: Any, given: Mapping[str, Any], *, looks: bool) -> _Compiled:
    """`fixed` is what the statement holds itself, beside what each row gives."""
    order = list(compiled.positiontup)
    fixed = {
        name: value for name, value in compiled.params.items() if name not in given and value is not None
    }
    return _Compiled(compiled.string, fixed, order, looks)


def _looks(statement: Any) -> bool:
    """Whether a statement reads nothing but what may be read before the turn."""
    named = {each.name for each in visitors.iterate(statement) if isinstance(each, Table)}
    return bool(statement.is_select) and named <= LOOKED_AT


def chosen(table: Table, *names: str) -> Select[Any]:
    return select(*(Spot(table) if name == SPOT else table.c[name] for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """A statement about many values, which travel as one parameter: thousands would cost more than the rows.

    PostgreSQL is given an array, SQLite a JSON list.
    """

    by_array: Any
    by_json: Any

    def where(self, condition: Any) -> Many:
        return Many(self.by_array.where(condition), self.by_json.where(condition))


_ARRAY = bindparam("values", type_=ARRAY(Text))
_LIST = func.json_each(bindparam("values", type_=Text)).table_valued("value")


def among(statement: Select[Any], table: Table, fixed: Sequence[str], column: str) -> Many:
    """The rows in which a column has one of the values.

    SQLite joins the list, in its order, which is mostly that of the rows; it would sort what stands in `IN`.
    """
    for name in fixed:
        statement = statement.where(table.c[name] == bindparam(name))
    return Many(
        statement.where(table.c[column] == any_(_ARRAY)),
        statement.select_from(InOrder(_LIST, table, table.c[column] == _LIST.c.value)),
    )


def spread(table: Table, fixed: Sequence[str], column: str) -> Many:
    """Inserts a row for each of the values, with which it has everything else in common."""
    common = [bindparam(name, type_=table.c[name].type) for name in fixed]
    by_array, by_json = (select(*common, each) for each in (func.unnest(_ARRAY), _LIST.c.value))
    names = [*fixed, column]
    return Many(table.insert().from_select(names, by_array), table.insert().from_select(names, by_json))
