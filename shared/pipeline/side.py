"""One entity as one system has it: what every step of a poll has to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.model.change import Row
from shared.model.errors import IntegrationError
from shared.model.golden import Value
from shared.model.keys import natural_key
from shared.model.merge import Merge
from shared.pipeline.ports import Translation
from shared.topology import Topology, Twins

PUSH = "push"
"""The cause of what a system pushed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Rows as a system showed them, and the place in the order of snapshots when reading began.

    `looked` says that the target's own handler asked: it goes on to write, and needs no message for that.
    """

    rows: Sequence[Row]
    read_at: int
    noted: int
    cause: str = "poll"
    looked: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """The entity, the system, and how the one is kept in the other."""

    topology: Topology
    system: str
    entity: str
    translation: Translation
    ids: Callable[[], str]

    @property
    def is_source(self) -> bool:
        """Whether the entity flows from this system; else it only follows."""
        return bool(self.topology.flows_from(self.system, self.entity))

    @property
    def is_target(self) -> bool:
        return bool(self.topology.flows_to(self.system, self.entity))

    @property
    def once(self) -> bool:
        """Whether what was brought here is the system's own: who is who is seen, and nothing else."""
        return self.topology.only_once(self.system, self.entity)

    @property
    def joins(self) -> bool:
        """Whether a second row with the natural key of another here is the same record."""
        return self.topology.entities[self.entity].twins is Twins.JOIN

    @property
    def key_fields(self) -> tuple[str, ...]:
        return self.topology.entities[self.entity].key

    def key(self, values: Mapping[str, Value]) -> str | None:
        """The natural key of these values, if they have one."""
        return natural_key(self.key_fields, values)

    def merge(self) -> Merge:
        return Merge(self.system, self.topology.rules(self.entity), self._normal)

    def _normal(self, name: str, value: Value) -> Value:
        """A value that the system could not hold is no echo of anything: it stays as it is."""
        if name in self.translation.references:
            return value
        try:
            return self.translation.normal(name, value)
        except IntegrationError:
            return value
