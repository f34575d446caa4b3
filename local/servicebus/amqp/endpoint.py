"""The sockets: plain TCP, TLS, and the WebSockets of another server; each accepted one becomes a connection.

An endpoint is started and stopped once. Stopping tells every client that the broker goes, and closes; it does
not wait for a client that does not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from typing import cast

from starlette.websockets import WebSocket

from local.servicebus.amqp import websocket
from local.servicebus.amqp.connection import Connection, Wire
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.errors import FORCED, ConnectionFault

FAREWELL_SECONDS = 1.0


class Endpoint:
    def __init__(self, container: Container) -> None:
        self._container = container
        self._servers: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._tunnels: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Accept connections there; gives the port, which the system chooses if it is 0."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._accept, host, port, ssl=tls)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def tunnel(self, socket: WebSocket) -> None:
        """Serve a WebSocket, until it ends."""
        if not await websocket.accept(socket):
            return
        tunnel = websocket.Tunnel(socket, self._container.turns, self._connect)
        carrying = asyncio.create_task(tunnel.carry())
        self._tunnels.add(carrying)
        try:
            await carrying
        finally:
            self._tunnels.discard(carrying)
            self._connections.discard(tunnel.connection)

    def refuse(self) -> None:
        """Close all connections, and take no new ones."""
        for server in self._servers:
            server.close()
        farewell = ConnectionFault(FORCED, "The broker is shutting down.")
        for connection in list(self._connections):
            self._container.turns.run(functools.partial(connection.abort, farewell))

    async def close(self) -> None:
        self.refuse()
        self._container.turns.stop()
        if self._tunnels:
            await asyncio.wait(self._tunnels, timeout=FAREWELL_SECONDS)
        for server in self._servers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), FAREWELL_SECONDS)

    def _accept(self) -> asyncio.Protocol:
        return _Socket(self._container, self._connections)

    def _connect(self, wire: Wire) -> Connection:
        connection = Connection(self._container, wire)
        self._connections.add(connection)
        return connection


class _Socket(asyncio.Protocol):
    """Every call of the event loop is a turn."""

    def __init__(self, container: Container, connections: set[Connection]) -> None:
        self._container = container
        self._run = container.turns.run
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connection = Connection(self._container, self._transport)
        self._connections.add(self._connection)

    def data_received(self, data: bytes) -> None:
        self._run(lambda: self._connection.receive(data))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        self._connections.discard(self._connection)
        self._run(self._connection.lost)

    def pause_writing(self) -> None:
        """Whoever does not read does not get to ask for more, either."""
        self._transport.pause_reading()
        self._connection.pause()

    def resume_writing(self) -> None:
        self._transport.resume_reading()
        self._run(self._connection.resume)
