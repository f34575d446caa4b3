"""Arrivals: what systems push is put on a queue at once, and read from it many rows at a time.

    accept    events ── messages on the queue `arrivals` ──> the sender is told that they are kept
    read      messages ── rows by system and entity, each once ──┬─ read, and merged as a poll does (`pushed`)
                                                                 ├─ no reading: their own values (`carried`)
                                                                 └─ not now: the same rows come again

An event says which row to look at, so that one that comes twice, late or never does no harm. One that never
comes is made up for by the poll, and that is where everything ends that a push cannot settle:

- a row that is not there: the poll tells a delete from a merge;
- a row that takes something away (`brake`): it is weighed with what the next poll finds;
- a system that does not answer: tried again less and less often, then noted for the next poll;
- a system whose calls are short or used up (`budget`): the poll's time is when they are spent best.

No lease is taken: a row that moved while it was read is left out, and comes again (`detection`). Systems are
read side by side, and one that has just failed is not asked again for a while: it costs the others nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.errors import Exhausted, IntegrationError, InvalidChange, Transient, Unavailable
from shared.model.event import Event
from shared.model.records import DeadLetter
from shared.pipeline import events, messages, recoverability
from shared.pipeline.allowance import Allowance
from shared.pipeline.carried import Carried
from shared.pipeline.events import Arrived
from shared.pipeline.findings import HUB, Findings
from shared.pipeline.outbox import Outbox
from shared.pipeline.ports import Bus, Clock, Connection
from shared.pipeline.pushed import Pushed
from shared.pipeline.recoverability import SECOND, Policy
from shared.pipeline.side import Side
from shared.topology import Topology

PATIENCE = 30.0
"""Seconds that a system may take to show rows, before the others have waited long enough."""

LONGEST_RECORD = 128


@dataclass(slots=True)
class _Away:
    """A system that does not answer: how often in a row, and until when it is left alone."""

    failures: int = 0
    until: int = 0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What systems push. One for each process, for it remembers who is away."""

    topology: Topology
    store: Store
    connections: Mapping[str, Connection]
    bus: Bus
    outbox: Outbox
    clock: Clock
    ids: Callable[[], str]
    luck: Callable[[], float]
    policy: Policy
    allowances: Callable[[str], Allowance]
    patience: float = PATIENCE
    _away: dict[str, _Away] = field(default_factory=dict)

    # At the door

    async def accept(self, system: str, pushed: Sequence[Event]) -> None:
        """The bus has them when it returns; what its flows leave to the poll is dropped.

        Raises InvalidChange where an event is none of this system's, and then none is kept; Unavailable while
        the bus is away, some may be kept then, and a repeat is safe; Misconfigured where the bus refuses us.
        """
        for event in pushed:
            if not self._is_read(system, event.entity):
                raise _no_flow(system, event.entity)
        wanted = [event for event in pushed if self.topology.pushed(system, event.entity)]
        carried = not self.connections[system].readable
        if accepted := list(events.accepted(system, wanted, carried=carried)):
            await self.bus.send(accepted)

    def _is_read(self, system: str, entity: str) -> bool:
        return system in self.topology.systems and entity in self.topology.polled(system)

    # Behind the queue

    async def read(self, bodies: Iterable[bytes]) -> None:
        """Look at every row that these messages name, or see to it that somebody will.

        Raises Unavailable only where store and bus are away: the messages come again.
        """
        batch = events.read(bodies)
        if batch.malformed:
            await self._bury([_malformed_letter(self.ids, error) for error in batch.malformed])
        found = await asyncio.gather(
            *(self._system(system, entities) for system, entities in batch.arrived.items()),
            return_exceptions=True,
        )
        for ended in found:
            if ended is not None:
                raise ended

    async def _system(self, system: str, entities: Mapping[str, Arrived]) -> None:
        """Parents before children; what no flow reads is refused."""
        known = self.topology.polled(system) if system in self.topology.systems else []
        for entity in known:
            arrived = entities.get(entity, Arrived(system, entity))
            for part in messages.parts(list(arrived.rows)):
                await self._settle(arrived.part(part, arrived.attempt))
        for entity in entities.keys() - set(known):
            await self._refuse(entities[entity], _no_flow(system, entity))

    async def _settle(self, arrived: Arrived) -> None:
        try:
            found = await self._merge(arrived)
        except Exception as error:  # noqa: BLE001 - a defect is settled as any error, and the others go on
            await self._fail(arrived, recoverability.named(error))
            return
        if found and found.later:
            await self._try_again(arrived, found.later)

    async def _merge(self, arrived: Arrived) -> Findings | None:
        """What came of the rows; None where the system is to be left alone, and they come again, or where its
        calls are short, and they are the poll's.
        """
        connection = self.connections[arrived.system]
        if not connection.readable:
            return await self._carried(arrived)
        pushed = self._pushed(arrived)
        start = await self.store.read(pushed.begin)
        if (until := max(start.paused, self._left_alone(arrived.system))) > self.clock():
            await self._send(arrived, until + int(self.luck() * SECOND))
            return None
        if not start.affordable:
            return None
        found = await pushed.merge(list(arrived.rows), start.noted)
        self._away.pop(arrived.system, None)
        await self._publish()
        await pushed.acknowledge()
        return found

    def _pushed(self, arrived: Arrived) -> Pushed:
        connection = self.connections[arrived.system]
        allowance = self.allowances(arrived.system)
        return Pushed(self.store, connection, self._side(arrived), allowance, self.clock, self.patience)

    async def _carried(self, arrived: Arrived) -> Findings:
        rows = [row for row in arrived.rows.values() if row is not None]
        found = await Carried(self.store, self._side(arrived), self.clock).merge(rows)
        await self._publish()
        bare = [native_id for native_id, row in arrived.rows.items() if row is None]
        if bare:
            await self._refuse(arrived.part(bare, arrived.attempt), events.no_values())
        return found

    def _side(self, arrived: Arrived) -> Side:
        translation = self.connections[arrived.system].translations[arrived.entity]
        return Side(self.topology, arrived.system, arrived.entity, translation, self.ids)

    async def _publish(self) -> None:
        """What cannot be published now waits in the outbox, and is by the timer."""
        try:
            await self.outbox.publish()
        except Unavailable:
            return

    # What follows an error

    async def _fail(self, arrived: Arrived, error: IntegrationError) -> None:
        decision = recoverability.decide(error, arrived.attempt, 0.0, self.policy, self.luck())
        match decision:
            case recoverability.RetryAt(delay):
                if isinstance(error, Transient):
                    delay = max(delay, self._leave_alone(arrived.system))
                again = arrived.part(arrived.rows, arrived.attempt + 1)
                await self._send(again, self.clock() + int(delay * SECOND))
            case recoverability.Hold() if isinstance(error, Exhausted):
                await self._leave_to_poll(arrived, error)
            case recoverability.Pause() as pause:
                until = self.clock() + int(pause.delay * SECOND)
                await self.store.transact(lambda tx: self._pause(tx, arrived.system, error, until))
                await self._send(arrived, until + int(self.luck() * SECOND))
            case recoverability.DeadLetter(final) if isinstance(final, Transient) and self._has_poll(arrived):
                await self._leave_to_poll(arrived)
            case recoverability.DeadLetter(final):
                await self._refuse(arrived, final)

    def _leave_alone(self, system: str) -> float:
        """Seconds until it is asked again: longer from failure to failure."""
        away = self._away.setdefault(system, _Away())
        delay = self.policy.delay(min(away.failures, self.policy.attempts), self.luck())
        away.failures += 1
        away.until = self.clock() + int(delay * SECOND)
        return delay

    def _left_alone(self, system: str) -> int:
        away = self._away.get(system)
        return away.until if away else 0

    def _pause(self, tx: Transaction, system: str, error: IntegrationError, until: int) -> None:
        tx.pause(system, error.reason, error.description, self.clock(), until)

    async def _try_again(self, arrived: Arrived, native_ids: Iterable[str]) -> None:
        """A write to these was under way: shortly it is not. They are noted for the poll, too."""
        if arrived.attempt < self.policy.attempts:
            delay = self.policy.delay(arrived.attempt, self.luck())
            again = arrived.part(native_ids, arrived.attempt + 1)
            await self._send(again, self.clock() + int(delay * SECOND))

    def _has_poll(self, arrived: Arrived) -> bool:
        return self.connections[arrived.system].readable

    async def _leave_to_poll(self, arrived: Arrived, refusal: Exhausted | None = None) -> None:
        due = dict.fromkeys(arrived.rows, self.clock())

        def leave(tx: Transaction) -> None:
            tx.recheck(arrived.system, arrived.entity, due)
            if refusal:
                self.allowances(arrived.system).refused(tx, refusal)

        await self.store.transact(leave)

    async def _send(self, arrived: Arrived, due: int) -> None:
        """Straight to the bus, for it may be the store that failed."""
        await self.bus.send(events.again(arrived, self.ids, due))

    async def _refuse(self, arrived: Arrived, error: IntegrationError) -> None:
        await self._bury([_letter(self.ids, arrived, native_id, error) for native_id in arrived.rows])

    async def _bury(self, letters: Sequence[DeadLetter]) -> None:
        def bury(tx: Transaction) -> None:
            tx.put_dead_letters(letters, self.clock())
            tx.post([messages.dead_letter_message(letter) for letter in letters])

        await self.store.transact(bury)
        await self._publish()


def _no_flow(system: str, entity: str) -> InvalidChange:
    return InvalidChange(f"no flow reads {entity!r} from {system}", reason="NoSuchFlow", field="entity")


def _letter(ids: Callable[[], str], arrived: Arrived, native_id: str, error: IntegrationError) -> DeadLetter:
    """As the hub refuses a row: once it goes through, by whatever way, it closes itself."""
    record = f"{arrived.system}:{native_id}"[:LONGEST_RECORD]
    return DeadLetter(
        ids(),
        HUB,
        arrived.entity,
        record,
        arrived.system,
        error.reason,
        error.description,
        error.field,
    )


def _malformed_letter(ids: Callable[[], str], error: InvalidChange) -> DeadLetter:
    return DeadLetter(
        ids(), HUB, "message", ids(), events.ARRIVALS, error.reason, error.description, error.field
    )
