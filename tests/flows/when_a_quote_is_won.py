"""From a quote to its paid invoice: what is sold in the CRM is an order in the ERP, and what is owed for it
is seen in the CRM, by people who cannot look into the ERP and cannot change it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from local.systems.dataverse.errors import Refused
from tests.flows.business import Business, business, on_offer

pytestmark = pytest.mark.anyio

LINES = [{"productnumber": "I-1", "quantity": 4}, {"productnumber": "I-2", "quantity": 1}]


@pytest.fixture
async def shop() -> AsyncIterator[Business]:
    """Something is on offer, on both sides."""
    opened = business()
    on_offer(opened)
    await opened.settle()
    await opened.settle()
    yield opened
    await opened.close()


def sell(shop: Business) -> str:
    """To the customer with prices of its own; the order's id."""
    (account,) = shop.crm.rows("account")
    return shop.crm.environment.people.sell(account["accountid"], LINES)


async def test_its_order_reaches_the_erp_with_its_lines_and_comes_back_as_an_invoice_until_it_is_paid(
    shop: Business,
):
    sell(shop)
    await shop.settle()
    (order,) = shop.books.rows("orders")
    lines = shop.books.rows("order_lines")
    assert [(line["order_id"], line["item_no"], line["quantity"]) for line in lines] == [
        (order["id"], "I-1", 4),
        (order["id"], "I-2", 1),
    ]

    (number,) = shop.books.desk().invoice()
    await shop.settle()
    (owed,) = shop.crm.rows("invoice")
    shop.books.desk().pay(number)
    await shop.settle()
    (paid,) = shop.crm.rows("invoice")

    (made,) = shop.crm.rows("salesorder")
    assert (owed["invoicenumber"], owed["_salesorderid_value"]) == (number, made["salesorderid"])
    assert (owed["statecode"], paid["statecode"]) == (0, 2)
    assert paid["invoiceid"] == owed["invoiceid"]
    assert (shop.letters(), shop.conflicts()) == ([], [])


async def test_a_draft_stays_in_the_crm_and_its_lines_with_it(shop: Business):
    (account,) = shop.crm.rows("account")
    customer = {"customerid_account@odata.bind": f"accounts({account['accountid']})"}
    shop.crm.create("salesorder", name="A draft", **customer)

    await shop.settle()

    assert (shop.books.rows("orders"), shop.letters()) == ([], [])


async def test_nobody_changes_a_submitted_order_but_the_hub_still_can(shop: Business):
    order = sell(shop)
    await shop.settle()

    with pytest.raises(Refused, match="read-only"):
        shop.crm.edit("salesorder", order, description="Changed my mind")
    (line,) = [row for row in shop.crm.rows("salesorderdetail") if row["quantity"] == 4]
    with pytest.raises(Refused, match="read-only"):
        shop.crm.edit("salesorderdetail", line["salesorderdetailid"], quantity=5)


async def test_nobody_changes_a_paid_invoice_and_the_erps_correction_arrives_all_the_same(shop: Business):
    sell(shop)
    await shop.settle()
    (number,) = shop.books.desk().invoice()
    shop.books.desk().pay(number)
    await shop.settle()
    (paid,) = shop.crm.rows("invoice")
    with pytest.raises(Refused, match="read-only"):
        shop.crm.edit("invoice", paid["invoiceid"], description="Never")

    shop.books.edit("invoices", number, total=99)
    await shop.settle()

    (corrected,) = shop.crm.rows("invoice")
    assert (corrected["invoicenumber"], corrected["totalamount"]) == (number, 99.0)
    assert shop.letters() == []


async def test_once_all_is_told_nothing_is_written_any_more(shop: Business):
    sell(shop)
    await shop.settle()
    shop.books.desk().invoice()
    await shop.settle()
    shop.forget()
    orders = shop.marks("orders") | shop.marks("order_lines")

    for _ in range(3):
        await shop.settle()

    assert (shop.written("crm"), shop.written("partner"), shop.written_in_erp()) == ([], [], {})
    assert shop.marks("orders") | shop.marks("order_lines") == orders
