"""The outbox: what a transaction wrote down to be said is said after it, whatever happens.

Messages leave in the order in which they were posted. A crash between sending and forgetting sends a message
twice; its id stays the same, so the bus drops the second, and a handler that sees both finds nothing to do.
"""

from __future__ import annotations

import asyncio

from shared.adapters.store import Store
from shared.pipeline.ports import Bus

BATCH = 200


class Outbox:
    """Publishes what waits. Called right after each commit, and by a timer after a crash."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._turn = asyncio.Lock()

    async def publish(self) -> int:
        """Send everything that waits; returns how many. Raises Unavailable: it waits for the next time."""
        count = 0
        async with self._turn:
            while waiting := await self._store.read(lambda tx: tx.posted(BATCH)):
                await self._bus.send([posted.message for posted in waiting])
                await self._store.transact(lambda tx, done=waiting: tx.sent(done))  # type: ignore[misc]
                count += len(waiting)
                if len(waiting) < BATCH:
                    break
        return count
