"""How much work so many changes a day are: messages, calls, seconds, rows. Arithmetic on `costs.yaml`.

changes ── ids a message ──> messages ── targets ──> copies ── messages a batch ──> executions
   └────── records a call ──> calls ── seconds a call ──> seconds of functions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "costs.yaml"
DAY = 86_400
HOUR = 3_600
MINUTES = 1_440
STEPS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
SCALING = (
    "changes a day",
    "a second, busiest hour",
    "messages a day",
    "bus operations a second, busiest hour",
    "calls a day to a target",
    "handlers busy",
    "store cores busy",
    "ledger, GB a month",
)
OPERATIONS = 3
"""Of the bus, for a message: sent; received and completed for each target."""


def read(file: Path = FILE) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Load:
    """The work of a day."""

    changes: float
    ids: float
    given: Mapping[str, float]

    @property
    def busiest(self) -> float:
        """Changes a second in the busiest hour."""
        return self.changes * self.given["share of a day's changes in its busiest hour"] / HOUR

    @property
    def messages(self) -> float:
        return self.changes / self.ids

    @property
    def copies(self) -> float:
        return self.messages * self.given["targets of a change"]

    @property
    def operations(self) -> float:
        """Of the bus; a listener that waits asks once a minute."""
        waiting = MINUTES * self.given["targets of a change"]
        return self.messages + self.copies * (OPERATIONS - 1) + waiting

    @property
    def polls(self) -> float:
        """The timers' ticks, the outbox's among them."""
        return MINUTES * (self.given["systems that are polled"] + 1)

    @property
    def executions(self) -> float:
        return self.polls + self.copies / self.given["messages a batch"]

    @property
    def calls(self) -> float:
        """To one target."""
        return self.changes / self.given["records a call to a vendor"]

    @property
    def seconds(self) -> float:
        """Of functions, at least what is billed for each execution."""
        target = self.calls * self.given["seconds a call"] / self.given["calls under way at once"]
        pages = self.changes / self.given["records a page of a poll"] * self.given["seconds a call"]
        worked = target * self.given["targets of a change"] + pages
        return max(worked, self.executions * self.given["seconds billed at least"])

    @property
    def instances(self) -> float:
        """Handlers of one target that are busy in the busiest hour."""
        a_second = self.given["records a call to a vendor"] * self.given["calls under way at once"]
        return self.busiest / (a_second / self.given["seconds a call"])

    @property
    def store(self) -> float:
        """Cores of the store that are busy in the busiest hour."""
        return self.busiest * self.given["microseconds of the store's processor for a change"] / 1e6

    @property
    def kept(self) -> float:
        """Gigabytes that the ledger grows by in a month."""
        bytes_ = self.changes * self.given["bytes kept for a change in the ledger"]
        return bytes_ * self.given["days a month"] / 1e9


def scaling(given: Mapping[str, Any]) -> str:
    """The table of docs/scaling.md."""
    rows = [_row(Load(changes, _ids(changes), given["assumptions"])) for changes in STEPS]
    return table(SCALING, rows)


def _ids(changes: int) -> float:
    """The more there is, the fuller a message: a poll of a minute makes one of up to 2,000 ids."""
    return min(1000.0, max(10.0, changes / MINUTES / 3))


def _row(load: Load) -> tuple[str, ...]:
    operations = load.busiest / load.ids * (1 + 2 * load.given["targets of a change"])
    numbers = (load.changes, load.busiest, load.messages, operations, load.calls, load.instances, load.store)
    return tuple(_round(number) for number in (*numbers, load.kept))


def _round(number: float) -> str:
    """Two figures are as many as such arithmetic is worth."""
    if number >= 100:
        digits = len(str(int(number))) - 2
        return f"{round(number / 10**digits) * 10**digits:,}"
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("-" * 3 for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
