"""What is wrong with some rows, as it is in every real database, and what is merely odd about others.

| defect                        | share   | why it cannot be delivered                              |
|-------------------------------|---------|---------------------------------------------------------|
| `account_name_too_long`       | 0.3 %   | the LMS takes 100 characters, Salesforce 255            |
| `account_street_too_long`     | 0.2 %   | 100, 255                                                |
| `contact_last_name_too_long`  | 0.2 %   | 60, 80                                                  |
| `contact_title_too_long`      | 0.2 %   | 80, 128                                                 |
| `contact_without_account`     | 1 %     | a user of the LMS needs a company                       |
| `contact_of_unseen_account`   | 0.3 %   | its account is not there: deleted, or not for our eyes  |
| `contact_of_refused_account`  | 0.2 %   | its account has a defect                                |
| `contact_bad_email`           | 0.5 %   | no address                                              |
| `contact_duplicate_email`     | 0.5 %   | another contact has it                                  |
| `lead_company_too_long`       | 0.3 %   | 100, 255                                                |
| `lead_unknown_source`         | 0.3 %   | not in the LMS's list                                   |
| `lead_bad_email`              | 0.5 %   | no address                                              |
| `lead_duplicate_email`        | 0.5 %   | another lead has it                                     |

Oddities, which must arrive: `combining` marks, `right_to_left`, `emoji`, `zero_width` and `blanks` at the
ends (0.3 % each, in a name), `two_lines` in a street (2 % of accounts), `no_email` (4 %), `no_number` (2 % of
accounts). Each row is struck once at most, and each share strikes at least one row where there are a hundred
of its kind.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from local.systems.salesforce.ids import record_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from local.systems.system import Row

_BAD_EMAILS = ("n/a", "none", "{}@", "{}.example", "{} at work", "{}@@b.example", "see notes", "{}@localhost")
_UNKNOWN_SOURCES = ("Employee Referral", "Cold Call", "Billboard")
_FILLER = "formerly the united workshops of the lower valley and its surroundings "
_ODD = {
    "combining": ("Zoe\u0308", "Nguye\u0302\u0303n", "A\u030angstro\u0308m"),
    "right_to_left": ("שרה כהן", "محمد العلي", "יוסף"),
    "emoji": ("Sunny \U0001f33b", "\U0001f469\u200d\U0001f52c Marie", "Team \U0001f1f3\U0001f1f4"),
    "zero_width": ("Ann\u200bMarie", "Mc\u200dDonald", "\ufeffLee"),
    "blanks": ("  Meyer", "Meyer  ", "\tMeyer "),
}


class Defects:
    def __init__(self, random: Random) -> None:
        self._random = random
        self.found: dict[str, list[str]] = defaultdict(list)
        self.oddities: dict[str, list[str]] = defaultdict(list)
        self.struck: set[str] = set()
        """Ids of rows with a defect."""
        self.left_alone: set[str] = set()
        """Ids of rows with a defect or an oddity."""

    def into_accounts(self, rows: list[Row]) -> None:
        deal = self._deal(rows)
        self._harm(deal(0.003), "account_name_too_long", lambda row: stretch(row, "Name", 101, 255))
        self._harm(
            deal(0.002), "account_street_too_long", lambda row: stretch(row, "BillingStreet", 101, 255)
        )
        self._odd_names(deal, "Name")
        self._make_odd(
            deal(0.02), "two_lines", lambda row: {"BillingStreet": f"{row['BillingStreet']}\r\n2nd floor"}
        )
        self._make_odd(deal(0.02), "no_number", lambda _: {"AccountNumber": None})

    def into_contacts(self, rows: list[Row], accounts: list[Row]) -> None:
        deal, refused = self._deal(rows), [row["Id"] for row in accounts if row["Id"] in self.struck]
        self._harm(deal(0.002), "contact_last_name_too_long", lambda row: stretch(row, "LastName", 61, 80))
        self._harm(deal(0.002), "contact_title_too_long", lambda row: stretch(row, "Title", 81, 128))
        self._harm(deal(0.01), "contact_without_account", lambda _: {"AccountId": None})
        self._harm(deal(0.003), "contact_of_unseen_account", lambda _: {"AccountId": self._unseen()})
        if refused:
            orphans = deal(0.002)
            self._harm(
                orphans, "contact_of_refused_account", lambda _: {"AccountId": self._random.choice(refused)}
            )
        self._harm_emails(deal, "contact")
        self._odd_names(deal, "LastName")
        self._make_odd(deal(0.04), "no_email", lambda _: {"Email": None})

    def into_leads(self, rows: list[Row]) -> None:
        deal = self._deal(rows)
        self._harm(deal(0.003), "lead_company_too_long", lambda row: stretch(row, "Company", 101, 255))
        self._harm(
            deal(0.003), "lead_unknown_source", lambda _: {"LeadSource": self._one_of(_UNKNOWN_SOURCES)}
        )
        self._harm_emails(deal, "lead")
        self._odd_names(deal, "LastName")
        self._make_odd(deal(0.04), "no_email", lambda _: {"Email": None})

    def _harm_emails(self, deal: Callable[[float], list[Row]], kind: str) -> None:
        self._harm(deal(0.005), f"{kind}_bad_email", self._bad_email)
        copies, originals = deal(0.005), deal(0.005)
        self.left_alone.update(row["Id"] for row in originals)
        addresses = iter([row["Email"] for row in originals])
        self._harm(copies, f"{kind}_duplicate_email", lambda _: {"Email": next(addresses)})

    def _bad_email(self, row: Row) -> Row:
        return {"Email": self._one_of(_BAD_EMAILS).format(row["Email"].partition("@")[0])}

    def _odd_names(self, deal: Callable[[float], list[Row]], field: str) -> None:
        for oddity, names in _ODD.items():
            self._make_odd(deal(0.003), oddity, partial(self._odd_name, field, names))

    def _odd_name(self, field: str, names: tuple[str, ...], _: Row) -> Row:
        return {field: self._one_of(names)}

    def _deal(self, rows: list[Row]) -> Callable[[float], list[Row]]:
        """Deals out rows by share, none twice."""
        left = self._random.sample(rows, len(rows))

        def deal(share: float) -> list[Row]:
            count = math.ceil(len(rows) * share) if len(rows) >= 100 else 0
            dealt, left[:] = left[:count], left[count:]
            return dealt

        return deal

    def _harm(self, rows: list[Row], defect: str, change: Callable[[Row], Row]) -> None:
        for row in rows:
            row.update(change(row))
            self.found[defect].append(row["Id"])
            self.struck.add(row["Id"])
            self.left_alone.add(row["Id"])

    def _make_odd(self, rows: list[Row], oddity: str, change: Callable[[Row], Row]) -> None:
        for row in rows:
            row.update(change(row))
            self.oddities[oddity].append(row["Id"])
            self.left_alone.add(row["Id"])

    def _unseen(self) -> str:
        return record_id("001", 10**9 + self._random.randrange(10**6))

    def _one_of(self, values: tuple[str, ...]) -> str:
        return self._random.choice(values)


def stretch(row: Row, field: str, least: int, most: int) -> Row:
    """The value with more text behind it, longer than the LMS takes and not than Salesforce does."""
    length = (least + most) // 2
    text = f"{row[field]} {_FILLER * (1 + length // len(_FILLER))}"
    return {field: text[: length - 1] + "."}
