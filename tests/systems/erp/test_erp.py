"""The ERP's database has the same habits in SQLite and in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from local.systems.erp import office
from local.systems.erp.accounting import Accounting
from local.systems.erp.database import Erp
from local.systems.erp.sample import fill
from local.systems.sample import make_sample
from local.systems.staff import Staff
from tests.store import postgres

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(params=("sqlite", "postgresql"))
def erp(request: pytest.FixtureRequest, tmp_path: Path, names: Iterator[int]) -> Iterator[Erp]:
    url = f"sqlite:///{tmp_path / 'erp.sqlite'}"
    if request.param == "postgresql":
        url = postgres.database(request.getfixturevalue("cluster"), f"erp{next(names)}")
    erp = Erp(url)
    erp.create()
    erp.set_clock(NOON)
    yield erp
    erp.close()


def kept(erp: Erp, key: Any, table: str = "customers") -> tuple[str, int, datetime]:
    row = erp.row(table, key)
    return row["crm_status"], row["row_version"], row["changed_at"].replace(tzinfo=UTC)


def test_a_new_row_is_marked_and_an_edit_counts(erp: Erp):
    key = erp.insert("customers", name="Acme")
    assert kept(erp, key) == ("N", 1, NOON)
    erp.set_clock(NOON + timedelta(hours=1))

    erp.update("customers", key, name="Acme Ltd")

    assert kept(erp, key) == ("N", 2, NOON + timedelta(hours=1)), "still new to whoever has not seen it"


def test_taking_the_mark_off_is_no_edit_and_the_next_edit_sets_it_again(erp: Erp):
    key = erp.insert("customers", name="Acme")

    erp.ask("UPDATE customers SET crm_status = 'P'")
    assert kept(erp, key) == ("P", 1, NOON)

    erp.ask("UPDATE customers SET phone = '1'")
    assert kept(erp, key) == ("U", 2, NOON)


def test_codes_are_upper_cased_and_money_is_rounded_whoever_writes_them(erp: Erp):
    key = erp.insert("customers", customer_no="k-1", name="Acme", credit_limit=Decimal("10.129"))
    assert erp.row("customers", key)["customer_no"] == "K-1"
    assert erp.row("customers", key)["credit_limit"] == Decimal("10.13")

    erp.ask("UPDATE customers SET customer_no = 'k-2', credit_limit = 7.001")
    assert erp.row("customers", key)["customer_no"] == "K-2"
    assert erp.row("customers", key)["credit_limit"] == Decimal("7.00")


def test_a_deleted_row_leaves_its_key_which_is_not_given_again(erp: Erp):
    key = erp.insert("customers", name="Acme")

    erp.delete("customers", key)

    assert [row["id"] for row in erp.rows("customers_deleted")] == [key]
    assert erp.insert("customers", name="Another") > key


@pytest.mark.parametrize(
    "values", [{"name": "x" * 101}, {"phone": "1"}, {"name": "Twin", "customer_no": "TAKEN"}]
)
def test_what_is_too_long_missing_or_there_already_is_refused(erp: Erp, values: dict[str, Any]):
    erp.insert("customers", name="First", customer_no="TAKEN")

    with pytest.raises(DBAPIError):
        erp.insert("customers", **values)


def test_an_invoice_knows_its_payments_also_those_taken_back(erp: Erp):
    erp.insert("invoices", invoice_no="R-1", invoiced_on=NOON.date(), due_on=NOON.date(), total=100)
    erp.insert("payments", invoice_no="R-1", received_on=date(2026, 2, 1), amount=40)
    part = erp.row("invoices", "R-1")
    last = erp.insert("payments", invoice_no="R-1", received_on=date(2026, 2, 9), amount=60)
    whole = erp.row("invoices", "R-1")
    erp.delete("payments", last)
    back = erp.row("invoices", "R-1")

    assert (part["paid_amount"], part["paid_on"], part["row_version"]) == (40, None, 2)
    assert (whole["paid_amount"], whole["paid_on"], whole["row_version"]) == (100, date(2026, 2, 9), 3)
    assert (back["paid_amount"], back["paid_on"], back["row_version"]) == (40, None, 4)


def test_time_goes_on_where_nobody_sets_it(erp: Erp):
    assert erp.now() == NOON
    erp.set_clock(None)

    assert abs(erp.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_sample_is_the_same_for_the_same_seed_and_shares_no_key_with_the_crms(erp: Erp, tmp_path: Path):
    twin = Erp(f"sqlite:///{tmp_path / 'twin.sqlite'}")
    twin.create()
    twin.set_clock(NOON)
    for each in (erp, twin):
        fill(each, 200, 3)

    for table in ("customers", "contacts", "items", "price_list_lines", "special_prices"):
        assert erp.rows(table) == twin.rows(table)
    assert (len(erp.rows("customers")), len(erp.rows("contacts"))) == (50, 150)
    crm = make_sample(200, 3, NOON).salesforce
    assert not {row["AccountNumber"] for row in crm["Account"]} & _values(erp, "customers", "customer_no")
    domains = {mail.partition("@")[2] for mail in _values(erp, "contacts", "email")}
    assert not {row["Email"].partition("@")[2] for row in crm["Contact"] if row["Email"]} & domains
    twin.close()


def _values(erp: Erp, table: str, column: str) -> set[str]:
    return {row[column] for row in erp.rows(table)}


def test_the_accounting_desk_invoices_what_is_released_once_and_collects_once(erp: Erp):
    for number, status in enumerate(("RELEASED", "OPEN", "RELEASED")):
        key = erp.insert("orders", order_no=f"O-{number}", status=status, total=10)
        if number < 2:
            erp.insert("order_lines", order_id=key, quantity=1, price=10)
    desk = Accounting(erp, terms=timedelta(days=1))

    assert (desk.invoice(), desk.invoice()) == (["R-000001"], []), "the others are open, or without lines"
    assert desk.pay() == 0
    erp.set_clock(NOON + timedelta(days=1))
    assert (desk.pay(), desk.pay()) == (1, 0)


def test_the_desk_says_what_is_left_to_do_also_where_it_is_not_due_yet(erp: Erp):
    key = erp.insert("orders", order_no="O-1", status="RELEASED", total=10)
    desk = Accounting(erp, quiet=timedelta(minutes=1), terms=timedelta(days=1))
    assert desk.left() == [], "without lines it is no order yet"
    erp.insert("order_lines", order_id=key, quantity=1, price=10)

    said = []
    for later in (timedelta(0), timedelta(minutes=2), timedelta(days=2)):
        erp.set_clock(NOON + later)
        said.append((desk.work(), desk.left()))

    assert said == [
        (0, ["erp: 1 orders are to be invoiced"]),
        (1, ["erp: 1 invoices are to be paid"]),
        (1, []),
    ]


def test_the_database_is_filled_once_and_the_desk_works_in_it_until_it_is_stopped(tmp_path: Path):
    first = office.opened(tmp_path, "erp", 40, 1)
    key = first.insert("orders", order_no="O-1", status="RELEASED", total=10)
    first.insert("order_lines", order_id=key, quantity=1, price=10)
    first.close()
    again = office.opened(tmp_path, "erp", 40, 1)

    async def a_moment() -> None:
        stopped = asyncio.Event()
        staff = Staff(outside=[Accounting(again)])
        working = asyncio.create_task(staff.work(stopped))
        await asyncio.sleep(0)
        stopped.set()
        await working

    asyncio.run(a_moment())

    assert len(again.rows("customers")) == 10
    assert [row["paid_amount"] for row in again.rows("invoices")] == [10]
    again.close()
