"""Somebody edits a row while the hub is at work on it, at each moment that there is: the edit survives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import count

import httpx
import pytest

from tests.flows.business import Business, business, customers_both_ways
from tests.flows.dynamics import ACME

pytestmark = pytest.mark.anyio

OURS, THEIRS = "+49 of the hub", "a user's"


@pytest.fixture
async def office() -> AsyncIterator[Business]:
    """A customer that both sides have."""
    opened = business(customers_both_ways())
    opened.crm.create("account", **ACME)
    await opened.settle()
    await opened.settle()
    opened.forget()
    yield opened
    await opened.close()


class Moments:
    """Calls `happen` at the moment with this number, once."""

    def __init__(self, number: int, happen: Callable[[], None]) -> None:
        self._number, self._happen = number, happen
        self._now = count()
        self.happened = False

    def one(self, _: httpx.Request | None = None) -> None:
        if next(self._now) == self._number:
            self.happened = True
            self._happen()


@pytest.mark.parametrize("column, field", [("telephone1", "phone"), ("address1_city", "city")])
async def test_an_edit_in_the_crm_survives_whenever_it_comes(office: Business, column: str, field: str):
    """Before our login, our read or our write, and between any of them."""
    account = office.crm.account()["accountid"]
    customer = office.books.customer()["id"]
    for number in count():
        office.later()
        office.books.edit("customers", customer, phone=f"{OURS} {number}", city="Ulm")

        def meddle(value: str = f"{THEIRS} {number}") -> None:
            office.later()
            office.crm.edit("account", account, **{column: value})

        moments = Moments(number, meddle)
        office.world.wires["crm"].before = moments.one
        await office.settle()
        office.world.wires["crm"].before = None
        if not moments.happened:
            break
        await office.settle()
        assert office.crm.account()[column] == office.books.customer()[field] == f"{THEIRS} {number}"
        if column != "telephone1":
            assert office.crm.account()["telephone1"] == f"{OURS} {number}"
        assert office.letters() == []
    assert number > 3


@pytest.mark.parametrize("field", ["phone", "city"])
async def test_an_edit_in_the_erp_survives_whenever_it_comes(office: Business, field: str):
    """As each transaction of the hub begins: reading the marks, taking them off, the write itself."""
    account = office.crm.account()["accountid"]
    customer = office.books.customer()["id"]
    for number in count():
        office.later()
        office.crm.edit("account", account, telephone1=f"{OURS} {number}", address1_city="Ulm")

        def meddle(value: str = f"{THEIRS} {number}") -> None:
            office.later()
            office.books.edit("customers", customer, **{field: value})

        moments = Moments(number, meddle)
        office.books.erp.before = moments.one
        await office.settle()
        office.books.erp.before = None
        if not moments.happened:
            break
        await office.settle()
        shown = {"phone": "telephone1", "city": "address1_city"}[field]
        assert office.crm.account()[shown] == office.books.customer()[field] == f"{THEIRS} {number}"
        if field != "phone":
            assert office.books.customer()["phone"] == f"{OURS} {number}"
        assert office.books.customer()["crm_status"] == "P"
        assert office.letters() == []
    assert number > 3


async def test_a_row_that_is_edited_again_while_its_first_edit_is_on_the_way_is_picked_up_again(
    office: Business,
):
    """Its mark is taken off only while it has the version that was read."""
    customer = office.books.customer()["id"]
    for number in count():
        office.later()
        office.books.edit("customers", customer, phone=f"first {number}")

        def again(value: str = f"second {number}") -> None:
            office.later()
            office.books.edit("customers", customer, phone=value)

        moments = Moments(number, again)
        office.books.erp.before = moments.one
        await office.settle()
        office.books.erp.before = None
        if not moments.happened:
            break
        await office.settle()
        assert office.crm.account()["telephone1"] == f"second {number}"
        assert office.books.customer()["crm_status"] == "P"
    assert number > 2
    assert (office.letters(), office.conflicts()) == ([], [])


async def test_the_write_that_came_too_late_is_refused_by_the_crm_and_merged(office: Business):
    """412: the row is read again, and what is left of our write is written upon it."""
    office.later()
    office.books.edit("customers", office.books.customer()["id"], phone=OURS, city="Ulm")
    meddled: list[bytes] = []

    def between(request: httpx.Request) -> None:
        if not meddled and b"\r\nPATCH " in request.content:
            meddled.append(request.content)
            office.later()
            office.crm.edit("account", office.crm.account()["accountid"], telephone1=THEIRS)

    office.world.wires["crm"].before = between
    await office.settle()

    patches = [batch for batch in office.batches("crm") if b"\r\nPATCH " in batch]
    assert [b"telephone1" in batch for batch in patches] == [True, False]
    assert (office.crm.account()["telephone1"], office.crm.account()["address1_city"]) == (THEIRS, "Ulm")
    (conflict,) = office.conflicts()
    assert (conflict.clash.kept.value, conflict.clash.lost.value) == (THEIRS, OURS)
