"""Planning a round of delivery: load everything the batch needs, decide record by record, claim the writes.

Runs in one transaction, so that what was decided on is what is claimed. A claim is the snapshot's `pending`:
the cells that are about to be written, stored before any call is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.adapters.store.transaction import Transaction
from shared.model.errors import IntegrationError, Permanent
from shared.model.golden import Golden, Snapshot
from shared.pipeline import disputes, recoverability
from shared.pipeline.ports import Connection
from shared.pipeline.projection import Later, Look, Parents, Projected, Projection, Search, Unchanged, Unmade
from shared.topology import Topology


@dataclass(slots=True)
class Plan:
    """What is to be done in one round, by record."""

    writes: list[Projected] = field(default_factory=list)
    claimed: dict[str, Snapshot] = field(default_factory=dict)
    claimed_until: int = 0
    reads: dict[str, str] = field(default_factory=dict)
    searches: dict[str, Search] = field(default_factory=dict)
    failed: dict[str, IntegrationError] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    unmade: list[str] = field(default_factory=list)

    def asked(self) -> list[str]:
        """The records of which the target must be asked first."""
        return [*self.reads, *self.searches]

    def add(self, other: Plan) -> None:
        """Take in what a second decision about the asked records gave."""
        self.writes += other.writes
        self.claimed.update(other.claimed)
        self.claimed_until = max(self.claimed_until, other.claimed_until)
        self.failed.update(other.failed)
        self.later.update(other.later)
        self.unchanged += other.unchanged
        self.unmade += other.unmade


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans rounds for one entity of one target."""

    topology: Topology
    connection: Connection
    entity: str
    claim: int
    """How long a claim is valid, in microseconds."""

    def plan(self, tx: Transaction, ids: Sequence[str], now: int, *, asked: bool) -> Plan:
        """Decide for each record; `asked` when the target was just asked about these."""
        system = self.connection.system
        paused = tx.paused(system)
        if paused and paused.until > now:
            return Plan(later=dict.fromkeys(ids, paused.until))
        records = tx.golden(self.entity, ids)
        disputes.mark(tx, self.topology, self.entity, records)
        snapshots = tx.snapshots(system, self.entity, ids)
        parents = self._parents(tx, records.values())
        projection = self._projection()
        plan = Plan(claimed_until=now + self.claim)
        for record in ids:
            golden, snapshot = records.get(record), snapshots.get(record)
            if golden is None:
                plan.failed[record] = Permanent("the hub has no such record", reason="UnknownRecord")
                continue
            try:
                _sort(plan, record, projection.decide(golden, snapshot, parents, now, asked=asked))
            except Exception as error:  # noqa: BLE001 - a defect that one record meets is not the others'
                plan.failed[record] = recoverability.named(error)
        self._claim(tx, plan, snapshots)
        return plan

    def _projection(self) -> Projection:
        system = self.connection.system
        flow = self.topology.flows_to(system, self.entity)[0]
        key = self.topology.entities[self.entity].key
        sources = frozenset(self.topology.reach(system, self.entity))
        return Projection(flow, self.connection.translations[self.entity], key, sources)

    def _parents(self, tx: Transaction, records: Iterable[Golden]) -> Parents:
        """Where the parents of these records are in the target."""
        wanted = self._named(records)
        arrived = self._arrived(tx, wanted)
        natives: dict[str, dict[str, str]] = {}
        coming: set[str] = set()
        for parent, names in wanted.items():
            ids = {arrived.get(f"{parent}/{name}", name) for name in names}
            natives[parent] = tx.natives(self.connection.system, parent, ids)
            coming |= self._on_their_way(tx, parent, ids - natives[parent].keys())
        return Parents(natives, arrived, frozenset(coming))

    def _on_their_way(self, tx: Transaction, parent: str, missing: set[str]) -> set[str]:
        """Parents that the hub still brings: they live, and none of them is a dead letter."""
        system = self.connection.system
        if not missing or not self.topology.flows_to(system, parent):
            return set()
        living = {each.id for each in tx.golden(parent, missing).values() if each.tombstone is None}
        return living - tx.open_dead_letters(system, parent, living).keys()

    def _named(self, records: Iterable[Golden]) -> dict[str, set[str]]:
        references = self.connection.translations[self.entity].references
        wanted: dict[str, set[str]] = {parent: set() for parent in references.values()}
        if not references:
            return wanted
        for record in records:
            for name, parent in references.items():
                cell = record.fields.get(name)
                if cell is not None and isinstance(cell.value, str):
                    wanted[parent].add(cell.value)
        return wanted

    @staticmethod
    def _arrived(tx: Transaction, wanted: Mapping[str, set[str]]) -> dict[str, str]:
        """`entity/system:native id` → golden id, of parents that came after their child was merged."""
        found: dict[str, str] = {}
        for parent, names in wanted.items():
            by_system: dict[str, list[str]] = {}
            for system, _, native in (name.partition(":") for name in names if ":" in name):
                by_system.setdefault(system, []).append(native)
            for system, natives in by_system.items():
                for native, identity in tx.identities(system, parent, natives).items():
                    found[f"{parent}/{system}:{native}"] = identity.id
        return found

    def _claim(self, tx: Transaction, plan: Plan, snapshots: Mapping[str, Snapshot]) -> None:
        for projected in plan.writes:
            record = projected.write.id
            snapshot = snapshots.get(record) or Snapshot(record)
            snapshot.pending, snapshot.pending_until = projected.cells, plan.claimed_until
            plan.claimed[record] = snapshot
        tx.claim(self.connection.system, self.entity, list(plan.claimed.values()))


def _sort(plan: Plan, record: str, decision: object) -> None:
    match decision:
        case Unchanged():
            plan.unchanged.append(record)
        case Unmade():
            plan.unmade.append(record)
        case Later(due):
            plan.later[record] = due
        case Look(native):
            plan.reads[record] = native
        case Search():
            plan.searches[record] = decision
        case Projected():
            plan.writes.append(decision)
