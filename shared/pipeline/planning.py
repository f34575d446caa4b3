"""Planning a round of delivery: load everything the batch needs, decide record by record, claim the writes.

Both in one transaction, so that what was decided on is what is claimed. A claim is the snapshot's `pending`:
the cells that are about to be written, stored before any call is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.adapters.store.transaction import Transaction
from shared.model.errors import IntegrationError, Permanent
from shared.model.golden import Golden, Snapshot
from shared.pipeline import attached, disputes, recoverability
from shared.pipeline.admission import Admission
from shared.pipeline.parents import Parent, Parentage, Parents
from shared.pipeline.ports import Connection
from shared.pipeline.projection import (
    Decision,
    Later,
    Look,
    Orphaned,
    Outside,
    Projected,
    Projection,
    Search,
    Unchanged,
    Unmade,
)
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
    deferred: dict[str, int] = field(default_factory=dict)
    """When they are looked at again, for calls are short."""
    unchanged: list[str] = field(default_factory=list)
    unmade: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    lacking: dict[str, list[Parent]] = field(default_factory=dict)
    """The parents that the target does not have of a record that it is to have."""
    outside: frozenset[Parent] = frozenset()
    """Of these, the ones that the flow brings only for a child's sake."""
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    """Where parents are that may move: parent entity → golden id → native id."""

    def asked(self) -> list[str]:
        """The records of which the target must be asked first."""
        return [*self.reads, *self.searches]

    def take(self, record: str, decision: Decision | IntegrationError) -> None:
        """Put a record where it belongs."""
        match decision:
            case Projected():  # mostly
                self.writes.append(decision)
            case Unchanged():
                self.unchanged.append(record)
            case Unmade():
                self.unmade.append(record)
            case Outside() | Orphaned():
                self.left_out.append(record)
            case Later(due):
                self.later[record] = due
            case Look(native):
                self.reads[record] = native
            case Search():
                self.searches[record] = decision
            case IntegrationError():
                self.failed[record] = decision

    def add(self, other: Plan) -> None:
        """Take in what a second decision about the asked records gave."""
        self.writes += other.writes
        self.claimed.update(other.claimed)
        self.claimed_until = max(self.claimed_until, other.claimed_until)
        self.failed.update(other.failed)
        self.later.update(other.later)
        self.unchanged += other.unchanged
        self.unmade += other.unmade
        self.left_out += other.left_out
        self.lacking.update(other.lacking)
        self.outside |= other.outside
        self.stand(other.places)

    def stand(self, places: attached.Places) -> None:
        """Where these parents were when the plan was made; where they were first counts."""
        for parent, natives in places.items():
            self.places[parent] = {**natives, **self.places.get(parent, {})}


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans rounds for one entity of one target."""

    topology: Topology
    connection: Connection
    entity: str
    lasting: int
    """How long a claim is valid, in microseconds."""
    brought: frozenset[str] = frozenset()
    """The records that a child needs in the target, whatever the flow's terms."""

    def decide(self, tx: Transaction, ids: Sequence[str], now: int, *, asked: bool) -> Plan:
        """Decide for each record; `asked` when the target was just asked about these. To be claimed."""
        system = self.connection.system
        paused = tx.paused(system)
        if paused and paused.until > now:
            return Plan(later=dict.fromkeys(ids, paused.until))
        records = tx.golden(self.entity, ids)
        disputes.mark(tx, self.topology, self.entity, records)
        snapshots = tx.snapshots(system, self.entity, ids)
        parents = Parentage(self.topology, self.connection, self.entity).find(tx, records.values(), now)
        projection = self._projection()
        plan = Plan(claimed_until=now + self.lasting, outside=parents.outside)
        plan.stand(attached.note(tx, self.connection, self.entity, records.values(), parents))
        for record in ids:
            if (golden := records.get(record)) is None:
                plan.failed[record] = Permanent("the hub has no such record", reason="UnknownRecord")
                continue
            brought, decide = record in self.brought, projection.decide
            decision: Decision | IntegrationError
            try:
                decision = decide(golden, snapshots.get(record), parents, now, asked=asked, brought=brought)
            except Exception as error:  # noqa: BLE001 - a defect that one record meets is not the others'
                decision = recoverability.named(error)
            plan.take(record, decision)
            if parents.incomplete and golden.tombstone is None and not isinstance(decision, Outside):
                self._miss(plan, golden, parents)
        _mark(plan, snapshots)
        return plan

    def claim(self, tx: Transaction, plan: Plan) -> Plan:
        """Write down what is about to be written."""
        tx.claim(self.connection.system, self.entity, list(plan.claimed.values()))
        return plan

    def _miss(self, plan: Plan, golden: Golden, parents: Parents) -> None:
        """Note the parents that the target lacks of a record that the flow brings."""
        references = self.connection.translations[self.entity].references
        if lacking := parents.lacking(references, golden):
            plan.lacking[golden.id] = lacking

    def _projection(self) -> Projection:
        admission = Admission.of(self.topology, self.connection.system, self.entity)
        key = self.topology.entities[self.entity].key
        return Projection(admission, self.connection.translations[self.entity], key)


def _mark(plan: Plan, snapshots: Mapping[str, Snapshot]) -> None:
    """What is pending of the records that are about to be written."""
    for projected in plan.writes:
        record = projected.write.id
        snapshot = snapshots.get(record) or Snapshot(record)
        snapshot.pending, snapshot.pending_until = projected.cells, plan.claimed_until
        plan.claimed[record] = snapshot
