"""Two systems that both edit accounts, and what came of it when they met."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.model.records import ConflictEntry
from shared.pipeline.mending import Discarded, Mended, Mending
from tests.flows.office import ACME, Office, to_lms, to_salesforce, topology


def two_way(account: str, guard: str = "read") -> str:
    """Accounts flow both ways under this policy."""
    return topology(
        to_lms("account", f"guard: {guard}"),
        to_salesforce("account", "guard: read, delete: ignore"),
        account=account,
    )


def deleting(account: str) -> str:
    """The same, and deletes travel."""
    return topology(
        to_lms("account", "guard: read, delete: propagate"),
        to_salesforce("account", "guard: read, delete: propagate"),
        account=account,
    )


@dataclass
class TwoSides:
    """One company that both systems have. Times are told in seconds since both had it."""

    office: Office
    key: str = ""
    number: int = 0
    begun: float = field(default=0.0)

    async def begin(self) -> TwoSides:
        self.key = self.office.sales.create("Account", **ACME)
        await self.office.settle()
        await self.office.settle()
        self.number = int(self.office.school.company("A-1")["id"])
        self.office.forget()
        return self

    def sales(self, **values: str | None) -> None:
        self._pass_by()
        self.office.sales.change(self.key, **values)

    def school(self, **values: str | None) -> None:
        self._pass_by()
        self.office.school.change("companies", self.number, **values)

    def _pass_by(self) -> None:
        """Whatever is edited next is edited in a later second."""
        self.office.world.time.pass_by(2)

    async def settle(self) -> None:
        await self.office.settle()

    def phones(self) -> tuple[Any, Any]:
        """What Salesforce shows, and what the LMS shows."""
        return self.office.sales.row(self.key)["Phone"], self._company()["phone"]

    def written(self) -> dict[str, int]:
        """How many calls changed something, by system."""
        return {name: len(self.office.writes(name)) for name in ("salesforce", "lms")}

    def _company(self) -> dict[str, Any]:
        rows = self.office.world.rows("lms", "companies")
        return {row["id"]: row for row in rows}[self.number]

    # What is in the conflict table

    def conflicts(self) -> list[ConflictEntry]:
        store = self.office.world.hub.store
        return store.transact_now(lambda tx: tx.latest_conflicts(1_000, open_only=False))

    def conflict(self) -> ConflictEntry:
        (conflict,) = self.conflicts()
        return conflict

    def told(self) -> tuple[Any, Any, str]:
        """Of the only conflict: the value that was kept, the one that lost, and by what policy."""
        clash = self.conflict().clash
        return clash.kept.value, clash.lost.value, clash.policy

    def open(self) -> list[tuple[Any, Any]]:
        """Kept and lost, of what is open."""
        return sorted(
            (conflict.clash.kept.value, conflict.clash.lost.value)
            for conflict in self.conflicts()
            if conflict.open
        )

    def decide(
        self, keep: str, value: str | None = None, conflict: ConflictEntry | None = None
    ) -> Mended | Discarded:
        hub = self.office.world.hub
        mending = Mending(hub.topology, hub.clock, hub.ids)
        chosen = conflict or next(each for each in self.conflicts() if each.open)
        return hub.store.transact_now(lambda tx: mending.decide(tx, chosen.id, keep, "ada", value))
