"""A client of bytes: speaks to a connection of the broker without a socket, in virtual time.

`Desk` is the broker with its container; `Peer` is one client. What a peer says is handled at once, and what
it is told is in `told`, frame by frame. It can say anything, also what no well-behaved client would.
"""

import heapq
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from local.servicebus.amqp.codec import performatives
from local.servicebus.amqp.codec.decoding import decode
from local.servicebus.amqp.codec.encoding import encode
from local.servicebus.amqp.codec.frames import AMQP_HEADER, FrameReader, encode_frame
from local.servicebus.amqp.codec.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    Source,
    Target,
    Transfer,
)
from local.servicebus.amqp.codec.sections import Sections, split, value_body, value_of
from local.servicebus.amqp.connection import Connection
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.turns import Turns
from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import Right
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import SharedAccessKey

KEY = SharedAccessKey("RootManageSharedAccessKey", "SAS_KEY_VALUE")
READER = SharedAccessKey("reader", "read", [Right.LISTEN])
WRITER = SharedAccessKey("writer", "write", [Right.SEND])
START = datetime(2026, 1, 1, tzinfo=UTC)


class Timer:
    def __init__(self, callback):
        self.callback = callback

    def cancel(self):
        self.callback = None


class VirtualLoop:
    """An event loop whose time passes when a test says so."""

    def __init__(self):
        self.now = START
        self._soon = []
        self._timers = []
        self._order = itertools.count()

    def call_soon(self, callback):
        self._soon.append(callback)

    call_soon_threadsafe = call_soon

    def call_later(self, delay, callback):
        timer = Timer(callback)
        heapq.heappush(self._timers, (self.now + timedelta(seconds=delay), next(self._order), timer))
        return timer

    def run_soon(self):
        while self._soon:
            self._soon.pop(0)()

    def sleep(self, seconds):
        end = self.now + timedelta(seconds=seconds)
        while self._timers and self._timers[0][0] <= end:
            self.now, _, timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                timer.callback()
            self.run_soon()
        self.now = end


class Desk:
    def __init__(self, journal=None, **settings: Any):
        self.loop = VirtualLoop()
        ids = (UUID(int=number) for number in itertools.count(1))
        self.broker = Broker(lambda: self.loop.now, lambda: next(ids), journal)
        turns = Turns(self.broker, lambda: self.loop.now, self.loop, failed=_raise)
        keys = KeyRing(self.broker.namespace, KEY, READER, WRITER)
        self.container = Container(self.broker, keys, lambda: self.loop.now, turns, **settings)

    def sleep(self, seconds: float) -> None:
        self.loop.sleep(seconds)

    def peer(self) -> "Peer":
        """One that is past the headers and has opened the connection and a session."""
        peer = Peer(self)
        peer.write(AMQP_HEADER)
        peer.say(Open("peer"))
        peer.say(Begin(None, 0, 1000, 1000))
        peer.told.clear()
        return peer

    def authorized(self, path: str = "", key: SharedAccessKey = KEY) -> "Peer":
        """One with a token, for everything if nothing is said."""
        peer = self.peer()
        status, _ = peer.put_token(key.sign(f"sb://desk/{path}", self.loop.now + timedelta(hours=1)), path)
        assert status == 202
        return peer


def _raise(error: Exception) -> None:
    raise error


class Wire:
    def __init__(self):
        self.written = b""
        self.closed = False

    def write(self, data):
        assert not self.closed, "written to a closed socket"
        self.written += data

    def close(self):
        self.closed = True


class Peer:
    def __init__(self, desk: Desk):
        self.desk = desk
        self.wire = Wire()
        self.told: list[tuple[int, Any, bytes]] = []
        self.headers: list[bytes] = []
        self.connection = Connection(desk.container, self.wire)
        self._reader = FrameReader(2**31)
        self._handles = itertools.count()
        self._ids = itertools.count()

    # -- saying -------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        self.desk.container.turns.run(lambda: self.connection.receive(data))
        self.listen()

    def say(self, performative: Any, payload: bytes = b"", channel: int = 0) -> None:
        self.write(encode_frame(channel, performative, payload))

    def flow(self, handle: int, credit: int, delivery_count: int = 0, **more: Any) -> None:
        self.say(Flow(0, 1000, 0, 1000, handle, delivery_count, credit, **more))

    def hang_up(self) -> None:
        self.desk.container.turns.run(self.connection.lost)

    # -- hearing ------------------------------------------------------------------------------------------

    def listen(self) -> None:
        self._reader.feed(self.wire.written)
        self.wire.written = b""
        while not self.headers:
            header = self._reader.next_header()
            if header is None:
                return
            self.headers.append(header)
        while (frame := self._reader.next_frame()) is not None:
            if frame.body:
                performative, end = performatives.decode(frame.body)
                self.told.append((frame.channel, performative, frame.body[end:]))
            else:
                self.told.append((frame.channel, None, b""))

    def all(self, kind: type) -> list[Any]:
        self.listen()
        return [performative for _, performative, _ in self.told if isinstance(performative, kind)]

    def last(self, kind: type) -> Any:
        found = self.all(kind)
        assert found, f"no {kind.__name__} among {self.told}"
        return found[-1]

    def deliveries(self) -> list[tuple[Transfer, Sections]]:
        """Whole messages, of one frame or several."""
        self.listen()
        found, first, parts = [], None, []
        for _, performative, payload in self.told:
            if isinstance(performative, Transfer):
                first = first or performative
                parts.append(payload)
                if not performative.more:
                    found.append((first, split(b"".join(parts))))
                    first, parts = None, []
        return found

    # -- doing --------------------------------------------------------------------------------------------

    def attach_sender(self, address: Any, **more: Any) -> int:
        handle = next(self._handles)
        source, target = Source("me"), Target(address)
        self.say(
            Attach(
                f"l{handle}",
                handle,
                role=False,
                source=source,
                target=target,
                initial_delivery_count=0,
                **more,
            )
        )
        return handle

    def attach_receiver(self, address: Any, filters: Any = None, **more: Any) -> int:
        handle = next(self._handles)
        source, target = Source(address, filter=filters), Target("me")
        self.say(Attach(f"l{handle}", handle, role=True, source=source, target=target, **more))
        return handle

    def transfer(self, handle: int, payload: bytes, **more: Any) -> int:
        delivery_id = next(self._ids)
        message_format = more.pop("message_format", 0)
        self.say(Transfer(handle, delivery_id, b"%d" % delivery_id, message_format, **more), payload)
        return delivery_id

    def send(self, address: str, body: bytes = b"hello", **sections: Any) -> Any:
        """Send one message on a link of its own; gives the outcome."""
        self.transfer(self.attach_sender(address), message(body, **sections))
        return self.last(Disposition).state

    def put_token(self, token: Any, audience: str) -> tuple[int, str]:
        name = f"sb://desk/{audience}" if audience else "sb://desk"
        sections = self.request("$cbs", token, operation="put-token", type="jwt", name=name)
        told = told_in(sections)
        return told["status-code"], told["status-description"]

    def request(self, node: str, value: Any, **properties: Any) -> Sections:
        """Ask a node, and wait for its answer on a way back of its own."""
        back, there = self.attach_receiver(node), self.attach_sender(node)
        self.flow(back, 1)
        asked = Sections(
            properties=encode([UUID(int=99)]),
            application_properties=encode(properties),
            body=value_body(value),
        )
        before = len(self.deliveries())
        self.transfer(there, asked.join())
        found = self.deliveries()[before:]
        assert found, f"no answer among {self.told}"
        self.say(Detach(back, closed=True))
        self.say(Detach(there, closed=True))
        return found[0][1]

    def manage(self, address: str, operation: str, body: Any) -> tuple[int, Any]:
        """An operation of the management node: its status, and its value or the condition of its refusal."""
        sections = self.request(f"{address}/$management", body, operation=f"com.microsoft:{operation}")
        told = told_in(sections)
        return told["statusCode"], told.get("errorCondition") or value_of(sections)

    def refusal(self) -> str | None:
        """The condition under which the last thing ended, the smallest first."""
        for kind in (Detach, End, Close):
            for ended in reversed(self.all(kind)):
                if ended.error is not None:
                    return str(ended.error.condition)
        return None


def message(body: bytes = b"hello", **sections: Any) -> bytes:
    """An encoded message; what is given of the sections is a value."""
    encoded = {name: encode(value) for name, value in sections.items()}
    return Sections(body=b"\x00\x53\x75" + encode(body), **encoded).join()


def told_in(sections: Sections) -> dict[str, Any]:
    told: dict[str, Any] = decode(sections.application_properties)
    return told
