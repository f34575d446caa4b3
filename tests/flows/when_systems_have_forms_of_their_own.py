"""The ERP upper-cases codes and rounds money, Dataverse trims: what comes back so is no edit, and nothing is
written a second time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.flows.business import Business, business, customers_both_ways

pytestmark = pytest.mark.anyio


@pytest.fixture
async def office() -> AsyncIterator[Business]:
    opened = business(customers_both_ways())
    yield opened
    await opened.close()


async def quiet(office: Business) -> bool:
    """Three times round, and nothing is written on either side."""
    office.forget()
    for _ in range(3):
        await office.settle()
    written = (office.written("crm"), office.written_in_erp(), list(office.books.erp.updated("customers")))
    return written == ([], {}, []) and (office.letters(), office.conflicts()) == ([], [])


async def test_what_sales_writes_is_kept_by_each_side_in_its_own_form(office: Business):
    account = office.crm.create(
        "account",
        name="  Acme & Söhne ",
        accountnumber="ab-1",
        creditlimit=100.129,
        address1_line1="1 Road\nUlm",
    )
    await office.settle()

    customer = office.books.customer("AB-1")
    assert (customer["name"], float(customer["credit_limit"])) == ("Acme & Söhne", 100.13)
    assert await quiet(office)
    assert office.crm.account("ab-1")["accountid"] == account, "its own spelling stays"


async def test_what_accounting_writes_is_kept_by_each_side_in_its_own_form(office: Business):
    office.books.create(
        "customers", customer_no="zz-9", name="Zenith  ", credit_limit="7.005", street=" 2 Road "
    )
    await office.settle()

    assert office.books.customer("ZZ-9")["name"] == "Zenith  "
    assert office.crm.account("ZZ-9")["name"] == "Zenith"
    assert await quiet(office)


async def test_an_edit_that_both_sides_show_otherwise_is_written_once(office: Business):
    account = office.crm.create("account", name="Acme", accountnumber="ab-1")
    await office.settle()
    await office.settle()
    office.forget()
    office.later()
    office.crm.edit("account", account, accountnumber="cd-2", creditlimit=5.555, telephone1=" 12 ")

    await office.settle()

    updates = [dict(record) for _, record in office.books.erp.updated("customers")]
    assert len(updates) == 1
    assert set(updates[0]) == {"customer_no", "credit_limit", "phone"}
    assert office.written("crm") == []
    assert await quiet(office)


async def test_a_touch_that_only_changes_the_form_travels_nowhere(office: Business):
    account = office.crm.create("account", name="Acme", accountnumber="ab-1", creditlimit=5)
    await office.settle()
    await office.settle()
    office.forget()
    office.later()
    office.crm.edit("account", account, creditlimit=5.0, name="Acme ")
    office.books.edit(
        "customers", office.books.customer("AB-1")["id"], customer_no="ab-1", credit_limit="5.00"
    )

    await office.settle()

    assert list(office.books.erp.updated("customers")) == []
    assert office.written("crm") == []
    assert await quiet(office)


async def test_text_that_is_longer_than_the_other_side_has_room_for_is_said_and_not_cut(office: Business):
    office.crm.create("account", name="Acme", accountnumber="ab-1", telephone1="1" * 41)

    await office.settle()

    (letter,) = office.letters()
    assert (letter.target, letter.field) == ("erp", "phone")
    assert "40" in letter.description
    assert "1111" not in letter.description
