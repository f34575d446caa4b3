"""A connection: from the first header to the close. Bytes come in by `receive`, go out by the wire.

::

    HEADER ──SASL header──> SASL ──init──> HEADER ──AMQP header──> OPENING ──open──> OPEN ──close──> CLOSED
                                                                                   └─ channel ─> Session

Whatever cannot be understood ends the connection with an error that says why; so does an error of our own,
which is logged. `CLOSED` is final: what still comes in is thrown away.
"""

from __future__ import annotations

import enum
import logging
from typing import Protocol

from local.servicebus.amqp.cbs import ClaimsBasedSecurity
from local.servicebus.amqp.codec import performatives
from local.servicebus.amqp.codec.decoding import DecodeError
from local.servicebus.amqp.codec.frames import (
    AMQP_HEADER,
    AMQP_TYPE,
    HEARTBEAT,
    MIN_MAX_FRAME_SIZE,
    SASL_HEADER,
    SASL_TYPE,
    Frame,
    FrameError,
    FrameReader,
    encode_frame,
)
from local.servicebus.amqp.codec.performatives import (
    Attach,
    Begin,
    Close,
    Composite,
    End,
    Open,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
)
from local.servicebus.amqp.codec.values import Array, Described, Symbol
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.errors import (
    DECODE_ERROR,
    FORCED,
    FRAMING_ERROR,
    ILLEGAL_STATE,
    INTERNAL_ERROR,
    INVALID_FIELD,
    NOT_ALLOWED,
    AmqpError,
    ConnectionFault,
    SessionError,
)
from local.servicebus.amqp.links import Link
from local.servicebus.amqp.nodes import Nodes
from local.servicebus.amqp.session import Session

CHANNEL_MAX = 255
MECHANISMS = ("ANONYMOUS", "PLAIN", "MSSBCBS", "EXTERNAL")
"""All alike: what opens a door here is a token, put on the node `$cbs`."""

log = logging.getLogger(__name__)


class Wire(Protocol):
    """What a connection needs of a socket."""

    def write(self, data: bytes, /) -> None: ...
    def close(self) -> None: ...


class Phase(enum.Enum):
    HEADER = enum.auto()
    SASL = enum.auto()
    OPENING = enum.auto()
    OPEN = enum.auto()
    CLOSED = enum.auto()


class Connection:
    def __init__(self, container: Container, wire: Wire) -> None:
        self.turns = container.turns
        self.max_peer_frame = MIN_MAX_FRAME_SIZE
        self._container = container
        self._wire = wire
        self._reader = FrameReader(container.max_frame_size)
        self._phase = Phase.HEADER
        self._sessions: dict[int, Session | None] = {}
        self._cbs = ClaimsBasedSecurity(container, self._withdraw)
        self._nodes = Nodes(container, self._cbs)
        self._output: list[bytes] = []
        self._writable = True
        self._heard = True
        self._timers = {"silence": self.turns.later(container.idle_seconds, self._check_silence)}

    # -- what the socket says --------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        self._heard = True
        if self._phase is Phase.CLOSED:
            return
        try:
            self._reader.feed(data)
            while self._step():
                pass
        except ConnectionFault as fault:
            self.abort(fault)
        except FrameError as error:
            self.abort(ConnectionFault(FRAMING_ERROR, str(error)))
        except DecodeError as error:
            self.abort(ConnectionFault(DECODE_ERROR, str(error)))
        except Exception:
            log.exception("a connection is closed for an error of the broker's own")
            self.abort(ConnectionFault(INTERNAL_ERROR, "The broker failed; its log says where."))

    def lost(self) -> None:
        """The socket is gone, or will be."""
        self._phase = Phase.CLOSED
        for session in self._sessions.values():
            if session is not None:
                session.close()
        self._sessions.clear()
        self._cbs.close()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def pause(self) -> None:
        """The client does not read: deliver nothing until it does."""
        self._writable = False

    def resume(self) -> None:
        self._writable = True
        for session in list(self._sessions.values()):
            if session is not None:
                session.pump()

    # -- for sessions ----------------------------------------------------------------------------------

    def send(self, channel: int, performative: Composite, payload: bytes = b"") -> None:
        if self._phase is not Phase.CLOSED:
            self._write(encode_frame(channel, performative, payload))

    def is_writable(self) -> bool:
        return self._writable and self._phase is Phase.OPEN

    def open_link(self, session: Session, attach: Attach) -> Link:
        return self._nodes.open_link(session, attach)

    def abort(self, fault: ConnectionFault) -> None:
        """Close from our side, and say why where the client can read it already."""
        if self._phase is Phase.CLOSED:
            return
        if self._phase is Phase.OPENING:
            self._answer_open()
        if self._phase is Phase.OPEN:
            self.send(0, Close(fault.as_error()))
        self._end()

    # -- what the client says --------------------------------------------------------------------------

    def _step(self) -> bool:
        """Take one header or frame; False when none has arrived whole."""
        if self._phase is Phase.CLOSED:
            return False
        if self._phase is Phase.HEADER:
            header = self._reader.next_header()
            if header is not None:
                self._on_header(header)
            return header is not None
        frame = self._reader.next_frame()
        if frame is not None:
            self._on_frame(frame)
        return frame is not None

    def _on_header(self, header: bytes) -> None:
        if header == SASL_HEADER:
            self._write(SASL_HEADER)
            mechanisms = SaslMechanisms(Array(map(Symbol, MECHANISMS)))
            self._write(encode_frame(0, mechanisms, type_=SASL_TYPE))
            self._phase = Phase.SASL
        elif header == AMQP_HEADER:
            self._write(AMQP_HEADER)
            self._phase = Phase.OPENING
        else:
            self._write(AMQP_HEADER)  # the one that would be understood
            self._end()

    def _on_frame(self, frame: Frame) -> None:
        expected = SASL_TYPE if self._phase is Phase.SASL else AMQP_TYPE
        if frame.type != expected:
            raise ConnectionFault(FRAMING_ERROR, f"A frame of type {frame.type} does not belong here.")
        if not frame.body:
            return
        performative, end = performatives.decode(frame.body)
        if isinstance(performative, Described):
            raise ConnectionFault(DECODE_ERROR, f"No such performative: {performative.descriptor!r}.")
        if self._phase is Phase.SASL:
            self._on_sasl(performative)
        elif self._phase is Phase.OPENING:
            self._on_open(performative)
        else:
            self._on_performative(frame.channel, performative, frame.body[end:])

    def _on_sasl(self, performative: Composite) -> None:
        if not isinstance(performative, SaslInit):
            raise ConnectionFault(ILLEGAL_STATE, "SASL starts with init.")
        known = performative.mechanism in MECHANISMS
        self._write(encode_frame(0, SaslOutcome(0 if known else 1), type_=SASL_TYPE))
        if known:
            self._phase = Phase.HEADER
        else:
            self._end()

    def _on_open(self, performative: Composite) -> None:
        if not isinstance(performative, Open):
            raise ConnectionFault(ILLEGAL_STATE, "A connection starts with open.")
        self._answer_open()
        if performative.max_frame_size < MIN_MAX_FRAME_SIZE:
            raise ConnectionFault(INVALID_FIELD, f"max-frame-size is at least {MIN_MAX_FRAME_SIZE}.")
        self.max_peer_frame = min(performative.max_frame_size, self._container.max_frame_size)
        if performative.idle_time_out:
            self._beat(performative.idle_time_out / 2000)

    def _answer_open(self) -> None:
        self._phase = Phase.OPEN
        answer = Open(
            container_id=self._container.name,
            max_frame_size=self._container.max_frame_size,
            channel_max=CHANNEL_MAX,
            idle_time_out=int(self._container.idle_seconds * 500),
            properties={},
        )
        self.send(0, answer)

    def _on_performative(self, channel: int, performative: Composite, payload: bytes) -> None:
        if isinstance(performative, Begin):
            self._on_begin(channel, performative)
        elif isinstance(performative, End):
            self._on_end(channel)
        elif isinstance(performative, Close):
            self.send(0, Close())
            self._end()
        else:
            self._on_session(channel, performative, payload)

    def _on_begin(self, channel: int, begin: Begin) -> None:
        if channel in self._sessions or channel > CHANNEL_MAX:
            raise ConnectionFault(NOT_ALLOWED, f"Channel {channel} is in use or too high.")
        session = self._sessions[channel] = Session(self, channel, begin)
        session.open()

    def _on_end(self, channel: int) -> None:
        if channel not in self._sessions:
            raise ConnectionFault(NOT_ALLOWED, f"Channel {channel} has no session.")
        session = self._sessions.pop(channel)
        if session is not None:
            session.close()
            self.send(channel, End())

    def _on_session(self, channel: int, performative: Composite, payload: bytes) -> None:
        if channel not in self._sessions:
            raise ConnectionFault(NOT_ALLOWED, f"Channel {channel} has no session.")
        session = self._sessions[channel]
        if session is None:
            return
        try:
            session.handle(performative, payload)
        except SessionError as fault:
            session.close()
            self._sessions[channel] = None  # until the client ends it, too
            self.send(channel, End(fault.as_error()))

    # -- own -------------------------------------------------------------------------------------------

    def _withdraw(self, refusal: AmqpError) -> None:
        """A token has run out: what it had opened is closed."""
        for session in list(self._sessions.values()):
            for link in session.links() if session is not None else ():
                if not self._nodes.may_stay(link.attach):
                    link.session.detach(link, refusal)

    def _write(self, data: bytes) -> None:
        self._output.append(data)
        self.turns.write(self._flush)

    def _flush(self) -> None:
        output, self._output = self._output, []
        self._wire.write(b"".join(output))

    def _end(self) -> None:
        self.turns.write(self._flush)
        self.lost()
        self.turns.write(self._wire.close)

    def _check_silence(self) -> None:
        if not self._heard:
            self.abort(ConnectionFault(FORCED, "Nothing was heard for too long."))
            return
        self._heard = False
        self._timers["silence"] = self.turns.later(self._container.idle_seconds, self._check_silence)

    def _beat(self, seconds: float) -> None:
        def beat() -> None:
            self._write(HEARTBEAT)
            self._timers["heart"] = self.turns.later(seconds, beat)

        self._timers["heart"] = self.turns.later(seconds, beat)
