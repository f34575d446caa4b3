"""A source that answers with next to none of its rows deletes nothing: the run is held, and a person decides.

150 customers, of which Dataverse shows 3 % or none when everything is read again; 150 prices that the ERP's
query shows no more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from shared.model.records import Waiting
from shared.pipeline import brake
from tests.flows.business import Business, business, customers_both_ways

pytestmark = pytest.mark.anyio

MANY = 150


@pytest.fixture
async def office() -> AsyncIterator[Business]:
    """Customers that both sides have."""
    opened = business(customers_both_ways())
    rows = [{"name": f"Company {each}", "accountnumber": f"N-{each}"} for each in range(MANY)]
    opened.crm.environment.load("account", rows)
    await opened.settle()
    await opened.settle()
    opened.forget()
    yield opened
    await opened.close()


def thin_out(office: Business, share: float) -> None:
    """Delta tokens are no good any more, and of its rows the table shows only this share."""
    office.world.control("crm", "POST", "metadata", {"table": "account"})

    def thinner(_: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = orjson.loads(response.content) if response.content[:1] == b"{" else {}
        if len(rows := body.get("value", [])) < MANY:
            return response
        body["value"] = rows[: int(MANY * share)]
        return httpx.Response(response.status_code, json=body)

    office.world.wires["crm"].answered = thinner


def mend(office: Business) -> None:
    """It answers as it should again, and everything is read once more."""
    office.world.wires["crm"].answered = None
    office.world.control("crm", "POST", "metadata", {"table": "account"})


def decide(office: Business, system: str, entity: str) -> None:
    now = office.world.time.micros()
    office.world.hub.store.transact_now(lambda tx: brake.approve(tx, system, entity, "olga", now))


@pytest.mark.parametrize("share", [0.0, 0.03])
async def test_customers_that_dataverse_shows_no_more_stay_in_the_erp_until_somebody_approves(
    office: Business, share: float
):
    shown = int(MANY * share)
    thin_out(office, share)

    await office.settle()
    await office.settle()

    assert (len(office.books.rows("customers")), office.written_in_erp()) == (MANY, {})
    assert office.held() == [Waiting("crm", "account", deletes=MANY - shown)]
    (letter,) = office.letters()
    assert letter.reason == "EnvelopeExceeded"
    assert f"{MANY - shown} deleted, 0 emptied. One run may do 100" in letter.description
    assert "held approve crm account" in letter.description

    decide(office, "crm", "account")
    await office.settle()

    assert len(office.books.rows("customers")) == shown
    assert (office.letters(), office.held()) == ([], [])


async def test_when_dataverse_answers_as_it_should_again_the_matter_is_over(office: Business):
    thin_out(office, 0.03)
    await office.settle()

    mend(office)
    await office.settle()

    assert (len(office.books.rows("customers")), office.written_in_erp(), office.written("crm")) == (
        MANY,
        {},
        [],
    )
    assert (office.letters(), office.held()) == ([], [])


async def test_prices_that_the_erp_shows_no_more_stay_in_the_crm_until_somebody_approves():
    shop = business()
    books = shop.books
    books.create("units", code="PCS", name="Piece")
    books.create("price_lists", code="STANDARD", name="Standard prices")
    items = [{"item_no": f"I-{each}", "name": "Pump", "unit_code": "PCS", "price": 5} for each in range(MANY)]
    books.erp.load("items", items)
    prices = [{"list_code": "STANDARD", "item_no": each["item_no"], "price": 9} for each in items]
    books.erp.load("price_list_lines", prices)
    await shop.settle()
    await shop.settle()
    assert len(shop.crm.rows("productpricelevel")) == MANY
    shop.forget()

    books.erp.ask("DELETE FROM price_list_lines WHERE item_no > 'I-1'")
    await shop.settle()

    gone = MANY - len(books.rows("price_list_lines"))
    assert gone > 0.9 * MANY
    assert shop.held() == [Waiting("erp", "price_list_item", deletes=gone)]
    (letter,) = shop.letters()
    assert "held approve erp price_list_item" in letter.description
    assert (len(shop.crm.rows("productpricelevel")), shop.written("crm")) == (MANY, [])

    decide(shop, "erp", "price_list_item")
    await shop.settle()

    assert len(shop.crm.rows("productpricelevel")) == MANY - gone
    assert (shop.letters(), shop.held()) == ([], [])
    await shop.close()
