"""Settling a round of delivery: what became of each record, written down in one transaction.

applied or unchanged   the snapshot shows it; an open dead letter of the record is closed
retry later            an addressed change set, due after back-off: one record never delays another
not yet                the same while a parent is waited for, with the flow's own patience
dead letter            one record for one target, with reason and field
deferred               the system's calls are short: looked at again later, and no try is counted
pause                  our credentials or settings: the system is left alone for a while
stale                  the row has moved since we looked: looked at again at once, a few times
gone                   the row is not there any more: merged as that system's delete, or left to its poll
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field

from msgspec.structs import replace

from shared.adapters.store.transaction import Transaction
from shared.model.change import Applied, ChangeSet, Outcome, Row, Verb
from shared.model.errors import (
    Conflict,
    Exhausted,
    Gone,
    IntegrationError,
    NotYet,
    Permanent,
    Throttled,
    Unavailable,
)
from shared.model.golden import Fields, Snapshot, Value
from shared.model.records import DeadLetter, Entry, Orphan
from shared.pipeline import messages, recoverability
from shared.pipeline.attached import Attached
from shared.pipeline.orphans import Orphans
from shared.pipeline.parents import Parent
from shared.pipeline.planning import Plan
from shared.pipeline.projection import Projected
from shared.pipeline.recoverability import SECOND, Policy
from shared.pipeline.tasks import BRING, Task, Tasks
from shared.topology import Topology

TOGETHER = SECOND // 4
"""Retries that are due within this time of each other travel together."""

DONE = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.DEACTIVATE: "deactivated",
    Verb.DELETE: "deactivated",
}

Together = tuple[str, int, int, int, int, str, bool]


@dataclass(slots=True)
class Settlement:
    """One round's results for one entity of one target. Filled record by record, written once."""

    topology: Topology
    system: str
    entity: str
    tasks: Tasks
    policy: Policy
    now: int
    ids: Callable[[], str]
    luck: Callable[[], float]
    at_once: bool = False
    """Whether stale versions are looked at again in this very batch."""
    poll_says: Callable[[Task], bool] = lambda _: False
    """Whether it is left to the poll what became of a row that is gone."""
    stale: list[str] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    _snapshots: list[Snapshot] = field(default_factory=list)
    _dropped: list[str] = field(default_factory=list)
    _links: dict[str, str] = field(default_factory=dict)
    _applied: list[str] = field(default_factory=list)
    _letters: list[DeadLetter] = field(default_factory=list)
    _retries: dict[Together, list[str]] = field(default_factory=dict)
    _entries: list[Entry] = field(default_factory=list)
    _tally: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    _parked: set[str] = field(default_factory=set)
    _returning: set[str] = field(default_factory=set)
    _pause: recoverability.Pause | None = None
    exhausted: Exhausted | None = None
    """The system has said that its calls are used up."""

    def settle(self, tx: Transaction, plan: Plan, applied: Applied) -> None:
        """Write down what became of every record of the round."""
        claims = {projected.write.id: projected for projected in plan.writes}
        held = tx.claims(self.system, self.entity, claims)
        for outcome in applied.outcomes:
            record = outcome.write.id
            snapshot = copy(plan.claimed[record])  # this may run again: the plan stays as it is
            ours = held.get(record) == snapshot.pending_until
            self._outcome(claims[record], outcome, snapshot if ours else None)
        for record, error in plan.failed.items():
            self._fail(self.tasks[record], error)
        for record, due in plan.deferred.items():
            self._defer(self.tasks[record], due)
        for record, due in plan.later.items():
            self._again(self.tasks[record], due + int(self.luck() * SECOND))
        for record in (*plan.unchanged, *plan.unmade, *plan.left_out):
            self._count(self.tasks[record], "unchanged")
            self._applied.append(record)
        self._dropped += plan.unmade
        self._cost(applied)
        self._undefer()
        self._write(tx)
        self._families(tx, plan)

    def refuse(self, tx: Transaction, error: IntegrationError) -> None:
        """None of these records can be delivered."""
        for task in self.tasks.values():
            self._bury(task, error)
        self._undefer()
        self._write(tx)

    # One record

    def _outcome(self, claim: Projected, outcome: Outcome, snapshot: Snapshot | None) -> None:
        task = self.tasks[outcome.write.id]
        if outcome.error is None:
            self._confirm(task, claim, snapshot, outcome)
            return
        if isinstance(outcome.error, Gone) and outcome.write.native_id:
            self._lost(task, outcome.write.native_id)
        elif isinstance(outcome.error, Conflict) and self.at_once:
            self.stale.append(task.id)
        else:
            self._fail(task, outcome.error)
        if snapshot is not None:
            self._withdraw(snapshot, outcome)

    def _lost(self, task: Task, native_id: str) -> None:
        if self.poll_says(task):
            self._fail(task, vanished(self.system))
        else:
            self.gone.append(Row(native_id, {}, self.now, deleted=True))
            self._count(task, "unchanged")

    def _confirm(self, task: Task, claim: Projected, snapshot: Snapshot | None, outcome: Outcome) -> None:
        verb = outcome.write.verb
        self._applied.append(task.id)
        self._count(task, DONE[verb])
        names = ",".join(claim.cells) or None
        self._entries.append(
            Entry(self.entity, task.id, self.system, DONE[verb], names, task.cause, task.trace)
        )
        if verb is Verb.DELETE:
            self._dropped.append(task.id)
        elif snapshot is not None:
            self._show(snapshot, claim, outcome)

    def _show(self, snapshot: Snapshot, claim: Projected, outcome: Outcome) -> None:
        """The target shows what was written."""
        verb = outcome.write.verb
        self._link(snapshot, outcome)
        snapshot.writes = _written(snapshot, claim.cells) if verb is Verb.UPDATE else {}
        snapshot.fields = {**snapshot.fields, **_learned(claim.cells, outcome)}
        snapshot.seen, snapshot.version = True, outcome.version
        snapshot.active = verb is not Verb.DEACTIVATE
        snapshot.pending, snapshot.pending_until = None, 0
        self._snapshots.append(snapshot)

    def _withdraw(self, snapshot: Snapshot, outcome: Outcome) -> None:
        """Give up a claim: what was surely not written is forgotten, the rest is read back first."""
        self._link(snapshot, outcome)
        snapshot.pending_until = 0
        if isinstance(outcome.error, Permanent | Throttled | NotYet):
            snapshot.pending = None
        if snapshot.native_id is None and snapshot.pending is None:
            self._dropped.append(snapshot.id)
        else:
            self._snapshots.append(snapshot)

    def _link(self, snapshot: Snapshot, outcome: Outcome) -> None:
        if outcome.native_id and snapshot.native_id is None:
            snapshot.native_id = outcome.native_id
            self._links[outcome.native_id] = snapshot.id

    # What follows an error

    def _fail(self, task: Task, error: IntegrationError) -> None:
        task = replace(task, since=task.since or self.now)
        age = (self.now - task.since) / SECOND
        tried = task.waits if isinstance(error, NotYet) else task.attempt
        match recoverability.decide(error, tried, age, self.policy, self.luck()):
            case recoverability.RetryAt(delay) if isinstance(error, NotYet):
                self._park(task, self.now + int(delay * SECOND))
            case recoverability.RetryAt(delay):
                self._again(replace(task, attempt=task.attempt + 1), self.now + int(delay * SECOND))
            case recoverability.DeadLetter(final):
                self._bury(task, final)
            case recoverability.Hold(delay) if isinstance(error, Exhausted):
                self.exhausted = error
                self._defer(task, self.now + int((delay + self.luck()) * SECOND))
            case recoverability.Pause() as pause:
                self._pause = pause
                self._again(task, self.now + int(pause.delay * SECOND))

    def _park(self, task: Task, due: int) -> None:
        self._parked.add(task.id)
        self._add(task.source, "parked", 1)
        self._unpark(task)
        self._again(replace(task, waits=task.waits + 1), due)

    def _defer(self, task: Task, due: int) -> None:
        """It comes back when the system may be asked, with all that is deferred until then.

        Whoever waits for a parent is counted as such, and once.
        """
        counted = not task.parked
        self._add(task.source, "deferred", int(counted))
        self._again(task, due, deferred=counted)

    def _again(self, task: Task, due: int, *, deferred: bool = False) -> None:
        """Look at the record again then. Records that are due together travel together."""
        self._returning.add(task.id)
        due -= due % TOGETHER
        together = (task.source, task.attempt, task.waits, task.since, due, task.cause, deferred)
        self._retries.setdefault(together, []).append(task.id)
        self._count_others(task)

    def _bury(self, task: Task, error: IntegrationError) -> None:
        self._count(task, "dead_lettered")
        self._letters.append(
            DeadLetter(
                self.ids(),
                self.system,
                self.entity,
                task.id,
                task.source,
                error.reason,
                error.description,
                error.field,
            )
        )

    # What is counted

    def _count(self, task: Task, name: str) -> None:
        self._add(task.source, name, 1)
        self._count_others(task)
        self._unpark(task)

    def _count_others(self, task: Task) -> None:
        """Each further message that named the record found nothing left to do, whatever its source."""
        for source in task.also:
            self._add(source, "unchanged", 1)

    def _unpark(self, task: Task) -> None:
        for source in task.parked:
            self._add(source, "parked", -1)

    def _undefer(self) -> None:
        """They have come; who is deferred once more has been counted once more."""
        for task in self.tasks.values():
            for source in task.deferred:
                self._add(source, "deferred", -1)

    def _add(self, source: str, name: str, number: int) -> None:
        self._tally[(self.entity, source, self.system, name)] += number

    def _cost(self, applied: Applied) -> None:
        first = next(iter(self.tasks.values()))
        self._add(first.source, "calls", applied.calls)
        self._add(first.source, "bytes_sent", applied.bytes_sent)

    # Writing

    def _write(self, tx: Transaction) -> None:
        tx.put_snapshots(self.system, self.entity, self._snapshots)
        tx.drop_snapshots(self.system, self.entity, self._dropped)
        tx.link(self.system, self.entity, self._links)
        tx.enter(self._entries, self.now)
        tx.put_dead_letters(self._letters, self.now)
        tx.close_dead_letters(self.system, self.entity, self._applied, self.now, "applied")
        tx.post([*map(messages.dead_letter_message, self._letters)])
        for together, records in self._retries.items():
            self._post_retry(tx, together, records)
        tx.count(self._tally)
        self._mind(tx)

    def _families(self, tx: Transaction, plan: Plan) -> None:
        """Children of parents that have come are looked at; parents that children wait for are brought; and
        who lacks a parent, and does not come back by itself, is noted.
        """
        orphans = Orphans(self.topology, self.system, self.ids)
        Attached(self.system, orphans).settled(tx, plan.places, self.now)
        orphans.reunite(tx, self.entity, self._links.values(), self.now)
        lacking = [(record, parent) for record, parents in plan.lacking.items() for parent in parents]
        wanted = {parent: record for record, parent in lacking if record in self._parked}
        brought = [
            (*parent, self.tasks[record].source)
            for parent, record in wanted.items()
            if parent in plan.outside
        ]
        orphans.look(tx, brought, BRING, self.now)
        orphans.note(
            tx, [self._orphan(*each) for each in lacking if each[0] not in self._returning], self.now
        )

    def _orphan(self, record: str, parent: Parent) -> Orphan:
        return Orphan(self.entity, record, self.tasks[record].source, *parent)

    def _post_retry(self, tx: Transaction, together: Together, records: list[str]) -> None:
        source, attempt, waits, since, due, cause, deferred = together
        for part in messages.parts(records):
            change = ChangeSet(
                self.entity,
                source,
                part,
                self.system,
                cause,
                attempt=attempt,
                waits=waits,
                since=since,
                deferred=deferred,
            )
            tx.post([messages.encode(change, self.ids(), due)])

    def _mind(self, tx: Transaction) -> None:
        """Remember that the system refuses us, or that it no longer does."""
        if self._pause:
            error = self._pause.error
            until = self.now + int(self._pause.delay * SECOND)
            tx.pause(self.system, error.reason, error.description, self.now, until)
        elif self._snapshots:
            tx.resume(self.system)


def vanished(system: str) -> Unavailable:
    """A row is not there. The poll tells a delete from a merge, and is waited for."""
    return Unavailable(f"the row is not in {system} any more, and no poll has said why", reason="RowGone")


def _learned(cells: Fields, outcome: Outcome) -> Fields:
    """The cells as they are stored: what the write's own answer showed counts."""
    if not outcome.taught:
        return cells
    taught: Mapping[str, object] = outcome.taught
    return {
        name: cell._replace(value=outcome.taught[name]) if name in taught else cell
        for name, cell in cells.items()
    }


def _written(snapshot: Snapshot, cells: Fields) -> dict[str, list[Value]]:
    """Field → the value that was written, the one that it replaced, and how often in a row that was so.

    The first write of a value replaces whatever was there; it is from the second on that it has not stayed.
    """
    counted = dict(snapshot.writes)
    for name, cell in cells.items():
        shown = snapshot.fields.get(name)
        found = shown.value if shown else None
        value, other, times = snapshot.writes.get(name, (None, None, 0))
        again = value == cell.value and (times == 1 or other == found)
        counted[name] = [cell.value, found, int(times or 0) + 1 if again else 1]
    return counted
