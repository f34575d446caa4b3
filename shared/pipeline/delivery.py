"""Delivery: a batch of change sets becomes the fewest writes that make a target show golden.

    plan     load golden, snapshots and parents of the whole batch; decide, and claim   (`planning`)
    look     rows that must be read or searched for first: one question for many; what is seen is merged
    apply    the target writes, and says what became of each record
    settle   confirmed, retried later, waiting for a parent, or a dead letter           (`settlement`)
    again    records whose version was stale: somebody edits them, so look, merge, and write at once

A crash after the claim leaves it to expire; whoever comes next reads the row back first. Retries are change
sets addressed to this target alone, put into the outbox by the transaction that settles; so the messages of
the batch may be completed when it has committed, and nothing is lost in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Applied, ChangeSet, Message, Outcome, Page, Row
from shared.model.errors import InvalidChange
from shared.model.records import DeadLetter
from shared.pipeline import allowance, messages, recoverability, tasks
from shared.pipeline.allowance import GO, Allowance, Ruling
from shared.pipeline.candidates import chosen
from shared.pipeline.detection import detect
from shared.pipeline.outbox import Outbox
from shared.pipeline.planning import Plan, Planning
from shared.pipeline.ports import Clock, Connection
from shared.pipeline.recoverability import SECOND, Policy
from shared.pipeline.settlement import Settlement, vanished
from shared.pipeline.side import PUSH, Side, Sighting
from shared.pipeline.tasks import BRING, Task, Tasks
from shared.terms import Mode
from shared.topology import OPERATOR, Topology

LARGEST = 10_000
"""Records in one round for a target that takes thousands in one job: little enough to hold."""

ROUND = 2_000
"""Records in one round for any other: while the target writes some, others are planned and settled."""

UNDER_WAY = 3
"""Rounds at the same time: one is planned, one written, one settled."""

ROUNDS = 4
"""So often a record whose version is stale is looked at at once; then it waits, as after any failure."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivers to one system. `claim` is how long a handler may take for a round, `freshness` overrides the
    topology's; both in seconds.
    """

    topology: Topology
    store: Store
    connection: Connection
    outbox: Outbox
    clock: Clock
    ids: Callable[[], str]
    luck: Callable[[], float]
    policy: Policy
    allowance: Allowance
    claim: float = 300.0
    freshness: float | None = None

    async def deliver(self, bodies: Sequence[bytes]) -> None:
        """Settle every record that these messages name.

        Raises Unavailable only where nothing could be settled (the store is away): the messages come again.
        """
        batch = tasks.read(bodies, self._for_us, self._early)
        if batch.malformed:
            await self.store.transact(lambda tx: self._malformed(tx, batch.malformed))
        if batch.early:
            await self.store.transact(lambda tx: self._wait(tx, batch.early))
        delivered = self.topology.delivered(self.connection.system)
        await self.allowance.refresh()
        for entity in delivered:
            await self._entity(entity, batch.entities.get(entity, {}))
        for entity, found in batch.entities.items():
            if entity not in delivered:
                await self._refuse(entity, found)
        await self.outbox.publish()

    def _for_us(self, change: ChangeSet) -> bool:
        """Not what a rule of yesterday let through: a change, addressed to nobody, of a system that by now
        does not reach us. An entity that no flow brings here is another matter: that is refused.
        """
        system = self.connection.system
        if change.target is not None or not self.topology.flows_to(system, change.entity):
            return True
        return change.source in (*self.topology.reach(system, change.entity), OPERATOR)

    def _early(self, change: ChangeSet) -> bool:
        """Whether it was pushed for the sake of others: here such changes go in batches."""
        if change.cause != PUSH or change.target is not None:
            return False
        flows = self.topology.flows_to(self.connection.system, change.entity)
        return bool(flows) and all(flow.mode is Mode.BATCH for flow in flows)

    def _wait(self, tx: Transaction, changes: Sequence[ChangeSet]) -> None:
        """Until all that wait for this flow go together: as fresh as if polls had found them."""
        now = self.clock()
        tx.post([self._addressed(change, now) for change in changes])

    def _addressed(self, change: ChangeSet, now: int) -> Message:
        system = self.connection.system
        flows = self.topology.flows_to(system, change.entity)
        period = int((self.freshness or min(flow.freshness for flow in flows)) * SECOND)
        return messages.encode(replace(change, target=system), self.ids(), now + period - now % period)

    async def _entity(self, entity: str, found: Tasks) -> None:
        """Some rounds at the same time, one of them at the target. Each is brought to its end, whatever
        becomes of the others.
        """
        turn, under_way = asyncio.Lock(), asyncio.Semaphore(UNDER_WAY)

        async def rounds(part: Tasks) -> None:
            async with under_way:
                await self._rounds(entity, part, turn)

        parts = _parts(found, self.connection.bulk)
        for ended in await asyncio.gather(*map(rounds, parts), return_exceptions=True):
            if ended is not None:
                raise ended

    async def _rounds(self, entity: str, part: Tasks, turn: asyncio.Lock) -> None:
        for left in reversed(range(ROUNDS)):
            stale = await self._round(entity, part, turn, at_once=left > 0)
            if not stale:
                return
            part = {record: structs.replace(part[record], deferred=()) for record in stale}

    async def _round(self, entity: str, part: Tasks, turn: asyncio.Lock, *, at_once: bool) -> list[str]:
        """Returns the records whose version was stale, and which are to be looked at again `at_once`."""
        brought = frozenset(record for record, task in part.items() if task.cause == BRING)
        planning = Planning(self.topology, self.connection, entity, int(self.claim * SECOND), brought)
        now = self.clock()
        ruling, plan = await self.store.transact(lambda tx: self._plan(tx, planning, part, now))
        allowance.tell(ruling)
        async with turn:
            calls = await self._look(planning, plan, part)
            applied = await self._apply(entity, plan)
        applied.calls += calls
        return await self.store.transact(
            lambda tx: self._settle(tx, self._settlement(entity, part, at_once=at_once), plan, applied)
        )

    def _plan(self, tx: Transaction, planning: Planning, part: Tasks, now: int) -> tuple[Ruling, Plan]:
        """Nothing is claimed of what is deferred: it may be asked for tomorrow."""
        plan = planning.decide(tx, list(part), now, asked=False)
        ruling = self.allowance.deliver(tx, planning.entity) if part else GO
        if ruling.due:
            return ruling, Plan(deferred=dict.fromkeys(part, ruling.due))
        return ruling, planning.claim(tx, plan)

    # Look

    async def _look(self, planning: Planning, plan: Plan, part: Tasks) -> int:
        """Ask the target, merge what it shows, and decide again. Returns the calls that it cost."""
        asked, entity = plan.asked(), planning.entity
        if not asked:
            return 0
        noted = await self.store.read(lambda tx: tx.moved(self.connection.system, entity))
        try:
            read, found = await self._ask(entity, plan)
        except Exception as error:  # noqa: BLE001 - a defect is settled record by record, as any error
            plan.failed.update(dict.fromkeys(asked, recoverability.named(error)))
            return 0
        read.rows += self._missing(entity, plan, part, read.rows)
        plan.add(
            await self.store.transact(
                lambda tx: self._decide_again(tx, planning, plan, read.rows, found.rows, noted)
            )
        )
        return read.calls + found.calls

    async def _ask(self, entity: str, plan: Plan) -> tuple[Page, Page]:
        target, read, found = self.connection.target, _nothing(), _nothing()
        if plan.reads:
            read = await target.read(entity, list(plan.reads.values()))
        if plan.searches:
            found = await target.find(entity, [search.key for search in plan.searches.values()])
        return read, found

    def _missing(self, entity: str, plan: Plan, part: Tasks, rows: Sequence[Row]) -> list[Row]:
        """Rows that were linked and are not there: deletes of that system, unless its poll is to say."""
        there = {row.native_id for row in rows}
        missing = {record: native for record, native in plan.reads.items() if native not in there}
        for record in [record for record in missing if self._poll_says(entity, part[record])]:
            del missing[record], plan.reads[record]
            plan.failed[record] = vanished(self.connection.system)
        now = self.clock()
        return [Row(native, {}, now, deleted=True) for native in missing.values()]

    def _poll_says(self, entity: str, task: Task) -> bool:
        """Whether to leave it to the poll what became of a row: it may have been merged into another one,
        which a handler cannot see. For as long as tries are left: a delete waits, a merge is not undone.
        """
        polled = entity in self.topology.polled(self.connection.system)
        return polled and task.attempt < self.policy.attempts

    def _decide_again(
        self,
        tx: Transaction,
        planning: Planning,
        asked: Plan,
        read: Sequence[Row],
        found: Sequence[Row],
        noted: int,
    ) -> Plan:
        now, entity = self.clock(), planning.entity
        linked = self._linked(tx, entity, found)
        hits = chosen(asked.searches, found, linked, self.topology.entities[entity].key)
        lost = self._merge(tx, entity, [*read, *hits.rows], noted, now)
        left = [record for record in asked.asked() if record not in lost | hits.ambiguous.keys()]
        plan = planning.claim(tx, planning.decide(tx, left, now, asked=True))
        plan.failed.update(hits.ambiguous)
        plan.unchanged += [record for record in asked.asked() if record in lost]
        return plan

    def _linked(self, tx: Transaction, entity: str, found: Sequence[Row]) -> set[str]:
        """Of what a search found, what other records have. What a dead one has left is free where things are
        brought once: the same person registers again.
        """
        known = tx.identities(self.connection.system, entity, [row.native_id for row in found])
        if not known or not self.topology.only_once(self.connection.system, entity):
            return set(known)
        golden = tx.golden(entity, [identity.id for identity in known.values()])
        dead = {each.id for each in golden.values() if each.tombstone is not None}
        return {native for native, identity in known.items() if identity.id not in dead}

    def _merge(
        self, tx: Transaction, entity: str, rows: Sequence[Row], noted: int, now: int
    ) -> frozenset[str]:
        """What the target showed is merged like any poll; returns the records that it has lost."""
        system = self.connection.system
        translation = self.connection.translations[entity]
        side = Side(self.topology, system, entity, translation, self.ids)
        found = detect(tx, side, Sighting(rows, now, noted, cause="look", looked=True), now)
        return frozenset(found.dropped)

    # Apply and settle

    async def _apply(self, entity: str, plan: Plan) -> Applied:
        writes = [projected.write for projected in plan.writes]
        if not writes:
            return Applied([])
        try:
            return await self.connection.target.apply(entity, writes)
        except Exception as error:  # noqa: BLE001 - a defect is settled record by record, as any error
            return Applied([Outcome(write, error=recoverability.named(error)) for write in writes])

    def _settle(self, tx: Transaction, settlement: Settlement, plan: Plan, applied: Applied) -> list[str]:
        settlement.settle(tx, plan, applied)
        self.allowance.note(tx, settlement.entity, applied.calls)
        if settlement.exhausted:
            self.allowance.refused(tx, settlement.exhausted)
        if settlement.gone:
            noted = tx.moved(self.connection.system, settlement.entity)
            self._merge(tx, settlement.entity, settlement.gone, noted, settlement.now)
        return settlement.stale

    def _settlement(self, entity: str, part: Tasks, *, at_once: bool = False) -> Settlement:
        return Settlement(
            self.topology,
            self.connection.system,
            entity,
            part,
            self._policy(entity),
            self.clock(),
            self.ids,
            self.luck,
            at_once,
            lambda task: self._poll_says(entity, task),
        )

    def _policy(self, entity: str) -> Policy:
        """As patient with parents as the flow says, where the settings do not say otherwise."""
        flows = self.topology.flows_to(self.connection.system, entity)
        if self.policy.parent_wait is not None or not flows:
            return self.policy
        return replace(self.policy, parent_wait=flows[0].parent_wait)

    async def _refuse(self, entity: str, found: Tasks) -> None:
        error = InvalidChange(f"no flow brings {entity!r} to {self.connection.system}", reason="NoSuchFlow")
        await self.store.transact(lambda tx: self._settlement(entity, found).refuse(tx, error))

    def _malformed(self, tx: Transaction, errors: Sequence[InvalidChange]) -> None:
        system = self.connection.system
        letters = [
            DeadLetter(
                self.ids(), system, "message", self.ids(), "bus", error.reason, error.description, error.field
            )
            for error in errors
        ]
        tx.put_dead_letters(letters, self.clock())
        tx.post([messages.dead_letter_message(letter) for letter in letters])


def _parts(found: Tasks, bulk: int | None) -> list[Tasks]:
    """Rounds. What a target may take in one job (from `bulk` records on) stays together."""
    ids = list(found)
    size = LARGEST if bulk is not None and len(ids) >= bulk else ROUND
    starts = range(0, len(ids), size)
    return [{record: found[record] for record in ids[start : start + size]} for start in starts]


def _nothing() -> Page:
    """What is seen where nothing was asked for."""
    return Page([], "", 0, calls=0)
