"""Polling: each entity whose time has come is read from its watermark on, page by page.

A page is merged, the watermark moves and the change set is posted in one transaction, while the next page is
read. Change sets are published at the end, and on the way where there are many. A lease keeps two runs apart,
also where the host's own lock fails; a run that lost it stops at once, and what it had merged stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Page
from shared.model.errors import IntegrationError, Misconfigured, Unavailable
from shared.pipeline.detection import detect
from shared.pipeline.findings import Findings
from shared.pipeline.outbox import Outbox
from shared.pipeline.ports import Clock, Connection
from shared.pipeline.recoverability import SECOND, Policy
from shared.pipeline.side import Side, Sighting
from shared.topology import Topology

RECHECKS = 1_000
"""Rows that one poll looks at again, of those that were left out before."""


TOGETHER = 10_000
"""Changed records whose change sets are published together: a target that takes thousands in one job is then
given thousands, and not page by page."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll of one entity found."""

    entity: str
    rows: int
    changed: int


class LeaseLostError(Exception):
    """Another run has taken over."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls one system. `freshness` overrides the topology's; `lease` is a page's time. Seconds."""

    topology: Topology
    store: Store
    connection: Connection
    outbox: Outbox
    clock: Clock
    ids: Callable[[], str]
    policy: Policy
    freshness: float | None = None
    lease: float = 300.0

    async def tick(self) -> list[Polled]:
        """Poll every entity that is due, parents before children.

        Raises Transient where the system does not answer (the next tick tries again) and Misconfigured
        where it refuses us: then it is paused, and nobody asks it for a while.
        """
        system = self.connection.system
        due = await self.store.transact(
            lambda tx: [entity for entity in self.topology.polled(system) if self._due(tx, entity)]
        )
        return [await self.poll(entity) for entity in due]

    async def poll(self, entity: str) -> Polled:
        """Poll one entity now, unless another run has its lease."""
        holder = self.ids()
        try:
            return await self._run(entity, holder)
        except LeaseLostError:
            return Polled(entity, 0, 0)
        except Misconfigured as error:
            await self._pause(error)
            raise
        finally:
            await self.store.transact(lambda tx: tx.release(self._lease_name(entity), holder))

    def _due(self, tx: Transaction, entity: str) -> bool:
        system, now = self.connection.system, self.clock()
        paused = tx.paused(system)
        if paused and paused.until > now:
            return False
        asked = self.freshness or self.topology.freshness(system, entity)
        _, polled_at = tx.watermark(system, entity)
        return now - polled_at >= asked * SECOND

    async def _run(self, entity: str, holder: str) -> Polled:
        started = self.clock()
        watermark, noted = await self.store.transact(lambda tx: self._begin(tx, entity, holder))
        await self._recheck(entity)
        rows = changed = unsaid = 0
        pages = self.connection.source.changes(entity, watermark)
        try:
            async for page in ahead(pages):
                found = await self.store.transact(
                    lambda tx, page=page: self._page(tx, entity, holder, page, noted, started)  # type: ignore[misc]
                )
                rows += len(page.rows)
                changed += len(found.changed)
                unsaid += len(found.changed)
                if unsaid >= TOGETHER:
                    await self._publish()
                    unsaid = 0
        finally:
            await self._publish()
        return Polled(entity, rows, changed)

    def _begin(self, tx: Transaction, entity: str, holder: str) -> tuple[str | None, int]:
        self._hold(tx, entity, holder)
        watermark, _ = tx.watermark(self.connection.system, entity)
        return watermark, tx.moved(self.connection.system, entity)

    def _page(
        self, tx: Transaction, entity: str, holder: str, page: Page, noted: int, started: int
    ) -> Findings:
        self._hold(tx, entity, holder)
        found = detect(tx, self._side(entity), Sighting(page.rows, page.read_at, noted), self.clock())
        tx.put_watermark(self.connection.system, entity, page.watermark, started)
        self._resume(tx)
        return found

    def _resume(self, tx: Transaction) -> None:
        """It answers again. A pause that has just begun is a handler's, which knows more than this poll."""
        paused = tx.paused(self.connection.system)
        if paused and paused.until <= self.clock():
            tx.resume(self.connection.system)

    def _hold(self, tx: Transaction, entity: str, holder: str) -> None:
        now = self.clock()
        if not tx.lease(self._lease_name(entity), holder, now, now + int(self.lease * SECOND)):
            raise LeaseLostError

    def _lease_name(self, entity: str) -> str:
        return f"poll/{self.connection.system}/{entity}"

    async def _recheck(self, entity: str) -> None:
        """Look again at rows that an earlier poll left out because a write to them was under way."""
        system = self.connection.system
        natives = await self.store.transact(lambda tx: tx.rechecks(system, entity, self.clock(), RECHECKS))
        if not natives:
            return
        noted = await self.store.transact(lambda tx: tx.moved(system, entity))
        page = await self.connection.source.read(entity, natives)

        def again(tx: Transaction) -> None:
            tx.rechecked(system, entity, natives)
            detect(tx, self._side(entity), Sighting(page.rows, page.read_at, noted), self.clock())

        await self.store.transact(again)
        await self._publish()

    async def _publish(self) -> None:
        """What cannot be published now waits in the outbox, and is by the timer."""
        try:
            await self.outbox.publish()
        except Unavailable:
            return

    def _side(self, entity: str) -> Side:
        translation = self.connection.translations[entity]
        return Side(self.topology, self.connection.system, entity, translation, self.ids)

    async def _pause(self, error: IntegrationError) -> None:
        now = self.clock()
        until = now + int(self.policy.pause * SECOND)
        system = self.connection.system
        await self.store.transact(lambda tx: tx.pause(system, error.reason, error.description, now, until))


async def ahead(pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
    """The pages, each while the next one is being read."""
    following = asyncio.ensure_future(anext(pages, None))
    try:
        while (page := await following) is not None:
            following = asyncio.ensure_future(anext(pages, None))
            yield page
    finally:
        following.cancel()
