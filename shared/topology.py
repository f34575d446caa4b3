"""`topology.yaml`: the systems, the entities with the owner of each field, and the flows between them.

The one file that an integrator edits first. A mistake in it is refused at the start, with file, line, and
what would be accepted:

    topology.yaml:23: flows[1].delete: 'vanish' is not one of propagate, deactivate, ignore
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared import configuration
from shared.lines import Place
from shared.model import golden
from shared.model.entities import ENTITIES, EntityType
from shared.model.errors import Misconfigured
from shared.model.golden import Arbiter, FieldRule
from shared.priority import Budget, Priority, budgeted
from shared.reach import Arrow, joined, sources
from shared.terms import Mode, Only, Recent, Seconds, recently

OPERATOR = golden.OPERATOR

HIGHEST = 1000
"""The highest rank of a system; an operator's is higher still."""

RESERVED = frozenset({OPERATOR, "hub", "bus"})
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


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


class TopologyError(Misconfigured):
    """The file is wrong; every mistake with its line."""


def load(path: Path) -> Topology:
    """Read and check the file. Raises TopologyError with a line for each mistake."""
    return FILE.load(path)


def parse(text: str, name: str = "topology.yaml") -> Topology:
    """As `load`, from text; `name` is what errors call the file."""
    return FILE.parse(text, name)


def _model(place: Place) -> type[BaseModel]:
    """What stands there."""
    match place:
        case ("systems", _, *part):
            return Budget if part[:1] == ["budget"] else System
        case ("entities", _, "fields", _):
            return FieldPolicy
        case ("entities", *_):
            return EntityPolicy
        case ("flows", _, "recent" | "envelope" as part):
            return Recent if part == "recent" else Envelope
        case ("flows", *_):
            return Flow
    return Topology


def _mistakes(topology: Topology) -> Iterator[tuple[Place, str]]:
    for name in topology.systems:
        if wrong := _bad_name(name):
            yield ("systems", name), wrong
    for name, policy in topology.entities.items():
        yield from _entity_mistakes(topology, name, policy)
    pairs: set[tuple[str, str, str]] = set()
    for index, flow in enumerate(topology.flows):
        yield from _flow_mistakes(topology, index, flow)
        if (pair := (flow.entity, flow.source, flow.target)) in pairs:
            yield ("flows", index), f"{flow.entity} from {flow.source} to {flow.target} stands twice"
        pairs.add(pair)


def _bad_name(system: str) -> str | None:
    """A system's name is a part of variables, functions, subscriptions and filters."""
    if system in RESERVED:
        return f"{system!r} is the hub's own word; call the system something else"
    if not NAME.fullmatch(system):
        return "a system's name is small letters, digits and hyphens, a letter first, at most 32"
    return None


def _entity_mistakes(topology: Topology, name: str, policy: EntityPolicy) -> Iterator[tuple[Place, str]]:
    here: Place = ("entities", name)
    if name not in ENTITIES:
        yield here, f"no such entity; there are {', '.join(ENTITIES)}"
        return
    yield from (((*here, "key", *where), wrong) for where, wrong in _key_mistakes(ENTITIES[name], policy.key))
    if policy.owner is not None and policy.owner not in topology.systems:
        yield (*here, "owner"), _no_system(topology, policy.owner)
    for field, rule in policy.fields.items():
        if field not in ENTITIES[name].fields:
            yield (*here, "fields", field), f"{name} has no field {field!r}"
        if rule.owner is not None and rule.owner not in topology.systems:
            yield (*here, "fields", field, "owner"), _no_system(topology, rule.owner)
        if rule.owner is not None and rule.conflict is not None:
            yield (*here, "fields", field, "conflict"), "the owner decides: write owner or conflict, not both"
    if alike := _ranked_alike(topology, name):
        yield here, f"rank cannot decide between {' and '.join(alike)}: give them different ranks"


def _ranked_alike(topology: Topology, name: str) -> list[str]:
    """Two sources of one rank, where rank is to decide between them."""
    rules = topology.rules(name).values()
    if not any(rule.arbiter is Arbiter.RANK for rule in rules):
        return []
    first: dict[int, str] = {}
    for source in sorted({flow.source for flow in topology.flows if flow.entity == name}):
        rank = topology.systems[source].rank if source in topology.systems else None
        if rank is not None and first.setdefault(rank, source) != source:
            return [first[rank], source]
    return []


def _key_mistakes(entity: EntityType, key: tuple[str, ...]) -> Iterator[tuple[Place, str]]:
    for index, field in enumerate(key):
        if field not in entity.fields:
            yield (index,), f"{entity.name} has no field {field!r}; it has {', '.join(entity.fields)}"
        elif field in entity.references:
            yield (index,), f"{field} refers to another record, which each system calls otherwise"
        elif field in key[:index]:
            yield (index,), f"{field} stands twice"


def _flow_mistakes(topology: Topology, index: int, flow: Flow) -> Iterator[tuple[Place, str]]:
    here: Place = ("flows", index)
    if flow.entity not in topology.entities:
        yield (*here, "entity"), f"{flow.entity!r} is not under entities"
        return
    if flow.entity not in ENTITIES:
        return
    for end, system in (("from", flow.source), ("to", flow.target)):
        if system not in topology.systems:
            yield (*here, end), _no_system(topology, system)
    yield from (((*here, *where), wrong) for where, wrong in _term_mistakes(topology, flow))
    if flow.source == flow.target:
        yield here, "a flow goes from one system to another"
    elif flow.once and topology.flows_from(flow.target, flow.entity):
        yield (*here, "once"), f"{flow.entity} flows from {flow.target} too, which would never see it change"
    elif flow.guard is Guard.NONE and (field := _shared_field(topology, flow)):
        yield (
            (*here, "guard"),
            (
                f"none would bury edits of {flow.entity}.{field}, which both {flow.source} and {flow.target} "
                "may change: write read or conditional, or give the field an owner"
            ),
        )


SPELT = {"excepted": "except"}
"""Terms that Python cannot call what the file calls them."""

TERMS = ("only", "excepted", "once", "recent", "delete", "missing_parent", "parent_wait", "guard")
"""What a target is told of an entity but once, whatever flows bring it there."""


def _term_mistakes(topology: Topology, flow: Flow) -> Iterator[tuple[Place, str]]:
    entity = ENTITIES[flow.entity]
    for term in ("only", "excepted"):
        for field in getattr(flow, term):
            if field not in entity.fields:
                yield (SPELT.get(term, term), field), f"{flow.entity} has no field {field!r}"
    day = flow.recent.field if flow.recent else None
    if day is not None and day not in entity.days:
        yield (
            ("recent", "field"),
            f"{flow.entity} has no day {day!r}; it has {', '.join(entity.days) or 'none'}",
        )
    first = topology.flows_to(flow.target, flow.entity)[0]
    for term in TERMS:
        if getattr(flow, term) != getattr(first, term):
            yield (
                (SPELT.get(term, term),),
                f"the flow from {first.source} says otherwise: say the same for {flow.target}",
            )


def _shared_field(topology: Topology, flow: Flow) -> str | None:
    """A field that the target may change too: an owner settles it only among those that it flows to."""
    if not topology.flows_from(flow.target, flow.entity):
        return None
    group = topology.group(flow.source, flow.entity)
    rules = topology.rules(flow.entity)
    return next((field for field, rule in rules.items() if rule.owner not in group), None)


def _no_system(topology: Topology, name: str) -> str:
    return f"no system {name!r}; there are {', '.join(topology.systems)}"


FILE = configuration.Kind(
    Topology,
    _model,
    _mistakes,
    TopologyError,
    "it needs systems, entities and flows",
    {"string_pattern_mismatch": "write a share such as 5%"},
)
