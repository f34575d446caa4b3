"""The stream cut into frames. No I/O: bytes go in as they arrive, headers and frames come out.

::

    header  'AMQP' protocol major minor revision        8 bytes, once for SASL and once for AMQP
    frame   size:4  offset:1 (in words)  type:1  channel:2   [extended header]   body
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from local.servicebus.amqp.codec import performatives

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
TLS_HEADER = b"AMQP\x02\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"

AMQP_TYPE = 0
SASL_TYPE = 1

MIN_MAX_FRAME_SIZE = 512

_PREFIX = struct.Struct(">IBBH")
HEARTBEAT = _PREFIX.pack(8, 2, AMQP_TYPE, 0)


class FrameError(ValueError):
    """The stream cannot be cut into frames any more."""


class Frame(NamedTuple):
    type: int
    channel: int
    body: bytes


def encode_frame(
    channel: int, performative: performatives.Composite, payload: bytes = b"", *, type_: int = AMQP_TYPE
) -> bytes:
    body = performatives.encode(performative)
    return b"".join((_PREFIX.pack(8 + len(body) + len(payload), 2, type_, channel), body, payload))


class FrameReader:
    """Gives back what has arrived whole; a frame that says it is too long is refused before it is stored."""

    def __init__(self, max_frame_size: int) -> None:
        self._max_frame_size = max_frame_size
        self._buffer = bytearray()
        self._position = 0

    def feed(self, received: bytes) -> None:
        del self._buffer[: self._position]
        self._position = 0
        self._buffer += received

    def next_header(self) -> bytes | None:
        if len(self._buffer) - self._position < 8:
            return None
        return self._take(8)

    def next_frame(self) -> Frame | None:
        if len(self._buffer) - self._position < 8:
            return None
        size, offset, type_, channel = _PREFIX.unpack_from(self._buffer, self._position)
        if not 8 <= size <= self._max_frame_size:
            raise FrameError(f"a frame of {size} bytes; 8 to {self._max_frame_size} are allowed")
        if not 8 <= 4 * offset <= size:
            raise FrameError("the frame's body does not start within it")
        if len(self._buffer) - self._position < size:
            return None
        return Frame(type_, channel, self._take(size)[4 * offset :])

    def _take(self, size: int) -> bytes:
        start, self._position = self._position, self._position + size
        return bytes(self._buffer[start : self._position])
