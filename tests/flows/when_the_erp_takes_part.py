"""Sales works in Dynamics 365, accounting in an ERP on a SQL database: customers both ways, products and
prices one way, orders the other, invoices back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.erp.source import ErpSource
from local.systems.dataverse import Dataverse
from local.systems.erp.accounting import Accounting
from local.systems.erp.database import Erp
from shared.model.change import Page
from tests.erps import WatchedErp
from tests.flows.dynamics import ACME, Company
from tests.world import World, world

pytestmark = pytest.mark.anyio

TOPOLOGY = """
systems:
  crm: {kind: dataverse, rank: 2}
  erp: {kind: erp, rank: 1, writes: [customers, contacts, orders, order_lines]}
entities:
  account:
    key: [number]
    fields: {credit_limit: {owner: erp}, on_hold: {owner: erp}}
  contact: {key: [email]}
  unit: {key: [name], owner: erp}
  product: {key: [number], owner: erp}
  price_list: {key: [name], owner: erp}
  price_list_item: {owner: erp}
  order: {key: [number], owner: crm}
  order_line: {owner: crm}
  invoice: {key: [number], owner: erp}
flows:
  - {entity: account, from: crm, to: erp, freshness: 1m, guard: conditional, delete: deactivate}
  - {entity: account, from: erp, to: crm, freshness: 1m, guard: conditional, delete: deactivate}
  - {entity: contact, from: crm, to: erp, freshness: 1m, guard: conditional, delete: deactivate}
  - {entity: contact, from: erp, to: crm, freshness: 1m, guard: conditional, delete: deactivate}
  - {entity: unit, from: erp, to: crm, freshness: 1m, delete: ignore}
  - {entity: product, from: erp, to: crm, freshness: 1m, delete: deactivate}
  - {entity: price_list, from: erp, to: crm, freshness: 1m, delete: deactivate}
  - {entity: price_list_item, from: erp, to: crm, freshness: 1m, delete: propagate}
  - {entity: order, from: crm, to: erp, freshness: 1m, delete: ignore, only: {status: [Submitted, Invoiced]}}
  - {entity: order_line, from: crm, to: erp, freshness: 1m, delete: propagate}
  - {entity: invoice, from: erp, to: crm, freshness: 1m, delete: ignore}
"""


@dataclass
class Business:
    """Sales, accounting, and the hub between them."""

    world: World
    crm: Company
    erp: Erp

    async def settle(self) -> None:
        self.world.time.pass_by(61)
        await self.world.settle()

    def now(self) -> Erp:
        """The ERP, at the time that it is."""
        self.erp.set_clock(self.world.time.at)
        return self.erp

    def customer(self, number: str = "A-1") -> dict[str, Any]:
        (row,) = [row for row in self.erp.rows("customers") if row["customer_no"] == number]
        return row


@pytest.fixture
async def business(tmp_path: Path) -> AsyncIterator[Business]:
    erp = WatchedErp(f"sqlite:///{tmp_path / 'erp.sqlite'}")
    erp.create()
    opened = world(TOPOLOGY, erps={"erp": erp})
    system = opened.systems["crm"].system
    assert isinstance(system, Dataverse)
    yield Business(opened, Company(system), erp)
    await opened.close()
    erp.close()


def stocked(business: Business) -> int:
    """Something to sell, and a customer who pays less for it; the customer's key."""
    erp = business.now()
    erp.insert("units", code="PCS", name="Piece")
    erp.insert("items", item_no="I-1", name="Pump", unit_code="PCS", price=10)
    erp.insert("items", item_no="I-2", name="Valve", unit_code="PCS", price=5)
    erp.insert("price_lists", code="STANDARD", name="Standard prices")
    erp.insert("price_list_lines", list_code="STANDARD", item_no="I-1", price=9)
    key = int(erp.insert("customers", customer_no="K-1", name="Special"))
    erp.insert("special_prices", customer_id=key, item_no="I-1", price=8)
    return key


async def test_a_customer_is_known_on_both_sides_and_an_edit_makes_one_hop(business: Business):
    business.crm.create("account", **ACME)
    await business.settle()
    made = business.customer()
    business.now().update("customers", made["id"], phone="+49 2", credit_limit=500)

    await business.settle()
    await business.settle()

    account = business.crm.account()
    assert (account["telephone1"], account["creditlimit"]) == ("+49 2", 500.0)
    assert (made["name"], business.customer()["row_version"]) == ("Acme", 2), "our write, the user's, no more"
    assert business.customer()["crm_status"] == "P"
    assert business.world.dead_letters() == []


async def test_edits_of_the_same_field_on_both_sides_end_equal_and_the_newer_counts(business: Business):
    key = business.crm.create("account", **ACME)
    await business.settle()
    business.world.time.pass_by(10)
    business.crm.edit("account", key, telephone1="sales", address1_city="Ulm")
    business.world.time.pass_by(10)
    business.now().update("customers", business.customer()["id"], phone="accounting", street="1 Road")

    await business.settle()
    await business.settle()

    account, customer = business.crm.account(), business.customer()
    assert (account["telephone1"], customer["phone"]) == ("accounting", "accounting")
    assert (account["address1_city"], customer["city"]) == ("Ulm", "Ulm")
    assert (account["address1_line1"], customer["street"]) == ("1 Road", "1 Road")


async def test_what_the_hub_was_killed_before_acknowledging_is_neither_lost_nor_doubled(business: Business):
    business.now().insert("customers", customer_no="K-1", name="Acme")
    connections = business.world.hub.connections
    deaf = replace(connections["erp"], source=Deaf(connections["erp"].source))
    hub = business.world.hub
    business.world.hub = replace(hub, connections={**connections, "erp": deaf})
    business.world.time.pass_by(61)
    with pytest.raises(KilledError):
        await business.world.poll("erp")
    business.world.hub = hub

    await business.settle()

    (account,) = business.crm.rows("account")
    assert account["name"] == "Acme"
    assert business.customer("K-1")["crm_status"] == "P"


class KilledError(Exception):
    """The process is gone."""


class Deaf:
    """A source that dies before it hears what was kept."""

    def __init__(self, inner: Any) -> None:
        assert isinstance(inner, ErpSource)
        self.changes, self.read = inner.changes, inner.read

    async def acknowledge(self, entity: str, page: Page) -> None:
        if page.rows:
            raise KilledError


async def test_a_customers_special_price_becomes_a_list_with_every_product_in_the_crm(business: Business):
    stocked(business)

    await business.settle()
    await business.settle()

    crm = business.crm
    lists = {row["pricelevelid"]: row["name"] for row in crm.rows("pricelevel")}
    products = {row["productid"]: row["productnumber"] for row in crm.rows("product")}
    prices = {
        (lists[row["_pricelevelid_value"]], products[row["_productid_value"]], row["amount"])
        for row in crm.rows("productpricelevel")
    }
    assert business.world.dead_letters() == []
    assert prices == {
        ("Standard prices", "I-1", 9.0),
        ("K-1 special", "I-1", 8.0),
        ("K-1 special", "I-2", 5.0),
    }


async def test_a_won_quote_is_an_order_in_the_erp_and_its_invoice_comes_back_until_it_is_paid(
    business: Business,
):
    stocked(business)
    await business.settle()
    await business.settle()
    (account,) = business.crm.rows("account")
    lines = [{"productnumber": "I-1", "quantity": 4}]
    business.crm.environment.people.sell(account["accountid"], lines)

    await business.settle()
    await business.settle()
    desk = Accounting(business.now(), quiet=timedelta(0))
    (number,) = desk.invoice()
    await business.settle()
    (open_invoice,) = business.crm.rows("invoice")
    desk = Accounting(business.now())
    desk.pay(number)
    await business.settle()
    (paid_invoice,) = business.crm.rows("invoice")

    (line,) = business.erp.rows("order_lines")
    assert (line["item_no"], line["quantity"]) == ("I-1", 4)
    assert open_invoice["invoicenumber"] == number
    assert (open_invoice["statecode"], paid_invoice["statecode"]) == (0, 2)
    assert business.world.dead_letters() == []
