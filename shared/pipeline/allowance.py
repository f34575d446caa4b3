"""One system's budget at work: what was asked is written down, and each step is told when it may go on.

    poll, push, delivery ── calls, the system's own count ──> note ──> store (shared by all instances)
    is an entity due?  may rows be read as they are pushed, a round be delivered?  <── ruling ── budget.course

All happens in transactions that are there anyway, a few small statements for a page or a round, never one
for a call. A ruling that changes what people see (deferred, or no more) is written down once, and told in the
log. Where a closed class waits and nobody has asked the system for a quarter of an hour, it is asked for
its count alone. A system that says nothing of its calls has no budget, unless the topology names a limit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.budget import DAY, Deferral, Gauge, Usage
from shared.model.errors import Exhausted, IntegrationError
from shared.pipeline import budget
from shared.pipeline.budget import Books, Course
from shared.pipeline.ports import Clock, Connection
from shared.pipeline.recoverability import SECOND
from shared.priority import Budget, Priority
from shared.topology import Topology

LOG = logging.getLogger("crosswalk.budget")
POLL, DELIVER = "poll", "deliver"

PATIENCE = 900.0
"""Seconds for which nobody asks a system whose calls are used up, and that does not say how long."""

OPENING = 60 * SECOND
"""How long deliveries that were collected are let through together, at most."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether a step goes on: `due` is when it is looked at again (0: it goes on now).

    `told` is what has changed for people who watch.
    """

    due: int = 0
    told: Deferral | None = None


GO = Ruling()


@dataclass(frozen=True, slots=True)
class Allowance:
    """The budget of one system."""

    topology: Topology
    store: Store
    connection: Connection
    clock: Clock
    ids: Callable[[], str]
    freshness: float | None = None

    # What was asked

    def note(self, tx: Transaction, entity: str, calls: int) -> None:
        """These calls were made for an entity; what the system has said of its own count is kept, too."""
        if not self._kept:
            return
        usage, gauge, now = self._usage, tx.gauge(self._system), self.clock()
        window = usage.window if usage else DAY
        if calls:
            slot = window // budget.SLOTS
            since = now - window - slot
            tx.spend(self._system, self._priority(entity), now - now % slot, calls, since)
        if usage and (gauge is None or usage.at > gauge.read_at):
            ours = books_of(tx, _gauge(self._system, usage), self._policy, now).ours(now)
            tx.put_gauge(_gauge(self._system, usage, max(0, usage.used - int(ours))))

    def refused(self, tx: Transaction, error: Exhausted) -> None:
        """Its calls are used up, whatever our books say: nobody asks for a while."""
        if self._policy.kept:
            tx.hold_off(self._system, self.clock() + int((error.retry_after or PATIENCE) * SECOND))

    async def refresh(self) -> None:
        """Ask the system for its count, where something waits for it and nobody has asked for long.

        What else goes wrong is no answer: it is said by the next call that does some work.
        """
        meter = self.connection.meter
        if not self._kept or meter is None or not await self.store.read(self._is_stale):
            return
        if not await self.store.transact(self._is_ours_to_ask):
            return
        try:
            await meter.ask()
        except Exhausted as error:
            refusal = error
            await self.store.transact(lambda tx: self.refused(tx, refusal))
        except IntegrationError:
            return
        await self.store.transact(lambda tx: self.note(tx, "", 1))

    def _is_stale(self, tx: Transaction) -> bool:
        """Whether the system's count is old, and its calls may be used up."""
        gauge, now = tx.gauge(self._system), self.clock()
        if gauge is None or not gauge.allowed or gauge.held_until > now:
            return False
        slot = gauge.window // budget.SLOTS
        books = self._books(tx, replace(gauge, held_until=0))
        return now - gauge.read_at >= slot and budget.course(books, Priority.LOW, now).closed

    def _is_ours_to_ask(self, tx: Transaction) -> bool:
        """One function that finds it so asks, once in a slot."""
        gauge, now = tx.gauge(self._system), self.clock()
        slot = gauge.window // budget.SLOTS if gauge else 0
        return tx.lease(f"limits/{self._system}", self.ids(), now, now + slot)

    # Who may go on

    def poll(self, tx: Transaction, entity: str, polled_at: int) -> Ruling:
        """Whether an entity that is due by its flow may be polled."""
        course = self._course(tx, entity)
        if course is None:
            return GO
        due = course.closed_until or polled_at + int(self._asked(entity) * course.stretch * SECOND)
        before = tx.deferral(self._system, entity, POLL) or self._fresh(entity, POLL)
        return self._ruled(tx, before, before, course, due if due > self.clock() else 0)

    def deliver(self, tx: Transaction, entity: str) -> Ruling:
        """Whether a round may be delivered, or waits so that more come together."""
        course = self._course(tx, entity)
        if course is None:
            return GO
        before = tx.deferral(self._system, entity, DELIVER) or self._fresh(entity, DELIVER)
        interval = int(self._asked(entity) * (course.stretch - 1) * SECOND)
        if course.closed:
            return self._ruled(tx, before, before, course, course.closed_until)
        if opened := self._opening(before.opened_at, interval):
            return self._ruled(tx, before, replace(before, opened_at=opened), course, 0)
        return self._ruled(tx, before, before, course, before.opened_at + interval)

    def pushed(self, tx: Transaction, entity: str) -> bool:
        """Whether rows may be read as they are pushed; else the poll finds them, more of them in a call."""
        course = self._course(tx, entity)
        return course is None or course.ordinary

    def goes_on(self, tx: Transaction, entity: str) -> bool:
        """Whether a poll under way may read its next page."""
        course = self._course(tx, entity)
        return course is None or not course.closed

    def _opening(self, opened: int, interval: int) -> int:
        """When deliveries were let through, if that is now; 0 where they are collected."""
        now = self.clock()
        if now - opened >= interval:
            return now
        return opened if now - opened <= min(OPENING, interval // 2) else 0

    def _course(self, tx: Transaction, entity: str) -> Course | None:
        gauge = tx.gauge(self._system) if self._kept else None
        if gauge is None and not self._policy.limit:
            return None
        books = self._books(tx, gauge or _gauge(self._system))
        if not books.limit and not books.held_until:
            return None
        return budget.course(books, self._priority(entity), self.clock())

    def _ruled(self, tx: Transaction, before: Deferral, seen: Deferral, course: Course, due: int) -> Ruling:
        """Write down what is new; nothing where all is as it should be, and was."""
        after = replace(
            seen,
            priority=self._priority(seen.entity),
            since=0 if course.ordinary else before.since or (self.clock() if course.deferred else 0),
            until=due,
            stretch=round(course.stretch * 100),
        )
        if _moved(before, after) and (before.since or not course.ordinary):
            tx.put_deferral(after)
        return Ruling(due, after if bool(after.since) != bool(before.since) else None)

    def _fresh(self, entity: str, step: str) -> Deferral:
        return Deferral(self._system, entity, step, self._priority(entity))

    # What it stands on

    @property
    def _system(self) -> str:
        return self.connection.system

    @property
    def _policy(self) -> Budget:
        return self.topology.systems[self._system].budget

    @property
    def _kept(self) -> bool:
        return self._policy.kept and (self.connection.meter is not None or self._policy.limit is not None)

    @property
    def _usage(self) -> Usage | None:
        return self.connection.meter.usage if self.connection.meter else None

    def _books(self, tx: Transaction, gauge: Gauge) -> Books:
        return books_of(tx, gauge, self._policy, self.clock())

    def _priority(self, entity: str) -> Priority:
        return self.topology.priority(self._system, entity)

    def _asked(self, entity: str) -> float:
        """Seconds between two rounds, as the flows say it."""
        flows = [flow for flow in self.topology.flows if flow.entity == entity]
        here = [flow.freshness for flow in flows if self._system in (flow.source, flow.target)]
        return self.freshness or min(here)


def books_of(tx: Transaction, gauge: Gauge, policy: Budget, now: int) -> Books:
    """What is known of a system's calls, for whoever wants to look."""
    window = gauge.window or DAY
    spent: dict[Priority, list[tuple[int, int]]] = {priority: [] for priority in Priority}
    for priority, began, calls in tx.spent(gauge.system, now - window - window // budget.SLOTS):
        spent[Priority(priority)].append((began, calls))
    limits = [limit for limit in (gauge.allowed, policy.limit) if limit]
    return Books(min(limits, default=0), policy.reserved, window, gauge.others, spent, gauge.held_until)


def _moved(before: Deferral, after: Deferral) -> bool:
    """Whether it is worth writing down: it is looked at each minute, by many."""
    same = (before.since, before.opened_at) == (after.since, after.opened_at)
    return not same or abs(after.until - before.until) > OPENING


def tell(ruling: Ruling) -> None:
    """Say in the log that a step is deferred, or is no more."""
    if (told := ruling.told) is None:
        return
    level, what = (logging.WARNING, "deferred") if told.since else (logging.INFO, "resumed")
    fields = {"action": f"budget-{what}", "system": told.system, "entity": told.entity, "step": told.step,
              "priority": told.priority, "stretch": told.stretch / 100}  # fmt: skip
    LOG.log(level, "budget: %s of %s %s (%s) is %s", told.step, told.system, told.entity, told.priority, what,
            extra=fields)  # fmt: skip


def _gauge(system: str, usage: Usage | None = None, others: int = 0) -> Gauge:
    if usage is None:
        return Gauge(system, 0, 0, DAY, others, 0)
    return Gauge(system, usage.used, usage.allowed, usage.window, others, usage.at)
