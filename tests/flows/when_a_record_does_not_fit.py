"""What a record may be refused for between the CRM, the ERP and the partner: each a dead letter that says
which field, what kind of value it is, and what would be taken; never the value. All other records go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.flows.business import Business, business, on_offer

pytestmark = pytest.mark.anyio

PERSONAL = "lovelace"
"""In the values that must not be told."""


@dataclass(frozen=True)
class Case:
    """What people do, and the dead letter that comes of it."""

    happen: Callable[[Business], object]
    target: str
    entity: str
    reason: str
    field: str
    told: str


def a_yes_or_no_that_is_neither(office: Business) -> None:
    office.books.create("customers", customer_no="K-1", name="Acme")
    office.books.erp.ask(f"UPDATE customers SET blocked = '{PERSONAL}'")


def a_price_that_is_no_number(office: Business) -> None:
    on_offer(office)
    office.books.erp.ask(f"UPDATE price_list_lines SET price = '{PERSONAL}'")


def a_number_that_is_longer_than_the_erps(office: Business) -> None:
    office.crm.create("account", name="Acme", accountnumber="A-1", telephone1=PERSONAL.ljust(41, "1"))


def a_city_of_letters_that_dataverse_counts_twice(office: Business) -> None:
    office.books.create("customers", customer_no="K-1", name="Acme", city=PERSONAL + "🦊" * 40)


def an_industry_that_dataverse_does_not_know(office: Business) -> None:
    office.books.create("customers", customer_no="K-1", name="Acme", industry=PERSONAL)


def a_contact_without_a_last_name(office: Business) -> None:
    office.crm.environment.load("contact", [{"firstname": "Ada", "emailaddress1": f"{PERSONAL}@a.example"}])


def an_address_that_is_none(office: Business) -> None:
    office.books.create("contacts", last_name="L", email=PERSONAL)


def two_contacts_with_one_address(office: Business) -> None:
    for name in ("One", "Two"):
        office.crm.create("contact", lastname=name, emailaddress1=f"{PERSONAL}@a.example")


def two_candidates_at_the_partners(office: Business) -> None:
    for name in ("One", "Two"):
        office.company("partner").create("contact", lastname=name, emailaddress1=f"{PERSONAL}@a.example")
    office.crm.create("contact", lastname="Three", emailaddress1=f"{PERSONAL}@a.example")


CASES = [
    Case(a_yes_or_no_that_is_neither, "hub", "account", "WrongType", "on_hold", "not yes or no"),
    Case(a_price_that_is_no_number, "hub", "price_list_item", "WrongType", "amount", "not a number"),
    Case(a_number_that_is_longer_than_the_erps, "erp", "account", "TooLong", "phone", "40 characters"),
    Case(
        a_city_of_letters_that_dataverse_counts_twice, "crm", "account", "TooLong", "city", "80 UTF-16 units"
    ),
    Case(
        an_industry_that_dataverse_does_not_know,
        "crm",
        "account",
        "NotAChoice",
        "industry",
        "one of Accounting",
    ),
    Case(a_contact_without_a_last_name, "hub", "contact", "Required", "last_name", "is empty"),
    Case(an_address_that_is_none, "hub", "contact", "BadFormat", "email", "such as name@example.com"),
    Case(two_contacts_with_one_address, "hub", "contact", "Duplicate", "email", "Merge the two"),
    Case(two_candidates_at_the_partners, "partner", "contact", "AmbiguousMatch", "email", "2 rows"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.happen.__name__)
async def test_there_is_a_dead_letter_that_says_what_would_be_taken_and_all_else_goes_on(case: Case):
    office = business()
    case.happen(office)
    office.crm.create("account", name="Sound", accountnumber="S-1")

    await office.settle()

    letter = next(each for each in office.letters() if each.target == case.target)
    assert (letter.entity, letter.reason, letter.field) == (case.entity, case.reason, case.field)
    assert case.told in letter.description
    assert PERSONAL not in letter.description
    assert office.books.customer("S-1")["name"] == "Sound"
    await office.close()


async def test_when_it_is_mended_where_it_came_from_the_matter_is_over():
    office = business()
    key = office.crm.create("account", name="Acme", accountnumber="A-1", telephone1="1" * 41)
    await office.settle()
    assert office.books.rows("customers") == []

    office.later()
    office.crm.edit("account", key, telephone1="1" * 40)
    await office.settle()

    assert office.books.customer("A-1")["phone"] == "1" * 40
    assert office.letters() == []
    await office.close()


async def test_special_prices_that_would_make_too_many_lists_are_counted_before_one_is_read():
    """A customer's own list holds every item, so that they multiply: the message says how many."""
    shop = business()
    on_offer(shop)
    customers = [{"customer_no": f"C-{each}", "name": "Acme"} for each in range(5_000)]
    shop.books.erp.load("customers", customers)
    shop.books.erp.ask(
        "INSERT INTO special_prices SELECT id, 'I-2', 1 FROM customers WHERE customer_no LIKE 'C-%'"
    )

    await shop.world.poll("erp")

    (letter,) = [each for each in shop.letters() if each.entity == "price_list"]
    assert (letter.target, letter.reason) == ("hub", "TooManyRows")
    assert "the ERP has 5002 rows, and the mapping allows 5000: none is read" in letter.description
    await shop.close()


async def test_an_order_brings_along_a_customer_whom_nothing_else_would_have_brought():
    """Customers go to the ERP if they were edited within the last days, and whenever an order names them."""
    shop = business(
        """
systems:
  crm: {kind: dataverse}
  erp: {kind: erp, writes: [customers, orders, order_lines]}
entities:
  account: {key: [number], owner: crm}
  order: {key: [number], owner: crm}
  order_line: {owner: crm}
flows:
  - {entity: account, from: crm, to: erp, guard: conditional, delete: deactivate, recent: 30d}
  - {entity: order, from: crm, to: erp, delete: ignore, missing_parent: bring, only: {status: [Submitted]}}
  - {entity: order_line, from: crm, to: erp, delete: propagate, missing_parent: wait}
"""
    )
    old = shop.crm.create("account", name="Old", accountnumber="A-1")
    shop.crm.create("account", name="Old as well", accountnumber="A-2")
    shop.later(40 * 86_400)
    shop.crm.create("account", name="New", accountnumber="A-3")
    await shop.settle()
    assert {row["name"] for row in shop.books.rows("customers")} == {"New"}

    customer = {"customerid_account@odata.bind": f"accounts({old})"}
    order = shop.crm.create("salesorder", name="An order", **customer)
    shop.crm.environment.people.submit(order)
    await shop.settle()

    assert {row["name"] for row in shop.books.rows("customers")} == {"New", "Old"}
    (brought,) = shop.books.rows("orders")
    assert shop.books.row("customers", brought["customer_id"])["name"] == "Old"
    assert shop.letters() == []
    await shop.close()
