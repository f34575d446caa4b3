"""What the hub's store says of a run: what was counted, what is a dead letter, what still waits.

Looks only read, so that whoever looks twice a second does not hold up those who work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.records import DeadLetter, Flows
from shared.topology import Topology

Polls = dict[tuple[str, str], int]
"""(system, entity) → when its last poll began."""


@dataclass(frozen=True)
class Seen:
    """One look."""

    tallies: Flows
    polls: Polls
    outbox: int


@dataclass
class StoreView:
    """Sees what happened since it was made: totals, less what was there before."""

    store: Store
    topology: Topology
    clock: Callable[[], int]
    _before: Flows = field(default_factory=dict)
    _letters_before: dict[str, int] = field(default_factory=dict)
    began: int = 0

    def begin(self) -> None:
        """From here on."""
        self.began = self.clock()
        self._before = self.store.read_now(lambda tx: tx.tallies())
        self._letters_before = {letter.id: letter.times for letter in self._open()}

    def look(self) -> Seen:
        return self.store.read_now(self._seen)

    def under_way(self) -> int:
        """Records that are being written, or that a poll has put off. It reads every snapshot."""
        return self.store.read_now(lambda tx: tx.under_way())

    def dead_letters(self) -> list[DeadLetter]:
        """Those that are open, and were opened or came again since the beginning."""
        return [letter for letter in self._open() if self._letters_before.get(letter.id) != letter.times]

    def paused(self) -> list[str]:
        """Systems that refuse us, each with why."""
        found = self.store.read_now(lambda tx: [tx.paused(name) for name in self.topology.systems])
        now = self.clock()
        return [f"{each.system}: {each.description}" for each in found if each and each.until > now]

    def _open(self) -> list[DeadLetter]:
        return self.store.read_now(lambda tx: tx.dead_letters())

    def _seen(self, tx: Transaction) -> Seen:
        polls = {
            (system, entity): tx.watermark(system, entity)[1]
            for system in self.topology.systems
            for entity in self.topology.polled(system)
        }
        return Seen(since(self._before, tx.tallies()), polls, tx.waiting())


def since(before: Flows, now: Flows) -> Flows:
    """What was counted in between; what was parked before and has arrived goes down."""
    return {
        flow: {name: count - before.get(flow, {}).get(name, 0) for name, count in counted.items()}
        for flow, counted in now.items()
    }
