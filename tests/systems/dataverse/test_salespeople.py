"""Salespeople go on with the quotes of the sample once what they sell has its prices."""

from __future__ import annotations

import pytest

from local.systems.dataverse.salespeople import PRICES
from local.systems.dataverse.schema import POINTS_TO
from local.systems.dataverse.store import UNIT, UNIT_GROUP
from local.systems.dataverse.wishes import Wish, wishes_in
from tests.systems.dataverse.desk import ACCOUNT, LONG_AGO, Desk, stocked

TAKEN, THINKING = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"


@pytest.fixture
def desk() -> Desk:
    """Two drafts for the same: one customer takes it at once, the other wants time to think."""
    desk = stocked()
    of_account = {"_customerid_value": ACCOUNT, "_customerid_value" + POINTS_TO: "account"}
    noted = {"name": "Offer", "description": "2 x P-1, 3 x P-2", "createdon": LONG_AGO, **of_account}
    desk.system.load(
        "quote",
        [
            {"quoteid": TAKEN, "quotenumber": "Q-1", **noted},
            {"quoteid": THINKING, "quotenumber": "Q-2", "expireson": "2026-04-01T00:00:00Z", **noted},
        ],
    )
    return desk


def price(desk: Desk, *numbers: str, prices: str = PRICES) -> None:
    people = desk.system.people
    found = [row["pricelevelid"] for row in desk.system.records("pricelevel") if row["name"] == prices]
    key = found[0] if found else people.create("pricelevel", {"name": prices})
    unit = {"defaultuomid@odata.bind": f"uoms({UNIT})"}
    group = {"defaultuomscheduleid@odata.bind": f"uomschedules({UNIT_GROUP})"}
    for number in numbers:
        made = people.create("product", {"name": number, "productnumber": number, **unit, **group})
        links = {
            "pricelevelid": f"pricelevels({key})",
            "productid": f"products({made})",
            "uomid": f"uoms({UNIT})",
        }
        bound = {f"{name}@odata.bind": address for name, address in links.items()}
        people.create("productpricelevel", {"amount": 10.0, **bound})


def states(desk: Desk) -> tuple[int, int]:
    return desk.row("quote", TAKEN)["statecode"], desk.row("quote", THINKING)["statecode"]


def test_nothing_is_offered_before_all_that_the_customer_wants_has_a_price(desk: Desk):
    price(desk, "P-1")
    price(desk, "P-2", prices="Export prices")

    assert desk.system.salespeople.work() == 0
    assert states(desk) == (0, 0)
    assert desk.system.salespeople.left() == ["crm: 2 quotes wait for the prices of their products"]


def test_what_is_taken_at_once_is_ordered_and_the_other_waits_for_somebody(desk: Desk):
    price(desk, "P-1", "P-2")

    assert desk.system.salespeople.work() == 3, "two offers, one of them won"

    (order,) = desk.system.records("salesorder")
    assert states(desk) == (2, 1)
    assert (order["statecode"], order["totalamount"]) == (1, 50.0)
    assert desk.row("quote", THINKING)["totalamount"] == 50.0
    assert (desk.system.salespeople.left(), desk.system.salespeople.work()) == ([], 0)


def test_who_was_stopped_behind_the_offer_wins_it_later(desk: Desk):
    price(desk, "P-1", "P-2")
    (prices,) = [row["pricelevelid"] for row in desk.system.records("pricelevel")]
    for quote in (TAKEN, THINKING):
        desk.system.people.offer(quote, prices, [{"productnumber": "P-1", "quantity": 1}])

    assert desk.system.salespeople.left() == ["crm: Q-1 is about to be won"]
    assert desk.system.salespeople.work() == 1
    assert states(desk) == (2, 1)


def test_quotes_that_note_no_wishes_are_peoples_own(desk: Desk):
    for quote in (TAKEN, THINKING):
        desk.system.people.edit("quote", quote, {"description": "see the letter, 3 pages"})
    price(desk, "P-1", "P-2")

    assert (desk.system.salespeople.work(), desk.system.salespeople.left()) == (0, [])


def test_wishes_are_read_as_they_are_written():
    wishes = [Wish("I-00003", 2), Wish("I-00011", 15)]

    assert wishes_in(", ".join(map(str, wishes))) == wishes
    assert wishes_in("") == wishes_in("x") == wishes_in("two x I-1") == []
