"""What the LMS holds before the first run: some rows as Salesforce has them, some not, some of its own.

They carry no external id yet: they are found by number or e-mail address, or linked before the first run from
two reports. Rows with a defect or an oddity are not among them, so that each row is in one class only.
"""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

from local.systems.lms.shape import ACTIVE, COMPANIES, COMPANY_USERS, LEADS, Shape
from local.systems.lms.stamp import stamp
from local.systems.sample.people import YEARS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from random import Random

    from local.systems.system import Row

HELD = {"companies": 0.3, "company-users": 0.8, "leads": 0.3}
"""Shares; of the contacts, among those whose company is held."""
DIFFERENT = 0.3
"""Of those held; the others are identical."""
ONLY_THERE = 0.01

_COMPANY = {
    "number": "AccountNumber",
    "name": "Name",
    "phone": "Phone",
    "website": "Website",
    "industry": "Industry",
    "street": "BillingStreet",
    "city": "BillingCity",
    "state": "BillingState",
    "postal_code": "BillingPostalCode",
    "country": "BillingCountry",
}
_USER = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "email": "Email",
    "phone": "Phone",
    "title": "Title",
}
_LEAD = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "company_name": "Company",
    "email": "Email",
    "phone": "Phone",
}
_SOURCES = {
    "Web": "web",
    "Phone Inquiry": "phone",
    "Partner Referral": "partner",
    "Purchased List": "other",
    "Other": "other",
}


Values = dict[str, str | int | None]


class Existing:
    def __init__(self, random: Random, now: datetime, left_alone: set[str]) -> None:
        self._random = random
        self._now = now
        self._left_alone = left_alone
        self._companies: dict[str, int] = {}
        self.kinds: dict[str, dict[str, list[str]]] = {}

    def of(self, rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
        """Rows by LMS resource, companies first."""
        return {
            "companies": list(self._held(COMPANIES, rows["Account"], self._company)),
            "company-users": list(self._held(COMPANY_USERS, rows["Contact"], self._user)),
            "leads": list(self._held(LEADS, rows["Lead"], self._lead)),
        }

    def _held(
        self, shape: Shape, rows: list[Row], translate: Callable[[Row], Values | None]
    ) -> Iterator[Row]:
        numbers = count(1)
        kinds = self.kinds[shape.path] = {"identical": [], "different": [], "only_there": []}
        for row in rows:
            if row["Id"] in self._left_alone or self._random.random() >= HELD[shape.path]:
                continue
            if (values := translate(row)) is not None:
                different = self._random.random() < DIFFERENT
                kinds["different" if different else "identical"].append(row["Id"])
                yield self._row(shape, next(numbers), self._altered(values) if different else values)
        for number in islice(numbers, round(len(rows) * ONLY_THERE)):
            kinds["only_there"].append(str(number))
            yield self._row(shape, number, self._stranger(shape, number))

    def _row(self, shape: Shape, number: int, values: Values) -> Row:
        created = self._now - YEARS * self._random.random()
        changed = created + (self._now - created) * self._random.random()
        empty = dict.fromkeys(shape.fields)
        stamps = {"created_at": stamp(created), "updated_at": stamp(changed)}
        return {"id": number, **empty, **values, "status": ACTIVE, **stamps}

    def _company(self, account: Row) -> Values:
        self._companies[account["Id"]] = len(self._companies) + 1
        return _renamed(account, _COMPANY)

    def _user(self, contact: Row) -> Values | None:
        company = self._companies.get(contact["AccountId"])
        return {"company_id": company, **_renamed(contact, _USER)} if company else None

    def _lead(self, lead: Row) -> Values:
        lists = {"source": _SOURCES[lead["LeadSource"]], "rating": lead["Rating"].lower()}
        return _renamed(lead, _LEAD) | lists

    def _altered(self, values: Values) -> Values:
        """As somebody left it who could not know: an old number, or what has been filled in by hand."""
        choices: list[Values] = [{"phone": "+00 555 0100"}, {"phone": None}]
        choices += [
            {field: "To be confirmed"} for field in ("city", "title", "first_name") if field in values
        ]
        return values | self._random.choice(choices)

    def _stranger(self, shape: Shape, number: int) -> Values:
        """A row that only the LMS has."""
        person: Values = {"last_name": "Longago", "email": f"longago{number}@elsewhere.example"}
        if shape is COMPANIES:
            return {"number": f"OLD-{number}", "name": f"Longago Works {number}"}
        return person | ({"company_id": 1} if shape is COMPANY_USERS else {"company_name": "Longago Works"})


def _renamed(row: Row, names: dict[str, str]) -> Values:
    return {field: row[name] for field, name in names.items()}
