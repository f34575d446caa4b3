"""Where the hub's time goes for a changed record, stage by stage: processor time, in µs a record.

    python -m benchmarks.stages [--records 2000] [--rounds 8]

The hub, its store (SQLite on disk) and the simulated systems run here, in one process and virtual time; the
systems' time is measured and taken off. Each round changes one field of every record in the LMS and brings it
into Salesforce; of several rounds the quickest counts, for whatever else the machine does only adds.

The clocks around the stages cost something too: `all` is measured first, without them. A stage that stands
under another (indented) is a part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.systems.transport import SystemTransport
from shared import wiring
from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.pipeline import detection, findings, polling
from shared.pipeline.planning import Planning
from shared.pipeline.settlement import Settlement
from tests.world import World, world

TOPOLOGY = """
systems:
  lms: {kind: lms, rank: 2}
  salesforce: {kind: salesforce, rank: 1}
entities:
  account: {key: [number], owner: lms}
  contact: {key: [email], owner: lms}
flows:
  - {entity: account, from: lms, to: salesforce, delete: ignore}
  - {entity: contact, from: lms, to: salesforce, delete: ignore}
"""

STAGES: dict[str, tuple[Any, str]] = {
    "merge a page": (polling, "detect"),
    "  load": (detection, "learn"),
    "  decide": (detection._Page, "take"),  # noqa: SLF001 - a clock around it is all
    "  write": (findings.Findings, "write"),
    "plan": (Planning, "plan"),
    "  claim": (Planning, "_claim"),
    "settle": (Settlement, "settle"),
    "  write ": (Settlement, "_write"),
    "store: golden": (Transaction, "golden"),
    "store: snapshots": (Transaction, "snapshots"),
    "store: put golden": (Transaction, "put_golden"),
    "store: put snapshots": (Transaction, "put_snapshots"),
    "store: claim": (Transaction, "claim"),
    "store: ledger": (Transaction, "enter"),
}
"""What has a clock around it: where it stands, and its name."""


@dataclass
class Clocks:
    """Processor time by stage, in seconds."""

    spent: dict[str, float] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        self.spent[stage] = self.spent.get(stage, 0.0) + seconds

    @contextmanager
    def around(self, stages: dict[str, tuple[Any, str]]) -> Iterator[None]:
        originals = {stage: getattr(place, name) for stage, (place, name) in stages.items()}
        for stage, (place, name) in stages.items():
            setattr(place, name, self._timed(stage, originals[stage]))
        try:
            yield
        finally:
            for stage, (place, name) in stages.items():
                setattr(place, name, originals[stage])

    def _timed(self, stage: str, work: Any) -> Any:
        @functools.wraps(work)
        def timed(*given: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return work(*given, **named)
            finally:
                self.add(stage, time.process_time() - began)

        return timed


class Timed(SystemTransport):
    """A system whose own time is known, so that it can be taken off."""

    def __init__(self, inner: SystemTransport) -> None:
        self._within = inner
        self.spent = 0.0

    async def handle_async_request(self, request: Any) -> Any:
        began = time.process_time()
        try:
            return await self._within.handle_async_request(request)
        finally:
            self.spent += time.process_time() - began


@dataclass
class Bench:
    """A world with its records, and the clocks of its systems."""

    world: World
    systems: list[Timed]
    records: int
    rounds: int = 0

    def edit(self) -> None:
        self.rounds += 1
        people = [_person(number, self.rounds, self.stamp()) for number in range(self.records)]
        self.world.systems["lms"].system.load("company-users", people)  # type: ignore[attr-defined]
        self.world.time.pass_by(3_600)

    def stamp(self) -> str:
        return self.world.time.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    async def bring(self) -> float:
        """Poll and deliver; seconds of the hub's own."""
        before = sum(system.spent for system in self.systems)
        began = time.process_time()
        await self.world.poll("lms")
        while await self.world.deliver("salesforce"):
            pass
        return time.process_time() - began - (sum(system.spent for system in self.systems) - before)


def _company(number: int, stamp: str) -> dict[str, Any]:
    empty = dict.fromkeys(("website", "state", "industry", "external_id"))
    return {
        **empty,
        "id": number + 1,
        "name": f"Company {number}",
        "number": f"C{number}",
        "phone": "1",
        "street": "Main street 1",
        "city": "Town",
        "postal_code": "1234",
        "country": "NL",
        "status": "active",
        "created_at": stamp,
        "updated_at": stamp,
    }


def _person(number: int, round_: int, stamp: str) -> dict[str, Any]:
    return {
        "id": number + 1,
        "company_id": number % 50 + 1,
        "first_name": f"First {number}",
        "last_name": f"Last {number}",
        "email": f"person{number}@example{number % 97}.com",
        "phone": f"{round_} {number}",
        "title": "Engineer",
        "status": "active",
        "external_id": None,
        "created_at": stamp,
        "updated_at": stamp,
    }


async def opened(records: int, folder: Path) -> Bench:
    """A world whose store is on disk, and whose records are in both systems."""
    made = world(TOPOLOGY, settings={"SALESFORCE_BULK_THRESHOLD": "1000000", "LMS_OVERLAP": "0"})
    store = Store(f"sqlite:///{folder / 'hub.sqlite'}")
    store.migrate()
    object.__setattr__(made.hub, "store", store)  # the world's own is in memory
    systems = [_time(made, name) for name in ("lms", "salesforce")]
    bench = Bench(made, systems, records)
    lms: Any = made.systems["lms"].system
    lms.load("companies", [_company(number, bench.stamp()) for number in range(50)])
    bench.edit()
    await made.settle()
    return bench


def _time(made: World, name: str) -> Timed:
    wire: Any = made.wires[name]
    wire._inner = Timed(wire._inner)  # noqa: SLF001 - a clock around it is all
    return wire._inner  # type: ignore[no-any-return]  # noqa: SLF001


async def run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = await opened(options.records, Path(folder))
        quickest = min([await _round(bench) for _ in range(options.rounds)])
        _say("all", quickest, options.records)
        runs = []
        for _ in range(options.rounds):
            clocks = Clocks()
            with clocks.around(STAGES):
                runs.append((await _round(bench), clocks.spent))
        _, spent = min(runs, key=lambda each: each[0])
        for stage in STAGES:
            _say(stage, spent.get(stage, 0.0), options.records)


async def _round(bench: Bench) -> float:
    bench.edit()
    return await bench.bring()


def _say(stage: str, seconds: float, records: int) -> None:
    print(f"{stage:24}{seconds * 1_000_000 / records:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=8)
    wiring._collect_seldom()  # noqa: SLF001 - as the hub does where it is deployed
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
