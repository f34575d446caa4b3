"""Rows of the tables as values of the model, and back. Cells are JSON: field → [value, stamp, system]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any
from uuid import UUID, uuid5

import msgspec
import orjson

from shared.model.golden import Cell, Fields, Golden, Snapshot, Tombstone
from shared.model.merge import Clash
from shared.model.records import ConflictEntry, DeadLetter

CONFLICTS = UUID("0e0c7a52-9a61-5f0e-9f57-4c1f7a3f1d20")

_encode = msgspec.json.Encoder().encode
read_cells = msgspec.json.Decoder(Fields).decode
read_cell = msgspec.json.Decoder(Cell).decode


def cells_text(fields: Fields) -> str:
    return _encode(fields).decode()


GoldenRow = Sequence[Any]
"""Spot, id, key, generation, fields, stamp, system and heir of its tombstone, revision."""


def golden(row: GoldenRow) -> Golden:
    _, golden_id, key, generation, fields, stamp, system, into, revision = row
    tombstone = Tombstone(stamp, system, into) if stamp is not None else None
    return Golden(golden_id, read_cells(fields), key, generation, tombstone, revision)


def bears_the_same(row: GoldenRow, record: Golden) -> bool:
    """Whether nothing has changed of what the indexes of `golden` are made of."""
    if row[2] != record.key or row[3] != record.generation:
        return False
    tombstone = record.tombstone
    return row[5] is None if tombstone is None else tuple(row[5:8]) == astuple(tombstone)


GOLDEN_VALUES = ("fields", "revision")
"""What changes of a record that bears the same."""


def golden_values(record: Golden) -> tuple[Any, ...]:
    return cells_text(record.fields), record.revision


def golden_row(entity: str, record: Golden) -> dict[str, Any]:
    tombstone = record.tombstone
    return {
        "entity": entity,
        "id": record.id,
        "key": record.key,
        "generation": record.generation,
        "tombstone_stamp": tombstone.stamp if tombstone else None,
        "tombstone_system": tombstone.system if tombstone else None,
        "merged_into": tombstone.into if tombstone else None,
        **dict(zip(GOLDEN_VALUES, golden_values(record), strict=True)),
    }


def snapshot(row: Sequence[Any], near: tuple[GoldenRow, Fields] | None = None) -> Snapshot:
    """`near` is the golden record as it was read: mostly the snapshot's cells are the same."""
    _, golden_id, native, fields, seen, active, version, pending, until, writes, moved = row
    return Snapshot(
        golden_id,
        native,
        near[1] if near and near[0][4] == fields else read_cells(fields),
        bool(seen),
        bool(active),
        version,
        read_cells(pending) if pending is not None else None,
        until,
        orjson.loads(writes) if writes else {},
        moved,
    )


SNAPSHOT_VALUES = (
    "native_id",
    "fields",
    "seen",
    "active",
    "version",
    "pending",
    "pending_until",
    "writes",
    "moved",
)


def snapshot_values(snapshot: Snapshot) -> tuple[Any, ...]:
    return (
        snapshot.native_id,
        cells_text(snapshot.fields),
        snapshot.seen,
        snapshot.active,
        snapshot.version,
        cells_text(snapshot.pending) if snapshot.pending is not None else None,
        snapshot.pending_until,
        orjson.dumps(snapshot.writes).decode() if snapshot.writes else None,
        snapshot.moved,
    )


def snapshot_row(system: str, entity: str, snapshot: Snapshot) -> dict[str, Any]:
    values = zip(SNAPSHOT_VALUES, snapshot_values(snapshot), strict=True)
    return {"system": system, "entity": entity, "id": snapshot.id, **dict(values)}


CLAIM_VALUES = ("pending", "pending_until", "moved")


def claim_values(snapshot: Snapshot) -> tuple[Any, ...]:
    return cells_text(snapshot.pending or {}), snapshot.pending_until, snapshot.moved


def claim_row(system: str, entity: str, snapshot: Snapshot) -> dict[str, Any]:
    """Of a snapshot that is not there: nothing is known of it but what is about to be written."""
    claimed = zip(CLAIM_VALUES, claim_values(snapshot), strict=True)
    return {**snapshot_row(system, entity, Snapshot(snapshot.id)), **dict(claimed)}


def conflict_row(entity: str, record: str, clash: Clash, at: int) -> dict[str, Any]:
    kept, lost = (_encode(cell).decode() for cell in (clash.kept, clash.lost))
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


def ledger_row(what: Sequence[str | None], at: int) -> dict[str, Any]:
    entity, system, action, fields, cause, trace = what
    return {
        "at": at,
        "entity": entity,
        "system": system,
        "action": action,
        "fields": fields,
        "cause": cause,
        "trace": trace,
    }


def conflict(row: Sequence[Any]) -> ConflictEntry:
    conflict_id, entity, record, name, kept, lost, at, policy, waits, settled_at, resolution = row
    clash = Clash(name, read_cell(kept), read_cell(lost), policy)
    return ConflictEntry(conflict_id, entity, record, clash, at, bool(waits), settled_at, resolution)


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
