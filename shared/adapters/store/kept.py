"""Statements for the records themselves: golden records, snapshots, and whose native id is whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from shared.adapters.store import encoding, queries, tables
from shared.adapters.store.statements import Statements
from shared.adapters.store.turn import Turn
from shared.model.golden import Fields, Golden, Snapshot
from shared.model.records import Identity, Key


class Kept(Statements):
    """What the hub knows of each record.

    It remembers the rows that it has read and where they lie: they are updated there, which costs less than
    an upsert, and a snapshot that reads as its golden record does is decoded with it.
    """

    def __init__(self, connection: Connection, turn: Turn) -> None:
        super().__init__(connection, turn)
        self._golden_rows: dict[str, dict[str, tuple[encoding.GoldenRow, Fields]]] = {}
        self._snapshot_spots: dict[tuple[str, str], dict[str, Any]] = {}

    def identities(self, system: str, entity: str, native_ids: Iterable[str]) -> dict[str, Identity]:
        """Native id → whose it is."""
        rows = self._many(queries.IDENTITIES, {"system": system, "entity": entity}, native_ids)
        return {native: Identity(golden, bool(alias)) for native, golden, alias in rows}

    def link(self, system: str, entity: str, links: Mapping[str, str], *, alias: bool = False) -> None:
        """Native id → golden id, from now on."""
        if links:
            self._count(f"{system}/{entity}")
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
            self._count(f"{system}/{entity}")
            self._run(
                "unlink", lambda: queries.UNLINK, [{"s": system, "e": entity, "n": native} for native in gone]
            )

    def golden(self, entity: str, ids: Iterable[str]) -> dict[str, Golden]:
        """Golden id → record, tombstones too."""
        found: dict[str, Golden] = {}
        read = self._golden_rows.setdefault(entity, {})
        for row in self._many(queries.GOLDEN, {"entity": entity}, ids):
            record = encoding.golden(row)
            found[record.id], read[record.id] = record, (row, record.fields)
        return found

    def by_key(self, entity: str, keys: Iterable[str]) -> dict[str, Key]:
        """Natural key → who has it, and who had it."""
        found: dict[str, Key] = {}
        wanted = list(keys)
        for statement in (queries.LIVING_BY_KEY, queries.DEAD_BY_KEY):  # each has an index of its own
            for key, golden_id, generation, buried in self._many(statement, {"entity": entity}, wanted):
                known = found.setdefault(key, Key())
                known.generation = max(known.generation, generation + 1)
                if buried is None:
                    known.living = golden_id
                else:
                    known.buried = max(known.buried, buried)
        return found

    def put_golden(self, entity: str, records: Sequence[Golden]) -> None:
        """Write these records; a living natural key that another record has raises IntegrityError.

        Most changes leave key and tombstone as they were read: then their indexes are left alone.
        """
        if records:
            self._count(f"/{entity}")
        read = self._golden_rows.get(entity, {})
        moved: list[Golden] = []
        same: list[tuple[Any, ...]] = []
        for record in records:
            row, _ = read.pop(record.id, (None, None))
            if row is not None and encoding.bears_the_same(row, record):
                same.append((*encoding.golden_values(record), row[0]))
            else:
                moved.append(record)
        self._set(tables.golden, encoding.GOLDEN_VALUES, same)
        self._upsert(tables.golden, [encoding.golden_row(entity, record) for record in moved])

    def snapshots(self, system: str, entity: str, ids: Iterable[str]) -> dict[str, Snapshot]:
        """Golden id → what the system last showed of it."""
        found: dict[str, Snapshot] = {}
        spots = self._snapshot_spots.setdefault((system, entity), {})
        read = self._golden_rows.get(entity, {})
        for row in self._many(queries.SNAPSHOTS, {"system": system, "entity": entity}, ids):
            snapshot = encoding.snapshot(row, read.get(row[1]))
            found[snapshot.id], spots[snapshot.id] = snapshot, row[0]
        return found

    def put_snapshots(self, system: str, entity: str, snapshots: Sequence[Snapshot]) -> None:
        """Write these, each with the next place in the order of changes of this system and entity."""
        known, fresh = self._moving(system, entity, snapshots)
        values = encoding.snapshot_values
        self._set(tables.snapshot, encoding.SNAPSHOT_VALUES, [(*values(each), spot) for spot, each in known])
        self._upsert(tables.snapshot, [encoding.snapshot_row(system, entity, each) for each in fresh])

    def claim(self, system: str, entity: str, snapshots: Sequence[Snapshot]) -> None:
        """Write what is pending of these, and nothing else of those that are there."""
        known, fresh = self._moving(system, entity, snapshots)
        values = encoding.claim_values
        self._set(tables.snapshot, encoding.CLAIM_VALUES, [(*values(each), spot) for spot, each in known])
        rows = [encoding.claim_row(system, entity, each) for each in fresh]
        self._upsert(tables.snapshot, rows, encoding.CLAIM_VALUES)

    def _moving(
        self, system: str, entity: str, snapshots: Sequence[Snapshot]
    ) -> tuple[list[tuple[Any, Snapshot]], list[Snapshot]]:
        """Give them the next place; those that are there, with their spots, and the others."""
        if not snapshots:
            return [], []
        moved = self._next(f"{system}/{entity}")
        spots = self._snapshot_spots.get((system, entity), {})
        known, fresh = [], []
        for snapshot in snapshots:
            snapshot.moved = moved
            spot = spots.pop(snapshot.id, None)
            if spot is None:
                fresh.append(snapshot)
            else:
                known.append((spot, snapshot))
        return known, fresh

    def claims(self, system: str, entity: str, ids: Iterable[str]) -> dict[str, int]:
        """Golden id → until when it is claimed (0: not), of the snapshots that are there."""
        found: dict[str, int] = {}
        spots = self._snapshot_spots.setdefault((system, entity), {})
        rows = self._many(queries.CLAIMS, {"system": system, "entity": entity}, ids)
        for spot, golden_id, claimed, until in rows:
            spots[golden_id] = spot
            found[golden_id] = until if claimed else 0
        return found

    def drop_snapshots(self, system: str, entity: str, ids: Iterable[str]) -> None:
        """Forget these. That is a change of theirs as well: whoever reads meanwhile has an old picture."""
        gone = list(ids)
        spots = self._snapshot_spots.get((system, entity), {})
        for golden_id in gone:
            spots.pop(golden_id, None)
        if gone:
            self._next(f"{system}/{entity}")
            self._run(
                "drop_snapshots",
                lambda: queries.DROP_SNAPSHOT,
                [{"s": system, "e": entity, "i": golden_id} for golden_id in gone],
            )

    def natives(self, system: str, entity: str, ids: Iterable[str]) -> dict[str, str]:
        """Golden id → native id, of those that the system has."""
        rows = self._many(queries.NATIVES, {"system": system, "entity": entity}, ids)
        return {golden_id: native for golden_id, native in rows if native is not None}

    def moved(self, system: str, entity: str) -> int:
        """The last place given in the order of snapshot changes."""
        found = self._find(queries.COUNTER, name=f"{system}/{entity}")
        return int(found[0][0]) if found else 0

    def _next(self, name: str) -> int:
        """The next place. The row stays locked until the commit: places are in the order of commits."""
        given = {"name": name, "value": 1}
        place = int(self._fetch(self._known("next", self._counting, given), given)[0][0])
        self._turn.meet(name, place)
        return place

    def _count(self, name: str) -> None:
        """A change that the database itself does not keep apart from others."""
        if self._turn.counts:
            self._next(name)

    def _counting(self) -> Any:
        value = tables.counter.c.value
        statement = self._insert(tables.counter).on_conflict_do_update(
            index_elements=["name"], set_={"value": value + 1}
        )
        return statement.returning(value)

    def meet(self, system: str, entity: str) -> None:
        """This transaction and one that writes snapshots of this entity come one after the other."""
        self._next(f"{system}/{entity}")
