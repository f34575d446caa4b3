"""Statements for whole reads and for what is held.

census, roll    which rows a whole read has shown; the others that were known are absent
held            rows set aside until they are released: waiting (`released` is empty), or under the cause
                by which they go on
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import BigInteger, bindparam, delete, exists, func, literal, null, select, true, update

from shared.adapters.store import tables
from shared.adapters.store.statements import Statements
from shared.model.change import Row
from shared.model.records import Held, Waiting

IN_JSON = ("values", "active", "version", "merged_into", "external_id")
"""What a held row keeps as JSON, beside what has a column of its own."""


def _of(table: Any) -> list[Any]:
    return [table.c.system == bindparam("s"), table.c.entity == bindparam("e")]


def _here(system: str, entity: str) -> dict[str, Any]:
    """The parameters, whose names may not be columns' where something is written."""
    return {"s": system, "e": entity}


CENSUS = select(tables.census.c.noted, tables.census.c.since).where(*_of(tables.census))
END_CENSUS = delete(tables.census).where(*_of(tables.census))
CLEAR_ROLL = delete(tables.roll).where(*_of(tables.roll))
ABSENT = (
    select(
        tables.snapshot.c.system,
        tables.snapshot.c.entity,
        tables.snapshot.c.native_id,
        true(),
        bindparam("at", type_=tables.held.c.stamp.type),
        bindparam("place", type_=tables.held.c.noted.type),
        null(),
        null(),
    )
    .where(*_of(tables.snapshot))
    .where(tables.snapshot.c.native_id.is_not(None), tables.snapshot.c.moved <= bindparam("place"))
    .where(
        ~exists().where(
            tables.roll.c.native_id == tables.snapshot.c.native_id,
            tables.roll.c.system == tables.snapshot.c.system,
            tables.roll.c.entity == tables.snapshot.c.entity,
        )
    )
)
LIVING = select(func.count()).select_from(tables.snapshot).where(*_of(tables.snapshot))
IS_WAITING = [*_of(tables.held), tables.held.c.released.is_(None)]
IS_RELEASED = [*_of(tables.held), tables.held.c.released.is_not(None)]
HOLDING = select(exists().where(*_of(tables.held)))
WAITING = (
    select(tables.held.c.system, tables.held.c.entity, tables.held.c.deleted, func.count())
    .where(tables.held.c.released.is_(None))
    .group_by(tables.held.c.system, tables.held.c.entity, tables.held.c.deleted)
    .order_by(tables.held.c.system, tables.held.c.entity)
)
RELEASE = update(tables.held).where(*IS_WAITING).values(released=bindparam("cause"))
DISCARD = delete(tables.held).where(*IS_WAITING)
RELEASED = (
    select(tables.held)
    .where(*IS_RELEASED)
    .order_by(tables.held.c.released, tables.held.c.noted, tables.held.c.native_id)
    .limit(bindparam("limit"))
)
LET_GO = delete(tables.held).where(
    tables.held.c.system == bindparam("s"),
    tables.held.c.entity == bindparam("e"),
    tables.held.c.native_id == bindparam("n"),
)


class Holding(Statements):
    """Whole reads, and what is held."""

    # Whole reads

    def begin_census(self, system: str, entity: str, noted: int, since: int) -> None:
        """A whole read begins, when the snapshots' last place was `noted` and the last poll was `since`."""
        self._execute(CLEAR_ROLL, _here(system, entity))
        row = {"system": system, "entity": entity, "noted": noted, "since": since}
        self._upsert(tables.census, [row])

    def census(self, system: str, entity: str) -> tuple[int, int] | None:
        """`noted` and `since` of the whole read that is under way."""
        row = self._execute(CENSUS, _here(system, entity)).first()
        return (row.noted, row.since) if row else None

    def enrol(self, system: str, entity: str, native_ids: Iterable[str]) -> None:
        """The whole read has shown these."""
        rows = [{"system": system, "entity": entity, "native_id": native} for native in native_ids]
        if rows:
            self._run("enrol", lambda: self._insert(tables.roll).on_conflict_do_nothing(), rows)

    def end_census(self, system: str, entity: str, noted: int, stamp: int) -> None:
        """Hold as deleted what the whole read has not shown, and what has not moved since it began."""
        here = _here(system, entity)
        columns = ["system", "entity", "native_id", "deleted", "stamp", "noted", "row", "released"]
        statement = self._holding(self._insert(tables.held).from_select(columns, ABSENT))
        self._execute(statement, {**here, "place": noted, "at": stamp})
        self._execute(CLEAR_ROLL, here)
        self._execute(END_CENSUS, here)

    # What is held

    def hold(self, system: str, entity: str, rows: Sequence[Row], noted: int) -> None:
        """Set these aside; one that is held already is replaced, and stays released if it was."""
        found = [_held_row(system, entity, row, noted) for row in rows]
        if found:
            self._run("hold", lambda: self._holding(self._insert(tables.held)), found)

    @staticmethod
    def _holding(statement: Any) -> Any:
        new = statement.excluded
        changed = {name: new[name] for name in ("deleted", "stamp", "noted", "row")}
        return statement.on_conflict_do_update(index_elements=["system", "entity", "native_id"], set_=changed)

    def holding(self, system: str, entity: str) -> bool:
        """Whether anything is held."""
        return bool(self._find(HOLDING, s=system, e=entity)[0][0])

    def waiting_rows(self, system: str | None = None, entity: str | None = None) -> list[Waiting]:
        """What waits to be released: of one system and entity, or everything."""
        statement = WAITING
        if system is not None:
            statement = statement.where(tables.held.c.system == system, tables.held.c.entity == entity)
        found: dict[tuple[str, str], Waiting] = {}
        for name, kind, deleted, count in self._execute(statement):
            waiting = found.setdefault((name, kind), Waiting(name, kind))
            if deleted:
                waiting.deletes += count
            else:
                waiting.blanks += count
        return list(found.values())

    def release_rows(self, system: str, entity: str, cause: str) -> int:
        """All that wait may go on; returns how many."""
        parameters = {**_here(system, entity), "cause": cause}
        return int(self._execute(RELEASE, parameters).rowcount)

    def discard_rows(self, system: str, entity: str) -> int:
        """All that wait are forgotten; returns how many."""
        return int(self._execute(DISCARD, _here(system, entity)).rowcount)

    def released_rows(self, system: str, entity: str, limit: int) -> list[Held]:
        """What may go on: rows of one cause, read in one run."""
        parameters = {**_here(system, entity), "limit": limit}
        found = [_held(row) for row in self._execute(RELEASED, parameters)]
        return [each for each in found if (each.released, each.noted) == (found[0].released, found[0].noted)]

    def let_go(self, system: str, entity: str, native_ids: Iterable[str]) -> None:
        """These are held no more."""
        rows = [{"s": system, "e": entity, "n": native} for native in native_ids]
        if rows:
            self._run("let_go", lambda: LET_GO, rows)

    def living(self, system: str, entity: str) -> int:
        """How many rows of it the hub knows."""
        found = self._execute(LIVING, _here(system, entity))
        return int(found.scalar_one())

    def recheck_refused(self, system: str, entity: str, reason: str, now: int, limit: int) -> None:
        """Look again at rows that the hub refused for this reason."""
        letter = tables.dead_letter.c
        native = func.substr(letter.record, len(system) + 2)
        refused = (
            select(literal(system), literal(entity), native, literal(now, BigInteger))
            .where(letter.target == "hub", letter.entity == entity, letter.reason == reason)
            .where(letter.record.startswith(f"{system}:"), letter.closed_at.is_(None))
            .limit(limit)
        )
        statement = self._insert(tables.recheck).from_select(
            ["system", "entity", "native_id", "due"], refused
        )
        self._execute(statement.on_conflict_do_nothing())


def _held_row(system: str, entity: str, row: Row, noted: int) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in IN_JSON}
    return {
        "system": system,
        "entity": entity,
        "native_id": row.native_id,
        "deleted": row.deleted,
        "stamp": row.stamp,
        "noted": noted,
        "row": orjson.dumps(kept | {"values": dict(row.values)}).decode(),
        "released": None,
    }


def _held(found: Any) -> Held:
    """A row that was found absent was never seen: nothing is known of it but that."""
    kept = orjson.loads(found.row) if found.row is not None else {"values": {}}
    row = Row(found.native_id, stamp=found.stamp, deleted=found.deleted, **kept)
    return Held(row, found.noted, found.released)
