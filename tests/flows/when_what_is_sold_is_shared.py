"""Units, products, price lists and orders from one environment of Dynamics 365 to another, parents first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.flows.dynamics import ACME, Dynamics

pytestmark = pytest.mark.anyio

SOLD = """
systems:
  crm: {kind: dataverse, rank: 2}
  partner: {kind: dataverse, rank: 1}
entities:
  account: {key: [number], owner: crm}
  unit: {key: [name], owner: crm}
  product: {key: [number], owner: crm}
  price_list: {key: [name], owner: crm}
  price_list_item: {owner: crm}
  order: {key: [number], owner: crm}
  order_line: {owner: crm}
flows:
  - {entity: account, from: crm, to: partner, freshness: 1m, guard: conditional}
  - {entity: unit, from: crm, to: partner, freshness: 1m, guard: conditional}
  - {entity: product, from: crm, to: partner, freshness: 1m, guard: conditional, delete: deactivate}
  - {entity: price_list, from: crm, to: partner, freshness: 1m, guard: conditional}
  - {entity: price_list_item, from: crm, to: partner, freshness: 1m, guard: conditional}
  - {entity: order, from: crm, to: partner, freshness: 1m, guard: conditional}
  - {entity: order_line, from: crm, to: partner, freshness: 1m, guard: conditional}
"""


@pytest.fixture
async def dynamics() -> AsyncIterator[Dynamics]:
    dynamics = Dynamics(SOLD)
    yield dynamics
    await dynamics.world.close()


def bound(**rows: str) -> dict[str, str]:
    """Lookups: column → `set(guid)`."""
    return {f"{column}@odata.bind": address for column, address in rows.items()}


def offer(dynamics: Dynamics) -> None:
    """A lamp, sold by the box, on one list."""
    crm = dynamics.crm
    (group,) = [row["uomscheduleid"] for row in crm.rows("uomschedule")]
    unit = crm.create("uom", name="Box", quantity=1, **bound(uomscheduleid=f"uomschedules({group})"))
    product = crm.create(
        "product",
        name="Lamp",
        productnumber="P-1",
        price=9.5,
        **bound(defaultuomid=f"uoms({unit})", defaultuomscheduleid=f"uomschedules({group})"),
    )
    prices = crm.create("pricelevel", name="Retail")
    links = {"productid": f"products({product})", "uomid": f"uoms({unit})"}
    crm.create("productpricelevel", amount=8.25, **bound(pricelevelid=f"pricelevels({prices})", **links))


def named(rows: list[dict[str, Any]], column: str, key: str) -> dict[str, str]:
    return {row[key]: row[column] for row in rows}


async def test_a_product_arrives_with_its_unit_and_its_price_on_the_same_list(dynamics: Dynamics):
    offer(dynamics)

    await dynamics.settle()

    there = dynamics.partner
    units = named(there.rows("uom"), "name", "uomid")
    products = named(there.rows("product"), "productnumber", "productid")
    lists = named(there.rows("pricelevel"), "name", "pricelevelid")
    (item,) = there.rows("productpricelevel")
    assert dynamics.letters() == []
    assert (
        lists[item["_pricelevelid_value"]],
        products[item["_productid_value"]],
        units[item["_uomid_value"]],
        item["amount"],
    ) == ("Retail", "P-1", "Box", 8.25)


async def test_a_price_that_changes_is_one_write(dynamics: Dynamics):
    offer(dynamics)
    await dynamics.settle()
    dynamics.forget()
    dynamics.world.time.pass_by(5)
    (item,) = dynamics.crm.rows("productpricelevel")
    dynamics.crm.edit("productpricelevel", item["productpricelevelid"], amount=7.75)

    await dynamics.settle()

    assert [row["amount"] for row in dynamics.partner.rows("productpricelevel")] == [7.75]
    assert len(dynamics.written("partner")) == 1


async def test_a_won_quote_is_an_order_on_the_other_side_as_well(dynamics: Dynamics):
    offer(dynamics)
    account = dynamics.crm.create("account", **ACME)
    dynamics.crm.environment.people.sell(account, [{"productnumber": "P-1", "quantity": 4}])

    await dynamics.settle()

    (order,) = dynamics.partner.rows("salesorder")
    (line,) = dynamics.partner.rows("salesorderdetail")
    assert dynamics.letters() == []
    assert (order["statecode"], order["totalamount"]) == (1, 33.0)
    assert order["_customerid_value"] == dynamics.partner.account()["accountid"]
    assert (line["_salesorderid_value"], line["quantity"], line["priceperunit"]) == (
        order["salesorderid"],
        4.0,
        8.25,
    )
