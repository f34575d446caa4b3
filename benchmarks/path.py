"""The whole path of a change, from the LMS into Salesforce: records a second, stage by stage.

    python -m benchmarks.path [--changes 10000] [--bulk] [--profile FILE]

Two cores: the simulated systems and the Service Bus have processes of their own. The hub has two instances,
as functions have instances of their own in the cloud: one polls, the other one (here) delivers. Both work on
real parts: HTTP over sockets, SQLite on disk, Microsoft's Service Bus client over AMQP to a durable broker.

    distinct     10,000 changes of 10,000 records
    coalesced    10,000 changes of 6,000 records, of which 30 % end as they were

First each stage runs alone (poll: read, merge, publish; receive; deliver: plan, apply, settle), then the
whole, polling, publishing and delivering at the same time: by one instance that does all of it, and by two.
After each run both systems must show the same.

    bare         the same 10,000 changes read and written by the rooms alone: no merge, no store, no bus

`processor_us` is what each instance spends on a record, its clients of HTTP and of the bus included.
Machines drift: `of_bare` is the part of the bare loader's rate that is left with all of it, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.instance import CONNECTS, Instance
from benchmarks.servers import Servers, servers
from local.host.functions import BusTrigger
from local.host.receiver import BatchSize, ClientReceiver
from shared import wiring
from shared.adapters.store.transaction import Transaction
from shared.model.change import Row, Verb, Write
from shared.pipeline.messages import CHANGES
from shared.topology_file import parse

TOPOLOGY = """
systems:
  lms: {kind: lms, rank: 2}
  salesforce: {kind: salesforce, rank: 1}
entities:
  account: {key: [number], owner: lms}
  contact: {key: [email], owner: lms}
flows:
  - {entity: account, from: lms, to: salesforce, freshness: 1s, delete: ignore}
  - {entity: contact, from: lms, to: salesforce, freshness: 1s, delete: ignore}
"""

Poll = Callable[[], Coroutine[Any, Any, float]]
"""Polls once; gives the seconds of the processor that another process spent on it."""
SOURCE, TARGET = "lms", "salesforce"
WRITES = 100


@dataclass
class Users:
    """The people at work in the LMS, through its API, and what they see in both systems."""

    client: httpx.Client
    sales: httpx.Client
    ids: list[int] = field(default_factory=list)

    def create(self, count: int) -> None:
        companies = [{"name": f"Company {n}", "number": f"C{n}"} for n in range(count // 50 or 1)]
        parents = self._batches("POST", "companies", companies)
        people = [_person(n, parents[n % len(parents)]) for n in range(count)]
        self.ids = self._batches("POST", "company-users", people)

    def edit(self, ids: list[int], phone: str) -> None:
        self._batches("PATCH", "company-users", [{"id": each, "phone": f"{phone} {each}"} for each in ids])

    def must_agree(self) -> None:
        """Ends the benchmark where Salesforce does not show what the LMS says: it measured nothing then."""
        people = {each["email"]: each["phone"] for each in _rows(self.client, "company-users")}
        contacts = {each["Email"]: each["Phone"] for each in _rows(self.sales, "Contact")}
        if wrong := [email for email, phone in people.items() if contacts.get(email) != phone]:
            raise SystemExit(f"{len(wrong)} of {len(people)} contacts are not as the LMS says")

    def _batches(self, method: str, name: str, records: list[dict[str, Any]]) -> list[int]:
        made: list[int] = []
        for start in range(0, len(records), WRITES):
            body = {"records": records[start : start + WRITES]}
            answer = self.client.request(method, f"/api/v1/{name}/batch", json=body).raise_for_status()
            made += [result["id"] for result in answer.json()["results"]]
        return made


def _rows(client: httpx.Client, name: str) -> list[dict[str, Any]]:
    """As the simulated system has them, past its API."""
    found: list[dict[str, Any]] = client.get(f"/_sim/records/{name}").raise_for_status().json()["records"]
    return found


def _person(number: int, company: int) -> dict[str, Any]:
    return {
        "company_id": company,
        "first_name": f"First {number}",
        "last_name": f"Last {number}",
        "email": f"person{number}@example{number % 97}.com",
        "phone": "0",
        "title": "Engineer",
    }


@dataclass
class Bench:
    """The instance that delivers, with its receiver, the one that polls, and what each stage took."""

    hub: wiring.Hub
    receiver: ClientReceiver
    polls: Instance
    stages: dict[str, float] = field(default_factory=dict)
    bare_rate: float = 0.0
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds of the processor that each instance has spent on the whole."""

    async def timed(self, stage: str, work: Callable[[], Awaitable[Any]]) -> Any:
        began = time.perf_counter()
        try:
            return await work()
        finally:
            self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - began

    async def poll(self) -> float:
        """By the instance that polls."""
        return await self.polls.poll(SOURCE)

    async def poll_here(self) -> float:
        """By the instance that delivers as well. What it costs is counted with the rest of it."""
        for entity in self.hub.topology.polled(SOURCE):
            await self.hub.polling(SOURCE).poll(entity)
        return 0.0

    async def one_batch(self) -> None:
        """As the Functions host does: receive what is there, deliver, complete."""
        batch = await self.timed("receive", lambda: self.receiver.receive(BatchSize(16)))
        bodies = [b"".join(message.body) for message in batch]
        await self.timed("deliver", lambda: self.hub.delivery(TARGET).deliver(bodies))
        await self.timed("receive", lambda: self.receiver.complete(batch))

    async def in_turn(self, expected: int, poll: Poll) -> None:
        """Stage after stage, until as many records are settled."""
        goal = self.settled() + expected
        await self.timed("poll", poll)
        while self.settled() < goal:
            await self.one_batch()

    async def at_once(self, expected: int, poll: Poll) -> None:
        """Polling, publishing and delivering at the same time, until as many records are settled."""
        goal, began = self.settled() + expected, time.process_time()
        polling = asyncio.create_task(poll())
        while self.settled() < goal:
            await self.one_batch()
            if polling.done():
                polling.result()  # nothing more will come, if it has failed
        self.processor = {"polls": await polling, "delivers": time.process_time() - began}

    async def bare(self) -> None:
        """Reads the changes and writes them, with what the hub knows of ids and nothing else of it."""
        tables = self.hub.store.read_now(lambda tx: tx.watermark(SOURCE, "contact"))
        pages = self.hub.connections[SOURCE].source.changes("contact", tables[0])
        async for page in pages:
            writes = self.hub.store.read_now(lambda tx, rows=page.rows: _bare_writes(tx, rows))  # type: ignore[misc]
            await self.hub.connections[TARGET].target.apply("contact", writes)

    def settled(self) -> int:
        tally = self.hub.store.read_now(lambda tx: tx.tallies()).get(("contact", SOURCE, TARGET), {})
        return sum(tally.get(name, 0) for name in ("created", "updated", "unchanged", "dead_lettered"))

    def cost(self) -> tuple[int, int]:
        tally = self.hub.store.read_now(lambda tx: tx.tallies())[("contact", SOURCE, TARGET)]
        return tally.get("calls", 0), tally.get("bytes_sent", 0)


def _bare_writes(tx: Transaction, rows: list[Row]) -> list[Write]:
    known = tx.identities(SOURCE, "contact", [row.native_id for row in rows])
    natives = tx.natives(TARGET, "contact", [identity.id for identity in known.values()])
    return [
        Write(
            Verb.UPDATE,
            record := known[row.native_id].id,
            {"phone": row.values["phone"]},
            natives[record],
        )
        for row in rows
    ]


def coalesced(users: Users, changes: int, seed: int) -> int:
    """10,000 changes of 6,000 records, of which 30 % end as they were; returns how many end otherwise."""
    records = users.ids[: changes * 6 // 10]
    back = records[: len(records) * 3 // 10]
    rest = changes - len(records) - len(back)
    users.edit(records, f"c{seed}")
    users.edit(random.Random(seed).sample(records[len(back) :], rest), f"d{seed}")
    return len(records) - len(back)


async def run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory, topology = Path(folder), parse(TOPOLOGY)
        path = directory / "topology.yaml"
        path.write_text(TOPOLOGY)
        with servers(topology, directory) as running:
            await _measure(options, running, directory, path)


async def _measure(options: argparse.Namespace, running: Servers, directory: Path, path: Path) -> None:
    environment = {
        **running.environment(),
        "CROSSWALK_STORE_URL": f"sqlite:///{directory / 'hub.sqlite'}",
        "CROSSWALK_TOPOLOGY": str(path),
        "SALESFORCE_BULK_THRESHOLD": "2000" if options.bulk else "1000000",
        "LMS_PAGE_SIZE": "1000",
        "LMS_OVERLAP": "0",
    }
    hub = wiring.from_environment(CONNECTS, environment)
    polls = await Instance.start(environment)
    headers = {"Authorization": f"Bearer {running.lms['token']}"}
    receiver = ClientReceiver(BusTrigger(running.servicebus, CHANGES, TARGET, many=True), 0)
    with (
        httpx.Client(base_url=running.lms["url"], headers=headers, timeout=60) as http,
        httpx.Client(base_url=running.salesforce["url"], timeout=60) as sales,
    ):
        await _scenarios(options, Bench(hub, receiver, polls), Users(http, sales))
    await polls.stop()
    await receiver.close()
    await hub.close()


async def _scenarios(options: argparse.Namespace, bench: Bench, users: Users) -> None:
    changes = options.changes
    users.create(changes)
    await bench.in_turn(changes, bench.poll)
    _say("first load", changes, bench, (0, 0))
    users.edit(users.ids, "a")
    before = bench.cost()
    await bench.in_turn(changes, bench.poll_here)
    _say("distinct, in turn", changes, bench, before)
    users.edit(users.ids, "b")
    await _bare("bare", bench, changes)
    with profiled(options.profile):
        await _whole("distinct, one instance", bench, changes, changes, bench.poll_here)
    users.must_agree()
    users.edit(users.ids, "c")
    await _whole("distinct, at once", bench, changes, changes, bench.poll)
    users.must_agree()
    users.edit(users.ids, "0")
    await bench.in_turn(changes, bench.poll)
    bench.stages.clear()
    ending = coalesced_setup(users, changes)
    await _whole("coalesced, at once", bench, changes, ending, bench.poll)
    users.must_agree()


def coalesced_setup(users: Users, changes: int) -> int:
    """The records that end as they were are edited and put back before the poll comes."""
    ending = coalesced(users, changes, 1)
    back = users.ids[: (changes * 6 // 10) * 3 // 10]
    users.edit(back, "0")
    return ending


async def _bare(name: str, bench: Bench, changes: int) -> None:
    """The edits that the hub is about to be measured with, written by the rooms alone."""
    began = time.perf_counter()
    await bench.bare()
    bench.bare_rate = changes / (time.perf_counter() - began)
    print(json.dumps({"what": name, "records_a_second": round(bench.bare_rate)}))


async def _whole(name: str, bench: Bench, changes: int, expected: int, poll: Poll) -> None:
    bench.stages.clear()
    before = bench.cost()
    began = time.perf_counter()
    await bench.at_once(expected, poll)
    bench.stages["whole"] = time.perf_counter() - began
    _say(name, changes, bench, before)


@contextmanager
def profiled(file: str | None) -> Iterator[None]:
    if file is None:
        yield
        return
    with cProfile.Profile() as profiler:
        yield
    profiler.dump_stats(file)


def _say(name: str, changes: int, bench: Bench, before: tuple[int, int]) -> None:
    calls, sent = (now - then for now, then in zip(bench.cost(), before, strict=True))
    whole = bench.stages.pop("whole", None) or sum(bench.stages.values())
    split = {stage: round(seconds, 2) for stage, seconds in bench.stages.items()}
    said = {"what": name, "records_a_second": round(changes / whole), "calls": calls, "bytes": sent}
    if bench.bare_rate:
        said["of_bare"] = round(changes / whole / bench.bare_rate, 2)
    if bench.processor:
        said["processor_us"] = {
            who: round(seconds * 1_000_000 / changes) for who, seconds in bench.processor.items()
        }
    print(json.dumps({**said, "seconds": split}))
    bench.stages.clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--bulk", action="store_true", help="Bulk 2.0 above 2,000 writes")
    parser.add_argument("--profile", help="a file for the profile of 'distinct, one instance'")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
