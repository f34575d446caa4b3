"""The records that a batch of messages asks a target's handler to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import Struct

from shared.model.change import ChangeSet
from shared.model.errors import InvalidChange
from shared.pipeline import messages

BRING = "bring"
"""The cause of a record that a child needs in the target, whatever the flow's terms."""


class Task(Struct):
    """One record to be looked at. `also` holds the sources of further messages that named it, `parked` those
    of messages that had waited for a parent, `deferred` those of messages that had waited for calls.
    """

    id: str
    source: str
    attempt: int = 0
    waits: int = 0
    since: int = 0
    cause: str = "poll"
    trace: str | None = None
    also: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()

    def join(self, other: Task) -> None:
        """Look once, for both."""
        if other.cause == BRING:
            self.cause = BRING
        self.attempt = max(self.attempt, other.attempt)
        self.waits = max(self.waits, other.waits)
        self.since = min(self.since, other.since)
        self.also += (other.source, *other.also)
        self.parked += other.parked
        self.deferred += other.deferred


Tasks = dict[str, Task]


@dataclass(slots=True)
class Batch:
    """Messages, read: tasks by entity and record, what is to wait, and what was no change set."""

    entities: dict[str, Tasks]
    early: list[ChangeSet]
    malformed: list[InvalidChange]


def read(
    bodies: Sequence[bytes], wanted: Callable[[ChangeSet], bool], early: Callable[[ChangeSet], bool]
) -> Batch:
    """Each record once, however many messages name it; what is not `wanted` is passed over."""
    batch = Batch({}, [], [])
    for body in bodies:
        try:
            change = messages.decode(body)
        except InvalidChange as error:
            batch.malformed.append(error)
        else:
            if not wanted(change):
                continue
            if early(change):
                batch.early.append(change)
            else:
                _add(batch.entities.setdefault(change.entity, {}), change)
    return batch


def _add(tasks: Tasks, change: ChangeSet) -> None:
    parked = (change.source,) if change.waits else ()
    deferred = (change.source,) if change.deferred else ()
    for record in change.ids:
        task = Task(
            record,
            change.source,
            change.attempt,
            change.waits,
            change.since,
            change.cause,
            change.trace,
            parked=parked,
            deferred=deferred,
        )
        if record in tasks:
            tasks[record].join(task)
        else:
            tasks[record] = task
