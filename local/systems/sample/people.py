"""Accounts, contacts and leads as Salesforce holds them, with nothing wrong."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from local.systems.salesforce.ids import record_id
from local.systems.sample import countries

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from local.systems.sample.countries import Country, Pattern
    from local.systems.system import Row

YEARS = timedelta(days=730)
_IMPORTS = 5
_WEIGHTS = list(accumulate(countries.WEIGHTS))
_LETTERS = re.compile("[^a-z0-9]+")
_FOLDED = str.maketrans(
    {"ß": "ss", "ł": "l", "ø": "o", "\u0131": "i", "ð": "d"}
)  # what has no parts to take off


class People:
    def __init__(self, random: Random, now: datetime) -> None:
        self._random = random
        self._now = now.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        self._imports = [self._now - YEARS * random.random() for _ in range(_IMPORTS)]
        self._numbers: dict[str, int] = {}
        self._addresses: dict[str, int] = {}

    def account(self) -> Row:
        random, country = self._random, self._country()
        form = random.choice(country.forms)
        name = f"{self._brand(country)} {random.choice(countries.TRADES)} {form}".replace(" ,", ",")
        row = self._made("001", "Account")
        city, state, codes = random.choice(country.towns)
        return row | {
            "Name": name,
            "AccountNumber": f"AC-{self._numbers['Account']:06d}",
            "Phone": self._number(country.phone),
            "Website": f"https://www.{_slug(name)}.example",
            "Industry": random.choice(countries.INDUSTRIES),
            "BillingStreet": random.choice(country.streets) % random.randint(1, 299),
            "BillingCity": city,
            "BillingState": state,
            "BillingPostalCode": self._number(codes),
            "BillingCountry": country.name,
        }

    def contact(self, accounts: list[Row]) -> Row:
        random, country = self._random, self._country()
        account = random.choice(accounts) if accounts else None
        first, last = random.choice(country.given), random.choice(country.family)
        domain = _slug(account["Name"]) if account else "nowhere"
        return self._made("003", "Contact") | {
            "AccountId": account["Id"] if account else None,
            "FirstName": first,
            "LastName": last,
            "Email": self._email(first, last, domain),
            "Phone": self._number(country.phone),
            "Title": random.choice(countries.TITLES),
        }

    def lead(self) -> Row:
        random, country = self._random, self._country()
        first, last = random.choice(country.given), random.choice(country.family)
        company = f"{self._brand(country)} {random.choice(countries.TRADES)}"
        return self._made("00Q", "Lead") | {
            "FirstName": first,
            "LastName": last,
            "Company": company,
            "Email": self._email(first, last, _slug(company) + ".lead"),
            "Phone": self._number(country.phone),
            "LeadSource": random.choice(countries.SOURCES),
            "Rating": random.choice(countries.RATINGS),
        }

    def _made(self, prefix: str, kind: str) -> Row:
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        created, changed = self._stamps()
        stamp = _stamp(changed)
        return {
            "Id": record_id(prefix, number),
            "CreatedDate": _stamp(created),
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }

    def _stamps(self) -> tuple[datetime, datetime]:
        """(created, changed): a tenth as one import left them, the others on their own."""
        random = self._random
        if random.random() < 0.1:
            imported = random.choice(self._imports)
            return imported, imported
        created = self._now - YEARS * random.random()
        return created, created + (self._now - created) * random.random()

    def _country(self) -> Country:
        return self._random.choices(countries.COUNTRIES, cum_weights=_WEIGHTS)[0]

    def _brand(self, country: Country) -> str:
        return self._random.choice(countries.BRANDS if self._random.random() < 0.5 else country.family)

    def _number(self, pattern: Pattern) -> str:
        template, numbers = pattern
        return template % self._random.randrange(numbers)

    def _email(self, first: str, last: str, domain: str) -> str:
        """An address that nobody else has."""
        name = f"{_slug(first)[:20]}.{_slug(last)[:20]}@{domain}.example"
        count = self._addresses[name] = self._addresses.get(name, 0) + 1
        return name if count == 1 else name.replace("@", f"{count}@")


def _stamp(at: datetime) -> str:
    """As Salesforce writes it: UTC, whole seconds."""
    return at.isoformat()[:19] + ".000+0000"


@lru_cache(maxsize=65_536)
def _slug(text: str) -> str:
    """What an address makes of a name: ASCII letters and digits, with hyphens between."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED)).encode("ascii", "ignore").decode()
    return _LETTERS.sub("-", plain).strip("-")[:30].strip("-") or "office"
