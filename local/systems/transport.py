"""A simulated system as an httpx transport, for clients in tests: no socket, the same errors.

A dropped connection raises what httpx raises when a server hangs up; an answer that comes later than the
client's read timeout raises that timeout, with the work done. Waiting itself comes in from outside, so that
virtual time works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx

from local.systems.system import Dropped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local.systems.control import Controlled


class SystemTransport(httpx.AsyncBaseTransport):
    def __init__(self, system: Controlled, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        self._system = system
        self._sleep = sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = _exchange(self._system, request)
        if delay := _delay(request, response):
            await self._sleep(delay)
        return response


class SyncSystemTransport(httpx.BaseTransport):
    """The same for synchronous clients, which never wait: a slow answer is a timeout or comes at once."""

    def __init__(self, system: Controlled) -> None:
        self._system = system

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = _exchange(self._system, request)
        _delay(request, response)
        return response


def _exchange(system: Controlled, request: httpx.Request) -> httpx.Response:
    try:
        return system.handle(request)
    except Dropped as error:
        raise httpx.RemoteProtocolError(
            "Server disconnected without sending a response.", request=request
        ) from error


def _delay(request: httpx.Request, response: httpx.Response) -> float:
    delay: float = response.extensions.get("delay", 0.0)
    patience = request.extensions.get("timeout", {}).get("read")
    if patience is not None and delay > patience:
        raise httpx.ReadTimeout("", request=request)
    return delay
