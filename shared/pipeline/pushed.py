"""Rows that were pushed, read from their source and merged as a poll does.

The place in the order of snapshots is noted before the read. A row that takes something away is set aside for
the next poll, which weighs it with all that it finds: pushes that each delete a little would pass any brake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Page
from shared.model.errors import Unavailable
from shared.pipeline.allowance import Allowance
from shared.pipeline.brake import Brake
from shared.pipeline.detection import detect
from shared.pipeline.findings import Findings
from shared.pipeline.ports import Connection
from shared.pipeline.side import PUSH, Side, Sighting


@dataclass(frozen=True, slots=True)
class Start:
    """Until when the system is paused, the place in the order of snapshots, and whether calls are left."""

    paused: int
    noted: int
    affordable: bool


@dataclass(frozen=True, slots=True)
class Pushed:
    """One look at rows of one entity of one system. `patience` is what the read may take, in seconds."""

    store: Store
    connection: Connection
    side: Side
    allowance: Allowance
    clock: Callable[[], int]
    patience: float
    _kept: list[Page] = field(default_factory=list)

    def begin(self, tx: Transaction) -> Start:
        paused = tx.paused(self.side.system)
        noted = tx.moved(self.side.system, self.side.entity)
        return Start(paused.until if paused else 0, noted, self.allowance.pushed(tx, self.side.entity))

    async def merge(self, native_ids: Sequence[str], noted: int) -> Findings:
        """Read them, and merge what is there. Raises Transient or Misconfigured."""
        page = await self._read(native_ids)
        found = await self.store.transact(lambda tx: self._merge(tx, page, noted))
        kept = [row for row in page.rows if row.native_id not in found.later]
        self._kept.append(replace(page, rows=kept))
        return found

    async def acknowledge(self) -> None:
        """Tell the source what is kept."""
        for page in self._kept:
            if page.rows:
                await self.connection.source.acknowledge(self.side.entity, page)

    async def _read(self, native_ids: Sequence[str]) -> Page:
        try:
            async with asyncio.timeout(self.patience):
                return await self.connection.source.read(self.side.entity, native_ids)
        except TimeoutError:
            raise Unavailable(f"{self.side.system} shows no rows in time", reason="Timeout") from None

    def _merge(self, tx: Transaction, page: Page, noted: int) -> Findings:
        system, entity = self.side.system, self.side.entity
        self.allowance.note(tx, entity, page.calls)
        if not page.rows:
            return Findings()
        tx.rechecked(system, entity, [row.native_id for row in page.rows])
        sighting = Sighting(page.rows, page.read_at, noted, PUSH)
        brake = Brake(self.side, holding=tx.holding(system, entity))
        return detect(tx, self.side, sighting, self.clock(), brake.sift(tx, sighting))
