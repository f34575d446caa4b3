"""AMQP over WebSocket: the unmodified client at the port of the administration, and peers that misbehave."""

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from azure.servicebus import ServiceBusMessage, TransportType
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.aio.management import ServiceBusAdministrationClient
from starlette.websockets import WebSocketDisconnect

from local.servicebus.amqp.codec.frames import AMQP_HEADER, encode_frame
from local.servicebus.amqp.codec.performatives import Open
from local.servicebus.amqp.websocket import ENOUGH, PATH, SUBPROTOCOL, Tunnel
from local.servicebus.server import Settings, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("websocket")


def bus(folder):
    return serving(Settings(certificates=folder, port=0, admin_port=0), lambda: datetime.now(UTC))


def dial(session, bus, path=PATH, protocols=(SUBPROTOCOL,)):
    trusting = ssl.create_default_context(cafile=bus.certificate)
    url = bus.websocket.replace("sb:", "wss:") + path
    return session.ws_connect(url, protocols=protocols, ssl=trusting)


async def test_the_client_sends_and_receives_through_the_port_of_the_administration(folder):
    async with bus(folder) as there:
        cert: dict[str, Any] = {"connection_verify": str(there.certificate)}
        admin = ServiceBusAdministrationClient.from_connection_string(there.servicebus_admin, **cert)
        async with admin:
            await admin.create_queue("orders")
        connection = there.servicebus.removesuffix(";UseDevelopmentEmulator=true")
        tunnelled: dict[str, Any] = {
            "transport_type": TransportType.AmqpOverWebsocket,
            "custom_endpoint_address": there.websocket,
            "retry_total": 0,
        }
        async with (
            ServiceBusClient.from_connection_string(connection, **tunnelled, **cert) as client,
            client.get_queue_sender("orders") as sender,
            client.get_queue_receiver("orders") as receiver,
        ):
            large = "x" * 200_000
            await sender.send_messages([ServiceBusMessage("hello"), ServiceBusMessage(large)])
            found = await receiver.receive_messages(2, max_wait_time=5)
            found += await receiver.receive_messages(1, max_wait_time=5) if len(found) < 2 else []
            assert [str(message) for message in found] == ["hello", large]
            for message in found:
                await receiver.complete_message(message)


async def test_bytes_may_be_cut_anywhere_and_nobody_is_cut_off_without_a_word(folder):
    async with aiohttp.ClientSession() as session:
        async with bus(folder) as there:
            socket = await dial(session, there)
            assert socket.protocol == SUBPROTOCOL
            for byte in AMQP_HEADER + encode_frame(0, Open("peer")):
                await socket.send_bytes(bytes([byte]))
            told = b""
            while b"local-service-bus" not in told:
                told += await socket.receive_bytes()
            assert told.startswith(AMQP_HEADER)
        told = b"".join([message.data async for message in socket])
        assert b"shutting down" in told
        assert socket.closed


async def test_what_is_no_amqp_is_refused(folder):
    async with bus(folder) as there, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="400"):
            await dial(session, there, protocols=())
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await dial(session, there, path="/elsewhere")
        text = await dial(session, there)
        await text.send_str("hello")
        assert (await text.receive()).data == aiohttp.WSCloseCode.UNSUPPORTED_DATA
        other = await dial(session, there)
        await other.send_bytes(b"GET / HTTP/1.1")
        assert await other.receive_bytes() == AMQP_HEADER
        assert (await other.receive()).data == aiohttp.WSCloseCode.OK


class SlowSocket:
    """A client that reads when it is told to, unless it has gone."""

    gone = False

    def __init__(self):
        self.reads = asyncio.Event()
        self.writes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.got = b""

    async def receive(self):
        return await self.writes.get()

    async def send_bytes(self, data):
        await self.reads.wait()
        if self.gone:
            raise WebSocketDisconnect
        self.got += data

    async def close(self, code, reason=None):
        self.writes.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})


class Listener:
    """In the place of a connection: notes what it is told."""

    def __init__(self):
        self.told: asyncio.Queue[Any] = asyncio.Queue()

    def receive(self, data):
        self.told.put_nowait(data)

    def pause(self):
        self.told.put_nowait("pause")

    def resume(self):
        self.told.put_nowait("resume")

    def lost(self):
        self.told.put_nowait("lost")


class Turns:
    def run(self, action):
        action()


def a_tunnel():
    socket, listener = SlowSocket(), Listener()
    parts: Any = socket, Turns(), lambda _wire: listener  # what a tunnel uses of them, and no more
    return socket, listener, Tunnel(*parts)


async def test_a_client_that_goes_while_it_is_written_to_is_forgotten():
    socket, listener, tunnel = a_tunnel()
    carrying = asyncio.create_task(tunnel.carry())
    tunnel.write(b"x" * (ENOUGH + 1))
    socket.gone = True
    socket.writes.put_nowait({"type": "websocket.disconnect", "code": 1006})
    socket.reads.set()
    await carrying
    assert [listener.told.get_nowait(), listener.told.get_nowait()] == ["pause", "lost"]


async def test_a_client_that_does_not_read_is_not_read_from_until_it_does():
    socket, listener, tunnel = a_tunnel()
    carrying = asyncio.create_task(tunnel.carry())
    tunnel.write(b"x" * ENOUGH)
    tunnel.write(b"y")
    assert listener.told.get_nowait() == "pause"
    socket.writes.put_nowait({"type": "websocket.receive", "bytes": b"hello"})
    socket.reads.set()
    assert [await listener.told.get(), await listener.told.get()] == ["resume", b"hello"]
    tunnel.write(b"z")
    tunnel.close()
    await carrying
    assert await listener.told.get() == "lost"
    assert socket.got == b"x" * ENOUGH + b"yz"
