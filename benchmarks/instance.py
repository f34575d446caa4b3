"""An instance of the hub that polls, in a process of its own, as functions have them in the cloud.

`Instance` starts it and tells it when to poll. The process reads its settings, and then one line for each
poll; it answers with the seconds of the processor that the poll cost it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

from functions.lms import connection as lms
from functions.salesforce import connection as salesforce
from shared import wiring

CONNECTS = {"salesforce": salesforce.connect, "lms": lms.connect}


class Instance:
    """The process, as whoever started it sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, environment: Mapping[str, str]) -> Instance:
        started = cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.instance", stdin=PIPE, stdout=PIPE
            )
        )
        await started._ask(json.dumps(dict(environment)))
        return started

    async def poll(self, system: str) -> float:
        """Poll every entity of the system once; returns the seconds of the processor that it took."""
        return float(await self._ask(system))

    async def stop(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()

    async def _ask(self, line: str) -> str:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the instance was started without pipes")
        self._process.stdin.write(f"{line}\n".encode())
        if not (answer := await self._process.stdout.readline()):
            raise RuntimeError("the instance that polls has ended; what it said is above")
        return answer.decode()


async def _serve() -> None:
    hub = wiring.from_environment(CONNECTS, json.loads(await _line()))
    _answer("ready")
    while system := (await _line()).strip():
        began = time.process_time()
        for entity in hub.topology.polled(system):
            await hub.polling(system).poll(entity)
        _answer(str(time.process_time() - began))
    await hub.close()


async def _line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


def _answer(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve())
