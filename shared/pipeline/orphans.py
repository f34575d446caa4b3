"""Records that a target lacks a parent for: noted, and looked at again as soon as it has the parent.

Nothing is noted of a record that is parked, for it comes back by itself. The others were left out, left
without their parent, or given up: each once for each parent, until the parent is there.

A parent may come just while its child is being settled. Both transactions then meet at the parents' place in
the order of snapshots, so that one of them sees the other's work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.adapters.store.transaction import Transaction
from shared.model.change import ChangeSet
from shared.model.records import Orphan
from shared.pipeline import messages
from shared.pipeline.parents import resolve
from shared.topology import Topology

Named = tuple[str, str, str]
"""Entity, golden id, and the system whose change is to be told of."""

REUNION = "parent"
"""The cause of a look at children whose parent has come."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """The orphans of one system."""

    topology: Topology
    system: str
    ids: Callable[[], str]

    def note(self, tx: Transaction, orphans: Sequence[Orphan], now: int) -> None:
        """Note these, and look at those at once whose parent has come meanwhile."""
        tx.note_orphans(self.system, orphans)
        for parent in sorted({each.parent_entity for each in orphans}):
            tx.meet(self.system, parent)
            names = {each.parent for each in orphans if each.parent_entity == parent}
            ids = names | set(resolve(tx, parent, names).values())
            self.reunite(tx, parent, tx.natives(self.system, parent, ids), now)

    def reunite(self, tx: Transaction, parent: str, records: Iterable[str], now: int) -> None:
        """The system has these parents now: look at their children."""
        ids = list(records)
        if ids and tx.any_orphans(self.system, parent):
            self.called(tx, parent, self._names(tx, parent, ids), now)

    def called(self, tx: Transaction, parent: str, names: Iterable[str], now: int) -> None:
        """Look at the children that lack a parent by one of these names."""
        found = tx.orphans_of(self.system, parent, names)
        tx.forget_orphans(self.system, found)
        self.look(tx, [(each.entity, each.id, each.source) for each in found], REUNION, now)

    def _names(self, tx: Transaction, parent: str, ids: Sequence[str]) -> set[str]:
        """What children may call these parents."""
        names = set(ids)
        for system in self.topology.systems:
            names |= {f"{system}:{native}" for native in tx.natives(system, parent, ids).values()}
        return names

    def look(self, tx: Transaction, records: Iterable[Named], cause: str, now: int) -> None:
        """Have the handler look at these. Each counts as read anew."""
        flows: dict[tuple[str, str], dict[str, None]] = {}
        for entity, record, source in records:
            flows.setdefault((entity, source), {})[record] = None
        count: Counter[tuple[str, str, str, str]] = Counter()
        for (entity, source), ids in flows.items():
            count[(entity, source, self.system, "read")] += len(ids)
            for part in messages.parts(list(ids)):
                change = ChangeSet(entity, source, part, self.system, cause, since=now)
                tx.post([messages.encode(change, self.ids())])
        tx.count(count)
