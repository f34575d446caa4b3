"""A message cut into its sections, each as the bytes it came in.

::

    header · delivery annotations · message annotations · properties · application properties · body · footer
    └──────────── the broker's to rewrite ────────────┘   └────────────── the sender's ─────────────────┘

What the broker has no need to understand it does not decode, so it comes out as it went in. The body is one
section or, of data and sequences, several; they stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.servicebus.amqp.codec.decoding import DecodeError, decode, decode_from, skip
from local.servicebus.amqp.codec.encoding import encode
from local.servicebus.amqp.codec.values import ULong

BATCH_FORMAT = 0x80013700
"""The message format of a batch: each data section is a whole encoded message."""

_NAMES = {
    0x70: "header",
    0x71: "delivery_annotations",
    0x72: "message_annotations",
    0x73: "properties",
    0x74: "application_properties",
    0x78: "footer",
}
_BODY = (0x75, 0x76, 0x77)


@dataclass(slots=True)
class Sections:
    """The values of the sections, still encoded and without their descriptors; the body keeps its own."""

    header: bytes = b""
    delivery_annotations: bytes = b""
    message_annotations: bytes = b""
    properties: bytes = b""
    application_properties: bytes = b""
    body: bytes = b""
    footer: bytes = b""

    def join(self) -> bytes:
        parts: list[bytes] = []
        for code, name in _NAMES.items():
            if code == 0x78:
                parts.append(self.body)
            value: bytes = getattr(self, name)
            if value:
                parts += (b"\x00\x53", bytes((code,)), value)
        return b"".join(parts)


def split(payload: bytes) -> Sections:
    """Cut it in any order: there are clients that write the delivery annotations last."""
    sections, position, seen = Sections(), 0, set()
    while position < len(payload):
        code, value_starts = _descriptor(payload, position)
        end = skip(payload, value_starts)
        if code in _BODY:
            sections.body += payload[position:end]
        elif code in seen:
            raise DecodeError(f"a message with two sections {_NAMES[code]}")
        else:
            setattr(sections, _NAMES[code], payload[value_starts:end])
        seen.add(code)
        position = end
    return sections


def value_of(sections: Sections) -> Any:
    """What a message with a body of one value says; None where there is none."""
    if not sections.body:
        return None
    code, position = _descriptor(sections.body, 0)
    return decode(sections.body[position:]) if code == 0x77 else None


def value_body(value: Any) -> bytes:
    return b"\x00\x53\x77" + encode(value)


def batch(payload: bytes) -> list[bytes]:
    """The messages of a batch."""
    body, position, messages = split(payload).body, 0, []
    while position < len(body):
        code, position = _descriptor(body, position)
        if code != 0x75:
            raise DecodeError("a batch is made of data sections")
        message, position = decode_from(body, position)
        messages.append(message)
    return messages


def _descriptor(payload: bytes, position: int) -> tuple[int, int]:
    """The code of the section that starts here, and where its value starts."""
    if payload[position : position + 2] == b"\x00\x53" and position + 2 < len(payload):
        code, value_starts = payload[position + 2], position + 3
    elif payload[position] == 0x00:
        code, value_starts = decode_from(payload, position + 1)
    else:
        raise DecodeError("a section starts with its descriptor")
    if type(code) not in (int, ULong) or code not in (*_NAMES, *_BODY):
        raise DecodeError("an unknown section")
    return code, value_starts
