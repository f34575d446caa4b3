"""Statements for records that lack a parent in a system, and for those below one that may move there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, exists, select

from shared.adapters.store import tables
from shared.adapters.store.statements import Statements, among, chosen
from shared.model.records import Orphan

ANY = select(
    exists().where(
        tables.orphan.c.system == bindparam("system"),
        tables.orphan.c.parent_entity == bindparam("parent_entity"),
    )
)
OF = among(
    chosen(tables.orphan, "entity", "id", "source", "parent_entity", "parent"),
    tables.orphan,
    ("system", "parent_entity"),
    "parent",
)
BELOW = among(
    chosen(tables.attached, "entity", "id", "source", "parent_entity", "parent"),
    tables.attached,
    ("system", "parent_entity"),
    "parent",
)
FORGET = delete(tables.orphan).where(
    tables.orphan.c.system == bindparam("s"),
    tables.orphan.c.parent_entity == bindparam("pe"),
    tables.orphan.c.parent == bindparam("p"),
    tables.orphan.c.id == bindparam("i"),
    tables.orphan.c.entity == bindparam("e"),
)


class Orphaned(Statements):
    """Who waits for whose parent."""

    def note_orphans(self, system: str, orphans: Iterable[Orphan]) -> None:
        """These lack a parent in this system; whoever is noted already stays so."""
        rows = [_row(system, each) for each in orphans]
        if rows:
            self._run("orphans", lambda: self._insert(tables.orphan).on_conflict_do_nothing(), rows)

    def note_attached(self, system: str, children: Iterable[Orphan]) -> None:
        """These are below a parent in this system; whoever is noted already stays so."""
        rows = [_row(system, each) for each in children]
        if rows:
            self._run("attached", lambda: self._insert(tables.attached).on_conflict_do_nothing(), rows)

    def attached_to(self, system: str, parent_entity: str, parents: Iterable[str]) -> list[Orphan]:
        """Those below one of these."""
        fixed = {"system": system, "parent_entity": parent_entity}
        return [Orphan(*row) for row in self._many(BELOW, fixed, parents)]

    def any_orphans(self, system: str, parent_entity: str) -> bool:
        """Whether anybody waits for a parent of this entity there."""
        return bool(self._find(ANY, system=system, parent_entity=parent_entity)[0][0])

    def orphans_of(self, system: str, parent_entity: str, parents: Iterable[str]) -> list[Orphan]:
        """Those who wait for one of these."""
        fixed = {"system": system, "parent_entity": parent_entity}
        return [Orphan(*row) for row in self._many(OF, fixed, parents)]

    def forget_orphans(self, system: str, orphans: Sequence[Orphan]) -> None:
        """These wait no more."""
        rows = [
            {"s": system, "pe": each.parent_entity, "p": each.parent, "i": each.id, "e": each.entity}
            for each in orphans
        ]
        if rows:
            self._run("forget_orphans", lambda: FORGET, rows)


def _row(system: str, each: Orphan) -> dict[str, Any]:
    return {
        "system": system,
        "parent_entity": each.parent_entity,
        "parent": each.parent,
        "entity": each.entity,
        "id": each.id,
        "source": each.source,
    }
