"""The statements. Each method takes a batch and costs a few statements, however large the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import (
    ARRAY,
    Connection,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from shared.adapters.store import tables
from shared.model.change import Message
from shared.model.golden import Cell, Fields, Golden, Snapshot, Tombstone
from shared.model.merge import Clash
from shared.model.records import DeadLetter, Entry, Flows, Identity, Key, Pause, Posted

CONFLICTS = UUID("0e0c7a52-9a61-5f0e-9f57-4c1f7a3f1d20")


class Transaction:
    """One transaction of the store. Its methods raise SQLAlchemy's errors, which `Store` names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert

    # Records

    def identities(self, system: str, entity: str, native_ids: Iterable[str]) -> dict[str, Identity]:
        """Native id → whose it is."""
        rows = self._many(_IDENTITIES, {"system": system, "entity": entity}, native_ids)
        return {native: Identity(golden, bool(alias)) for native, golden, alias in rows}

    def link(self, system: str, entity: str, links: Mapping[str, str], *, alias: bool = False) -> None:
        """Native id → golden id, from now on."""
        self._upsert(
            tables.identity,
            [
                {"system": system, "entity": entity, "native_id": native, "id": golden, "alias": alias}
                for native, golden in links.items()
            ],
        )

    def unlink(self, system: str, entity: str, native_ids: Iterable[str]) -> None:
        """These native ids name nothing any more."""
        gone = list(native_ids)
        if gone:
            self._run("unlink", lambda: _UNLINK, [{"s": system, "e": entity, "n": native} for native in gone])

    def golden(self, entity: str, ids: Iterable[str]) -> dict[str, Golden]:
        """Golden id → record, tombstones too."""
        return {row[0]: _golden(row) for row in self._many(_GOLDEN, {"entity": entity}, ids)}

    def by_key(self, entity: str, keys: Iterable[str]) -> dict[str, Key]:
        """Natural key → who has it, and who had it."""
        found: dict[str, Key] = {}
        for key, golden_id, generation, buried in self._many(_BY_KEY, {"entity": entity}, keys):
            known = found.setdefault(key, Key())
            known.generation = max(known.generation, generation + 1)
            if buried is None:
                known.living = golden_id
            else:
                known.buried = max(known.buried, buried)
        return found

    def put_golden(self, entity: str, records: Sequence[Golden]) -> None:
        """Write these records; a living natural key that another record has raises IntegrityError."""
        self._upsert(tables.golden, [_golden_row(entity, record) for record in records])

    def snapshots(self, system: str, entity: str, ids: Iterable[str]) -> dict[str, Snapshot]:
        """Golden id → what the system last showed of it."""
        rows = self._many(_SNAPSHOTS, {"system": system, "entity": entity}, ids)
        return {row[0]: _snapshot(row) for row in rows}

    def put_snapshots(self, system: str, entity: str, snapshots: Sequence[Snapshot]) -> None:
        """Write these, each with the next place in the order of changes of this system and entity."""
        if not snapshots:
            return
        moved = self._next(f"{system}/{entity}")
        for snapshot in snapshots:
            snapshot.moved = moved
        rows = [_snapshot_row(system, entity, snapshot) for snapshot in snapshots]
        self._upsert(tables.snapshot, rows)

    def claim(self, system: str, entity: str, snapshots: Sequence[Snapshot]) -> None:
        """Write what is pending of these, and nothing else of those that are there."""
        if not snapshots:
            return
        moved = self._next(f"{system}/{entity}")
        rows = []
        for snapshot in snapshots:
            snapshot.moved = moved
            row = {**_BLANK_SNAPSHOT, "system": system, "entity": entity, "id": snapshot.id, "moved": moved}
            row["pending"] = _cells(snapshot.pending or {})
            row["pending_until"] = snapshot.pending_until
            rows.append(row)
        self._upsert(tables.snapshot, rows, ("pending", "pending_until", "moved"))

    def claims(self, system: str, entity: str, ids: Iterable[str]) -> dict[str, int]:
        """Golden id → until when it is claimed (0: not), of the snapshots that are there."""
        rows = self._many(_CLAIMS, {"system": system, "entity": entity}, ids)
        return {golden_id: until if pending is not None else 0 for golden_id, pending, until in rows}

    def drop_snapshots(self, system: str, entity: str, ids: Iterable[str]) -> None:
        gone = list(ids)
        if gone:
            self._run(
                "drop_snapshots",
                lambda: _DROP_SNAPSHOT,
                [{"s": system, "e": entity, "i": golden_id} for golden_id in gone],
            )

    def natives(self, system: str, entity: str, ids: Iterable[str]) -> dict[str, str]:
        """Golden id → native id, of those that the system has."""
        rows = self._many(_NATIVES, {"system": system, "entity": entity}, ids)
        return {golden_id: native for golden_id, native in rows if native is not None}

    def moved(self, system: str, entity: str) -> int:
        """The last place given in the order of snapshot changes."""
        found = self._connection.execute(_COUNTER, {"name": f"{system}/{entity}"}).scalar()
        return int(found or 0)

    def _next(self, name: str) -> int:
        """The next place. The row stays locked until the commit: places are in the order of commits."""
        statement = self._insert(tables.counter).values(name=name, value=1)
        upsert = statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": tables.counter.c.value + 1}
        )
        return int(self._connection.execute(upsert.returning(tables.counter.c.value)).scalar_one())

    # Reading on

    def watermark(self, system: str, entity: str) -> tuple[str | None, int]:
        """Where reading goes on, and when the last poll was (0: never)."""
        row = self._connection.execute(_WATERMARK, {"system": system, "entity": entity}).first()
        return (row.value, row.polled_at) if row else (None, 0)

    def put_watermark(self, system: str, entity: str, value: str | None, polled_at: int) -> None:
        self._upsert(
            tables.watermark,
            [{"system": system, "entity": entity, "value": value, "polled_at": polled_at}],
        )

    def recheck(self, system: str, entity: str, due: Mapping[str, int]) -> None:
        """Native id → when the row is looked at again."""
        self._upsert(
            tables.recheck,
            [
                {"system": system, "entity": entity, "native_id": native, "due": when}
                for native, when in due.items()
            ],
        )

    def rechecks(self, system: str, entity: str, now: int, limit: int) -> list[str]:
        """The rows whose time to be looked at again has come; they stay noted until `rechecked`."""
        parameters = {"system": system, "entity": entity, "now": now, "limit": limit}
        return list(self._connection.execute(_RECHECKS, parameters).scalars())

    def rechecked(self, system: str, entity: str, native_ids: Iterable[str]) -> None:
        done = list(native_ids)
        if done:
            self._run(
                "rechecked", lambda: _RECHECKED, [{"s": system, "e": entity, "n": native} for native in done]
            )

    # Sending

    def post(self, messages: Sequence[Message]) -> None:
        """Into the outbox: sent after the commit, whatever happens."""
        rows = [
            {
                "id": message.id,
                "destination": message.destination,
                "body": message.body.decode(),
                "properties": orjson.dumps(dict(message.properties)).decode(),
                "due": message.due,
            }
            for message in messages
        ]
        if rows:
            self._run("post", tables.outbox.insert, rows)

    def posted(self, limit: int) -> list[Posted]:
        """What waits in the outbox, oldest first."""
        return [
            Posted(
                row.position,
                Message(row.destination, row.id, row.body.encode(), orjson.loads(row.properties), row.due),
            )
            for row in self._connection.execute(_POSTED, {"limit": limit})
        ]

    def sent(self, positions: Sequence[int]) -> None:
        if positions:
            self._run("sent", lambda: _SENT, [{"p": position} for position in positions])

    # Claims on work

    def lease(self, name: str, holder: str, now: int, until: int) -> bool:
        """Take or keep a lease; false where another holds it."""
        row = self._connection.execute(_LEASE, {"name": name}).first()
        if row and row.holder != holder and row.until > now:
            return False
        self._upsert(tables.lease, [{"name": name, "holder": holder, "until": until}])
        return True

    def release(self, name: str, holder: str) -> None:
        statement = delete(tables.lease).where(tables.lease.c.name == name, tables.lease.c.holder == holder)
        self._connection.execute(statement)

    def pause(self, system: str, reason: str, description: str, now: int, until: int) -> None:
        """The system refuses us: nobody asks it again before `until`."""
        values = {"reason": reason, "description": description, "until": until}
        statement = self._insert(tables.paused).values(system=system, since=now, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["system"], set_=values))

    def resume(self, system: str) -> None:
        self._connection.execute(delete(tables.paused).where(tables.paused.c.system == system))

    def paused(self, system: str) -> Pause | None:
        row = self._connection.execute(_PAUSED, {"system": system}).first()
        return Pause(row.system, row.reason, row.description, row.since, row.until) if row else None

    # What people look at

    def clash(self, entity: str, clashes: Iterable[tuple[str, Clash]], at: int) -> None:
        """Conflicts by golden id; the same two cells are kept once."""
        rows = [_conflict_row(entity, record, clash, at) for record, clash in clashes]
        if rows:
            self._run("clash", lambda: self._insert(tables.conflict).on_conflict_do_nothing(), rows)

    def conflicts(self, entity: str) -> list[tuple[str, Clash]]:
        rows = self._connection.execute(_CONFLICTS, {"entity": entity})
        return [(row.record, Clash(row.field, _cell(row.kept), _cell(row.lost))) for row in rows]

    def open_dead_letters(self, target: str, entity: str, records: Iterable[str]) -> dict[str, str | None]:
        """Record → digest of what was refused, of those that are open."""
        rows = self._many(_OPEN, {"target": target, "entity": entity}, records)
        return {row.record: row.digest for row in rows}

    def dead_letters(self, *, open_only: bool = True) -> list[DeadLetter]:
        """All of them, oldest first."""
        statement = select(tables.dead_letter).order_by(tables.dead_letter.c.opened_at)
        if open_only:
            statement = statement.where(tables.dead_letter.c.closed_at.is_(None))
        return [_dead_letter(row) for row in self._connection.execute(statement)]

    def put_dead_letters(self, letters: Sequence[DeadLetter], at: int) -> None:
        """Open these; one that is open for the same record and target is renewed."""
        rows = [
            {
                "id": letter.id,
                "target": letter.target,
                "entity": letter.entity,
                "record": letter.record,
                "source": letter.source,
                "reason": letter.reason,
                "field": letter.field,
                "description": letter.description,
                "digest": letter.digest,
                "opened_at": at,
                "seen_at": at,
                "times": 1,
            }
            for letter in letters
        ]
        if not rows:
            return
        self._run("put_dead_letters", self._renewal, rows)

    def _renewal(self) -> Any:
        """An open dead letter of the same record and target is renewed."""
        statement = self._insert(tables.dead_letter)
        new = statement.excluded
        renewed: dict[str, Any] = {
            name: new[name] for name in ("reason", "field", "description", "digest", "seen_at")
        }
        renewed["times"] = tables.dead_letter.c.times + 1
        return statement.on_conflict_do_update(
            index_elements=["target", "entity", "record"],
            index_where=tables.dead_letter.c.closed_at.is_(None),
            set_=renewed,
        )

    def close_dead_letters(self, target: str, entity: str, records: Iterable[str], at: int, how: str) -> None:
        """The record went through after all: its open dead letter for this target is done."""
        if not self._connection.execute(_ANY_OPEN, {"target": target, "entity": entity}).scalar():
            return
        open_ones = self.open_dead_letters(target, entity, records)
        rows = [{"t": target, "e": entity, "r": record, "at": at, "how": how} for record in open_ones]
        if rows:
            self._run("close", lambda: _CLOSE, rows)

    def count(self, tallies: Mapping[tuple[str, str, str, str], int]) -> None:
        """Add to the tallies: (entity, source, target, name) → how many."""
        rows = [
            {"entity": entity, "source": source, "target": target, "name": name, "value": value}
            for (entity, source, target, name), value in sorted(tallies.items())
            if value
        ]
        if rows:
            self._run("count", self._addition, rows)

    def _addition(self) -> Any:
        statement = self._insert(tables.tally)
        return statement.on_conflict_do_update(
            index_elements=["entity", "source", "target", "name"],
            set_={"value": tables.tally.c.value + statement.excluded.value},
        )

    def tallies(self) -> Flows:
        """(entity, source, target) → name → how many, since the store was made."""
        flows: Flows = {}
        for row in self._connection.execute(select(tables.tally)):
            flows.setdefault((row.entity, row.source, row.target), {})[row.name] = row.value
        return flows

    def enter(self, entries: Sequence[Entry], at: int) -> None:
        """Into the ledger: what happened to each record."""
        if entries:
            self._run(
                "enter",
                tables.ledger.insert,
                [
                    {
                        "at": at,
                        "entity": entry.entity,
                        "record": entry.record,
                        "system": entry.system,
                        "action": entry.action,
                        "fields": entry.fields,
                        "cause": entry.cause,
                        "trace": entry.trace,
                    }
                    for entry in entries
                ],
            )

    def history(self, entity: str, record: str) -> list[Entry]:
        """What happened to one record, oldest first."""
        rows = self._connection.execute(_HISTORY, {"entity": entity, "record": record})
        return [Entry(r.entity, r.record, r.system, r.action, r.fields, r.cause, r.trace, r.at) for r in rows]

    def waiting(self) -> int:
        """How many messages wait in the outbox."""
        return int(self._connection.execute(select(func.count()).select_from(tables.outbox)).scalar_one())

    def under_way(self) -> int:
        """How many records are claimed by a handler (who may have died), or were left out of a poll."""
        claimed = tables.snapshot.c.pending.is_not(None) & (tables.snapshot.c.pending_until > 0)
        pending = select(func.count()).where(claimed)
        noted = select(func.count()).select_from(tables.recheck)
        return int(
            self._connection.execute(pending).scalar_one() + self._connection.execute(noted).scalar_one()
        )

    # How statements are run

    def _run(self, name: str, make: Callable[[], Any], rows: list[dict[str, Any]]) -> None:
        """One statement for many rows, by the driver's own hand: half the cost of SQLAlchemy's parameters.

        It is made and compiled once for each `name` and database.
        """
        dialect = self._connection.dialect
        known = _COMPILED.get((dialect.name, name))
        if known is None:
            known = _compile(make().compile(dialect=dialect, column_keys=list(rows[0])))
            _COMPILED[(dialect.name, name)] = known
        if known.fixed:
            rows = [{**known.fixed, **row} for row in rows]
        self._connection.exec_driver_sql(known.sql, known.pick(rows))

    def _many(self, statement: _Among, fixed: Mapping[str, str], values: Iterable[str]) -> Sequence[Any]:
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


def _compile(compiled: Any) -> _Compiled:
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return _Compiled(compiled.string, fixed, compiled.positiontup)


_as_cell: Callable[[list[Any]], Cell] = partial(tuple.__new__, Cell)


def _cells(fields: Fields) -> str:
    return orjson.dumps(dict(zip(fields, map(tuple, fields.values()), strict=True))).decode()


def _fields(text: str) -> Fields:
    loaded = orjson.loads(text)
    return dict(zip(loaded, map(_as_cell, loaded.values()), strict=True))


def _cell(text: str) -> Cell:
    return Cell._make(orjson.loads(text))


def _golden(row: Sequence[Any]) -> Golden:
    golden_id, key, generation, fields, stamp, system, into, revision = row
    tombstone = Tombstone(stamp, system, into) if stamp is not None else None
    return Golden(golden_id, _fields(fields), key, generation, tombstone, revision)


def _golden_row(entity: str, record: Golden) -> dict[str, Any]:
    tombstone = record.tombstone
    return {
        "entity": entity,
        "id": record.id,
        "key": record.key,
        "generation": record.generation,
        "fields": _cells(record.fields),
        "tombstone_stamp": tombstone.stamp if tombstone else None,
        "tombstone_system": tombstone.system if tombstone else None,
        "merged_into": tombstone.into if tombstone else None,
        "revision": record.revision,
    }


def _snapshot(row: Sequence[Any]) -> Snapshot:
    golden_id, native, fields, seen, active, version, pending, until, writes, moved = row
    return Snapshot(
        golden_id,
        native,
        _fields(fields),
        bool(seen),
        bool(active),
        version,
        _fields(pending) if pending is not None else None,
        until,
        orjson.loads(writes) if writes else {},
        moved,
    )


def _snapshot_row(system: str, entity: str, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "system": system,
        "entity": entity,
        "id": snapshot.id,
        "native_id": snapshot.native_id,
        "fields": _cells(snapshot.fields),
        "seen": snapshot.seen,
        "active": snapshot.active,
        "version": snapshot.version,
        "pending": _cells(snapshot.pending) if snapshot.pending is not None else None,
        "pending_until": snapshot.pending_until,
        "writes": orjson.dumps(snapshot.writes).decode() if snapshot.writes else None,
        "moved": snapshot.moved,
    }


_BLANK_SNAPSHOT: dict[str, Any] = {
    name: value
    for name, value in _snapshot_row("", "", Snapshot("")).items()
    if name not in ("system", "entity", "id")
}


def _conflict_row(entity: str, record: str, clash: Clash, at: int) -> dict[str, Any]:
    kept, lost = (orjson.dumps(tuple(cell)).decode() for cell in (clash.kept, clash.lost))
    cells = "|".join(sorted((kept, lost)))
    return {
        "id": str(uuid5(CONFLICTS, f"{entity}|{record}|{clash.field}|{cells}")),
        "entity": entity,
        "record": record,
        "field": clash.field,
        "kept": kept,
        "lost": lost,
        "at": at,
    }


def _dead_letter(row: Any) -> DeadLetter:
    return DeadLetter(
        row.id,
        row.target,
        row.entity,
        row.record,
        row.source,
        row.reason,
        row.description,
        row.field,
        row.digest,
        row.opened_at,
        row.times,
        row.closed_at,
    )


def _chosen(table: Table, *names: str) -> Select[Any]:
    return select(*(table.c[name] for name in names))


@dataclass(frozen=True, slots=True)
class _Among:
    """A statement for the rows in which a column has one of many values.

    PostgreSQL is given an array, SQLite a JSON list: thousands of parameters would cost more than the rows.
    """

    by_array: Select[Any]
    by_json: Select[Any]

    def where(self, condition: Any) -> _Among:
        return _Among(self.by_array.where(condition), self.by_json.where(condition))


def _among(statement: Select[Any], table: Table, fixed: Sequence[str], column: str) -> _Among:
    for name in fixed:
        statement = statement.where(table.c[name] == bindparam(name))
    array = bindparam("values", type_=ARRAY(Text))
    listed = func.json_each(bindparam("values", type_=Text)).table_valued("value")
    return _Among(
        statement.where(table.c[column] == any_(array)),
        statement.where(table.c[column].in_(select(listed.c.value))),
    )


_IDENTITIES = _among(
    _chosen(tables.identity, "native_id", "id", "alias"), tables.identity, ("system", "entity"), "native_id"
)
_GOLDEN = _among(
    _chosen(
        tables.golden,
        "id",
        "key",
        "generation",
        "fields",
        "tombstone_stamp",
        "tombstone_system",
        "merged_into",
        "revision",
    ),
    tables.golden,
    ("entity",),
    "id",
)
_BY_KEY = _among(
    _chosen(tables.golden, "key", "id", "generation", "tombstone_stamp"), tables.golden, ("entity",), "key"
)
_SNAPSHOTS = _among(
    _chosen(
        tables.snapshot,
        "id",
        "native_id",
        "fields",
        "seen",
        "active",
        "version",
        "pending",
        "pending_until",
        "writes",
        "moved",
    ),
    tables.snapshot,
    ("system", "entity"),
    "id",
)
_CLAIMS = _among(
    _chosen(tables.snapshot, "id", "pending", "pending_until"), tables.snapshot, ("system", "entity"), "id"
)
_NATIVES = _among(_chosen(tables.snapshot, "id", "native_id"), tables.snapshot, ("system", "entity"), "id")
_OPEN = _among(
    _chosen(tables.dead_letter, "record", "digest"), tables.dead_letter, ("target", "entity"), "record"
).where(tables.dead_letter.c.closed_at.is_(None))
_ANY_OPEN = select(
    exists().where(
        tables.dead_letter.c.target == bindparam("target"),
        tables.dead_letter.c.entity == bindparam("entity"),
        tables.dead_letter.c.closed_at.is_(None),
    )
)
_COUNTER = _chosen(tables.counter, "value").where(tables.counter.c.name == bindparam("name"))
_WATERMARK = _chosen(tables.watermark, "value", "polled_at").where(
    tables.watermark.c.system == bindparam("system"), tables.watermark.c.entity == bindparam("entity")
)
_RECHECKS = (
    _chosen(tables.recheck, "native_id")
    .where(tables.recheck.c.system == bindparam("system"), tables.recheck.c.entity == bindparam("entity"))
    .where(tables.recheck.c.due <= bindparam("now"))
    .limit(bindparam("limit"))
)
_POSTED = select(tables.outbox).order_by(tables.outbox.c.position).limit(bindparam("limit"))
_LEASE = select(tables.lease).where(tables.lease.c.name == bindparam("name"))
_PAUSED = select(tables.paused).where(tables.paused.c.system == bindparam("system"))
_CONFLICTS = select(tables.conflict).where(tables.conflict.c.entity == bindparam("entity"))
_HISTORY = (
    select(tables.ledger)
    .where(tables.ledger.c.entity == bindparam("entity"), tables.ledger.c.record == bindparam("record"))
    .order_by(tables.ledger.c.position)
)
_UNLINK = delete(tables.identity).where(
    tables.identity.c.system == bindparam("s"),
    tables.identity.c.entity == bindparam("e"),
    tables.identity.c.native_id == bindparam("n"),
)
_DROP_SNAPSHOT = delete(tables.snapshot).where(
    tables.snapshot.c.system == bindparam("s"),
    tables.snapshot.c.entity == bindparam("e"),
    tables.snapshot.c.id == bindparam("i"),
)
_RECHECKED = delete(tables.recheck).where(
    tables.recheck.c.system == bindparam("s"),
    tables.recheck.c.entity == bindparam("e"),
    tables.recheck.c.native_id == bindparam("n"),
)
_SENT = delete(tables.outbox).where(tables.outbox.c.position == bindparam("p"))
_CLOSE = (
    update(tables.dead_letter)
    .where(
        tables.dead_letter.c.target == bindparam("t"),
        tables.dead_letter.c.entity == bindparam("e"),
        tables.dead_letter.c.record == bindparam("r"),
        tables.dead_letter.c.closed_at.is_(None),
    )
    .values(closed_at=bindparam("at"), resolution=bindparam("how"))
)
