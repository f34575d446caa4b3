"""From bytes to AMQP values.

A reader is `(buffer, position, depth) -> (value, next position)`; the format code, the first byte of
an encoded value, selects it. Three things that the other side says are not believed:

- a length: it has to lie within the buffer, and a compound has to end where its size says;
- a count: an element takes at least one byte (so an array of nulls, where it would take none, is refused);
- a depth: nesting ends at `MAX_DEPTH`.

Whatever is wrong is a `DecodeError`; no other exception leaves this module.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeAlias
from uuid import UUID

from local.servicebus.amqp.codec.values import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

MAX_DEPTH = 32

Reader: TypeAlias = Callable[[bytes, int, int], tuple[Any, int]]
"""(buffer, position behind the format code, depth) -> (value, position behind the value)"""

Sizes: TypeAlias = Callable[[bytes, int], tuple[Any, ...]]


class DecodeError(ValueError):
    """These bytes are no AMQP value."""


def decode(buffer: bytes) -> Any:
    """The one value that fills the whole buffer."""
    value, end = decode_from(buffer, 0)
    if end != len(buffer):
        raise DecodeError(f"{len(buffer) - end} bytes behind the value")
    return value


def decode_from(buffer: bytes, position: int) -> tuple[Any, int]:
    """The value that starts at this position, and where the next one starts."""
    try:
        return _read(buffer, position, 0)
    except DecodeError:
        raise
    except (IndexError, struct.error) as error:
        raise DecodeError("the value ends before its last byte") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise DecodeError(str(error)) from error


def skip(buffer: bytes, position: int) -> int:
    """Where the next value starts: the length of a value shows in the upper half of its format code."""
    try:
        end = _end_of(buffer, position, 0)
    except (IndexError, struct.error) as error:
        raise DecodeError("the value ends before its last byte") from error
    if end > len(buffer):
        raise DecodeError("the value ends before its last byte")
    return end


def entries(buffer: bytes) -> list[tuple[Any, Any, bytes]]:
    """Key, value, and both as the bytes they came in, of the map that fills the buffer."""
    decode(buffer)  # from here on the bytes are known to be sound
    if buffer[0] not in _MAPS:
        raise DecodeError("a map was expected")
    sizes, width = _MAPS[buffer[0]]
    count = sizes(buffer, 1)[1]
    position, found = 1 + width, []
    for _ in range(count // 2):
        key, middle = decode_from(buffer, position)
        value, end = decode_from(buffer, middle)
        found.append((key, value, buffer[position:end]))
        position = end
    return found


def _read(buffer: bytes, position: int, depth: int) -> tuple[Any, int]:
    return _READERS[buffer[position]](buffer, position + 1, depth)


def _end_of(buffer: bytes, position: int, depth: int) -> int:
    code, position = buffer[position], position + 1
    if code == 0x00:
        if depth > MAX_DEPTH:
            raise DecodeError(f"nested deeper than {MAX_DEPTH}")
        return _end_of(buffer, _end_of(buffer, position, depth + 1), depth + 1)
    category = code >> 4
    if category in _FIXED_WIDTHS:
        return position + _FIXED_WIDTHS[category]
    if category in (0xA, 0xC, 0xE):
        return position + 1 + buffer[position]
    if category in (0xB, 0xD, 0xF):
        return position + 4 + int(_UINT32(buffer, position)[0])
    raise DecodeError(f"unknown format code 0x{code:02x}")


_FIXED_WIDTHS = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
_UINT8: Sizes = struct.Struct(">B").unpack_from
_UINT8X2: Sizes = struct.Struct(">BB").unpack_from
_UINT32: Sizes = struct.Struct(">I").unpack_from
_UINT32X2: Sizes = struct.Struct(">II").unpack_from


def _unknown(buffer: bytes, position: int, _depth: int) -> tuple[Any, int]:
    raise DecodeError(f"unknown format code 0x{buffer[position - 1]:02x}")


def _constant(value: Any) -> Reader:
    return lambda _buffer, position, _depth: (value, position)


def _number(form: str, kind: Callable[[Any], Any] | None = None) -> Reader:
    """A number of fixed width; `kind` is left out where Python's own type is the right one."""
    layout = struct.Struct(form)
    unpack, width = layout.unpack_from, layout.size

    def plain(buffer: bytes, position: int, _depth: int) -> tuple[Any, int]:
        return unpack(buffer, position)[0], position + width

    def typed(buffer: bytes, position: int, _depth: int) -> tuple[Any, int]:
        return kind(unpack(buffer, position)[0]), position + width  # type: ignore[misc]  # only used if given

    return typed if kind else plain


def _boolean(buffer: bytes, position: int, _depth: int) -> tuple[bool, int]:
    if buffer[position] > 1:
        raise DecodeError("a boolean is 0 or 1")
    return buffer[position] == 1, position + 1


def _raw(width: int, kind: Callable[[bytes], Any]) -> Reader:
    def read(buffer: bytes, position: int, _depth: int) -> tuple[Any, int]:
        return kind(_slice(buffer, position, width)), position + width

    return read


def _variable(sizes: Sizes, width: int, kind: Callable[[bytes], Any]) -> Reader:
    def read(buffer: bytes, position: int, _depth: int) -> tuple[Any, int]:
        length = sizes(buffer, position)[0]
        position += width
        return kind(_slice(buffer, position, length)), position + length

    return read


def _slice(buffer: bytes, position: int, length: int) -> bytes:
    if position + length > len(buffer):
        raise DecodeError("the value ends before its last byte")
    return buffer[position : position + length]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8")


def _symbol(raw: bytes) -> Symbol:
    return Symbol(raw.decode("ascii"))


def _character(code: int) -> Char:
    return Char(chr(code))


def _uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


def _bounds(buffer: bytes, position: int, depth: int, sizes: Sizes, width: int) -> tuple[int, int, int]:
    """Count, first element and end of a compound; the size counts from behind itself, so with the count."""
    if depth >= MAX_DEPTH:
        raise DecodeError(f"nested deeper than {MAX_DEPTH}")
    size, count = sizes(buffer, position)
    end = position + width // 2 + size
    if end > len(buffer):
        raise DecodeError("the value ends before its last byte")
    return count, position + width, end


def _ends_at(position: int, end: int) -> int:
    if position != end:
        raise DecodeError("a compound does not end where its size says")
    return end


def _list(sizes: Sizes, width: int) -> Reader:
    def read(buffer: bytes, position: int, depth: int) -> tuple[list[Any], int]:
        count, position, end = _bounds(buffer, position, depth, sizes, width)
        values = []
        for _ in range(count):
            value, position = _READERS[buffer[position]](buffer, position + 1, depth + 1)
            values.append(value)
        return values, _ends_at(position, end)

    return read


def _map(sizes: Sizes, width: int) -> Reader:
    def read(buffer: bytes, position: int, depth: int) -> tuple[dict[Any, Any], int]:
        count, position, end = _bounds(buffer, position, depth, sizes, width)
        if count % 2:
            raise DecodeError("a map has a key without a value")
        values = {}
        for _ in range(count // 2):
            key, position = _READERS[buffer[position]](buffer, position + 1, depth + 1)
            values[key], position = _READERS[buffer[position]](buffer, position + 1, depth + 1)
        return values, _ends_at(position, end)

    return read


def _array(sizes: Sizes, width: int) -> Reader:
    def read(buffer: bytes, position: int, depth: int) -> tuple[Array, int]:
        count, position, end = _bounds(buffer, position, depth, sizes, width)
        element, position = _constructor(buffer, position, depth + 1)
        if count > end - position:
            raise DecodeError("an array has more elements than bytes")
        values = Array()
        for _ in range(count):
            value, position = element(buffer, position, depth + 1)
            values.append(value)
        return values, _ends_at(position, end)

    return read


def _constructor(buffer: bytes, position: int, depth: int) -> tuple[Reader, int]:
    """The reader that all elements of an array share, with the descriptor where they have one."""
    if buffer[position] != 0x00:
        return _READERS[buffer[position]], position + 1
    if depth >= MAX_DEPTH:
        raise DecodeError(f"nested deeper than {MAX_DEPTH}")
    descriptor, position = _read(buffer, position + 1, depth + 1)
    inner, position = _constructor(buffer, position, depth + 1)

    def described(buffer: bytes, position: int, depth: int) -> tuple[Described, int]:
        value, position = inner(buffer, position, depth)
        return Described(descriptor, value), position

    return described, position


def _described(buffer: bytes, position: int, depth: int) -> tuple[Described, int]:
    if depth >= MAX_DEPTH:
        raise DecodeError(f"nested deeper than {MAX_DEPTH}")
    descriptor, position = _read(buffer, position, depth + 1)
    value, position = _read(buffer, position, depth + 1)
    return Described(descriptor, value), position


def _empty_list(_buffer: bytes, position: int, _depth: int) -> tuple[list[Any], int]:
    return [], position


_KNOWN: dict[int, Reader] = {
    0x00: _described,
    0x40: _constant(None),
    0x41: _constant(True),
    0x42: _constant(False),
    0x43: _constant(UInt(0)),
    0x44: _constant(ULong(0)),
    0x45: _empty_list,
    0x50: _number(">B", UByte),
    0x51: _number(">b", Byte),
    0x52: _number(">B", UInt),
    0x53: _number(">B", ULong),
    0x54: _number(">b", Int),
    0x55: _number(">b"),
    0x56: _boolean,
    0x60: _number(">H", UShort),
    0x61: _number(">h", Short),
    0x70: _number(">I", UInt),
    0x71: _number(">i", Int),
    0x72: _number(">f", Float),
    0x73: _number(">I", _character),
    0x74: _raw(4, Decimal32),
    0x80: _number(">Q", ULong),
    0x81: _number(">q"),
    0x82: _number(">d"),
    0x83: _number(">q", Timestamp),
    0x84: _raw(8, Decimal64),
    0x94: _raw(16, Decimal128),
    0x98: _raw(16, _uuid),
    0xA0: _variable(_UINT8, 1, bytes),
    0xA1: _variable(_UINT8, 1, _text),
    0xA3: _variable(_UINT8, 1, _symbol),
    0xB0: _variable(_UINT32, 4, bytes),
    0xB1: _variable(_UINT32, 4, _text),
    0xB3: _variable(_UINT32, 4, _symbol),
    0xC0: _list(_UINT8X2, 2),
    0xC1: _map(_UINT8X2, 2),
    0xD0: _list(_UINT32X2, 8),
    0xD1: _map(_UINT32X2, 8),
    0xE0: _array(_UINT8X2, 2),
    0xF0: _array(_UINT32X2, 8),
}
_MAPS: dict[int, tuple[Sizes, int]] = {0xC1: (_UINT8X2, 2), 0xD1: (_UINT32X2, 8)}
_READERS: list[Reader] = [_KNOWN.get(code, _unknown) for code in range(256)]
