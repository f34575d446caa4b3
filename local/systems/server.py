"""Serves simulated systems over HTTP/1.1: one process, one thread, a port on 127.0.0.1 for each system.

Over TLS where there is a certificate: clients of Dataverse insist on it.

```
  socket of a port ─> uvicorn ─> ASGI ─> httpx.Request ─> Controlled.handle ─> httpx.Response ─> socket
                                               └─ Dropped: the connection is cut, with no answer
```

All ports share one uvicorn server; which system is meant follows from the port that was connected to.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from local.systems.system import Dropped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from starlette.types import Receive, Scope, Send

    from local.servicebus.admin.certificate import Certificate

LIMIT = 150 * 1024 * 1024
"""The largest request body: what Salesforce takes for a bulk job's CSV."""
_HOP = frozenset({"transfer-encoding", "connection", "content-encoding", "content-length"})


class Served(Protocol):
    """What stands behind a port."""

    def handle(self, request: httpx.Request) -> httpx.Response: ...


class SystemServer:
    """Listens from the constructor on, so that addresses are known before it serves.

    With a certificate it speaks TLS, on all its ports.
    """

    def __init__(
        self, systems: Mapping[str, tuple[Served, int]], certificate: Certificate | None = None
    ) -> None:
        self._certificate = certificate
        self._sockets = {name: _listen(port) for name, (_, port) in systems.items()}
        self._systems = {
            self._sockets[name].getsockname()[1]: system for name, (system, _) in systems.items()
        }

    def url(self, name: str) -> str:
        scheme, host = ("http", "127.0.0.1") if self._certificate is None else ("https", "localhost")
        return f"{scheme}://{host}:{self._sockets[name].getsockname()[1]}"

    async def serve(self, ready: Callable[[], None], stopped: asyncio.Event) -> None:
        """Serves until `stopped`; answers what it has begun, then closes."""
        config = uvicorn.Config(
            self._answer,
            interface="asgi3",
            http=_Droppable,
            proxy_headers=False,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            server_header=False,
            date_header=False,  # a system's clock is its own
            **({} if self._certificate is None else _tls(self._certificate)),
        )
        server = _Server(config, ready)
        serving = asyncio.create_task(server.serve(sockets=list(self._sockets.values())))
        await asyncio.wait({serving, asyncio.ensure_future(stopped.wait())}, return_when="FIRST_COMPLETED")
        server.should_exit = True
        await serving

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        system = self._systems[scope["server"][1]]
        body = await _body(receive)
        if body is None:
            await _send(send, httpx.Response(413))
            return
        try:
            response = system.handle(_request(scope, body))
        except Dropped:
            await _cut(scope, receive)
            return
        if delay := response.extensions.get("delay"):
            await asyncio.sleep(delay)
        await _send(send, response)


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and leaves signals to the process that runs it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Droppable(HttpToolsProtocol):
    """Hands the application the means to hang up without an answer, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"cut": {"abort": self.transport.abort}}

    def shutdown(self) -> None:
        """As the base has it, but an idle connection over TLS does not wait for the caller's farewell."""
        super().shutdown()
        if self.transport.is_closing() and not self.transport.get_write_buffer_size():
            self.transport.abort()


def _tls(files: Certificate) -> dict[str, Any]:
    return {"ssl_certfile": files.certificate, "ssl_keyfile": files.key}


async def run_until_signalled(serve: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Runs with an event that SIGINT or SIGTERM sets."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await serve(stopped)


def _listen(port: int) -> socket.socket:
    # Named TCP, or asyncio does not switch Nagle's algorithm off, and each answer waits 40 ms for an ACK.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(2048)
    return listening


def _request(scope: Scope, body: bytes) -> httpx.Request:
    host, port = scope["server"]
    query = scope["query_string"]
    path = scope["raw_path"] + (b"?" + query if query else b"")
    url = httpx.URL(scheme=scope["scheme"], host=host, port=port, raw_path=path)
    return httpx.Request(scope["method"], url, headers=scope["headers"], content=body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body, None where it is too large."""
    parts, size, more = [], 0, True
    while more and size <= LIMIT:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts) if size <= LIMIT else None


async def _send(send: Send, response: httpx.Response) -> None:
    headers = [(name, value) for name, value in response.headers.raw if name.lower().decode() not in _HOP]
    content = response.content
    if response.status_code != httpx.codes.NO_CONTENT:
        headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _cut(scope: Scope, receive: Receive) -> None:
    scope["extensions"]["cut"]["abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass
