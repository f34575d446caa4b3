"""A company from a seed: customers and their people, what is sold, in what units, and for how much.

A quarter of the records are customers, three quarters their contacts. Numbers (`K-…`) and e-mail domains are
none that the CRM's sample has. Stamps are counted back from the ERP's now. Industries are typed in by hand: a
few are none that the CRM has a choice for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from local.systems.erp.database import Erp, Row
from local.systems.sample.customers import INDUSTRIES
from local.systems.sample.people import People

UNITS = {"PCS": "Piece", "BOX": "Box", "KG": "Kilogram", "M": "Metre", "H": "Hour", "SET": "Set"}
LISTS = {"STANDARD": "Standard prices", "EXPORT": "Export prices"}
THINGS = ("Valve", "Pump", "Bearing", "Gasket", "Filter", "Cable", "Sensor", "Motor", "Hose", "Switch")
SORTS = ("Compact", "Heavy", "Stainless", "Quiet", "Outdoor", "Precision", "Basic", "Double")
CUSTOMERS = 0.25
UNHEARD_OF = 0.02
"""Of the customers, the share whose industry is a word of accounting's own."""
SPECIAL = 0.05
"""Of the customers, this share has prices of its own."""


def fill(erp: Erp, records: int, seed: int) -> None:
    """Into an empty ERP. The same number, seed and time give the same company."""
    random = Random(f"erp sample {seed}")
    people = People(random, erp.now())
    accounts = [people.account() for _ in range(round(records * CUSTOMERS))]
    contacts = [people.contact(accounts) for _ in range(records - len(accounts))]
    items = [_item(random, number) for number in range(1, max(20, records // 20) + 1)]
    customers = [_customer(random, number, row) for number, row in enumerate(accounts, 1)]
    numbers = {row["Id"]: number for number, row in enumerate(accounts, 1)}
    erp.load("units", [{"code": code, "name": name} for code, name in UNITS.items()])
    erp.load("items", items)
    erp.load("price_lists", [{"code": code, "name": name} for code, name in LISTS.items()])
    erp.load("price_list_lines", [_line(code, item) for code in LISTS for item in items])
    erp.load("customers", customers)
    erp.load("contacts", [_contact(row, numbers.get(row["AccountId"])) for row in contacts])
    erp.load("special_prices", _specials(random, len(customers), items))


def _item(random: Random, number: int) -> Row:
    name = f"{random.choice(SORTS)} {random.choice(THINGS)} {number}"
    price = Decimal(random.randint(100, 90_000)) / 100
    unit = random.choice(list(UNITS))
    return {"item_no": f"I-{number:05d}", "name": name, "unit_code": unit, "price": price}


def _line(code: str, item: Row) -> Row:
    factor = Decimal("1.00") if code == "STANDARD" else Decimal("1.15")
    return {"list_code": code, "item_no": item["item_no"], "price": round(item["price"] * factor, 2)}


def _customer(random: Random, number: int, account: Row) -> Row:
    return {
        "customer_no": f"K-{number:06d}",
        "name": account["Name"],
        "phone": account["Phone"],
        "website": account["Website"].replace(".example", ".trade.example"),
        "industry": account["Industry"] if random.random() < UNHEARD_OF else random.choice([*INDUSTRIES]),
        "street": account["BillingStreet"],
        "city": account["BillingCity"],
        "region": account["BillingState"],
        "postcode": account["BillingPostalCode"],
        "country": account["BillingCountry"],
        "credit_limit": Decimal(random.randint(1, 100) * 1000),
        "blocked": random.random() < 0.03,
        "list_code": "EXPORT" if random.random() < 0.2 else "STANDARD",
        "changed_at": _stamp(account),
    }


def _contact(contact: Row, customer: int | None) -> Row:
    return {
        "customer_id": customer,
        "first_name": contact["FirstName"],
        "last_name": contact["LastName"],
        "email": contact["Email"].replace(".example", ".trade.example"),
        "phone": contact["Phone"],
        "job_title": contact["Title"],
        "changed_at": _stamp(contact),
    }


def _specials(random: Random, customers: int, items: list[Row]) -> list[Row]:
    chosen = random.sample(range(1, customers + 1), round(customers * SPECIAL))
    return [
        {"customer_id": number, "item_no": item["item_no"], "price": round(item["price"] * Decimal("0.9"), 2)}
        for number in sorted(chosen)
        for item in random.sample(items, 3)
    ]


def _stamp(row: Row) -> datetime:
    shown = datetime.fromisoformat(row["SystemModstamp"])
    return shown.astimezone(UTC).replace(tzinfo=None)
