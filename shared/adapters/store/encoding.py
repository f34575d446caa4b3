"""Rows of the tables as values of the model, and back. Cells are JSON: field → [value, stamp, system]."""

from __future__ import annotations

from collections.abc import Sequence
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


def golden(row: Sequence[Any]) -> Golden:
    golden_id, key, generation, fields, stamp, system, into, revision = row
    tombstone = Tombstone(stamp, system, into) if stamp is not None else None
    return Golden(golden_id, read_cells(fields), key, generation, tombstone, revision)


Bearing = tuple[str | None, int, Tombstone | None]
"""What the indexes of `golden` are made of."""


def bearing(record: Golden) -> Bearing:
    return record.key, record.generation, record.tombstone


def golden_values(record: Golden) -> dict[str, Any]:
    """What changes of a record that keeps its bearing."""
    return {"fields": cells_text(record.fields), "revision": record.revision}


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
        **golden_values(record),
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
    return {"system": system, "entity": entity, "id": snapshot.id, **snapshot_values(snapshot)}


def snapshot_values(snapshot: Snapshot) -> dict[str, Any]:
    return {
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


def claim_row(system: str, entity: str, snapshot: Snapshot) -> dict[str, Any]:
    """Of a snapshot that is not there: nothing is known of it but what is about to be written."""
    return {**snapshot_row(system, entity, Snapshot(snapshot.id)), **claim_values(snapshot)}


def claim_values(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "pending": cells_text(snapshot.pending or {}),
        "pending_until": snapshot.pending_until,
        "moved": snapshot.moved,
    }


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
