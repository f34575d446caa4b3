"""What is known of the calls that a system allows: its own word, the hub's notes, and what waits for that."""

from __future__ import annotations

from dataclasses import dataclass

DAY = 86_400 * 1_000_000
"""A day, in microseconds."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a system said: the calls used of those it allows within its window, whoever made them."""

    used: int
    allowed: int
    at: int
    window: int = DAY


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much one call of a system carries: rows that are read, records that are written, records that are
    looked up. From `bulk` records on (0: never) a job takes them all for `job` calls.
    """

    page: int = 1
    writes: int = 1
    reads: int = 1
    bulk: int = 0
    job: int = 0


@dataclass(frozen=True, slots=True)
class Gauge:
    """The last word of a system: `others` are the calls of those `used` that were not ours.

    Nobody asks it before `held_until`. An `allowed` of 0 means that it has said nothing.
    """

    system: str
    used: int
    allowed: int
    window: int
    others: int
    read_at: int
    held_until: int = 0


@dataclass(frozen=True, slots=True)
class Deferral:
    """A step (`poll`, `deliver`) of an entity in a system that does not go on as fresh as its flow says.

    `since` is when that began (0: it goes on as it should), `until` when it is looked at again, and
    `opened_at` when deliveries that had been collected were last let through.
    """

    system: str
    entity: str
    step: str
    priority: str
    since: int = 0
    until: int = 0
    stretch: int = 100
    opened_at: int = 0
