"""From AMQP values to bytes: the type of a value selects its writer, the shortest form is written.

A writer appends to a bytearray. Writers of the fields of a performative are used by name, because a
performative knows the type of each of its fields and Python's plain `int` then does.
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

Writer: TypeAlias = Callable[[bytearray, Any], None]


class EncodeError(ValueError):
    """This value has no AMQP type, or is out of its range."""


def encode(value: Any) -> bytes:
    out = bytearray()
    write(out, value)
    return bytes(out)


def write(out: bytearray, value: Any) -> None:
    try:
        _WRITERS[type(value)](out, value)
    except KeyError:
        raise EncodeError(f"no AMQP type for {type(value).__name__}") from None
    except struct.error as error:
        raise EncodeError(f"{value!r} is out of the range of its type") from error


def write_boolean(out: bytearray, value: bool) -> None:  # noqa: FBT001  # the value itself, not a switch
    out.append(0x41 if value else 0x42)


def write_ubyte(out: bytearray, value: int) -> None:
    out += _CODE_UINT8.pack(0x50, value)


def write_ushort(out: bytearray, value: int) -> None:
    out += _CODE_UINT16.pack(0x60, value)


def write_uint(out: bytearray, value: int) -> None:
    _unsigned(out, value, 0x43, 0x52, 0x70, _CODE_UINT32)


def write_ulong(out: bytearray, value: int) -> None:
    _unsigned(out, value, 0x44, 0x53, 0x80, _CODE_UINT64)


def write_string(out: bytearray, value: str) -> None:
    _variable(out, 0xA1, value.encode())


def write_symbol(out: bytearray, value: str) -> None:
    _variable(out, 0xA3, value.encode("ascii"))


def write_binary(out: bytearray, value: bytes) -> None:
    _variable(out, 0xA0, value)


def write_compound(out: bytearray, code: int, count: int, body: bytes | bytearray) -> None:
    """List, map or array: the size that precedes the count counts the count, too."""
    if count < 256 and len(body) < 255:
        out += _CODE_UINT8X2.pack(code, len(body) + 1, count)
    else:
        out += _CODE_UINT32X2.pack(code | 0x10, len(body) + 4, count)
    out += body


def _unsigned(out: bytearray, value: int, zero: int, small: int, large: int, layout: struct.Struct) -> None:
    if value == 0:
        out.append(zero)
    elif 0 < value < 256:
        out += _CODE_UINT8.pack(small, value)
    else:
        out += layout.pack(large, value)


def _variable(out: bytearray, code: int, raw: bytes) -> None:
    if len(raw) < 256:
        out += _CODE_UINT8.pack(code, len(raw))
    else:
        out += _CODE_UINT32.pack(code | 0x10, len(raw))
    out += raw


def _signed(small: int, large: int, layout: struct.Struct) -> Writer:
    def write_signed(out: bytearray, value: int) -> None:
        out += _CODE_INT8.pack(small, value) if -128 <= value < 128 else layout.pack(large, value)

    return write_signed


def _packed(code: int, form: str) -> Writer:
    layout = struct.Struct(form)

    def write_packed(out: bytearray, value: Any) -> None:
        out.append(code)
        out += layout.pack(value)

    return write_packed


def _raw(code: int, width: int) -> Writer:
    def write_raw(out: bytearray, value: bytes) -> None:
        if len(value) != width:
            raise EncodeError(f"{width} bytes expected, not {len(value)}")
        out.append(code)
        out += value

    return write_raw


def _write_none(out: bytearray, _value: None) -> None:
    out.append(0x40)


def _write_uuid(out: bytearray, value: UUID) -> None:
    out.append(0x98)
    out += value.bytes


def _write_char(out: bytearray, value: str) -> None:
    out += _CODE_UINT32.pack(0x73, ord(value))


def _write_list(out: bytearray, values: list[Any]) -> None:
    if not values:
        out.append(0x45)
        return
    body = bytearray()
    for value in values:
        write(body, value)
    write_compound(out, 0xC0, len(values), body)


def _write_map(out: bytearray, values: dict[Any, Any]) -> None:
    body = bytearray()
    for key, value in values.items():
        write(body, key)
        write(body, value)
    write_compound(out, 0xC1, 2 * len(values), body)


def _write_described(out: bytearray, value: Described) -> None:
    out.append(0x00)
    write(out, value.descriptor)
    write(out, value.value)


def _write_array(out: bytearray, values: Array) -> None:
    """All elements in the widest form of their type: they share one constructor."""
    kinds = {type(value) for value in values}
    if len(kinds) > 1:
        raise EncodeError("the elements of an array are of one type")
    code, element = _ELEMENTS.get(kinds.pop(), (0, None)) if kinds else (0x40, _write_none)
    if element is None:
        raise EncodeError(f"no array of {type(values[0]).__name__}")
    body = bytearray([code])
    for value in values:
        element(body, value)
    write_compound(out, 0xE0, len(values), body)


def _bare(form: str) -> Writer:
    layout = struct.Struct(form)

    def write_bare(out: bytearray, value: Any) -> None:
        out += layout.pack(value)

    return write_bare


def _bare_variable(out: bytearray, raw: bytes) -> None:
    out += _UINT32.pack(len(raw))
    out += raw


_UINT32 = struct.Struct(">I")
_CODE_UINT8 = struct.Struct(">BB")
_CODE_INT8 = struct.Struct(">Bb")
_CODE_UINT16 = struct.Struct(">BH")
_CODE_UINT32 = struct.Struct(">BI")
_CODE_UINT64 = struct.Struct(">BQ")
_CODE_UINT8X2 = struct.Struct(">BBB")
_CODE_UINT32X2 = struct.Struct(">BII")

_WRITERS: dict[type[Any], Writer] = {
    type(None): _write_none,
    bool: write_boolean,
    UByte: write_ubyte,
    UShort: write_ushort,
    UInt: write_uint,
    ULong: write_ulong,
    Byte: _packed(0x51, ">b"),
    Short: _packed(0x61, ">h"),
    Int: _signed(0x54, 0x71, struct.Struct(">Bi")),
    int: _signed(0x55, 0x81, struct.Struct(">Bq")),
    Float: _packed(0x72, ">f"),
    float: _packed(0x82, ">d"),
    Decimal32: _raw(0x74, 4),
    Decimal64: _raw(0x84, 8),
    Decimal128: _raw(0x94, 16),
    Timestamp: _packed(0x83, ">q"),
    Char: _write_char,
    UUID: _write_uuid,
    bytes: write_binary,
    str: write_string,
    Symbol: write_symbol,
    list: _write_list,
    dict: _write_map,
    Array: _write_array,
    Described: _write_described,
}

_ELEMENTS: dict[type[Any], tuple[int, Writer]] = {
    bool: (0x56, _bare(">?")),
    UByte: (0x50, _bare(">B")),
    UShort: (0x60, _bare(">H")),
    UInt: (0x70, _bare(">I")),
    ULong: (0x80, _bare(">Q")),
    Byte: (0x51, _bare(">b")),
    Short: (0x61, _bare(">h")),
    Int: (0x71, _bare(">i")),
    int: (0x81, _bare(">q")),
    Float: (0x72, _bare(">f")),
    float: (0x82, _bare(">d")),
    Timestamp: (0x83, _bare(">q")),
    UUID: (0x98, lambda out, value: out.extend(value.bytes)),
    bytes: (0xB0, _bare_variable),
    str: (0xB1, lambda out, value: _bare_variable(out, value.encode())),
    Symbol: (0xB3, lambda out, value: _bare_variable(out, value.encode("ascii"))),
}
