"""The ERP's room on both databases: marks, versions, whole reads, derived prices, refused rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from functions.erp.connection import connect
from functions.erp.settings import MAPPING
from local.systems.erp.accounting import Accounting
from shared.model.change import Page, Verb, Write
from shared.model.errors import (
    Conflict,
    Gone,
    Misconfigured,
    NotYet,
    Rejected,
    Unavailable,
)
from tests.rooms.erp import ErpRoom, OurErp, erp, other_erp
from tests.rooms.systems import Time, outcome_of
from tests.store import postgres

pytestmark = pytest.mark.anyio

HOUR = 3600


@pytest.fixture(params=("sqlite", "postgresql"))
def url(request: pytest.FixtureRequest, tmp_path: Path, names: Iterator[int]) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'erp.sqlite'}"
    return postgres.database(request.getfixturevalue("cluster"), f"erp{next(names)}")


@pytest.fixture
async def books(url: str, time: Time) -> AsyncIterator[ErpRoom]:
    room = erp(time, url)
    yield room
    await room.close()


@pytest.fixture
def staff(books: ErpRoom) -> OurErp:
    """The people who work in the ERP."""
    assert isinstance(books.database, OurErp)
    books.database.set_clock(books.time.at)
    return books.database


async def page_of(room: ErpRoom, entity: str, watermark: str | None = None) -> Page:
    return await anext(room.connection.source.changes(entity, watermark))


async def acknowledge(room: ErpRoom, entity: str, page: Page) -> None:
    await room.connection.source.acknowledge(entity, page)


def update(native_id: str, version: str | None = None, **values: Any) -> Write:
    return Write(Verb.UPDATE, "golden", values, native_id, version)


# Marks


async def test_a_row_edited_while_its_page_is_on_the_way_is_picked_up_again(books: ErpRoom, staff: OurErp):
    key = staff.insert("customers", name="First")
    page = await page_of(books, "account")
    staff.update("customers", key, name="Second")

    await acknowledge(books, "account", page)

    again = await page_of(books, "account", page.watermark)
    assert [row.values["name"] for row in again.rows] == ["Second"]
    await acknowledge(books, "account", again)
    assert (await page_of(books, "account", again.watermark)).rows == []


async def test_a_page_that_nobody_acknowledged_comes_again(books: ErpRoom, staff: OurErp):
    """Whoever was killed between the commit and the acknowledgement has lost nothing."""
    staff.insert("customers", name="Kept")
    first = await page_of(books, "account")

    again = await page_of(books, "account", first.watermark)

    assert [row.values["name"] for row in again.rows] == ["Kept"]


async def test_an_acknowledgement_is_no_edit(books: ErpRoom, staff: OurErp):
    key = staff.insert("customers", name="Quiet")
    before = staff.row("customers", key)
    books.time.pass_by(HOUR)

    await books.poll()

    assert staff.row("customers", key) == {**before, "crm_status": "P"}


async def test_what_we_write_is_marked_and_comes_back_as_an_echo(books: ErpRoom, staff: OurErp):
    native_id = await books.create("account", name="Ours", number="K-1")
    _, watermark = await books.poll()
    await books.apply("account", update(native_id, name="Ours still"))

    rows, watermark = await books.poll(watermark)

    assert [(row.native_id, row.values["name"], row.external_id) for row in rows] == [
        (native_id, "Ours still", "golden-000001")
    ]
    assert (await books.poll(watermark))[0] == []


async def test_a_row_that_is_refused_is_acknowledged_too(books: ErpRoom, staff: OurErp):
    staff.insert("contacts", last_name="Kim", email="no address")

    (row,), watermark = await books.poll(entity="contact")

    assert row.refused is not None
    assert (await books.poll(watermark, "contact"))[0] == []


async def test_a_key_that_is_in_use_again_is_no_delete(books: ErpRoom, staff: OurErp):
    key = staff.insert("customers", name="Was here")
    _, watermark = await books.poll()
    books.time.pass_by(HOUR)
    staff.set_clock(books.time.at)
    staff.delete("customers", key)
    staff.insert("customers", id=key, name="Is here")

    rows, _ = await books.poll(watermark)

    assert [(row.deleted, row.values["name"]) for row in rows] == [(False, "Is here")]


# Whole reads


async def test_a_small_table_is_read_whole_each_time_and_says_so(books: ErpRoom, staff: OurErp):
    staff.load("units", [{"code": code, "name": code} for code in ("BOX", "KG", "PCS")])

    first = await page_of(books, "unit")
    again = await page_of(books, "unit", first.watermark)

    for page in (first, again):
        assert [row.native_id for row in page.rows] == ["BOX", "KG", "PCS"]
        assert (page.whole, page.first, page.last) == (True, True, True)


async def test_of_a_whole_read_in_pages_only_the_first_says_first(url: str, time: Time):
    room = erp(time, url, page_size="2")
    assert isinstance(room.database, OurErp)
    room.database.load("units", [{"code": str(number), "name": "x"} for number in range(5)])

    pages = await room.pages(entity="unit")
    resumed = await page_of(room, "unit", pages[0].watermark)

    assert [(page.whole, page.first, page.last) for page in pages] == [
        (True, True, False),
        (True, False, False),
        (True, False, True),
    ]
    assert (resumed.first, [row.native_id for row in resumed.rows]) == (False, ["2", "3"])
    await room.close()


async def test_a_table_with_times_is_read_whole_now_and_then_to_find_what_is_gone(
    books: ErpRoom, staff: OurErp
):
    staff.insert("units", code="PCS", name="Piece")
    staff.insert("items", item_no="i-1", name="Pump", unit_code="PCS", price=10)
    books.time.pass_by(HOUR)
    (first,) = await books.pages(entity="product")
    books.time.pass_by(HOUR / 2)
    (soon,) = await books.pages(first.watermark, "product")
    books.time.pass_by(HOUR / 2)
    (later,) = await books.pages(soon.watermark, "product")

    assert [(page.whole, len(page.rows)) for page in (first, soon, later)] == [
        (True, 1),
        (False, 0),
        (True, 1),
    ]


# Prices and invoices


def with_prices(staff: OurErp) -> int:
    """Three items, two of them on a list, and a customer's special prices: one better, one worse."""
    staff.insert("units", code="PCS", name="Piece")
    staff.load(
        "items",
        [
            {"item_no": number, "name": number, "unit_code": "PCS", "price": 10}
            for number in ("I-1", "I-2", "I-3")
        ],
    )
    staff.insert("price_lists", code="STANDARD", name="Standard prices")
    staff.load(
        "price_list_lines",
        [{"list_code": "STANDARD", "item_no": number, "price": 9} for number in ("I-1", "I-2")],
    )
    staff.insert("customers", customer_no="k-0", name="Ordinary")
    customer = int(staff.insert("customers", customer_no="k-1", name="Special"))
    staff.load(
        "special_prices",
        [
            {"customer_id": customer, "item_no": number, "price": price}
            for number, price in (("I-1", 8), ("I-2", 12))
        ],
    )
    return customer


async def test_a_customer_with_special_prices_has_a_list_of_all_products_at_the_better_price(
    books: ErpRoom, staff: OurErp
):
    customer = with_prices(staff)

    lists, _ = await books.poll(entity="price_list")
    items, _ = await books.poll(entity="price_list_item")

    assert {(row.native_id, row.values["name"], row.values["account"]) for row in lists} == {
        ("STANDARD", "Standard prices", None),
        (f"customer {customer}", "K-1 special", str(customer)),
    }
    prices = {
        (row.values["price_list"], row.values["product"]): (row.values["amount"], row.values["unit"])
        for row in items
    }
    assert prices == {
        ("STANDARD", "I-1"): ("9", "PCS"),
        ("STANDARD", "I-2"): ("9", "PCS"),
        (f"customer {customer}", "I-1"): ("8", "PCS"),
        (f"customer {customer}", "I-2"): ("9", "PCS"),
        (f"customer {customer}", "I-3"): ("10", "PCS"),
    }
    assert len({row.native_id for row in items}) == 5


async def test_more_prices_than_the_mapping_allows_are_counted_and_not_read(
    url: str, time: Time, tmp_path: Path
):
    narrow = tmp_path / "narrow.yaml"
    narrow.write_text(MAPPING.read_text("utf-8").replace("most: 200000", "most: 4"), encoding="utf-8")
    room = erp(time, url, mapping=str(narrow))
    assert isinstance(room.database, OurErp)
    customer = with_prices(room.database)

    (page,) = await room.pages(entity="price_list_item")

    (row,) = page.rows
    assert row.refused is not None
    assert (row.native_id, row.refused.reason, page.whole) == ("*", "TooManyRows", False)
    assert "the ERP has 5 rows, and the mapping allows 4" in row.refused.description
    room.database.ask(f"DELETE FROM special_prices WHERE customer_id = {customer}")
    assert len((await room.poll(page.watermark, "price_list_item"))[0]) == 2
    await room.close()


async def test_an_order_is_invoiced_and_its_invoice_says_when_it_is_paid(books: ErpRoom, staff: OurErp):
    customer = await books.create("account", name="Acme")
    order = Write(
        Verb.CREATE,
        "golden-order",
        {"number": "o-1", "account": customer, "status": "Submitted", "ordered_on": "2026-01-30"},
    )
    native = (await books.apply("order", order)).outcomes[0].native_id
    line = Write(Verb.CREATE, "golden-line", {"order": native, "quantity": "2.5", "price": "10.2"})
    assert (await books.apply("order_line", line)).outcomes[0].error is None
    _, watermark = await books.poll(entity="invoice")
    accounting = Accounting(staff)
    (number,) = accounting.invoice()
    assert accounting.invoice() == [], "once is enough"

    (invoice,), watermark = await books.poll(watermark, "invoice")
    books.time.pass_by(86_400)
    staff.set_clock(books.time.at)
    assert (accounting.pay(number), accounting.pay(number)) == (1, 0)
    (paid,), _ = await books.poll(watermark, "invoice")

    assert invoice.values == {
        "number": number,
        "order": native,
        "account": customer,
        "status": "Open",
        "invoiced_on": "2026-01-31",
        "due_on": "2026-03-02",
        "paid_on": None,
        "total": "25.5",
    }
    assert (paid.values["status"], paid.values["paid_on"]) == ("Paid", "2026-02-01")


async def test_an_order_whose_lines_may_still_come_is_not_invoiced(books: ErpRoom, staff: OurErp):
    values = {"number": "o-1", "status": "Submitted"}
    native = (await books.apply("order", Write(Verb.CREATE, "o", values))).outcomes[0].native_id
    await books.apply("order_line", Write(Verb.CREATE, "l", {"order": native, "quantity": "1", "price": "1"}))
    accounting = Accounting(staff, quiet=timedelta(minutes=1))

    assert accounting.invoice() == []
    staff.set_clock(books.time.at + timedelta(minutes=1))
    assert len(accounting.invoice()) == 1


# Writes


async def test_what_the_database_makes_of_a_value_is_said(books: ErpRoom, staff: OurErp):
    write = Write(Verb.CREATE, "g", {"name": "Acme", "number": "k-1", "credit_limit": "10.5"})

    outcome = outcome_of(await books.apply("account", write), write)

    assert outcome.taught == {"number": "K-1"}
    assert outcome.version == "1"


async def test_one_row_that_is_refused_costs_the_others_nothing_and_is_found_in_a_few_transactions(
    books: ErpRoom, staff: OurErp
):
    staff.insert("customers", customer_no="TAKEN", name="First")
    good = [books.new("account", number=f"N-{number}") for number in range(999)]
    bad = books.new("account", number="TAKEN")

    applied = await books.apply("account", *good[:700], bad, *good[700:])

    error = outcome_of(applied, bad).error
    assert isinstance(error, Rejected)
    assert (error.reason, error.field) == ("UniqueViolation", "number")
    assert "TAKEN" not in error.description
    assert [outcome_of(applied, write).error for write in good] == [None] * 999
    assert applied.calls <= 80
    assert len(staff.rows("customers")) == 1_000


async def test_five_hundred_updates_are_a_statement_for_each_set_of_fields(books: ErpRoom, staff: OurErp):
    applied = await books.apply("account", *(books.new("account") for _ in range(500)))
    natives = [outcome.native_id or "" for outcome in applied.outcomes]
    writes = [update(native, phone=f"1-{native}") for native in natives[:250]]
    writes += [update(native, city="Ulm", phone=None) for native in natives[250:]]

    applied = await books.apply("account", *writes)

    assert applied.calls == 4, "rows are locked, two sets of fields written, rows read back"
    assert {outcome.version for outcome in applied.outcomes} == {"2"}
    assert {row["city"] for row in staff.rows("customers")} == {None, "Ulm"}


async def test_a_stale_row_and_a_row_that_is_gone_are_told_apart_and_the_rest_is_written(
    books: ErpRoom, staff: OurErp
):
    stale, gone, sound = [await books.create("account", name=name) for name in ("Stale", "Gone", "Sound")]
    staff.update("customers", int(stale), name="A user's")
    staff.delete("customers", int(gone))
    writes = [update(native, "1", name="Ours") for native in (stale, gone, sound)]

    applied = await books.apply("account", *writes)

    errors = [type(outcome_of(applied, write).error) for write in writes]
    assert errors == [Conflict, Gone, type(None)]
    assert [row["name"] for row in staff.rows("customers")] == ["A user's", "Ours"]


async def test_a_deactivated_row_stays_and_is_not_in_use(books: ErpRoom, staff: OurErp):
    native = await books.create("account")

    (outcome,) = (await books.apply("account", Write(Verb.DEACTIVATE, "g", {}, native))).outcomes

    assert outcome.error is None
    assert [row.active for row in (await books.poll())[0]] == [False]


async def test_a_customer_with_orders_is_not_deleted_yet(books: ErpRoom, staff: OurErp):
    busy, idle = await books.create("account"), await books.create("account")
    staff.insert("orders", order_no="O-1", customer_id=int(busy))
    writes = [Write(Verb.DELETE, "g", {}, native) for native in (busy, idle)]

    applied = await books.apply("account", *writes)

    waits = outcome_of(applied, writes[0]).error
    assert isinstance(waits, NotYet)
    assert waits.reason == "HasChildren"
    assert outcome_of(applied, writes[1]).error is None


async def test_what_the_mapping_does_not_provide_for_is_refused_by_name(books: ErpRoom, staff: OurErp):
    order = Write(Verb.CREATE, "g", {"number": "o-1"})
    native = (await books.apply("order", order)).outcomes[0].native_id

    deactivated = (await books.apply("order", Write(Verb.DEACTIVATE, "g", {}, native))).outcomes[0].error
    deleted = (await books.apply("order", Write(Verb.DELETE, "g", {}, native))).outcomes[0].error

    assert isinstance(deactivated, Rejected)
    assert isinstance(deleted, Rejected)
    assert (deactivated.reason, deleted.reason) == ("NoDeactivation", "DeleteNotAllowed")
    with pytest.raises(Misconfigured, match="price_list has neither external_id nor unique"):
        await books.apply("price_list", Write(Verb.CREATE, "g", {"name": "Mine"}))


async def test_a_parent_that_is_not_there_is_named_by_its_field(books: ErpRoom, staff: OurErp):
    native = (await books.apply("order", Write(Verb.CREATE, "g", {"number": "o-1"}))).outcomes[0].native_id
    line = Write(Verb.CREATE, "l", {"order": native, "product": "NOWHERE", "quantity": "1"})

    error = (await books.apply("order_line", line)).outcomes[0].error

    assert isinstance(error, Rejected)
    assert error.reason == "ForeignKeyViolation"
    assert "NOWHERE" not in error.description


async def test_a_text_longer_than_its_column_is_refused_and_not_cut_off(books: ErpRoom, staff: OurErp):
    error = (await books.apply("account", books.new("account", name="x" * 101))).outcomes[0].error

    assert isinstance(error, Rejected)
    assert staff.rows("customers") == []


async def test_a_row_that_somebody_is_at_work_on_delays_no_other(
    cluster: str, names: Iterator[int], time: Time
):
    room = erp(time, postgres.database(cluster, f"erp{next(names)}"))
    locked, free = await room.create("account"), await room.create("account")
    writes = [update(native, name="Ours") for native in (locked, free)]
    assert isinstance(room.database, OurErp)
    with room.database.engine.begin() as somebody:
        room.database.update_in(somebody, "customers", int(locked), {"name": "Theirs"})

        applied = await room.apply("account", *writes)

    assert [type(outcome_of(applied, write).error) for write in writes] == [Unavailable, type(None)]
    assert (await room.apply("account", writes[0])).outcomes[0].error is None
    await room.close()


@pytest.mark.parametrize("text", ["\0", "\ud800"])
async def test_a_text_that_no_database_takes_is_refused_alone(books: ErpRoom, staff: OurErp, text: str):
    bad, good = books.new("account", name=f"A{text}B"), books.new("account", name="Good")

    applied = await books.apply("account", bad, good)

    refused = outcome_of(applied, bad).error
    assert refused is None or (isinstance(refused, Rejected) and refused.reason == "UnfitText")
    assert outcome_of(applied, good).error is None


async def test_after_a_commit_whose_answer_never_came_a_repeat_makes_no_second_row(
    books: ErpRoom, staff: OurErp
):
    writes = [books.new("account", name=f"Account {number}") for number in range(3)]
    books.sql.cut = Unavailable("the connection is lost", reason="Dropped")

    lost = await books.apply("account", *writes)
    again = await books.apply("account", *writes)

    assert [type(outcome.error) for outcome in lost.outcomes] == [Unavailable] * 3
    assert [outcome.error for outcome in again.outcomes] == [None] * 3
    assert len(staff.rows("customers")) == 3


async def test_a_column_that_is_not_there_is_a_matter_for_an_operator(url: str, time: Time, tmp_path: Path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(MAPPING.read_text("utf-8").replace("column: phone,", "column: fone,"), encoding="utf-8")
    room = erp(time, url, mapping=str(wrong))

    with pytest.raises(Misconfigured, match="fone"):
        await room.poll()
    await room.close()


# Another's ERP


async def test_a_key_of_two_columns_is_one_native_id(time: Time):
    room = other_erp(time)
    write = Write(Verb.CREATE, "g", {"number": "A/1 %", "name": "Pumpe", "price": "1.5"})

    native = (await room.apply("product", write)).outcomes[0].native_id
    again = (await room.apply("product", write)).outcomes[0]

    assert native == "01/A%2F1 %25"
    assert (again.native_id, again.error) == (native, None), "found again by its number"
    page = await room.connection.source.read("product", [native, "nothing", "01/X"])
    assert [row.values for row in page.rows] == [{"number": "A/1 %", "name": "Pumpe", "price": "1.5"}]
    await room.close()


async def test_a_row_that_says_that_it_is_deleted_is_deleted_and_our_delete_says_so(time: Time):
    room = other_erp(time)
    native = await room.create("account", name="Weg")

    await room.apply("account", Write(Verb.DELETE, "g", {}, native))

    assert room.database.ask('SELECT "Geloescht" FROM "Kunden"') == [{"Geloescht": "J"}]
    assert isinstance((await room.apply("account", update(native, name="Da"))).outcomes[0].error, Gone)
    await room.close()


async def test_customers_may_be_numbered_by_numbers(url: str, time: Time, tmp_path: Path):
    numbered = tmp_path / "numbered.yaml"
    columns = "table: numbered, key: [id], unique: [number], version: id"
    fields = "number: {column: num, longest: 9}, name: {column: name, longest: 9}"
    numbered.write_text(f"entities: {{account: {{{columns}, fields: {{{fields}}}}}}}", encoding="utf-8")
    room = erp(time, url, mapping=str(numbered))
    room.database.ask("CREATE TABLE numbered (id SERIAL PRIMARY KEY, num INTEGER UNIQUE, name TEXT)")
    room.database.ask("INSERT INTO numbered (id, num, name) VALUES (1, 42, 'Acme')")

    (row,), _ = await room.poll()
    page = await room.connection.target.find("account", [{"number": "42"}])
    (outcome,) = (await room.apply("account", room.new("account", number="42", name="Apex"))).outcomes

    assert row.values == {"number": "42", "name": "Acme"}
    assert [found.native_id for found in page.rows] == ["1"]
    assert (outcome.native_id, outcome.error, outcome.taught) == ("1", None, None)
    await room.close()


async def test_a_row_that_the_database_keeps_under_another_key_is_refused_and_not_made(
    url: str, time: Time, tmp_path: Path
):
    """The mapping keeps to itself that the database upper-cases the number."""
    silent = tmp_path / "silent.yaml"
    columns = "table: orders, key: [id], unique: [number], version: row_version"
    fields = "number: {column: order_no, longest: 9}"
    silent.write_text(f"entities: {{order: {{{columns}, fields: {{{fields}}}}}}}", encoding="utf-8")
    room = erp(time, url, mapping=str(silent))
    write = Write(Verb.CREATE, "g", {"number": "o-1"})

    error = (await room.apply("order", write)).outcomes[0].error

    assert isinstance(error, Rejected)
    assert error.reason == "KeyChanged"
    assert room.database.rows("orders") == []
    await room.close()


# Coming in


def connected(url: str) -> Any:
    return connect(
        "erp",
        environment={"ERP_DATABASE_URL": url},
        transport=None,
        clock=lambda: 0,
        random=Random(1),
    )


async def test_a_user_whom_the_database_does_not_know_is_a_matter_for_an_operator(cluster: str):
    connection = connected(cluster.replace("postgres@", "nobody:hush-hush@"))

    with pytest.raises(Misconfigured) as raised:
        await connection.source.read("account", ["1"])

    assert raised.value.reason == "NoWayIn"
    assert "hush" not in repr(raised.value)
    connection.close()


async def test_a_database_that_is_away_is_unavailable():
    connection = connected("postgresql+psycopg://erp:hush-hush@127.0.0.1:1/erp")

    with pytest.raises(Unavailable) as raised:
        await connection.source.read("account", ["1"])

    assert "hush" not in repr(raised.value)
    connection.close()
