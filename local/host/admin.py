"""The host's own addresses, those of the cloud's host, for the master key alone.

GET  /admin/host/status          whether it runs
GET  /admin/functions            what it runs, with bindings
POST /admin/functions/{name}     runs a timer function now: 202 at once, the run goes on by itself
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.host.functions import HostedFunction, Trigger
from local.host.keys import Keys
from local.host.timer import Timer

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class Admin:
    def __init__(
        self,
        functions: Sequence[HostedFunction[Trigger]],
        timers: Mapping[str, Timer],
        keys: Keys,
        uptime: Callable[[], float],
    ) -> None:
        self._functions = {function.name: function for function in functions}
        self._timers = timers
        self._keys = keys
        self._uptime = uptime
        self._asked: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        return [
            Route("/admin/host/status", self._guarded(self._status), methods=["GET"]),
            Route("/admin/functions", self._guarded(self._list), methods=["GET"]),
            Route("/admin/functions/{name}", self._guarded(self._run), methods=["POST"]),
        ]

    async def finish(self) -> None:
        """Waits for the runs that were asked for."""
        if self._asked:
            await asyncio.wait(self._asked)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            if not self._keys.admit("admin", request.headers, request.query_params):
                return Response(status_code=401)
            return await endpoint(request)

        return guarded

    async def _status(self, _: Request) -> Response:
        uptime = round(self._uptime() * 1000)
        return JSONResponse({"id": "local", "state": "Running", "version": "4", "processUptime": uptime})

    async def _list(self, _: Request) -> Response:
        return JSONResponse([_described(function) for function in self._functions.values()])

    async def _run(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._functions:
            return JSONResponse({"error": f"there is no function {name!r}"}, status_code=404)
        if name not in self._timers:
            return JSONResponse(
                {"error": f"{name!r} has no timer; send it a request or a message"}, status_code=400
            )
        task = asyncio.create_task(self._timers[name].run_now())
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return Response(status_code=202)


def _described(function: HostedFunction[Trigger]) -> dict[str, Any]:
    return {"name": function.name, "language": "python", "config": {"bindings": list(function.bindings)}}
