"""`python -m local estimate`: what each flow will cost in calls, at once and in batches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from functions.dataverse import connection as dataverse
from functions.lms import connection as lms
from functions.salesforce import connection as salesforce
from local.conflicts import PROJECT, Flows
from local.desk_store import Data, opened
from local.up.directory import Directory
from shared.adapters.store.transaction import Transaction
from shared.model.budget import DAY, Sizes
from shared.pipeline.estimate import Calls, Volume, at_once, in_batches
from shared.topology import Flow, Guard, Topology
from shared.topology_file import load
from shared.wiring import now

KINDS = {"salesforce": salesforce.SIZES, "lms": lms.SIZES, "dataverse": dataverse.SIZES}
"""A database that has no API between takes statements, and nobody counts them."""

GIVEN = re.compile(r"(?P<what>[a-z_]+(:[a-z0-9-]+>[a-z0-9-]+)?)=(?P<number>\d+)(/(?P<per>day|hour|minute))?")
A_DAY = {"day": 1, "hour": 24, "minute": 1_440, None: 1}
CHOICES = (60, 300, 900, 3_600, 86_400)
"""Intervals to choose from, beside the flow's own."""

HISTORY = 7
"""Days of the ledger that are looked at."""

Changes = Annotated[
    list[str], typer.Option("--changes", help="ENTITY=NUMBER/day (or hour, minute), in place of the history.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Deployed = Annotated[
    bool,
    typer.Option("--deployed", help="The store, topology and sizes that the settings of the functions name."),
]


@dataclass(frozen=True)
class Known:
    """What an estimate stands on: how much a call of each system carries, what it allows, what was moved."""

    topology: Topology
    sizes: Mapping[str, Sizes]
    limits: Mapping[str, int]
    moved: Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Line:
    """One way to run a flow."""

    flow: Flow
    changes: float
    mode: str
    calls: Calls
    share: float | None
    """Of the limits of its systems, the greater."""

    def told(self) -> dict[str, Any]:
        return {
            "entity": self.flow.entity,
            "from": self.flow.source,
            "to": self.flow.target,
            "changes": round(self.changes),
            "mode": self.mode,
            "source_calls": self.calls.source,
            "target_calls": self.calls.target,
            "staleness": self.calls.staleness,
            "share": None if self.share is None else round(self.share, 4),
        }


def estimate(
    *,
    changes: Changes = [],  # noqa: B006 - typer reads the default, and nobody changes it
    data: Data = Path(".local"),
    topology: Flows = PROJECT / "topology.yaml",
    deployed: Deployed = False,
    as_json: Json = False,
) -> None:
    """Calls a day of each flow, with each change at once and in batches; how stale; the share of the limit.

    `python -m local estimate` takes the changes of the last week from the store of an `up`.

    `python -m local estimate --changes account=20000/day --changes lead=3/minute` takes these.

    `python -m local estimate --changes account:crm>erp=500/hour` takes them for one flow alone.

    `python -m local estimate --deployed` asks the deployed hub's store: its settings are in the environment.
    """
    given = dict(_given(changes))
    known = _deployed() if deployed else _desk(data, topology)
    lines = [line for flow in known.topology.flows for line in estimated(known, flow, given)]
    if as_json:
        typer.echo(json.dumps([line.told() for line in lines], indent=2))
    else:
        _show(lines)


def estimated(known: Known, flow: Flow, given: Mapping[str, float]) -> Iterator[Line]:
    """The ways to run one flow, the dearest first."""
    moved = known.moved.get((flow.entity, flow.target), 0.0)
    own = given.get(f"{flow.entity}:{flow.source}>{flow.target}", given.get(flow.entity, moved))
    looks = flow.guard is Guard.READ
    first = at_once(Volume(own, flow.freshness, looks))
    yield Line(flow, own, "at once", first, _share(known, flow, first))
    for freshness in sorted({flow.freshness, *CHOICES}):
        volume = Volume(own, freshness, looks)
        calls = in_batches(volume, known.sizes[flow.source], known.sizes[flow.target])
        mode = f"batch, {_time(freshness)}" + (" (now)" if freshness == flow.freshness else "")
        yield Line(flow, own, mode, calls, _share(known, flow, calls))


def _share(known: Known, flow: Flow, calls: Calls) -> float | None:
    asked = {flow.source: calls.source, flow.target: calls.target}
    shares = [asked[system] / limit for system, limit in known.limits.items() if system in asked]
    return max(shares, default=None)


def _given(changes: Iterable[str]) -> Iterator[tuple[str, float]]:
    for text in changes:
        if (found := GIVEN.fullmatch(text)) is None:
            raise typer.BadParameter(f"{text!r}: write account=20000/day, or account:crm>erp=500/hour")
        yield found["what"], float(found["number"]) * A_DAY[found["per"]]


def _desk(data: Path, path: Path) -> Known:
    topology = load(path)
    sizes = {name: KINDS.get(system.kind, Sizes(500, 500, 500)) for name, system in topology.systems.items()}
    if not Directory(data.resolve()).store.exists():
        return Known(topology, sizes, _named(topology), {})
    with opened(data) as store:
        return store.read_now(lambda tx: _known(tx, topology, sizes))


def _deployed() -> Known:
    from function_app import hub  # noqa: PLC0415 - it reads every setting, which a desk does not have

    sizes = {name: connection.sizes for name, connection in hub.connections.items()}
    return hub.store.read_now(lambda tx: _known(tx, hub.topology, sizes))


def _known(tx: Transaction, topology: Topology, sizes: Mapping[str, Sizes]) -> Known:
    at = now()
    gauges = {name: tx.gauge(name) for name in topology.systems}
    said = {name: gauge.allowed for name, gauge in gauges.items() if gauge and gauge.allowed}
    moved = {
        flow: count * DAY / max(DAY, at - first)
        for flow, (count, first) in tx.delivered(at - HISTORY * DAY).items()
    }
    return Known(topology, sizes, said | _named(topology), moved)


def _named(topology: Topology) -> dict[str, int]:
    limits = {name: system.budget.limit for name, system in topology.systems.items()}
    return {name: limit for name, limit in limits.items() if limit}


def _show(lines: Iterable[Line]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("flow", "changes", "mode"):
        table.add_column(title, justify="right" if title == "changes" else "left")
    for title in ("source calls", "target calls", "stale, at most", "of the limit"):
        table.add_column(title, justify="right")
    before = None
    for line in lines:
        flow = f"{line.flow.entity} {line.flow.source} → {line.flow.target}"
        named = (flow, f"{line.changes:,.0f}") if flow != before else ("", "")
        before = flow
        share = "" if line.share is None else f"{line.share:.1%}"
        calls = (f"{line.calls.source:,}", f"{line.calls.target:,}")
        table.add_row(*named, line.mode, *calls, _time(line.calls.staleness), share)
    console = Console()
    (console if console.is_terminal else Console(width=140)).print(table)


def _time(length: float) -> str:
    """As the topology writes it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if length and length % size == 0:
            return f"{length / size:.0f}{unit}"
    return f"{length:.0f}s"
