"""Records that a system has below a parent whose native id may change there: a lead that becomes a contact.

    note      who is below whom, when a handler plans to write them, and before it does
    follow    the parent goes on under another id: what its children show of it counts no more, and they are
              looked at, so that the handler writes it anew
    settled   the same, where the parent moved while they were being written

Only references that a translation calls `shifting` are noted: nobody else pays for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.adapters.store.transaction import Transaction
from shared.model.entities import ENTITIES
from shared.model.golden import Golden, Snapshot
from shared.model.records import Orphan
from shared.pipeline.orphans import Orphans
from shared.pipeline.parents import Parents
from shared.pipeline.ports import Connection

MOVED = "moved"
"""The cause of a look at children whose parent goes on under another native id."""

Places = Mapping[str, Mapping[str, str]]
"""Parent entity → golden id → native id."""


def note(
    tx: Transaction, connection: Connection, entity: str, records: Iterable[Golden], parents: Parents
) -> Places:
    """Who is below whom; returns where the parents are."""
    translation = connection.translations[entity]
    if not translation.shifting:
        return {}
    found: list[Orphan] = []
    places: dict[str, dict[str, str]] = {}
    for record in records:
        for field in translation.shifting & record.fields.keys():
            parent, cell = translation.references[field], record.fields[field]
            golden_id = parents.golden_id(parent, str(cell.value))
            if (native := parents.native(parent, golden_id)) is not None:
                found.append(Orphan(entity, record.id, cell.system, parent, golden_id))
                places.setdefault(parent, {})[golden_id] = native
    tx.note_attached(connection.system, found)
    return places


@dataclass(frozen=True, slots=True)
class Attached:
    """The children of one system."""

    system: str
    orphans: Orphans

    def settled(self, tx: Transaction, places: Places, now: int) -> None:
        """Follow the parents that are no longer where they were when their children were planned."""
        for parent, natives in places.items():
            tx.meet(self.system, parent)
            there = tx.natives(self.system, parent, natives)
            self.follow(tx, parent, [each for each in natives if there.get(each) != natives[each]], now)

    def follow(self, tx: Transaction, parent: str, moved: Iterable[str], now: int) -> None:
        """These parents have other native ids: look at their children, who show the old ones."""
        found = tx.attached_to(self.system, parent, list(moved))
        by_entity: dict[str, list[Orphan]] = {}
        for each in found:
            by_entity.setdefault(each.entity, []).append(each)
        for entity, children in by_entity.items():
            self._forget(tx, entity, children)
        self.orphans.look(tx, [(each.entity, each.id, each.source) for each in found], MOVED, now)

    def _forget(self, tx: Transaction, entity: str, children: Iterable[Orphan]) -> None:
        """What their snapshots show of the parent."""
        below = {each.id: each.parent for each in children}
        snapshots = tx.snapshots(self.system, entity, below)
        stale = [each for each in snapshots.values() if _forgets(each, entity, below[each.id])]
        tx.put_snapshots(self.system, entity, stale)


def _forgets(snapshot: Snapshot, entity: str, parent: str) -> bool:
    """Whether it showed the parent, which it does no more."""
    shown = {
        name: cell
        for name, cell in snapshot.fields.items()
        if name not in ENTITIES[entity].references or cell.value != parent
    }
    fewer = len(shown) < len(snapshot.fields)
    snapshot.fields = shown
    return fewer
