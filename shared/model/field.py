"""One line of a translation's table: which canonical field, what the system calls it, and how it keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from shared.model.golden import Value

Form = Callable[[str], str]
Reader = Callable[[Any], Value]
Writer = Callable[[Any], Any]


class Unit(NamedTuple):
    """What a system counts when it says how long a text may be."""

    name: str
    count: Callable[[str], int]


CODE_POINTS = Unit("characters", len)
UTF16 = Unit("UTF-16 units", lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2)
UTF8 = Unit("UTF-8 bytes", lambda text: len(text.encode("utf-8", "surrogatepass")))


class Kind(Enum):
    """What sort of value a field holds."""

    TEXT = "text"
    CHOICE = "choice"
    AMOUNT = "amount"
    FLAG = "flag"
    DAY = "day"
    REFERENCE = "reference"


def lower(text: str) -> str:
    return text.lower()


def upper(text: str) -> str:
    return text.upper()


def lines(text: str) -> str:
    """One sort of line end, whatever the system's own is."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table. `text`, `choice`, `amount`, `flag`, `day` and `reference` make them.

    `absent` is what the system is given where nothing is known. Without it, nothing in a `mandatory` field of
    a new record is a dead letter.
    """

    canonical: str
    native: str
    longest: int | None = None
    unit: Unit = CODE_POINTS
    forms: tuple[Form, ...] = ()
    choices: Mapping[str, str | int] | None = None
    mandatory: bool = False
    references: str | None = None
    read_id: Reader = str
    write_id: Writer = str
    scale: int | None = None
    kind: Kind = Kind.TEXT
    write: Writer | None = None
    read: Reader | None = None
    absent: Value = None

    def otherwise(self, absent: Value) -> Field:
        """The same line, with what the system is given for nothing."""
        return replace(self, absent=absent)


def text(
    canonical: str, native: str, longest: int, *forms: Form, unit: Unit = CODE_POINTS, mandatory: bool = False
) -> Field:
    return Field(canonical, native, longest, unit, forms, mandatory=mandatory)


def choice(
    canonical: str, native: str, choices: Mapping[str, str | int], *, mandatory: bool = False
) -> Field:
    """A closed list: canonical label → native value. Labels are found in any case."""
    return Field(canonical, native, choices=choices, mandatory=mandatory, kind=Kind.CHOICE)


def amount(
    canonical: str, native: str, scale: int, *, write: Writer = Decimal, mandatory: bool = False
) -> Field:
    """A decimal number that the system keeps to so many places; `write` makes it of exact text."""
    return Field(canonical, native, mandatory=mandatory, scale=scale, kind=Kind.AMOUNT, write=write)


def flag(canonical: str, native: str, *, read: Reader | None = None, write: Writer = bool) -> Field:
    """Yes or no. `read` makes it of what is neither a boolean nor 0 or 1, or raises ValueError."""
    return Field(canonical, native, kind=Kind.FLAG, write=write, read=read)


def day(canonical: str, native: str, *, write: Writer = str, mandatory: bool = False) -> Field:
    """A day, without a time. `write` makes it of text such as 2026-01-31."""
    return Field(canonical, native, mandatory=mandatory, kind=Kind.DAY, write=write)


def reference(
    canonical: str,
    native: str,
    entity: str,
    *,
    read_id: Reader,
    write_id: Writer = str,
    mandatory: bool = False,
) -> Field:
    """A field that names another record by its native id, which is text for everyone but its system."""
    return Field(
        canonical,
        native,
        mandatory=mandatory,
        references=entity,
        read_id=read_id,
        write_id=write_id,
        kind=Kind.REFERENCE,
    )
