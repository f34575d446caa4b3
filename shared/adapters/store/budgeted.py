"""Statements for budgets: what systems said of their calls, what the hub asked, what waits for that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from shared.adapters.store import tables
from shared.adapters.store.statements import Statements, chosen
from shared.model.budget import Deferral, Gauge

GAUGED = tuple(Gauge.__dataclass_fields__)
GAUGE = chosen(tables.budget, *GAUGED).where(tables.budget.c.system == bindparam("system"))
SPENT = (
    chosen(tables.budget_calls, "priority", "began", "calls")
    .where(tables.budget_calls.c.system == bindparam("system"))
    .where(tables.budget_calls.c.began > bindparam("since"))
    .order_by(tables.budget_calls.c.began)
)
GONE = delete(tables.budget_calls).where(
    tables.budget_calls.c.system == bindparam("system"), tables.budget_calls.c.began <= bindparam("since")
)
NAMES = tuple(Deferral.__dataclass_fields__)
DEFERRAL = chosen(tables.budget_deferral, *NAMES).where(
    tables.budget_deferral.c.system == bindparam("system"),
    tables.budget_deferral.c.entity == bindparam("entity"),
    tables.budget_deferral.c.step == bindparam("step"),
)
DEFERRALS = chosen(tables.budget_deferral, *NAMES).order_by("system", "entity", "step")


DELIVERED = (
    select(tables.ledger.c.entity, tables.ledger.c.system, func.count(), func.min(tables.ledger.c.at))
    .join_from(
        tables.ledger, tables.ledger_subject, tables.ledger.c.position == tables.ledger_subject.c.position
    )
    .where(tables.ledger.c.action.in_(("created", "updated", "deactivated")))
    .where(tables.ledger.c.at >= bindparam("since"))
    .group_by(tables.ledger.c.entity, tables.ledger.c.system)
)


class Budgeted(Statements):
    """The books of each system's calls."""

    def gauge(self, system: str) -> Gauge | None:
        """What is known of a system's limit."""
        found = self._find(GAUGE, system=system)
        return Gauge(*found[0]) if found else None

    def put_gauge(self, gauge: Gauge) -> None:
        """What a system said. A later word that another function has written stays."""
        self._run("put_gauge", self._gauging, [{name: getattr(gauge, name) for name in GAUGED}])

    def _gauging(self) -> Any:
        statement = self._insert(tables.budget)
        said = ("used", "allowed", "window", "others", "read_at")
        return statement.on_conflict_do_update(
            index_elements=["system"],
            set_={name: statement.excluded[name] for name in said},
            where=tables.budget.c.read_at <= statement.excluded.read_at,
        )

    def hold_off(self, system: str, until: int) -> None:
        """The system has refused a call for all: nobody asks it before then."""
        held = (
            update(tables.budget)
            .where(tables.budget.c.system == system, tables.budget.c.held_until < until)
            .values(held_until=until)
        )
        blank = {"used": 0, "allowed": 0, "window": 0, "others": 0, "read_at": 0}
        fresh = self._insert(tables.budget).values(system=system, held_until=until, **blank)
        self._execute(fresh.on_conflict_do_nothing())
        self._execute(held)

    def spent(self, system: str, since: int) -> list[tuple[str, int, int]]:
        """Class, when a slot began, and the calls made in it, of slots that began after `since`."""
        found = self._find(SPENT, system=system, since=since)
        return [(priority, began, calls) for priority, began, calls in found]

    def spend(self, system: str, priority: str, began: int, calls: int, since: int) -> None:
        """Calls that were made in the slot that began then. Slots that began before `since` are forgotten."""
        spent = {"system": system, "priority": priority, "began": began, "calls": calls}
        self._run("spend", self._spending, [spent])
        self._run("forget spent", lambda: GONE, [{"system": system, "since": since}])

    def _spending(self) -> Any:
        statement = self._insert(tables.budget_calls)
        return statement.on_conflict_do_update(
            index_elements=["system", "began", "priority"],
            set_={"calls": tables.budget_calls.c.calls + statement.excluded.calls},
        )

    def delivered(self, since: int) -> dict[tuple[str, str], tuple[int, int]]:
        """(entity, target) → how many records were written there since then, and when the first was.

        It reads the ledger: for somebody who asks, not for each round.
        """
        rows = self._execute(DELIVERED, {"since": since})
        return {(entity, system): (count, first) for entity, system, count, first in rows}

    def deferral(self, system: str, entity: str, step: str) -> Deferral | None:
        """What waits of one step of one entity, and since when."""
        found = self._find(DEFERRAL, system=system, entity=entity, step=step)
        return Deferral(*found[0]) if found else None

    def deferrals(self) -> list[Deferral]:
        return [Deferral(*row) for row in self._execute(DEFERRALS)]

    def put_deferral(self, deferral: Deferral) -> None:
        self._upsert(tables.budget_deferral, [{name: getattr(deferral, name) for name in NAMES}])
