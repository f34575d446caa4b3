"""The host itself: what serves each function, and the order in which all of it starts and stops.

start   the app's startup(), HTTP, timers, Service Bus
stop    no new work; what runs may end, within the grace; receivers close; the app's shutdown()
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from azure.servicebus import ServiceBusReceivedMessage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from local.host import app, messages, web
from local.host.admin import Admin
from local.host.clock import Clock
from local.host.functions import (
    BusTrigger,
    HostedFunction,
    HttpTrigger,
    TimerTrigger,
    Trigger,
    read_functions,
)
from local.host.host_json import HostJson
from local.host.invocation import Invoker
from local.host.keys import Keys
from local.host.pump import Pump
from local.host.receiver import BatchSize, ClientReceiver, Receiver
from local.host.server import Server
from local.host.settings import Settings
from local.host.timer import Timer

_log = logging.getLogger("Host")

OpenReceiver = Callable[[BusTrigger], Receiver[ServiceBusReceivedMessage]]


@dataclass(frozen=True, slots=True)
class Plan:
    """An app that was read and found good."""

    app: app.App
    host_json: HostJson
    functions: tuple[HostedFunction[Trigger], ...]

    @classmethod
    def read(cls, folder: Path, settings: Settings) -> "Plan":
        host_json = HostJson.read(folder)
        loaded = app.load(folder)
        read = read_functions(loaded.functions, settings, host_json.extensions.http.route_prefix)
        return cls(loaded, host_json, tuple(read))

    @property
    def timeout(self) -> float | None:
        timeout = self.host_json.function_timeout
        return timeout.total_seconds() if timeout else None

    def open_receiver(self, trigger: BusTrigger) -> ClientReceiver:
        return ClientReceiver(trigger, self.host_json.extensions.service_bus.prefetch_count)

    def batch_size(self) -> BatchSize:
        bus = self.host_json.extensions.service_bus
        return BatchSize(bus.max_message_batch_size, bus.min_message_batch_size, bus.max_batch_wait_time)


class Runner(Protocol):
    """A trigger at work: runs until it is told to stop and what it has begun is done."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


class Host:
    def __init__(
        self,
        plan: Plan,
        *,
        port: int,
        keys: Keys,
        invoker: Invoker,
        clock: Clock,
        open_receiver: OpenReceiver,
        sleep: Callable[[float], Awaitable[None]],
        uptime: Callable[[], float],
        grace: float,
        largest_body: int,
    ) -> None:
        self._plan = plan
        self._grace = grace
        endpoints = [
            web.HttpEndpoint(f, invoker, keys, largest_body) for f in web.in_order(_of(plan, HttpTrigger))
        ]
        self._timers = {f.name: Timer(f, invoker, clock) for f in _of(plan, TimerTrigger)}
        self._pumps = [
            Pump(
                function,
                open_receiver=partial(open_receiver, function.trigger),
                to_function=messages.to_function,
                size=plan.batch_size(),
                invoker=invoker,
                sleep=sleep,
            )
            for function in _of(plan, BusTrigger)
        ]
        self._admin = Admin(plan.functions, self._timers, keys, uptime)
        routes = [*self._admin.routes(), *(route for endpoint in endpoints for route in endpoint.routes())]
        self._server = Server(
            Starlette(routes=routes, exception_handlers={405: _no_such_address}), port, grace
        )

    @property
    def url(self) -> str:
        return self._server.url

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Until `stop` is set and all has come to its end."""
        await self._plan.app.startup()
        work = [
            asyncio.create_task(self._server.run_until_stopped()),
            *(asyncio.create_task(runner.run()) for runner in self._runners),
        ]
        try:
            await self._server.ready.wait()
            ready()
            await _first_of(asyncio.create_task(stop.wait()), work)
        finally:
            await self._stop(work)
            await self._plan.app.shutdown()

    @property
    def _runners(self) -> list[Runner]:
        return [*self._timers.values(), *self._pumps]

    async def _stop(self, work: Sequence[asyncio.Task[None]]) -> None:
        self._server.stop()
        for runner in self._runners:
            runner.stop()
        asked = asyncio.create_task(self._admin.finish())
        _, late = await asyncio.wait((*work, asked), timeout=self._grace)
        if late:
            _log.warning(
                "stopping unfinished work", extra={"facts": {"action": "grace_over", "tasks": len(late)}}
            )
        for task in late:
            task.cancel()
        await asyncio.gather(*work, asked, return_exceptions=True)


def _of(plan: Plan, kind: type[Any]) -> list[HostedFunction[Any]]:
    return [function for function in plan.functions if isinstance(function.trigger, kind)]


async def _first_of(stopped: asyncio.Task[Any], work: Sequence[asyncio.Task[None]]) -> None:
    """Returns when the host is to stop; raises when a part of it fell over, which is a bug of the host."""
    done, _ = await asyncio.wait((stopped, *work), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for task in done - {stopped}:
        task.result()


async def _no_such_address(_: Request, __: Exception) -> Response:
    """A method that no function of the route names is 404 in the cloud, as an unknown route is."""
    return Response(status_code=404)
