"""Sample customers for a Dataverse environment: accounts and contacts of a company of its own.

The people are made as for Salesforce (`people.py`), of another seed, and brought into Dataverse's columns.
Numbers begin with the environment's name and addresses end in it, so that no two environments, and none and
Salesforce, share a natural key. Products, units and price lists come from the ERP: there are none.

| defect                     | share | why it cannot be delivered to all                         |
|----------------------------|-------|-----------------------------------------------------------|
| `account_name_too_long`    | 0.3 % | more than the 100 characters that an LMS or ERP takes      |
| `account_city_too_long`    | 0.2 % | more than 60                                              |
| `contact_title_too_long`   | 0.2 % | more than 80                                              |
| `contact_without_account`  | 1 %   | whoever wants a company finds none                        |
| `contact_bad_email`        | 0.5 % | no address                                                |
| `contact_duplicate_email`  | 0.5 % | another contact has it                                    |

Oddities as in Salesforce. A third of the accounts name one of their contacts as the primary one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from local.systems.dataverse.schema import POINTS_TO
from local.systems.dataverse.tables import STANDARD
from local.systems.garbage import uncollected
from local.systems.sample.defects import Defects, stretch
from local.systems.sample.people import People
from local.systems.system import Row

ACCOUNTS: Final = 0.25
"""Share of all rows."""
PRIMARY: Final = 0.33
_LABELS: Final = STANDARD.tables["account"].columns["industrycode"].options
INDUSTRIES: Final = {label: code for code, label in _LABELS.items() if len(label) <= 40}
"""Label to code. A longer label would be a defect of its own: an LMS takes 40 characters."""
_ACCOUNT: Final = {
    "name": "Name",
    "accountnumber": "AccountNumber",
    "telephone1": "Phone",
    "websiteurl": "Website",
    "address1_line1": "BillingStreet",
    "address1_city": "BillingCity",
    "address1_stateorprovince": "BillingState",
    "address1_postalcode": "BillingPostalCode",
    "address1_country": "BillingCountry",
}
_CONTACT: Final = {
    "firstname": "FirstName",
    "lastname": "LastName",
    "emailaddress1": "Email",
    "telephone1": "Phone",
    "jobtitle": "Title",
}


@dataclass(frozen=True)
class Customers:
    tables: dict[str, list[Row]]
    """Rows by table, as they are shown, in the order in which they can be loaded."""
    defects: dict[str, list[str]]
    """Ids of rows that cannot be delivered everywhere as they are, by defect; no id stands under two."""
    oddities: dict[str, list[str]]


class _Defects(Defects):
    """What is wrong with rows that are still in Salesforce's words."""

    def into_accounts(self, rows: list[Row]) -> None:
        deal = self._deal(rows)
        self._harm(deal(0.003), "account_name_too_long", lambda row: stretch(row, "Name", 101, 160))
        self._harm(deal(0.002), "account_city_too_long", lambda row: stretch(row, "BillingCity", 61, 80))
        self._odd_names(deal, "Name")
        self._make_odd(
            deal(0.02), "two_lines", lambda row: {"BillingStreet": f"{row['BillingStreet']}\r\n2nd floor"}
        )
        self._make_odd(deal(0.02), "no_number", lambda _: {"AccountNumber": None})

    def into_contacts(self, rows: list[Row], _: list[Row]) -> None:
        deal = self._deal(rows)
        self._harm(deal(0.002), "contact_title_too_long", lambda row: stretch(row, "Title", 81, 100))
        self._harm(deal(0.01), "contact_without_account", lambda _: {"AccountId": None})
        self._harm_emails(deal, "contact")
        self._odd_names(deal, "LastName")
        self._make_odd(deal(0.04), "no_email", lambda _: {"Email": None})


def make_customers(environment: str, records: int, seed: int, now: datetime) -> Customers:
    """The same environment, number and seed give the same rows."""
    with uncollected():
        return _Making(environment, seed, now).made(records)


class _Making:
    def __init__(self, environment: str, seed: int, now: datetime) -> None:
        self._environment = environment
        self._random = Random(f"{environment} {seed}")
        self._people = People(self._random, now)
        self._ids: dict[str, str] = {}

    def made(self, records: int) -> Customers:
        accounts = [self._people.account() for _ in range(round(records * ACCOUNTS))]
        contacts = [self._people.contact(accounts) for _ in range(records - len(accounts))]
        defects = _Defects(self._random)
        defects.into_accounts(accounts)
        defects.into_contacts(contacts, accounts)
        tables = {
            "account": [self._account(row) for row in accounts],
            "contact": [self._contact(row) for row in contacts],
        }
        self._name_primaries(tables)
        return Customers(tables, self._renamed(defects.found), self._renamed(defects.oddities))

    def _account(self, row: Row) -> Row:
        number = row["AccountNumber"]
        return {
            **self._made(row, "account", _ACCOUNT),
            "accountnumber": number and f"{self._environment.upper()[:12]}-{number.partition('-')[2]}",
            "industrycode": self._random.choice([*INDUSTRIES.values()]),
            "websiteurl": self._owned(row["Website"]),
        }

    def _contact(self, row: Row) -> Row:
        names = (row["FirstName"], row["LastName"].strip())
        pointed = {"_parentcustomerid_value": self._ids[row["AccountId"]]} if row["AccountId"] else {}
        kind = {"_parentcustomerid_value" + POINTS_TO: "account"} if pointed else {}
        return {
            **self._made(row, "contact", _CONTACT),
            "fullname": " ".join(names),
            "emailaddress1": self._owned(row["Email"]),
            **pointed,
            **kind,
        }

    def _made(self, row: Row, table: str, columns: dict[str, str]) -> Row:
        key = self._ids[row["Id"]] = str(UUID(int=self._random.getrandbits(128), version=4))
        stamps = {"createdon": _stamp(row["CreatedDate"]), "modifiedon": _stamp(row["LastModifiedDate"])}
        values = {name: _trimmed(row[source]) for name, source in columns.items()}
        return {f"{table}id": key, **values, **stamps}

    def _owned(self, text: str | None) -> str | None:
        """An address below the environment's name."""
        return text and text.replace(".example", f".{self._environment}.example")

    def _name_primaries(self, tables: dict[str, list[Row]]) -> None:
        first: dict[str, str] = {}
        for contact in tables["contact"]:
            if account := contact.get("_parentcustomerid_value"):
                first.setdefault(account, contact["contactid"])
        for account in tables["account"]:
            if account["accountid"] in first and self._random.random() < PRIMARY:
                account["_primarycontactid_value"] = first[account["accountid"]]

    def _renamed(self, ids: dict[str, list[str]]) -> dict[str, list[str]]:
        return {what: list(self._of(keys)) for what, keys in ids.items()}

    def _of(self, keys: list[str]) -> Iterator[str]:
        return (self._ids[key] for key in keys)


def _stamp(text: str) -> str:
    """From Salesforce's form to Dataverse's."""
    return text.removesuffix(".000+0000") + "Z"


def _trimmed(text: str | None) -> str | None:
    """As Dataverse holds it; blanks at the ends do not get that far."""
    return text.strip() if text else None
