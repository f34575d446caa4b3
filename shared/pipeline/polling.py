"""Polling: each entity whose time has come is read from its watermark on, page by page.

A page is merged, the watermark moves and the change set is posted in one transaction, while the next page is
read; then the source is told that its rows are kept. Rows that take something away are weighed at the end
(`brake`), and a whole read finds what was deleted by its absence (`census`). Change sets are published at the
end, and on the way where there are many. A lease keeps two runs apart, also where the host's own lock fails:
a run that lost it stops at once, and what it had merged stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Page
from shared.model.errors import Exhausted, IntegrationError, Misconfigured, Transient, Unavailable
from shared.pipeline import allowance, census
from shared.pipeline.allowance import Allowance, Ruling
from shared.pipeline.brake import Brake
from shared.pipeline.delivery import ROUND
from shared.pipeline.detection import detect
from shared.pipeline.findings import Findings
from shared.pipeline.outbox import Outbox
from shared.pipeline.ports import Clock, Connection
from shared.pipeline.recoverability import SECOND, Policy
from shared.pipeline.side import Side, Sighting
from shared.topology import Topology

RECHECKS = 1_000
"""Rows that one poll looks at again, of those that were left out before."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll of one entity found."""

    entity: str
    rows: int
    changed: int


@dataclass(slots=True)
class _Run:
    """One poll of one entity under way.

    `begun` is the place in the order of snapshots, and the time of the last poll, when it began.
    """

    side: Side
    holder: str
    started: int
    watermark: str | None
    begun: tuple[int, int]
    brake: Brake
    pages: int = 0
    rows: int = 0
    changed: int = 0
    unsaid: int = 0
    cut_short: bool = False

    @property
    def entity(self) -> str:
        return self.side.entity


class LeaseLostError(Exception):
    """Another run has taken over."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls one system. `freshness` overrides the topology's; `lease` is a page's time. Seconds.

    Change sets are published when `together` records have changed, and at the end: what a target is given at
    once fills its calls, and is thousands where it takes thousands in one job.
    """

    topology: Topology
    store: Store
    connection: Connection
    outbox: Outbox
    clock: Clock
    ids: Callable[[], str]
    policy: Policy
    allowance: Allowance
    freshness: float | None = None
    lease: float = 300.0
    together: int = ROUND

    async def tick(self) -> list[Polled]:
        """Poll every entity that is due, parents before children.

        Raises Transient where the system does not answer (the next tick tries again) and Misconfigured
        where it refuses us: then it is paused, and nobody asks it for a while. What else is wrong is one
        entity's affair: it is raised when the others have been polled.
        """
        if not self.connection.readable:
            return []
        await self.allowance.refresh()
        due = await self._may_be_polled()
        polled: list[Polled] = []
        wrong: list[Exception] = []
        for entity in due:
            try:
                polled.append(await self.poll(entity))
            except (Transient, Misconfigured):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
                wrong.append(error)
        if wrong:
            raise wrong[0]
        return polled

    async def poll(self, entity: str) -> Polled:
        """Poll one entity now, unless another run has its lease."""
        holder = self.ids()
        try:
            return await self._run(entity, holder)
        except LeaseLostError:
            return Polled(entity, 0, 0)
        except Exhausted as error:
            refusal = error
            await self.store.transact(lambda tx: self._refused(tx, entity, refusal))
            raise
        except Misconfigured as error:
            await self._pause(error)
            raise
        finally:
            await self.store.transact(lambda tx: tx.release(self._lease_name(entity), holder))

    async def _may_be_polled(self) -> list[str]:
        """The entities that are due, and that calls are left for."""

        def ruled(tx: Transaction) -> dict[str, Ruling]:
            due = [entity for entity in self.topology.polled(self.connection.system) if self._due(tx, entity)]
            return {entity: self._ruling(tx, entity) for entity in due}

        rulings = await self.store.transact(ruled)
        for ruling in rulings.values():
            allowance.tell(ruling)
        return [entity for entity, ruling in rulings.items() if not ruling.due]

    def _ruling(self, tx: Transaction, entity: str) -> Ruling:
        return self.allowance.poll(tx, entity, tx.watermark(self.connection.system, entity)[1])

    def _due(self, tx: Transaction, entity: str) -> bool:
        system, now = self.connection.system, self.clock()
        paused = tx.paused(system)
        if paused and paused.until > now:
            return False
        asked = self.freshness or self.topology.freshness(system, entity)
        _, polled_at = tx.watermark(system, entity)
        return now - polled_at >= asked * SECOND

    async def _run(self, entity: str, holder: str) -> Polled:
        run = await self.store.transact(lambda tx: self._begin(tx, entity, holder))
        await self._recheck(run)
        try:
            async for page in ahead(self.connection.source.changes(entity, run.watermark)):
                await self._take(run, page)
                if run.cut_short:
                    return Polled(entity, run.rows, run.changed)
            await self._release(run)
        finally:
            await self._publish()
        return Polled(entity, run.rows, run.changed)

    def _refused(self, tx: Transaction, entity: str, error: Exhausted) -> None:
        self.allowance.note(tx, entity, 0)
        self.allowance.refused(tx, error)

    def _begin(self, tx: Transaction, entity: str, holder: str) -> _Run:
        self._hold(tx, entity, holder)
        system, side = self.connection.system, self._side(entity)
        watermark, polled_at = tx.watermark(system, entity)
        brake = Brake(side, holding=tx.holding(system, entity))
        return _Run(side, holder, self.clock(), watermark, (tx.moved(system, entity), polled_at), brake)

    async def _take(self, run: _Run, page: Page) -> None:
        alone = page.last and not page.whole and not run.pages and not run.brake.holding
        found = await self.store.transact(lambda tx: self._page(tx, run, page, alone=alone))
        await self._acknowledge(run.entity, page, found)
        run.pages += 1
        run.rows += len(page.rows)
        await self._count(run, found)

    def _page(self, tx: Transaction, run: _Run, page: Page, *, alone: bool) -> Findings:
        sighting = Sighting(page.rows, page.read_at, run.begun[0])
        found = detect(tx, run.side, sighting, self.clock(), run.brake.sift(tx, sighting, alone=alone))
        self._hold(tx, run.entity, run.holder)
        if page.whole and census.count(tx, self.connection.system, run.entity, page, run.begun):
            run.brake.holding = True
        tx.put_watermark(self.connection.system, run.entity, page.watermark, run.started)
        # it answers again; a pause that has just begun is a handler's, which knows more than this poll
        tx.resume_over(self.connection.system, self.clock())
        self.allowance.note(tx, run.entity, page.calls)
        run.cut_short = not page.last and not self.allowance.goes_on(tx, run.entity)
        return found

    async def _acknowledge(self, entity: str, page: Page, found: Findings) -> None:
        """Tell the source what is kept; rows that were left out come again."""
        kept = [row for row in page.rows if row.native_id not in found.later] if found.later else page.rows
        if kept:
            await self.connection.source.acknowledge(entity, replace(page, rows=kept))

    async def _count(self, run: _Run, found: Findings) -> None:
        run.changed += len(found.changed)
        run.unsaid += len(found.changed)
        if run.unsaid >= self.together:
            await self._publish()
            run.unsaid = 0

    async def _release(self, run: _Run) -> None:
        """Weigh what was set aside, and merge what may go on."""
        if not run.brake.holding:
            return
        await self.store.transact(lambda tx: run.brake.weigh(tx, self.clock()))
        released = False
        while found := await self.store.transact(lambda tx: self._chunk(tx, run)):
            await self._count(run, found)
            released = True
        if released:
            await self._recheck(run)

    def _chunk(self, tx: Transaction, run: _Run) -> Findings | None:
        self._hold(tx, run.entity, run.holder)
        return run.brake.release(tx, self.clock())

    def _hold(self, tx: Transaction, entity: str, holder: str) -> None:
        now = self.clock()
        if not tx.lease(self._lease_name(entity), holder, now, now + int(self.lease * SECOND)):
            raise LeaseLostError

    def _lease_name(self, entity: str) -> str:
        return f"poll/{self.connection.system}/{entity}"

    async def _recheck(self, run: _Run) -> None:
        """Look again at rows that an earlier poll left out because a write to them was under way."""
        system, entity = self.connection.system, run.entity
        natives = await self.store.read(lambda tx: tx.rechecks(system, entity, self.clock(), RECHECKS))
        if not natives:
            return
        noted = await self.store.read(lambda tx: tx.moved(system, entity))
        page = await self.connection.source.read(entity, natives)
        sighting = Sighting(page.rows, page.read_at, noted)

        def again(tx: Transaction) -> Findings:
            tx.rechecked(system, entity, natives)
            self.allowance.note(tx, entity, page.calls)
            return detect(tx, run.side, sighting, self.clock(), run.brake.sift(tx, sighting))

        found = await self.store.transact(again)
        await self._acknowledge(entity, page, found)
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
