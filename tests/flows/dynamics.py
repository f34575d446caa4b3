"""Two companies on Dynamics 365, each with an environment of its own, and people at work in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.systems.dataverse import Dataverse
from shared.model.records import DeadLetter
from tests.world import World, world

TWO_WAY = """
systems:
  crm: {kind: dataverse, rank: 2}
  partner: {kind: dataverse, rank: 1}
entities:
  account: {key: [number]}
  contact: {key: [email]}
flows:
  - {entity: account, from: crm, to: partner, freshness: 1m, guard: conditional, delete: propagate}
  - {entity: account, from: partner, to: crm, freshness: 1m, guard: conditional, delete: propagate}
  - {entity: contact, from: crm, to: partner, freshness: 1m, guard: conditional, delete: deactivate}
"""

ACME = {"name": "Acme", "accountnumber": "A-1", "telephone1": "+49 1"}


@dataclass
class Company:
    """Whoever works in one environment."""

    environment: Dataverse

    def create(self, table: str, **values: Any) -> str:
        return self.environment.people.create(table, values)

    def edit(self, table: str, key: str, **values: Any) -> None:
        self.environment.people.edit(table, key, values)

    def delete(self, table: str, key: str) -> None:
        self.environment.people.delete(table, key)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self.environment.records(table)]

    def account(self, number: str = "A-1") -> dict[str, Any]:
        (row,) = [row for row in self.rows("account") if row.get("accountnumber") == number]
        return row


class Dynamics:
    """Both, and the hub between them."""

    def __init__(self, topology: str = TWO_WAY) -> None:
        self.world: World = world(topology)
        self.crm, self.partner = self._company("crm"), self._company("partner")

    def _company(self, name: str) -> Company:
        system = self.world.systems[name].system
        assert isinstance(system, Dataverse)
        return Company(system)

    async def settle(self) -> None:
        self.world.time.pass_by(61)
        await self.world.settle()

    def forget(self) -> None:
        for wire in self.world.wires.values():
            wire.requests.clear()

    def written(self, system: str) -> list[str]:
        """Method and address of every write since `forget`, whatever batch it came in."""
        batches = [each for each in self.world.wires[system].requests if each.url.path.endswith("$batch")]
        lines = [line for batch in batches for line in batch.content.split(b"\r\n")]
        return [line.decode() for line in lines if line.startswith((b"PATCH ", b"POST ", b"DELETE "))]

    def letters(self) -> list[DeadLetter]:
        return self.world.dead_letters()

    def forget_tokens(self, system: str, table: str) -> None:
        """Somebody has changed the table: delta tokens of before are no good any more."""
        self.world.control(system, "POST", "metadata", {"table": table})
