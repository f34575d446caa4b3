"""How many calls a flow will cost in a day, before anybody chooses: each change at once, or in batches.

    at once      the source tells of each change: it is read by itself, looked up and written by itself
    in batches   polled every `freshness`: changes of one interval share pages, look-ups and writes

Either way the source is polled every `freshness`: what no push has told is found so. A batch takes as many as
one call carries (`Sizes`, which a connection says of itself); from a system's threshold on, a bulk job. The
numbers are upper bounds: changes come evenly, so that every interval has some, and each of another record.
Batches never cost more than the same changes one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from shared.model.budget import Sizes

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Volume:
    """A flow to be estimated: changes a day, seconds between polls, and whether rows are looked at first.

    A handler looks before a write where the flow is guarded by reads, and where it may create.
    """

    changes: float
    freshness: float
    looks: bool = True


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls a day in the source and in the target, and how old news may be, in seconds."""

    source: int
    target: int
    staleness: float

    @property
    def together(self) -> int:
        return self.source + self.target


def at_once(volume: Volume) -> Calls:
    """Each change by itself, as soon as it is told."""
    changes = ceil(volume.changes)
    return Calls(_polls(volume) + changes, changes * (2 if volume.looks else 1), 0.0)


def in_batches(volume: Volume, source: Sizes, target: Sizes) -> Calls:
    """What one interval brings, together."""
    rounds = min(_polls(volume), ceil(volume.changes))
    if not rounds:
        return Calls(_polls(volume), 0, volume.freshness)
    each = volume.changes / rounds
    further = rounds * (_shares(each, source.page) - 1)  # the first page is the poll itself
    most = ceil(volume.changes)
    written = min(most, rounds * _writes(each, target))
    looked = min(most, rounds * _shares(each, target.reads)) if volume.looks else 0
    return Calls(_polls(volume) + min(most, further), written + looked, volume.freshness)


def _polls(volume: Volume) -> int:
    return ceil(DAY / volume.freshness)


def _shares(records: float, size: int) -> int:
    """Calls for so many records."""
    return max(1, ceil(records / size))


def _writes(records: float, target: Sizes) -> int:
    plain = _shares(records, target.writes)
    return min(plain, target.job) if target.bulk and records > target.bulk else plain
