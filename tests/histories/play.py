"""Makes a history happen, lets all settle, and asks whether what must hold does.

play(history)      None, or what was violated
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from random import Random

from local.servicebus.engine.errors import MessageLockLostError
from shared.adapters.store.transaction import Transaction
from shared.model.errors import InvalidChange, Misconfigured, Transient
from shared.model.event import Event
from shared.pipeline import brake
from shared.pipeline.events import ARRIVALS
from shared.pipeline.mending import Mending
from tests.histories import invariants
from tests.histories.history import (
    Create,
    Cut,
    Decide,
    Delete,
    Deliver,
    Edit,
    Fault,
    Happening,
    History,
    MergeRows,
    Poll,
    Publish,
    Together,
)
from tests.histories.invariants import Violation
from tests.histories.people import People
from tests.histories.power import survived
from tests.histories.stage import Instance, Stage

PATIENCE = timedelta(hours=12)
ROUNDS = 400
POLLS = 2
"""Once the lease of a dead process has run out: what it left half read, then what was changed meanwhile."""

UNSAID, AGAIN = 0.4, 0.2
"""Of what might be pushed, how much never is; of what was, how much comes once more."""

OVERLAP = 330.0
"""Longer than what polls read again: whatever shows up late has shown up."""


def play(history: History) -> Violation | None:
    """What the history violated, if anything."""
    playing = Play(history)
    try:
        asyncio.run(playing.run())
    except Violation as violation:
        return violation
    finally:
        playing.stage.close()
    return None


class Play:
    """One history on its stage."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.stage = Stage(history.setting)
        self.people = People(self.stage)
        self.luck = Random(history.setting.seed)

    async def run(self) -> None:
        for happening in self.history.happenings:
            self.stage.time.pass_by(happening.after)
            await self._happen(happening)
            if self.history.setting.pushes:
                await self._push(self._running(self.luck.randrange(2)))
                await self._arrive(self._running(self.luck.randrange(2)), again=self.luck.random() < AGAIN)
        await self._calm_down()
        for _ in range(POLLS):
            await self._settle()
            self.stage.time.pass_by(OVERLAP)
        await self._settle()
        while self._decide(self.stage.random):
            self.stage.time.pass_by(61.0)
            await self._settle()
        self.stage.time.pass_by(OVERLAP)
        invariants.check(self.stage, self.people, self.history)
        await self._stay_quiet()

    async def _happen(self, happening: Happening) -> None:  # noqa: C901 - one arm for each kind
        match happening:
            case Create(_, system, entity, label, values, parent):
                self.people.create(system, entity, label, values, parent)
            case Edit(_, system, entity, label, values, parent, late):
                self.people.edit(system, entity, label, values, parent, late)
            case Delete(_, system, entity, label):
                self.people.delete(system, entity, label)
            case MergeRows(_, entity, winner, loser, system):
                self.people.merge(system, entity, winner, loser)
            case Poll(_, system, instance):
                await self._poll(system, self._running(instance))
            case Deliver():
                await self._deliver(happening, self._running(happening.instance))
            case Decide(_, shuffle):
                self._decide(Random(shuffle))
            case Publish(_, instance):
                running = self._running(instance)
                await survived(_ignored(running.hub.outbox.publish()), running.power)
            case Fault(_, system, kind, count, seconds):
                self.stage.world.fault(system, kind, count=count, seconds=seconds)
            case Cut(_, instance, steps):
                self._running(instance).power.cut(steps)
            case Together(_, happenings):
                await asyncio.gather(*(self._among(each) for each in happenings))

    async def _among(self, happening: Happening) -> None:
        for _ in range(self.stage.random.randrange(12)):
            await asyncio.sleep(0)
        await self._happen(happening)

    # What the hub does

    def _running(self, number: int) -> Instance:
        if self.stage.instances[number].power.lost:
            self.stage.instances[number] = self.stage.instance()
        return self.stage.instances[number]

    async def _poll(self, system: str, instance: Instance) -> bool:
        with suppress(Transient, Misconfigured):
            return await survived(_ignored(instance.hub.polling(system).tick()), instance.power)
        return True

    async def _deliver(self, happening: Deliver, instance: Instance) -> int:
        """Messages are completed when the work is done, and come again when it broke off."""
        address = f"changes/Subscriptions/{happening.system}"
        batch = self.stage.broker.receive(address, happening.count)
        Random(happening.shuffle).shuffle(batch)
        if not batch:
            return 0
        work = instance.hub.delivery(happening.system).deliver([each.message.body for each in batch])
        done = False
        with suppress(Transient):
            done = await survived(work, instance.power)
        for each in batch:
            if each.lock_token and not instance.power.lost:
                with suppress(MessageLockLostError):
                    settle = (
                        self.stage.broker.complete
                        if done and not happening.again
                        else self.stage.broker.abandon
                    )
                    settle(address, each.lock_token)
        return len(batch)

    async def _push(self, instance: Instance) -> None:
        """Somebody pushes some rows, whether anything has happened to them or not."""
        system = self.luck.choice([*self.stage.topology.systems])
        entities = self.stage.topology.polled(system)
        every = self.stage.hands[system].every(entity := self.luck.choice(entities)) if entities else []
        if not every or self.luck.random() < UNSAID:
            return
        events = [
            Event(f"{self.luck.randrange(20)}", entity, self.luck.choice(every))
            for _ in range(self.luck.randrange(1, 4))
        ]
        with suppress(Transient):
            await survived(instance.hub.arrivals.accept(system, events), instance.power)

    async def _arrive(self, instance: Instance, *, again: bool = False) -> int:
        """What was pushed is read, in whatever order; `again`: and comes another time."""
        batch = self.stage.broker.receive(ARRIVALS, 16)
        self.luck.shuffle(batch)
        work = instance.hub.arrivals.read([each.message.body for each in batch])
        done = False
        with suppress(Transient):
            done = await survived(work, instance.power)
        settle = self.stage.broker.complete if done and not again else self.stage.broker.abandon
        for each in batch:
            if each.lock_token and not instance.power.lost:
                with suppress(MessageLockLostError):
                    settle(ARRIVALS, each.lock_token)
        return len(batch)

    def _decide(self, luck: Random) -> bool:
        """An operator decides whatever is open or held; whether anything was."""
        hub = self.stage.instances[0].hub
        mending = Mending(hub.topology, hub.clock, hub.ids)
        found = self.stage.store.transact_now(lambda tx: tx.latest_conflicts(1_000))
        for conflict in found:
            try:
                self._keep(mending, conflict.id, luck.choice(("kept", "lost")))
            except InvalidChange:  # the key of another record
                self._keep(mending, conflict.id, "kept")
        return bool(found) | self._let_go()

    def _let_go(self) -> bool:
        now = self.stage.time.micros()

        def approve(tx: Transaction) -> int:
            return sum(brake.approve(tx, each.system, each.entity, "ada", now) for each in tx.waiting_rows())

        return self.stage.store.transact_now(approve) > 0

    def _keep(self, mending: Mending, conflict: str, keep: str) -> None:
        self.stage.store.transact_now(lambda tx: mending.decide(tx, conflict, keep, "ada"))

    # The end

    async def _calm_down(self) -> None:
        for hands in self.stage.hands.values():
            hands.calm_down()
        for number in range(len(self.stage.instances)):
            self._running(number).power.keep()
        self.stage.world.hub = self.stage.instances[0].hub

    async def _settle(self) -> None:
        world, end = self.stage.world, self.stage.time.at + PATIENCE
        for _ in range(ROUNDS):
            handled = await self._round()
            if not handled and not world.waiting():
                return
            due = self.stage.broker.due()
            idle = 0.0 if handled or due is None else (due - self.stage.time.at).total_seconds()
            self.stage.time.pass_by(max(61.0, min(idle, 900.0)))
            if self.stage.time.at > end:
                break
        raise Violation("settles", f"{world.waiting()} messages, claims or rows still wait")

    async def _round(self) -> int:
        handled = 0
        topology = self.stage.topology
        for system in topology.systems:
            await self._poll(system, self.stage.instances[0])
        handled += await self._arrive(self.stage.instances[0])
        for system in topology.systems:
            if topology.delivered(system):
                handled += await self._deliver(Deliver(0.0, system), self.stage.instances[0])
        return handled

    async def _stay_quiet(self) -> None:
        """Once settled, further polls and deliveries write nothing and say nothing."""
        for hands in self.stage.hands.values():
            hands.forget()
        sent = len(self.stage.sent)
        for _ in range(3):
            await self._round()
            self.stage.time.pass_by(61.0)
        writes = sum(hands.written() for hands in self.stage.hands.values())
        if writes or len(self.stage.sent) > sent:
            raise Violation("stays quiet", f"{writes} writes, {len(self.stage.sent) - sent} messages")


async def _ignored(work: object) -> None:
    await work  # type: ignore[misc]  # any awaitable; its result is not wanted
