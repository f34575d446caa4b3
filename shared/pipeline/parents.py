"""Where the parents of a batch of records are in the target, and what may be expected of those that are not.

golden id              of a parent that the hub knows
system:native id       of one that it had not met when the child was merged; it may have come since
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.adapters.store.transaction import Transaction
from shared.model.golden import Golden
from shared.pipeline.admission import Admission
from shared.pipeline.ports import Connection
from shared.topology import Topology

Parent = tuple[str, str]
"""Entity, and golden id or `system:native id`."""


@dataclass(frozen=True, slots=True)
class Parents:
    """Parent entity → golden id → native id in the target; who `entity/system:native` is; the golden ids of
    parents that the target does not have and that are on their way; and which of these the flow would not
    bring for their own sake.
    """

    natives: Mapping[str, Mapping[str, str]]
    arrived: Mapping[str, str]
    on_their_way: frozenset[str] = frozenset()
    outside: frozenset[Parent] = frozenset()
    incomplete: bool = True
    """Whether there is any parent that the target does not have."""

    def golden_id(self, entity: str, name: str) -> str:
        return self.arrived.get(f"{entity}/{name}", name)

    def native(self, entity: str, name: str) -> str | None:
        return self.natives.get(entity, {}).get(self.golden_id(entity, name))

    def lacking(self, references: Mapping[str, str], record: Golden) -> list[Parent]:
        """The parents that the record names and the target does not have."""
        named = [
            (entity, str(record.fields[field].value))
            for field, entity in references.items()
            if field in record.fields and record.fields[field].value is not None
        ]
        return [
            (entity, self.golden_id(entity, name))
            for entity, name in named
            if self.native(entity, name) is None
        ]


@dataclass(frozen=True, slots=True)
class Parentage:
    """Finds the parents of records of one entity."""

    topology: Topology
    connection: Connection
    entity: str

    def find(self, tx: Transaction, records: Iterable[Golden], now: int) -> Parents:
        """A few statements for the whole batch."""
        natives: dict[str, dict[str, str]] = {}
        arrived: dict[str, str] = {}
        coming: set[str] = set()
        outside: set[Parent] = set()
        incomplete = False
        for parent, names in self._named(records).items():
            arrived |= {f"{parent}/{name}": came for name, came in resolve(tx, parent, names).items()}
            ids = {arrived.get(f"{parent}/{name}", name) for name in names}
            natives[parent] = tx.natives(self.connection.system, parent, ids)
            missing = ids - natives[parent].keys()
            incomplete = incomplete or bool(missing)
            living = self._living(tx, parent, missing)
            coming |= {each.id for each in living}
            outside |= self._outside(parent, living, now)
        return Parents(natives, arrived, frozenset(coming), frozenset(outside), incomplete)

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

    def _living(self, tx: Transaction, parent: str, missing: set[str]) -> list[Golden]:
        """Parents that the hub still brings: they live, the target is for them, none is a dead letter."""
        system = self.connection.system
        if not missing or not self.topology.flows_to(system, parent):
            return []
        admission = Admission.of(self.topology, system, parent)
        found = tx.golden(parent, missing).values()
        living = [each for each in found if each.tombstone is None and admission.reached(each)]
        given_up = tx.open_dead_letters(system, parent, [each.id for each in living])
        return [each for each in living if each.id not in given_up]

    def _outside(self, parent: str, living: Iterable[Golden], now: int) -> set[Parent]:
        system = self.connection.system
        if not self.topology.flows_to(system, parent):
            return set()
        admission = Admission.of(self.topology, system, parent)
        return {(parent, each.id) for each in living if not admission.admits(each, now)}


def resolve(tx: Transaction, entity: str, names: Iterable[str]) -> dict[str, str]:
    """`system:native id` → golden id, of those that have come meanwhile."""
    by_system: dict[str, list[str]] = {}
    for system, _, native in (name.partition(":") for name in names if ":" in name):
        by_system.setdefault(system, []).append(native)
    return {
        f"{system}:{native}": identity.id
        for system, natives in by_system.items()
        for native, identity in tx.identities(system, entity, natives).items()
    }
