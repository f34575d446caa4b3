"""Statements for rows that are known from events alone: how new the last one was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.adapters.store import tables
from shared.adapters.store.statements import Statements, among, chosen

HEARD = among(chosen(tables.heard, "native_id", "stamp"), tables.heard, ("system", "entity"), "native_id")


class Heard(Statements):
    """What events have said."""

    def heard(self, system: str, entity: str, native_ids: Iterable[str]) -> dict[str, int]:
        """Native id → the row's time in the last event that was taken."""
        rows = self._many(HEARD, {"system": system, "entity": entity}, native_ids)
        return {native_id: stamp for native_id, stamp in rows}  # noqa: C416 - the driver's rows are no pairs

    def hear(self, system: str, entity: str, stamps: Mapping[str, int]) -> None:
        """These are the last now."""
        rows = [
            {"system": system, "entity": entity, "native_id": native_id, "stamp": stamp}
            for native_id, stamp in stamps.items()
        ]
        self._upsert(tables.heard, rows)
