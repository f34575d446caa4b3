"""Rows of the tables as values of the model, and back. Cells are JSON: field → [value, stamp, system]."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import orjson

from shared.model.golden import Cell, Fields, Golden, Snapshot, Tombstone
from shared.model.merge import Clash
from shared.model.records import Conflict, DeadLetter

CONFLICTS = UUID("0e0c7a52-9a61-5f0e-9f57-4c1f7a3f1d20")

_as_cell: Callable[[list[Any]], Cell] = partial(tuple.__new__, Cell)


def cells_text(fields: Fields) -> str:
    return orjson.dumps(dict(zip(fields, map(tuple, fields.values()), strict=True))).decode()


def read_cells(text: str) -> Fields:
    loaded = orjson.loads(text)
    return dict(zip(loaded, map(_as_cell, loaded.values()), strict=True))


def read_cell(text: str) -> Cell:
    return Cell._make(orjson.loads(text))


def golden(row: Sequence[Any]) -> Golden:
    golden_id, key, generation, fields, stamp, system, into, revision = row
    tombstone = Tombstone(stamp, system, into) if stamp is not None else None
    return Golden(golden_id, read_cells(fields), key, generation, tombstone, revision)


def golden_row(entity: str, record: Golden) -> dict[str, Any]:
    tombstone = record.tombstone
    return {
        "entity": entity,
        "id": record.id,
        "key": record.key,
        "generation": record.generation,
        "fields": cells_text(record.fields),
        "tombstone_stamp": tombstone.stamp if tombstone else None,
        "tombstone_system": tombstone.system if tombstone else None,
        "merged_into": tombstone.into if tombstone else None,
        "revision": record.revision,
    }


def snapshot(row: Sequence[Any]) -> Snapshot:
    golden_id, native, fields, seen, active, version, pending, until, writes, moved = row
    return Snapshot(
        golden_id,
        native,
        read_cells(fields),
        bool(seen),
        bool(active),
        version,
        read_cells(pending) if pending is not None else None,
        until,
        orjson.loads(writes) if writes else {},
        moved,
    )


def snapshot_row(system: str, entity: str, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "system": system,
        "entity": entity,
        "id": snapshot.id,
        "native_id": snapshot.native_id,
        "fields": cells_text(snapshot.fields),
        "seen": snapshot.seen,
        "active": snapshot.active,
        "version": snapshot.version,
        "pending": cells_text(snapshot.pending) if snapshot.pending is not None else None,
        "pending_until": snapshot.pending_until,
        "writes": orjson.dumps(snapshot.writes).decode() if snapshot.writes else None,
        "moved": snapshot.moved,
    }


BLANK_SNAPSHOT: dict[str, Any] = {
    name: value
    for name, value in snapshot_row("", "", Snapshot("")).items()
    if name not in ("system", "entity", "id")
}


def conflict_row(entity: str, record: str, clash: Clash, at: int) -> dict[str, Any]:
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
        "policy": clash.policy,
        "open": clash.open,
    }


def conflict(row: Any) -> Conflict:
    return Conflict(
        row.id,
        row.entity,
        row.record,
        Clash(row.field, read_cell(row.kept), read_cell(row.lost), row.policy),
        row.at,
        bool(row.open),
        row.settled_at,
        row.resolution,
    )


def dead_letter(row: Any) -> DeadLetter:
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
