"""Which deliveries were taken lately, in the store, so that every instance knows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.adapters.store import Store

SWEEP = 60 * 1_000_000
"""How often what has expired is forgotten, by each instance."""


class Remembered:
    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock
        self._swept = 0

    async def times(self, sender: str, delivery: str) -> Sequence[int]:
        return await self._store.read(lambda tx: tx.deliveries(sender, delivery))

    async def keep(self, sender: str, delivery: str, sent: int, until: int) -> None:
        await self._store.transact(lambda tx: tx.note_delivery(sender, delivery, sent, until))
        await self._sweep()

    async def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept >= SWEEP:
            self._swept = now
            await self._store.transact(lambda tx: tx.forget_deliveries(now))
