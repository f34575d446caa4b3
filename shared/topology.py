"""`topology.yaml`: the systems, the entities with the owner of each field, and the flows between them.

The one file that an integrator edits first; `topology_file` reads and checks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.model import golden
from shared.model.entities import ENTITIES, EntityType
from shared.model.golden import Arbiter, FieldRule
from shared.priority import Budget, Priority, budgeted
from shared.reach import Arrow, joined, sources
from shared.terms import Mode, Only, Recent, Seconds, recently

OPERATOR = golden.OPERATOR

HIGHEST = 1000
"""The highest rank of a system; an operator's is higher still."""


class Delete(StrEnum):
    """What a delete in the source does in the target."""

    PROPAGATE = "propagate"
    DEACTIVATE = "deactivate"
    IGNORE = "ignore"


class MissingParent(StrEnum):
    """What becomes of a record whose parent the target does not have."""

    BRING = "bring"
    WAIT = "wait"
    LEAVE_EMPTY = "leave-empty"
    REJECT = "reject"


class Guard(StrEnum):
    """What keeps a write from burying an edit that nobody has polled yet."""

    NONE = "none"
    READ = "read"
    CONDITIONAL = "conditional"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class System(_Strict):
    """One system. `kind` names its room; its address and secrets are settings, never here.

    `writes` are the tables that may be written, where the hub writes into tables and no API stands between.
    """

    kind: str
    rank: int = Field(default=0, ge=-HIGHEST, le=HIGHEST)
    writes: tuple[str, ...] = ()
    budget: Annotated[Budget, BeforeValidator(budgeted)] = Budget()


class FieldPolicy(_Strict):
    """Who may change a field: its owner; without one all may, and of two edits at once `conflict` decides."""

    owner: str | None = None
    conflict: Arbiter | None = None


class Twins(StrEnum):
    """What becomes of a second row of one system that has the natural key of another there."""

    REFUSE = "refuse"
    JOIN = "join"


class EntityPolicy(_Strict):
    """An entity: its natural key, what two rows with the same are, and who owns its fields."""

    key: tuple[str, ...] = ()
    twins: Twins = Twins.REFUSE
    owner: str | None = None
    conflict: Arbiter = Arbiter.NEWEST
    fields: Mapping[str, FieldPolicy] = Field(default_factory=dict)


class Envelope(_Strict):
    """How many rows one run may delete or empty of a value: a number, or a share of the table if more."""

    share: str = Field(default="5%", pattern=r"^\d{1,3}(\.\d+)?%$")
    records: int = Field(default=100, ge=0)

    def __str__(self) -> str:
        return f"{{share: {self.share}, records: {self.records}}}"

    def allows(self, size: int) -> int:
        """How many of a table with so many rows."""
        return max(self.records, int(size * float(self.share.rstrip("%")) / 100))


class Flow(_Strict):
    """An entity from one system to another."""

    entity: str
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    mode: Mode = Mode.PUSH
    freshness: Seconds = 60
    priority: Priority = Priority.NORMAL
    delete: Delete = Delete.DEACTIVATE
    only: Only = Field(default_factory=dict)
    excepted: Only = Field(default_factory=dict, alias="except")
    once: bool = False
    recent: Annotated[Recent, BeforeValidator(recently)] | None = None
    missing_parent: MissingParent = MissingParent.BRING
    parent_wait: Seconds = 3600
    guard: Guard = Guard.NONE
    watch: bool = False
    envelope: Envelope = Envelope()


class Topology(_Strict):
    """The whole file."""

    systems: Mapping[str, System]
    entities: Mapping[str, EntityPolicy]
    flows: tuple[Flow, ...]

    def entity(self, name: str) -> EntityType:
        return ENTITIES[name]

    def systems_of(self, kind: str) -> list[str]:
        return [name for name, system in self.systems.items() if system.kind == kind]

    def rules(self, entity: str) -> Mapping[str, FieldRule]:
        """Field → who wins it."""
        return self._rules[entity]

    @cached_property
    def _rules(self) -> Mapping[str, Mapping[str, FieldRule]]:
        ranks = {name: system.rank for name, system in self.systems.items()} | {OPERATOR: HIGHEST + 1}
        return {
            name: {field: self._rule(name, field, ranks) for field in ENTITIES[name].fields}
            for name in self.entities
            if name in ENTITIES
        }

    def _rule(self, entity: str, field: str, ranks: Mapping[str, int]) -> FieldRule:
        sources = frozenset(flow.source for flow in self.flows if flow.entity == entity)
        return FieldRule(
            self._owner(entity, field), ranks, sources | {OPERATOR}, self._arbiter(entity, field)
        )

    def _owner(self, entity: str, field: str) -> str | None:
        policy = self.entities[entity]
        named = policy.fields.get(field)
        return named.owner if named else policy.owner

    def _arbiter(self, entity: str, field: str) -> Arbiter:
        policy = self.entities[entity]
        named = policy.fields.get(field)
        return (named.conflict if named else None) or policy.conflict

    def asks(self, entity: str) -> bool:
        """Whether a person decides about any field."""
        return entity in self._asking

    @cached_property
    def _asking(self) -> frozenset[str]:
        return frozenset(
            name for name, rules in self._rules.items() if any(rule.asks for rule in rules.values())
        )

    def flows_to(self, target: str, entity: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.target == target and flow.entity == entity]

    def flows_from(self, source: str, entity: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.source == source and flow.entity == entity]

    def only_once(self, target: str, entity: str) -> bool:
        """Whether what is brought there is the target's own from then on."""
        return (target, entity) in self._once

    @cached_property
    def _once(self) -> frozenset[tuple[str, str]]:
        return frozenset((flow.target, flow.entity) for flow in self.flows if flow.once)

    def envelopes(self, system: str, entity: str) -> list[Envelope]:
        """What a run of this system may delete: as the strictest of its flows says."""
        flows = self.flows_from(system, entity) or self.flows_to(system, entity)
        return [flow.envelope for flow in flows]

    def reach(self, target: str, entity: str) -> tuple[str, ...]:
        """The systems whose records of this entity reach the target, by name."""
        return self._reach.get((target, entity), ())

    @cached_property
    def _reach(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        return {
            (flow.target, flow.entity): tuple(sorted(sources(self._arrows(flow.entity), flow.target)))
            for flow in self.flows
        }

    def _arrows(self, entity: str) -> list[Arrow]:
        return [(flow.source, flow.target) for flow in self.flows if flow.entity == entity]

    def group(self, system: str, entity: str) -> frozenset[str]:
        """The systems that flows of this entity join with this one, itself among them."""
        return joined(self._arrows(entity), system)

    def delivered(self, target: str) -> list[str]:
        """The entities that this system is sent, parents before children."""
        return [name for name in self.ordered if self.flows_to(target, name)]

    def polled(self, system: str) -> list[str]:
        """The entities that are read from this system, parents before children."""
        return [
            name
            for name in self.ordered
            if self.flows_from(system, name) or any(flow.watch for flow in self.flows_to(system, name))
        ]

    def freshness(self, system: str, entity: str) -> int:
        """How many seconds may pass between two polls: the least that a flow asks for."""
        flows = self.flows_from(system, entity) or self.flows_to(system, entity)
        return min(flow.freshness for flow in flows)

    def pushed(self, system: str, entity: str) -> bool:
        """Whether rows are read when the system pushes them: if any flow asks for it."""
        flows = self.flows_from(system, entity) or [
            flow for flow in self.flows_to(system, entity) if flow.watch
        ]
        return any(flow.mode is Mode.PUSH for flow in flows)

    def priority(self, system: str, entity: str) -> Priority:
        """How urgent calls to this system for this entity are: as the most urgent of its flows from there and
        to there. A parent is as urgent as its most urgent child, which waits for it.
        """
        return self._priorities.get((system, entity), Priority.NORMAL)

    @cached_property
    def _priorities(self) -> Mapping[tuple[str, str], Priority]:
        found: dict[tuple[str, str], Priority] = {}
        for flow in self.flows:
            for system in (flow.source, flow.target):
                _urge(found, (system, flow.entity), flow.priority)
        for system, entity in [pair for name in reversed(self.ordered) for pair in found if pair[1] == name]:
            for parent in ENTITIES[entity].references.values():
                if (system, parent) in found:
                    _urge(found, (system, parent), found[system, entity])
        return found

    @cached_property
    def ordered(self) -> tuple[str, ...]:
        """The entities, each after those that it refers to."""
        done: list[str] = []
        for name in self.entities:
            self._place(name, done, ())
        return tuple(done)

    def _place(self, name: str, done: list[str], above: tuple[str, ...]) -> None:
        if name in done or name in above or name not in self.entities:
            return
        for parent in ENTITIES[name].references.values():
            self._place(parent, done, (*above, name))
        done.append(name)


def _urge(found: dict[tuple[str, str], Priority], what: tuple[str, str], priority: Priority) -> None:
    """At least so urgent."""
    found[what] = min(found.get(what, priority), priority, key=lambda each: each.rank)
