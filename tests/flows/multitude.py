"""Many customers in the CRM, of which few change; or all of them.

begin            so many, on both sides
expire           the delta token is no good any more, and some were edited and deleted meanwhile
change_all       every one is edited in the ERP
cost             what the hub did about it, in rows written and in calls
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.flows.business import Business


@dataclass(frozen=True, slots=True)
class Cost:
    """What was written since it was last asked, and the calls that carried it."""

    updated_in_erp: int
    deleted_in_erp: int
    written_in_crm: int
    batches: int


@dataclass
class Multitude:
    """The customers, and what was done about them."""

    business: Business
    size: int
    there: int = 0

    async def begin(self) -> None:
        rows = [{"name": f"Company {each}", "accountnumber": f"N-{each}"} for each in range(self.size)]
        self.business.crm.environment.load("account", rows)
        await self.business.settle()
        await self.business.settle()
        self.forget()

    def forget(self) -> None:
        self.business.forget()
        self.there = len(self.business.books.rows("customers"))

    def expire(self, *, edited: int, deleted: int) -> None:
        """People work, and an administrator changes the table."""
        business = self.business
        business.later(61)
        keys = [row["accountid"] for row in business.crm.rows("account")]
        for key in keys[:edited]:
            business.crm.edit("account", key, telephone1="+49 12")
        for key in keys[len(keys) - deleted :]:
            business.crm.delete("account", key)
        business.world.control("crm", "POST", "metadata", {"table": "account"})

    def change_all(self, **values: str) -> None:
        self.business.later(61)
        self.business.books.edit_all("customers", **values)

    def cost(self) -> Cost:
        business = self.business
        rows = {row["id"]: row for row in business.books.rows("customers")}
        cost = Cost(
            updated_in_erp=sum(business.written_in_erp().values()),
            deleted_in_erp=self.there - len(rows),
            written_in_crm=len(business.written("crm")),
            batches=len(business.batches("crm")),
        )
        self.forget()
        return cost
