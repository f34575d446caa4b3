"""When a run has settled, and when it never will. Pure: it is told what was seen, and the time.

Settled means that since it was last disturbed
- every entity that is polled has been polled to its end (a later poll has begun) and nothing new was found,
- the outbox is empty, nothing waits on the bus, and no write is under way,
- those who work in the systems by themselves have done nothing, and mean to do nothing,
- and two looks in a row said so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from local.up.store_view import Polls, Seen
from local.up.work_view import Work
from shared.model.records import Flows

POLLS = 3
"""Beginnings of polls, seen without anything new: between the second and the third lies a whole poll that
began after the first was seen."""


@dataclass
class Settling:
    """`patience`: seconds without progress after which it is given up; ten times as long in all."""

    began: int
    patience: float
    _tallies: Flows = field(default_factory=dict)
    _polls: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _quiet: int = 0
    _done: int = 0
    _moved: float = 0.0
    _first: float | None = None

    def see(self, seen: Seen, at: float) -> None:
        """Take in one look, at this time (seconds, any origin)."""
        if self._first is None:
            self._first = self._moved = at
        if seen.tallies != self._tallies:
            self._tallies, self._moved = seen.tallies, at
            self.disturb()
        if seen.outbox:
            self.disturb()
        self._note(seen.polls)

    def disturb(self) -> None:
        """Something is going on: count again from here."""
        self._polls.clear()
        self._quiet = 0

    def polled_through(self) -> bool:
        """Whether every poll came to its end with nothing new: time to ask what is dear to ask."""
        return bool(self._polls) and all(len(begun) >= POLLS for begun in self._polls.values())

    def quiet(self) -> bool:
        """Nothing waits and nothing is under way; true when that was so at the last look too."""
        self._quiet += 1
        return self._quiet >= 2

    def idle(self, work: Work | None) -> bool:
        """Whether nobody in the systems has done anything since the last look, or means to."""
        if work is None:
            return False
        before, self._done = self._done, work.done
        return work.done == before and not work.left

    def given_up(self, at: float) -> bool:
        if self._first is None:
            return False
        return at - self._moved > self.patience or at - self._first > 10 * self.patience

    def unpolled(self) -> list[str]:
        """Entities whose polls do not come to an end."""
        return [f"{system} {entity}" for (system, entity), begun in self._polls.items() if len(begun) < POLLS]

    def _note(self, polls: Polls) -> None:
        for flow, begun in polls.items():
            seen = self._polls.setdefault(flow, [])
            if begun > self.began and begun not in seen:
                seen.append(begun)
