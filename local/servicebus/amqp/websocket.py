"""AMQP over WebSocket: the way in where only the port of HTTPS is open. Bytes are carried in binary messages,
cut anywhere; the connection inside does not know that it is in a tunnel.

::

    client ──message──> _read ──────> Connection
    client <──message── _write <── write, close

A client that does not read is not read from, either, and gets nothing more delivered until it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from local.servicebus.amqp.connection import Connection, Wire
from local.servicebus.amqp.turns import Turns

PATH = "/$servicebus/websocket"
SUBPROTOCOL = "AMQPWSB10"
ENOUGH = 64 * 1024
"""Bytes that wait for the client before it counts as one that does not read."""

NORMAL_CLOSURE = 1000
UNSUPPORTED_DATA = 1003


async def accept(websocket: WebSocket) -> bool:
    """Refuses a client that does not name the protocol."""
    if SUBPROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.send_denial_response(Response(f"The subprotocol is {SUBPROTOCOL}.\n", 400))
        return False
    await websocket.accept(SUBPROTOCOL)
    return True


class Tunnel:
    """The wire of one connection, through a WebSocket that is accepted."""

    def __init__(self, websocket: WebSocket, turns: Turns, connect: Callable[[Wire], Connection]) -> None:
        self._websocket = websocket
        self._turns = turns
        self._unsent: list[bytes] = []
        self._size = 0
        self._closing = False
        self._stirred = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self.connection = connect(self)

    def write(self, data: bytes, /) -> None:
        self._unsent.append(data)
        self._size += len(data)
        if self._size > ENOUGH and self._drained.is_set():
            self._drained.clear()
            self.connection.pause()
        self._stirred.set()

    def close(self) -> None:
        self._closing = True
        self._stirred.set()

    async def carry(self) -> None:
        """Both ways, until one side ends it."""
        writing = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            self._turns.run(self.connection.lost)

    async def _read(self) -> None:
        while True:
            await self._drained.wait()
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            if data is None:
                await self._websocket.close(UNSUPPORTED_DATA, "AMQP is binary.")
                return
            self._receive(data)

    def _receive(self, data: bytes) -> None:
        self._turns.run(lambda: self.connection.receive(data))

    async def _write(self) -> None:
        try:
            while not self._closing or self._unsent:
                await self._stirred.wait()
                self._stirred.clear()
                await self._send()
            await self._websocket.close(NORMAL_CLOSURE)
        except WebSocketDisconnect:
            self._drained.set()  # the reader hears of it where it reads

    async def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent:
            await self._websocket.send_bytes(b"".join(unsent))
            self._size = sum(map(len, self._unsent))
        if self._size <= ENOUGH and not self._drained.is_set():
            self._drained.set()
            self._turns.run(self.connection.resume)
