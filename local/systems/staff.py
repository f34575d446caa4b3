"""Those who work in the simulated systems by themselves, so that there is a story to watch.

Each looks again and again for something to do, until the process is told to stop. The control plane tells
what they have done and what they still mean to do (`GET /_sim/work`): whoever waits for the end of the story
asks there.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

PAUSE = 1.0
"""Seconds between two looks."""


class Worker(Protocol):
    def work(self) -> int:
        """Do what can be done; how much that was."""

    def left(self) -> list[str]:
        """What is still to be done, now or later, a line for each kind."""


@dataclass
class Staff:
    """`inside` they work on rows in memory, in the systems' thread; `outside` in databases, with locks."""

    inside: Sequence[Worker] = ()
    outside: Sequence[Worker] = ()
    done: int = 0

    def tell(self) -> dict[str, Any]:
        """As the control plane has it."""
        return {"done": self.done, "left": [line for each in self._all() for line in each.left()]}

    async def work(self, stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            await self.round()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), PAUSE)

    async def round(self) -> None:
        """Everybody once."""
        for each in self.inside:
            self.done += each.work()
        for each in self.outside:
            self.done += await asyncio.to_thread(each.work)

    def _all(self) -> Sequence[Worker]:
        return [*self.inside, *self.outside]
