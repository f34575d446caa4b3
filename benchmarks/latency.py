"""From a push to the target's row: how long it takes, at so many events a second.

    python -m benchmarks.latency [--rate 100] [--seconds 20]

The local cloud as its own processes, on two cores with this one: the systems, a durable Service Bus, the
Functions host. Salesforce has edited its accounts; each edit is pushed to the hub by an HTTP request of its
own, on time, whether those before it have been answered or not:

    push ── door ── queue `arrivals` ── read from Salesforce ── merge ── topic ── handler ── the LMS's row

No timer helps: polls and the outbox's timer stand still. A row's end is the stamp that the LMS gives it, and
its beginning when its push was due, so that a queue in front of the door counts as well; `answered` is what
the sender waits for its 202. `processor_ms` is what each process spends on an event: together they must stay
below what two cores have, 20 ms at 100 events a second, or a queue grows. `load` says who else is at work.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from local.up.cloud import Cloud
from local.up.directory import Directory
from local.up.doors import kept_doors
from local.up.endpoints import Endpoints
from local.up.options import Content
from local.up.ports import Ports
from shared.topology_file import load

TOPOLOGY = """
systems:
  salesforce: {kind: salesforce, rank: 2}
  lms: {kind: lms, rank: 1}
entities:
  account: {key: [number], owner: salesforce}
flows:
  - {entity: account, from: salesforce, to: lms, mode: push, freshness: 1d}
"""
NEVER = "0 0 0 1 1 *"
"""A schedule that has its time once a year."""

STILL = {"POLL_SCHEDULE": NEVER, "OUTBOX_SCHEDULE": NEVER, "CROSSWALK_CLAIM": "300"}
ACCEPTED = 202
COLLECTION = 200
PATIENCE = 120.0
WARM = 100
"""Events before those that count: the first ones open senders, sockets and statements."""


@dataclass
class Org:
    """Salesforce, as those at work there have it."""

    http: httpx.Client
    ids: list[str] = field(default_factory=list)

    def create(self, count: int) -> None:
        rows = [{"Name": f"Company {n}", "AccountNumber": f"C{n}", "Phone": "0"} for n in range(count)]
        self.ids = [each["id"] for each in self._all("POST", rows)]

    def edit(self, phone: str) -> None:
        self._all("PATCH", [{"id": each, "Phone": phone} for each in self.ids])

    def _all(self, method: str, rows: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        results = []
        for start in range(0, len(rows), COLLECTION):
            records = [{"attributes": {"type": "Account"}, **row} for row in rows[start : start + COLLECTION]]
            answer = self.http.request(method, "/composite/sobjects", json={"records": records})
            results += answer.raise_for_status().json()
        return iter(results)


@dataclass
class Sender:
    """Pushes on time, one request for each row. `due` and `answered` are by row."""

    door: Mapping[str, str]
    due: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)

    async def push(self, ids: Sequence[str], rate: float, phase: str) -> None:
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(limits=limits, timeout=PATIENCE) as http, asyncio.TaskGroup() as group:
            began = time.time()
            for place, native_id in enumerate(ids):
                self.due[native_id] = began + place / rate
                await asyncio.sleep(self.due[native_id] - time.time())
                group.create_task(self._one(http, native_id, phase))

    async def _one(self, http: httpx.AsyncClient, native_id: str, phase: str) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{phase}-{native_id}",
            "source": "benchmark",
            "type": "crosswalk.account.changed",
            "subject": native_id,
        }
        headers = {
            "x-functions-key": self.door["secret"],
            "content-type": "application/cloudevents+json",
        }
        answered = False
        while not answered:  # as senders do, under the same id
            with suppress(httpx.TransportError):
                answer = await http.post(self.door["url"], content=json.dumps(event), headers=headers)
                answered = answer.status_code == ACCEPTED
        self.answered[native_id] = time.time()


def numbers(endpoints: Endpoints) -> dict[str, tuple[str, float]]:
    """Number → telephone and stamp of every company that the LMS has."""
    answer = httpx.get(f"{endpoints.systems['lms']['url']}/_sim/records/companies", timeout=PATIENCE)
    rows = answer.raise_for_status().json()["records"]
    return {row["number"]: (row["phone"], _seconds(row["updated_at"])) for row in rows}


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def arrived(endpoints: Endpoints, count: int, phone: str) -> dict[str, float]:
    """When each row came, once all have."""
    end = time.monotonic() + PATIENCE
    while True:
        found = {number: at for number, (shown, at) in numbers(endpoints).items() if shown == phone}
        if len(found) == count:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"only {len(found)} of {count} rows arrived")
        time.sleep(0.5)


@contextmanager
def cloud(folder: Path) -> Iterator[Endpoints]:
    """A local cloud without timers."""
    file = folder / "topology.yaml"
    file.write_text(TOPOLOGY)
    directory = Directory(folder / "cloud")
    outer = {**os.environ, **STILL}
    content = Content(records=0, seed=1, lms_rate=1_000_000, customers=0)
    with directory.held(fresh=True):
        topology = load(file)
        doors = kept_doors(directory.doors, topology, os.urandom)
        running = Cloud(directory, topology, file, content, Ports(), outer, print, doors)
        try:
            running.start(Event())
            yield running.endpoints
        finally:
            running.stop()


def org(endpoints: Endpoints) -> Org:
    system = endpoints.systems["salesforce"]
    form = {
        "grant_type": "client_credentials",
        **{key: system[key] for key in ("client_id", "client_secret")},
    }
    token = httpx.post(f"{system['url']}/services/oauth2/token", data=form).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return Org(
        httpx.Client(base_url=f"{system['url']}/services/data/v62.0", headers=headers, timeout=PATIENCE)
    )


def measure(endpoints: Endpoints, rate: float, seconds: float) -> dict[str, Any]:
    sales, count = org(endpoints), int(rate * seconds)
    sender = Sender(endpoints.push["salesforce"])
    sales.create(WARM + count)
    asyncio.run(sender.push(sales.ids, 1_000, "first"))
    arrived(endpoints, len(sales.ids), "0")
    sales.edit("1")
    asyncio.run(sender.push(sales.ids[:WARM], rate, "warm"))
    arrived(endpoints, WARM, "1")
    before = spent(endpoints)
    asyncio.run(sender.push(sales.ids[WARM:], rate, "measured"))
    ended = arrived(endpoints, len(sales.ids), "1")
    processor = {
        name: round((now - before[name]) * 1000 / count, 1) for name, now in spent(endpoints).items()
    }
    ids = {native_id: f"C{place}" for place, native_id in enumerate(sales.ids)}
    measured = sales.ids[WARM:]
    whole = [ended[ids[each]] - sender.due[each] for each in measured]
    answers = [sender.answered[each] - sender.due[each] for each in measured]
    return {
        "events": count,
        "rate": rate,
        "whole": told(whole),
        "answered": told(answers),
        "processor_ms": processor,
        "load": os.getloadavg()[0],
    }


def spent(endpoints: Endpoints) -> dict[str, float]:
    """Seconds of the processor that each process has had, by the kernel's count."""
    ticks = os.sysconf("SC_CLK_TCK")
    stats = {
        name: Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        for name, pid in endpoints.processes.items()
    }
    return {name: (int(stat[11]) + int(stat[12])) / ticks for name, stat in stats.items()}


def told(seconds: Sequence[float]) -> dict[str, int]:
    """Percentiles, in milliseconds."""
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000)
        for name, share in shares.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rate", type=float, default=100.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, cloud(Path(folder)) as endpoints:
        print(json.dumps(measure(endpoints, options.rate, options.seconds)))


if __name__ == "__main__":
    main()
