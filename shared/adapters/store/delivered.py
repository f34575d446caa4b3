"""Statements for deliveries that were taken at a door: so that a replay is known."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from shared.adapters.store import tables
from shared.adapters.store.statements import Statements

TIMES = select(tables.push_delivery.c.sent).where(
    tables.push_delivery.c.sender == bindparam("sender"),
    tables.push_delivery.c.delivery == bindparam("delivery"),
)
FORGET = delete(tables.push_delivery).where(tables.push_delivery.c.until < bindparam("now"))


class Delivered(Statements):
    """What each sender has delivered lately."""

    def deliveries(self, sender: str, delivery: str) -> list[int]:
        """When it was sent, each time that it was taken (seconds)."""
        found = self._execute(TIMES, {"sender": sender, "delivery": delivery})
        return [int(row.sent) for row in found]

    def note_delivery(self, sender: str, delivery: str, sent: int, until: int) -> None:
        """It was taken; twice at once is once."""
        row = {"sender": sender, "delivery": delivery, "sent": sent, "until": until}
        self._run("note_delivery", lambda: self._insert(tables.push_delivery).on_conflict_do_nothing(), [row])

    def forget_deliveries(self, now: int) -> None:
        """What has expired (microseconds)."""
        self._execute(FORGET, {"now": now})
