"""The golden record: cells, and the order in which they win.

A golden record maps each field to a *cell* `(value, stamp, system)`. Cells of one field are ordered by

    newest, ask   (the system's say in the field, stamp, rank of the system, value, the system's name)
    rank          (the system's say in the field, rank of the system, stamp, value, the system's name)

and the greater stays: the owner has the most say (and an operator as much), then the systems that the entity
flows from, then the rest, which only follow. So merging edits of which none knew of another is commutative,
associative and idempotent, ties included: in whatever order they arrive, the same record comes out.

Where rank decides, or a person, an edit made in knowledge of golden's cell replaces it all the same; else a
low rank could never change a field again. Where the newest wins that needs no rule: such an edit is newer.

A *snapshot* maps each field to the cell that one system last showed. A change carries as its *base* the
cell that its snapshot showed; one that replaces, or loses to, a cell that is not its base is a conflict.

Stamps are microseconds since 1970 (UTC). A value is a JSON scalar; a reference is the golden id of the
record that it names, or `system:native-id` while that record has not arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec import field as made

OPERATOR = "operator"
"""The system whose changes are an operator's mends."""

type_order = {type(None): 0, bool: 1, int: 2, float: 2, str: 3}

Value = str | int | float | bool | None


class Cell(NamedTuple):
    """A value, when it was set, and by which system."""

    value: Value
    stamp: int
    system: str


Fields = dict[str, Cell]
"""Never changed in place: a golden record and the snapshots that show the same share one."""


OWNERS = 2
"""The say of who owns a field."""


class Arbiter(StrEnum):
    """Who decides between two edits by others than the owner, neither made in knowledge of the other."""

    NEWEST = "newest"
    RANK = "rank"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Who wins a field: its owner; else, among the edits of sources, whom the arbiter says.

    `sources` are the systems that the entity flows from; None where all count alike.
    """

    owner: str | None = None
    rank: Mapping[str, int] = field(default_factory=dict)
    sources: frozenset[str] | None = None
    arbiter: Arbiter = Arbiter.NEWEST

    @property
    def asks(self) -> bool:
        """Whether a person decides."""
        return self.arbiter is Arbiter.ASK

    def say(self, system: str) -> int:
        """How much a system has to say in this field."""
        if self.owner is not None and system in (self.owner, OPERATOR):
            return OWNERS
        return int(self.sources is None or system in self.sources)

    def order(self, cell: Cell) -> tuple[int, int, int, int, Value, str, str]:
        """The place of a cell among all cells of this field: a total order, no two cells in one place."""
        rank = self.rank.get(cell.system, 0)
        ranked = self.arbiter is Arbiter.RANK
        return (
            self.say(cell.system),
            rank if ranked else cell.stamp,
            cell.stamp if ranked else rank,
            type_order[type(cell.value)],
            cell.value if cell.value is not None else 0,
            type(cell.value).__name__,
            cell.system,
        )

    def greater(self, one: Cell, other: Cell) -> Cell:
        """Whichever of two cells stays."""
        if one.system == other.system and one.stamp != other.stamp:  # the order's answer, found sooner
            return one if one.stamp > other.stamp else other
        return one if self.order(one) >= self.order(other) else other

    def meet(self, mine: Cell, theirs: Cell, *, known: bool) -> Cell | None:
        """Whichever of an edit and golden's cell stays; None where a person is to say.

        `known` says that the edit was made in knowledge of golden's cell.
        """
        say = self.say(mine.system)
        if say == self.say(theirs.system) and self.arbiter is not Arbiter.NEWEST:
            if known:
                return mine
            if self.asks and say < OWNERS:
                return None
        return self.greater(mine, theirs)

    def why(self, kept: Cell, lost: Cell) -> str:
        """By what policy one of two cells stays, neither made in knowledge of the other."""
        if self.say(kept.system) >= OWNERS:
            return "owner"
        return self.arbiter.value if self.say(lost.system) == self.say(kept.system) else "follower"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The record was deleted: when, and by which system; or merged `into` another one.

    That is its golden id, or `system:native id` while the hub does not know it.
    """

    stamp: int
    system: str
    into: str | None = None


class Golden(Struct):
    """What a record should be.

    `disputed` are the fields of which an operator has yet to say whose value stays: nothing is overwritten.
    """

    id: str
    fields: Fields
    key: str | None = None
    generation: int = 0
    tombstone: Tombstone | None = None
    revision: int = 0
    disputed: frozenset[str] = frozenset()


class Snapshot(Struct):
    """What one system last showed of a record, and what is being written to it just now.

    `seen` is false for a link whose row nobody has read yet (pre-linked, or a create under way).
    `pending` is a claim: the cells that a handler is writing, valid until `pending_until`. `writes` counts,
    by field, how often in a row the hub wrote one value over one and the same other: `[value, other, times]`.
    """

    id: str
    native_id: str | None = None
    fields: Fields = made(default_factory=dict)
    seen: bool = False
    active: bool = True
    version: str | None = None
    pending: Fields | None = None
    pending_until: int = 0
    writes: dict[str, list[Value]] = made(default_factory=dict)
    moved: int = 0
