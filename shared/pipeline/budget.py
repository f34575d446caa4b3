"""The rule of the budget: who may still call a system, how often, so that its limit is never met.

A call that is made now counts for a whole window (24 hours at Salesforce). So of the limit less the reserve,
take what others use and what of our own calls still counts, and look ahead to each hour of the coming window:
as calls leave it, and as the higher classes go on as they have (as in the last hour for six hours, then as in
the whole window), how much is left at the scarcest? That is what a class may *spare*. While it can spare more
than its comfort, its flows are as fresh as the topology says. Below that their intervals are stretched, by
comfort over spare, up to 24 times: polls come further apart, and deliveries wait for each other, so that each
call carries more. The last part of our room each class leaves to the higher, whatever was foreseen: there it
is closed, until calls have left the window.

    spare      ──────────── comfort ─────────── a 24th of it ──── 0 or less     last part of the room
    stretch         1                2 … 4 … 12 … 24       24                        closed

Spare changes by little from call to call and from moment to moment, and so do the intervals: nothing flips to
and fro. What others use (people!) is the system's own count less ours; they are taken to go on with it, and
the reserve is for what they do beyond. A refusal closes all classes for a while; the high class tries first.

    class     leaves the last        comfort        of our room: the budget, less what others use
    high              0 %              2 %
    normal           10 %             10 %
    low              20 %             20 %
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from shared.priority import Priority

SLOTS = 96
"""Parts of a window in which calls are counted together: quarters of an hour in a day."""

HOURS = 24
"""Moments of the coming window that are looked at; of a day, its hours."""

GOES_ON = 6
"""Hours for which the pace of the last hour is taken to go on."""

STRETCHED = 24.0
"""The longest stretch: batches so seldom cost next to nothing."""

LEFT = {Priority.HIGH: 0.0, Priority.NORMAL: 0.10, Priority.LOW: 0.20}
COMFORT = {Priority.HIGH: 0.02, Priority.NORMAL: 0.10, Priority.LOW: 0.20}


@dataclass(frozen=True)
class Books:
    """What is known of a system's calls. Times in microseconds.

    `spent` holds what the hub asked, by class: when a slot began, and how many calls were made in it.
    """

    limit: int
    reserved: float
    window: int
    others: int
    spent: Mapping[Priority, Sequence[tuple[int, int]]]
    held_until: int = 0

    @property
    def budget(self) -> float:
        """What may be used by all, people included."""
        return self.limit * (1 - self.reserved)

    @property
    def room(self) -> float:
        """What of it is ours, as others go on."""
        return max(0.0, self.budget - self.others)

    @property
    def slot(self) -> int:
        return self.window // SLOTS

    def ours(self, at: int, priority: Priority | None = None) -> float:
        """Our calls (of this class, else of all) that count at this time."""
        return self._since(at - self.window, priority)

    def _since(self, edge: int, priority: Priority | None) -> float:
        """Our calls after this moment. A slot leaves bit by bit."""
        begins, sums = self._sums[priority]
        first = bisect_left(begins, edge)
        whole = sums[-1] - sums[first]
        if not first:
            return float(whole)
        part = max(0.0, (begins[first - 1] + self.slot - edge) / self.slot)
        return whole + part * (sums[first] - sums[first - 1])

    @cached_property
    def _sums(self) -> Mapping[Priority | None, tuple[Sequence[int], Sequence[int]]]:
        """Class (or None, for all) → when slots began, and the calls before each of them."""
        every: Counter[int] = Counter()
        for calls in self.spent.values():
            every.update(dict(calls))
        classes: dict[Priority | None, Mapping[int, int]] = {None: every}
        classes |= {each: dict(self.spent.get(each, ())) for each in Priority}
        return {
            each: (sorted(slots), [0, *accumulate(slots[began] for began in sorted(slots))])
            for each, slots in classes.items()
        }

    def used(self, at: int) -> float:
        """All calls that count at this time, as far as they have been made."""
        return self.others + self.ours(at)

    def needs(self, priority: Priority, now: int) -> tuple[float, float]:
        """Calls of a class in a microsecond, at its present pace and over the window."""
        hour = self.window // HOURS
        day = self.ours(now, priority) / self.window
        return max(self._since(now - hour, priority) / hour, day), day


@dataclass(frozen=True, slots=True)
class Course:
    """How a class goes on: intervals `stretch` times as long; not at all before `closed_until` (0: open)."""

    stretch: float = 1.0
    closed_until: int = 0

    @property
    def closed(self) -> bool:
        return self.closed_until > 0

    @property
    def deferred(self) -> bool:
        """Whether it is worth telling."""
        return self.closed or self.stretch >= 2.0

    @property
    def ordinary(self) -> bool:
        return not self.closed and self.stretch == 1.0


OPEN = Course()


def course(books: Books, priority: Priority, now: int) -> Course:
    """How a class goes on now."""
    held = books.held_until + priority.rank * books.slot // 3 if books.held_until else 0
    if held > now:
        return Course(STRETCHED, held)
    if not books.limit:
        return OPEN
    if books.budget - books.used(now) <= books.room * LEFT[priority]:
        return Course(STRETCHED, now + books.slot)
    comfort = books.room * COMFORT[priority]
    left = max(spare(books, priority, now), comfort / STRETCHED)
    return Course(max(1.0, comfort / left))


def spare(books: Books, priority: Priority, now: int) -> float:
    """The calls that this class may make at once and leave enough to the higher, at each hour to come."""
    higher = [books.needs(each, now) for each in Priority if each.rank < priority.rank]
    lately, day = sum(pace for pace, _ in higher), sum(pace for _, pace in higher)
    near, kept = books.window * GOES_ON // HOURS, books.room * LEFT[priority]

    def left(ahead: int) -> float:
        needed = lately * min(ahead, near) + day * max(0, ahead - near)
        return books.budget - books.used(now + ahead) - max(kept, needed)

    return min(left(books.window * hour // HOURS) for hour in range(HOURS + 1))


def reopens(books: Books, priority: Priority, now: int) -> int:
    """When a closed class may go on at the latest, if nobody surprises us: looked for slot by slot."""
    for ahead in range(1, SLOTS + 1):
        at = now + ahead * books.slot
        if not course(books, priority, at).closed:
            return at
    return now + books.window
