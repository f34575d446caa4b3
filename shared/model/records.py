"""What the hub writes down beside the records themselves: links, dead letters, pauses, the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from shared.model.change import Message, Row
from shared.model.merge import Clash

Flows = dict[tuple[str, str, str], dict[str, int]]
"""(entity, source, target) → what was counted → how many."""


class Identity(NamedTuple):
    """Whose native id it is; an alias is the id of a row that was merged into that record."""

    id: str
    alias: bool = False


@dataclass(slots=True)
class Key:
    """Who has a natural key: the living record, the next free generation, when its last bearer died."""

    living: str | None = None
    generation: int = 0
    buried: int = 0


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that waits in the outbox."""

    position: int
    message: Message


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that cannot go on to one target without a person.

    `record` is the golden id; where the hub itself refused a row (target `hub`) it is `system:native id`.
    `digest` tells whether the same thing was refused before.
    """

    id: str
    target: str
    entity: str
    record: str
    source: str
    reason: str
    description: str
    field: str | None = None
    digest: str | None = None
    opened_at: int = 0
    times: int = 1
    closed_at: int | None = None


@dataclass(frozen=True, slots=True)
class ConflictEntry:
    """A clash of one record, written down: an open one waits for an operator, `resolution` is its end."""

    id: str
    entity: str
    record: str
    clash: Clash
    at: int
    open: bool = False
    settled_at: int | None = None
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A system that refuses us (credentials, rights, settings): nobody asks it before `until`."""

    system: str
    reason: str
    description: str
    since: int
    until: int


class Entry(NamedTuple):
    """One line of the ledger. It is made for each record, as identities are: so both are tuples."""

    entity: str
    record: str
    system: str
    action: str
    fields: str | None = None
    cause: str | None = None
    trace: str | None = None
    at: int = 0


@dataclass(frozen=True, slots=True)
class Orphan:
    """A record that a system lacks a parent for. `parent` is its golden id, or `system:native id`."""

    entity: str
    id: str
    source: str
    parent_entity: str
    parent: str


@dataclass(frozen=True, slots=True)
class Held:
    """A row that is held, the place in the order of snapshots when it was read, and why it goes on."""

    row: Row
    noted: int
    released: str | None = None


@dataclass(slots=True)
class Waiting:
    """How many rows of a system and entity wait: deletes, and rows in which something was emptied."""

    system: str
    entity: str
    deletes: int = 0
    blanks: int = 0

    @property
    def rows(self) -> int:
        return self.deletes + self.blanks
