"""Small function apps, written where a test wants them and served in the test's own loop or as a process."""

import asyncio
import contextlib
import itertools
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from local.host.clock import SystemClock
from local.host.functions import BusTrigger
from local.host.host import Host, OpenReceiver, Plan
from local.host.invocation import Invoker
from local.host.keys import Keys
from local.host.receiver import BatchSize, BusAway
from local.host.settings import Settings

KEYS = Keys(function="a-function-key", admin="the-admin-key")
CONNECTION = (
    "Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true"
)
_STUCK = 40  # seconds after which a test that waits for what never comes is ended
HEAD = "import asyncio, typing\nimport azure.functions as func\napp = func.FunctionApp()\nseen = []\n"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def write_app(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    path, modules = [*sys.path], set(sys.modules)

    def write(body: str, host_json: str = '{"version": "2.0"}', *, head: str = HEAD) -> Path:
        (tmp_path / "function_app.py").write_text(head + dedent(body))
        (tmp_path / "host.json").write_text(host_json)
        return tmp_path

    yield write
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name == "function_app":
            del sys.modules[name]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def make_invoker(threads: ThreadPoolExecutor, tmp_path: Path) -> Callable[..., Invoker]:
    numbers = itertools.count(1)

    def make(timeout: float | None = None) -> Invoker:
        return Invoker(
            folder=tmp_path,
            threads=threads,
            ids=lambda: uuid.UUID(int=next(numbers)),
            stopwatch=lambda: 0.0,
            timeout=timeout,
        )

    return make


@pytest.fixture
def invoker(make_invoker: Callable[..., Invoker]) -> Invoker:
    return make_invoker()


@dataclass
class Served:
    http: httpx.AsyncClient
    seen: list[Any]
    app: Any  # the module
    stop: asyncio.Event
    ended: asyncio.Task[None]


Serve = Callable[..., contextlib.AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(write_app: Callable[..., Path], make_invoker: Callable[..., Invoker]) -> Serve:
    """The app served by a real host on a free port; what it puts into its list `seen` can be looked at."""

    @contextlib.asynccontextmanager
    async def serving(
        body: str,
        host_json: str = '{"version": "2.0"}',
        *,
        open_receiver: OpenReceiver | None = None,
        grace: float = 5.0,
        largest_body: int = 1000,
        settings: dict[str, str] | None = None,
    ) -> AsyncIterator[Served]:
        plan = Plan.read(write_app(body, host_json), Settings({"SERVICEBUS": CONNECTION, **(settings or {})}))
        host = Host(
            plan,
            port=0,
            keys=KEYS,
            invoker=make_invoker(plan.timeout),
            clock=SystemClock(),
            open_receiver=open_receiver or plan.open_receiver,
            sleep=asyncio.sleep,
            uptime=lambda: 1.0,
            grace=grace,
            largest_body=largest_body,
        )
        stop, ready = asyncio.Event(), asyncio.Event()
        ended = asyncio.create_task(host.serve(stop, ready.set))
        await asyncio.wait((ended, asyncio.create_task(ready.wait())), return_when=asyncio.FIRST_COMPLETED)
        module = sys.modules["function_app"]
        http = httpx.AsyncClient(base_url=host.url, verify=False)
        try:
            async with asyncio.timeout(_STUCK), http:
                yield Served(http, module.seen, module, stop, ended)
        finally:
            stop.set()
            await ended

    return serving


class SteppedClock:
    """A clock that stands still until the test lets the one sleeper's moment come."""

    def __init__(self, now: datetime = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._sleepers: asyncio.Queue[tuple[datetime, asyncio.Future[None]]] = asyncio.Queue()

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.put_nowait((moment, awake))
        await awake

    async def next_sleep(self) -> datetime:
        """Waits until somebody sleeps; says until when."""
        self._moment, self._awake = await self._sleepers.get()
        return self._moment

    def wake(self, late: timedelta = timedelta()) -> None:
        self._now = self._moment + late
        self._awake.set_result(None)

    def pass_by(self, span: timedelta) -> None:
        self._now += span


class MemoryBus:
    """A queue with peek-lock in memory, and its receiver. After `fail_next` a call finds the bus away."""

    def __init__(self, *messages: str) -> None:
        self.waiting = list(messages)
        self.locked: list[str] = []
        self.completed: list[str] = []
        self.abandoned: list[str] = []
        self.opened = self.closed = 0
        self._failures: set[str] = set()
        self._arrived = asyncio.Event()
        self._settled = asyncio.Condition()

    def open(self, _: BusTrigger | None = None) -> "MemoryBus":
        self.opened += 1
        return self

    def put(self, *messages: str) -> None:
        self.waiting += messages
        self._arrived.set()

    def fail_next(self, call: str) -> None:
        self._failures.add(call)
        self._arrived.set()

    async def until(self, condition: Callable[["MemoryBus"], object]) -> None:
        async with asyncio.timeout(10), self._settled:
            await self._settled.wait_for(lambda: bool(condition(self)))

    async def receive(self, size: BatchSize) -> list[str]:
        while True:
            self._fail("receive")
            if self.waiting:
                break
            self._arrived.clear()
            await self._arrived.wait()
        batch, self.waiting = self.waiting[: size.at_most], self.waiting[size.at_most :]
        self.locked += batch
        return batch

    async def complete(self, messages: Sequence[str]) -> int:
        return await self._settle("complete", messages, self.completed)

    async def abandon(self, messages: Sequence[str]) -> int:
        lost = await self._settle("abandon", messages, self.abandoned)
        self.put(*messages)
        return lost

    async def close(self) -> None:
        self.closed += 1

    async def _settle(self, call: str, messages: Sequence[str], into: list[str]) -> int:
        self._fail(call)
        for message in messages:
            self.locked.remove(message)
        into.extend(messages)
        async with self._settled:
            self._settled.notify_all()
        return 0

    def _fail(self, call: str) -> None:
        if call in self._failures:
            self._failures.remove(call)
            self.waiting, self.locked = self.locked + self.waiting, []
            raise BusAway("the test says so")
