"""Events of rows that cannot be read: the values that came with them serve.

    late?      an event older than the last one taken of its row moves nothing
    brake      what takes something away is weighed with what came together with it, for there is no poll
    detect     as a poll does, with the row's own time

To be late is to have an older stamp. Of two with the same stamp the one that comes last is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.pipeline.brake import Brake
from shared.pipeline.detection import detect
from shared.pipeline.findings import Findings
from shared.pipeline.side import PUSH, Side, Sighting


@dataclass(frozen=True, slots=True)
class Carried:
    """Merges the values that events of one entity of one system carry."""

    store: Store
    side: Side
    clock: Callable[[], int]

    async def merge(self, rows: Iterable[Row]) -> Findings:
        """Merge what is not late."""
        brake = Brake(self.side)
        found = await self.store.transact(lambda tx: self._merge(tx, list(rows), brake))
        if brake.holding:
            await self.store.transact(lambda tx: brake.weigh(tx, self.clock()))
            while await self.store.transact(lambda tx: brake.release(tx, self.clock())):
                pass
        return found

    def _merge(self, tx: Transaction, rows: list[Row], brake: Brake) -> Findings:
        system, entity, now = self.side.system, self.side.entity, self.clock()
        brake.holding = tx.holding(system, entity)
        sighting = Sighting(self._timely(tx, rows), now, tx.moved(system, entity), PUSH)
        found = detect(tx, self.side, sighting, now, brake.sift(tx, sighting, alone=not brake.holding))
        tx.hear(system, entity, {row.native_id: min(row.stamp, now) for row in sighting.rows})
        return found

    def _timely(self, tx: Transaction, rows: list[Row]) -> list[Row]:
        known = tx.heard(self.side.system, self.side.entity, [row.native_id for row in rows])
        return [row for row in rows if row.stamp >= known.get(row.native_id, row.stamp)]
