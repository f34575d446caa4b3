"""AMQP values that Python has no type of its own for.

What Python has is used as it is::

    null None      boolean bool     long int       double float
    string str     binary bytes     uuid UUID      list list      map dict

Every other type is a subclass of the nearest of these, so that code which only looks at values does not care,
and a value that is decoded and encoded again keeps its type on the wire.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class UByte(int):
    """0 to 255."""


class UShort(int):
    """0 to 65535."""


class UInt(int):
    """0 to 2**32 - 1."""


class ULong(int):
    """0 to 2**64 - 1."""


class Byte(int):
    """-128 to 127."""


class Short(int):
    """-2**15 to 2**15 - 1."""


class Int(int):
    """-2**31 to 2**31 - 1."""


class Timestamp(int):
    """Milliseconds since 1970, UTC."""


class Float(float):
    """A float of 32 bits."""


class Char(str):
    """One Unicode character."""

    __slots__ = ()


class Symbol(str):
    """A name out of a constrained domain, ASCII."""

    __slots__ = ()


class Decimal32(bytes):
    """IEEE 754 decimal, kept as its bytes: nobody here computes with it."""

    __slots__ = ()


class Decimal64(bytes):
    """IEEE 754 decimal, kept as its bytes."""

    __slots__ = ()


class Decimal128(bytes):
    """IEEE 754 decimal, kept as its bytes."""

    __slots__ = ()


class Array(list[Any]):
    """A sequence of values of one and the same type."""


class Described(NamedTuple):
    """A value with a descriptor that says what it means."""

    descriptor: Any
    value: Any
