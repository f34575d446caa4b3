"""Reads `topology.yaml` and checks it. A mistake is refused at the start, with file, line, and what would be
accepted:

    topology.yaml:23: flows[1].delete: 'vanish' is not one of propagate, deactivate, ignore
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from shared import configuration
from shared.lines import Place
from shared.model.entities import ENTITIES, EntityType
from shared.model.errors import Misconfigured
from shared.model.golden import Arbiter
from shared.priority import Budget
from shared.terms import Recent
from shared.topology import (
    OPERATOR,
    EntityPolicy,
    Envelope,
    FieldPolicy,
    Flow,
    Guard,
    System,
    Topology,
)

RESERVED = frozenset({OPERATOR, "hub", "bus"})
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


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
