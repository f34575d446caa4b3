"""What a system says has happened to one of its rows: a wake-up, not a change.

The hub reads the row from its source and detects as a poll does, so that an event that comes twice, late or
out of order does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.model.change import Row


@dataclass(frozen=True, slots=True)
class Event:
    """One row of one system, pushed.

    `id` is the sender's own, the same over its retries. `row` holds the event's own values, with the row's
    time in the event and never the time of arrival: it serves where the row cannot be read.
    """

    id: str
    entity: str
    native_id: str
    row: Row | None = None
