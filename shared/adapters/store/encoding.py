"""Rows of the tables as values of the model, and back. Cells are JSON: field → [value, stamp, system]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


Bearing = tuple[str | None, int, int | None, str | None, str | None]
"""A record's key, generation and tombstone: what the indexes of `golden` are made of."""


def bearing(row: Sequence[Any]) -> Bearing:
    """Of a row as it is read."""
    return row[1], row[2], row[4], row[5], row[6]


def bearing_of(row: Mapping[str, Any]) -> Bearing:
    """Of a row as it is written."""
    return (
        row["key"],
        row["generation"],
        row["tombstone_stamp"],
        row["tombstone_system"],
        row["merged_into"],
    )


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


def claim_row(system: str, entity: str, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "system": system,
        "entity": entity,
        "id": snapshot.id,
        "pending": cells_text(snapshot.pending or {}),
        "pending_until": snapshot.pending_until,
        "moved": snapshot.moved,
    }


BLANK_SNAPSHOT: dict[str, Any] = snapshot_row("", "", Snapshot(""))
SNAPSHOT_VALUES = tuple(name for name in BLANK_SNAPSHOT if name not in ("system", "entity", "id"))


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
