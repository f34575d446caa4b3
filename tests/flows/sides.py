"""Two systems that both edit companies: how a crowd of people edits them, and sees what came of it.

sales_and_school       Salesforce and the LMS
sales_and_accounting   Dynamics 365 and the ERP
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import httpx
import orjson

from tests.flows.business import Business
from tests.flows.office import Office
from tests.world import World

FIELDS = ("phone", "website", "city")

Place = tuple[int, str]
"""A company and a field."""

PATCHED = re.compile(rb"\r\nPATCH \S*/accounts\(([^)]*)\).*?\r\n\r\n(\{.*?\})\r\n", re.DOTALL)
STATUS = re.compile(rb"HTTP/1.1 (\d+)")


class Sides(Protocol):
    """What a crowd asks of the two."""

    @property
    def names(self) -> tuple[str, str]: ...

    @property
    def world(self) -> World: ...

    async def begin(self, companies: int) -> None:
        """So many companies, on both sides."""

    def records(self) -> Sequence[str]:
        """The golden records of the companies."""

    async def settle(self) -> None: ...

    async def close(self) -> None: ...

    def forget(self) -> None:
        """What is written from now on is counted."""

    def set(self, side: str, company: int, name: str, value: str | None) -> None:
        """Somebody edits it."""

    def shown(self, side: str) -> dict[Place, Any]: ...

    def times(self, side: str) -> Mapping[int, str]:
        """When each company's row was last changed, as comparable text."""

    def written(self, side: str) -> Iterator[Place]:
        """Every field that was sent there since `forget`, as often as it was."""


@dataclass
class SalesAndSchool:
    """Salesforce and the LMS."""

    office: Office
    keys: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    names = ("salesforce", "lms")
    sales_names: Mapping[str, str] = field(
        default_factory=lambda: dict(zip(FIELDS, ("Phone", "Website", "BillingCity"), strict=True))
    )

    @property
    def world(self) -> World:
        return self.office.world

    async def begin(self, companies: int) -> None:
        rows = [{"Name": f"Company {each}", "AccountNumber": f"N{each}"} for each in range(companies)]
        self.keys = [self.office.sales.create("Account", **row) for row in rows]
        await self.settle()
        await self.settle()
        found = {row["number"]: row["id"] for row in self.world.rows("lms", "companies")}
        self.numbers = [found[f"N{each}"] for each in range(companies)]

    def records(self) -> Sequence[str]:
        return [self.office.golden_id(key) for key in self.keys]

    async def settle(self) -> None:
        await self.office.settle()

    async def close(self) -> None:
        await self.world.close()

    def forget(self) -> None:
        self.office.forget()

    def set(self, side: str, company: int, name: str, value: str | None) -> None:
        if side == "salesforce":
            self.office.sales.change(self.keys[company], **{self.sales_names[name]: value})
        else:
            self.office.school.change("companies", self.numbers[company], **{name: value})

    def shown(self, side: str) -> dict[Place, Any]:
        names = self.sales_names if side == "salesforce" else dict(zip(FIELDS, FIELDS, strict=True))
        return {
            (company, name): row.get(native)
            for company, row in enumerate(self._rows(side))
            for name, native in names.items()
        }

    def times(self, side: str) -> Mapping[int, str]:
        stamp = "SystemModstamp" if side == "salesforce" else "updated_at"
        return {company: row[stamp][:19] for company, row in enumerate(self._rows(side))}

    def written(self, side: str) -> Iterator[Place]:
        companies = {
            str(key): company for keys in (self.keys, self.numbers) for company, key in enumerate(keys)
        }
        canonical = {native: name for name, native in self.sales_names.items()}
        for record in self.office.written(side):
            company = companies[str(record.get("Id") or record["id"])]
            for native in record:
                if (name := canonical.get(native, native)) in FIELDS:
                    yield company, name

    def _rows(self, side: str) -> list[dict[str, Any]]:
        """Company by company."""
        if side == "salesforce":
            rows = {row["Id"]: row for row in self.world.rows(side, "Account")}
            return [rows[key] for key in self.keys]
        rows = {row["id"]: row for row in self.world.rows(side, "companies")}
        return [rows[number] for number in self.numbers]


@dataclass
class SalesAndAccounting:
    """Dynamics 365 and the ERP."""

    business: Business
    keys: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    names = ("crm", "erp")
    patched: list[tuple[str, bytes]] = field(default_factory=list)
    crm_names: Mapping[str, str] = field(
        default_factory=lambda: dict(zip(FIELDS, ("telephone1", "websiteurl", "address1_city"), strict=True))
    )

    @property
    def world(self) -> World:
        return self.business.world

    async def begin(self, companies: int) -> None:
        crm = self.business.crm
        self.world.wires["crm"].answered = self._note
        rows = [{"name": f"Company {each}", "accountnumber": f"N-{each}"} for each in range(companies)]
        self.keys = [crm.create("account", **row) for row in rows]
        await self.settle()
        await self.settle()
        found = {row["customer_no"]: row["id"] for row in self.business.books.rows("customers")}
        self.numbers = [found[f"N-{each}"] for each in range(companies)]

    def records(self) -> Sequence[str]:
        store = self.world.hub.store
        found = store.transact_now(lambda tx: tx.identities("crm", "account", self.keys))
        return [found[key].id for key in self.keys]

    async def settle(self) -> None:
        await self.business.settle()

    async def close(self) -> None:
        await self.business.close()

    def forget(self) -> None:
        self.business.forget()
        self.patched.clear()

    def set(self, side: str, company: int, name: str, value: str | None) -> None:
        if side == "crm":
            self.business.crm.edit("account", self.keys[company], **{self.crm_names[name]: value})
        else:
            self.business.books.edit("customers", self.numbers[company], **{name: value})

    def shown(self, side: str) -> dict[Place, Any]:
        names = self.crm_names if side == "crm" else dict(zip(FIELDS, FIELDS, strict=True))
        return {
            (company, name): row.get(native)
            for company, row in enumerate(self._rows(side))
            for name, native in names.items()
        }

    def times(self, side: str) -> Mapping[int, str]:
        if side == "crm":
            return {company: row["modifiedon"][:19] for company, row in enumerate(self._rows(side))}
        changed: list[datetime] = [row["changed_at"] for row in self._rows(side)]
        return {company: at.isoformat() for company, at in enumerate(changed)}

    def written(self, side: str) -> Iterator[Place]:
        if side == "erp":
            companies = {str(key): company for company, key in enumerate(self.numbers)}
            for key, record in self.business.books.erp.updated("customers"):
                yield from ((companies[str(key)], name) for name in record if name in FIELDS)
            return
        canonical = {native: name for name, native in self.crm_names.items()}
        accounts = {key: company for company, key in enumerate(self.keys)}
        for key, body in self.patched:
            names = (canonical.get(native) for native in orjson.loads(body))
            yield from ((accounts[key], name) for name in names if name)

    def _note(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """What the CRM took; a write upon a row that has moved is refused, and counts for nothing."""
        outcomes = STATUS.findall(response.content) if request.url.path.endswith("$batch") else []
        for (key, body), status in zip(PATCHED.findall(request.content), outcomes, strict=False):
            if status.startswith(b"2"):
                self.patched.append((key.decode(), body))
        return response

    def _rows(self, side: str) -> list[dict[str, Any]]:
        """Company by company."""
        if side == "crm":
            rows = {row["accountid"]: row for row in self.business.crm.rows("account")}
            return [rows[key] for key in self.keys]
        rows = {row["id"]: row for row in self.business.books.rows("customers")}
        return [rows[number] for number in self.numbers]
