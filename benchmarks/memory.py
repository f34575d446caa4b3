"""Memory while polling: the peak of a hub that reads 20,000 records, and of one that reads 200,000.

    python -m benchmarks.memory [--few 20000] [--many 200000]

Each poll has a process of its own, on the real room of the LMS, pipeline, and a store on disk. What it reads
is made page by page as it is asked for, and what it publishes is counted and let go: the peak is the hub's.
To hold: many takes at most 1.2 times what few takes. Exits 1 where it does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson

from functions.lms import connection as lms
from shared.adapters.store import Store
from shared.model.change import Message
from shared.pipeline.allowance import Allowance
from shared.pipeline.outbox import Outbox
from shared.pipeline.polling import Polling
from shared.pipeline.recoverability import Policy
from shared.topology_file import parse
from shared.wiring import new_id, now

TO_HOLD = 1.2

TOPOLOGY = """
systems:
  lms: {kind: lms}
  crm: {kind: salesforce}
entities:
  contact: {key: [email], owner: lms}
flows:
  - {entity: contact, from: lms, to: crm}
"""

ENVIRONMENT = {"LMS_URL": "https://lms.test", "LMS_TOKEN": "none"}
AT = "2026-01-31T12:00:00.000000Z"


class Pages(httpx.AsyncBaseTransport):
    """An LMS with that many users, each made when it is asked for; the cursor is the number of the last."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        start = int(params.get("cursor", 0))
        end = min(start + int(params["limit"]), self._count)
        rows = [_user(number) for number in range(start, end)]
        cursor = str(end) if end < self._count else None
        body = {"data": rows, "next_cursor": cursor, "as_of": AT}
        return httpx.Response(200, content=orjson.dumps(body))


class Counting:
    """A bus that counts what it is given, and lets it go."""

    def __init__(self) -> None:
        self.messages = 0

    async def send(self, messages: Sequence[Message]) -> None:
        self.messages += len(messages)


def _user(number: int) -> dict[str, Any]:
    return {
        "id": number + 1,
        "external_id": None,
        "company_id": None,
        "first_name": f"Given{number % 977}",
        "last_name": f"Family{number % 4201}",
        "email": f"given.family.{number}@company{number % 3001}.example",
        "phone": f"+49 731 {number:07}",
        "title": "Head of Something",
        "status": "active",
        "created_at": AT,
        "updated_at": AT,
    }


async def poll(count: int, directory: Path) -> dict[str, float]:
    """Read so many records into a new store; what it took."""
    store, bus = Store(f"sqlite:///{directory / 'hub.sqlite'}"), Counting()
    store.migrate()
    connection = lms.connect(
        "lms", environment=ENVIRONMENT, transport=Pages(count), clock=now, random=Random(1)
    )
    outbox = Outbox(store, bus)
    topology, allowance = parse(TOPOLOGY), Allowance(parse(TOPOLOGY), store, connection, now, new_id)
    polling = Polling(topology, store, connection, outbox, now, new_id, Policy(), allowance)
    began = time.perf_counter()
    polled = await polling.poll("contact")
    seconds = time.perf_counter() - began
    if polled.changed != count:
        raise SystemExit(f"read {polled.changed} records, not {count}")
    store.close()
    return {"records": count, "seconds": seconds, "messages": bus.messages, "peak": _peak()}


def _peak() -> float:
    """This process's largest resident set so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def measure(count: int) -> dict[str, float]:
    """One poll in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", "--one", str(count)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def compare(few: int, many: int) -> float:
    """Print both peaks, and give their ratio."""
    print(f"{'records':>10} {'seconds':>9} {'messages':>9} {'peak MiB':>9}")
    peaks = []
    for count in (0, few, many):
        found = measure(count)
        peaks.append(found["peak"])
        print(f"{count:>10,} {found['seconds']:>9.1f} {found['messages']:>9.0f} {found['peak']:>9.1f}")
    ratio = peaks[2] / peaks[1]
    print(f"ratio {ratio:.3f}, to hold: at most {TO_HOLD}")
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--few", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is None:
        return int(compare(options.few, options.many) > TO_HOLD)
    with tempfile.TemporaryDirectory() as directory:
        print(json.dumps(asyncio.run(poll(options.one, Path(directory)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
