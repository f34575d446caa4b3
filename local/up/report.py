"""One run in numbers: the flows, and the dead letters by reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.model.records import DeadLetter, Flows
from shared.topology import Topology

COUNTED = (
    "read",
    "created",
    "updated",
    "unchanged",
    "deactivated",
    "dead_lettered",
    "parked",
    "deferred",
    "calls",
    "bytes_sent",
)
SELDOM = frozenset({"bytes_sent", "deferred"})
"""What is shown where somebody asks, or where there is any."""

SETTLED = ("created", "updated", "unchanged", "deactivated", "dead_lettered")
"""What becomes of a record that was read, in the end."""


@dataclass(frozen=True)
class FlowReport:
    entity: str
    source: str
    target: str
    counts: dict[str, int]
    seconds: float

    @property
    def done(self) -> int:
        return sum(self.counts[name] for name in SETTLED)

    def tell(self) -> dict[str, Any]:
        return {"entity": self.entity, "from": self.source, "to": self.target, **self.counts}


@dataclass(frozen=True)
class Report:
    converged: bool
    seconds: float
    flows: list[FlowReport]
    dead_letters: dict[str, int]

    def write(self, path: Path) -> None:
        told = {
            "converged": self.converged,
            "seconds": round(self.seconds, 3),
            "flows": [flow.tell() for flow in self.flows],
            "dead_letters": self.dead_letters,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def flow_reports(topology: Topology, tallies: Flows, seconds: dict[Any, float]) -> list[FlowReport]:
    """Every flow of the topology, parents before children, also one in which nothing happened."""
    order = topology.ordered.index
    flows = sorted(topology.flows, key=lambda flow: order(flow.entity))
    reports = []
    for flow in flows:
        key = (flow.entity, flow.source, flow.target)
        counted = tallies.get(key, {})
        counts = {name: counted.get(name, 0) for name in COUNTED}
        reports.append(FlowReport(*key, counts, seconds.get(key, 0.0)))
    return reports


def by_reason(letters: Sequence[DeadLetter]) -> dict[str, int]:
    return dict(Counter(letter.reason for letter in letters).most_common())
