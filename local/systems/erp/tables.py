"""The ERP's tables, and what each wants of the triggers.

tracked     row_version and changed_at are kept; `flagged` ones have crm_status too
codes       columns that are upper-cased
money       columns that are rounded to cents
buried      the keys of deleted rows are kept in `<table>_deleted`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    func,
    true,
)

METADATA = MetaData()

KEPT_BY_TRIGGERS = ("crm_status", "row_version", "changed_at")
"""Columns that no user writes."""


@dataclass(frozen=True)
class Tracked:
    """A table whose changes others may ask for."""

    table: Table
    codes: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    buried: bool = False

    @property
    def flagged(self) -> bool:
        return "crm_status" in self.table.c

    @property
    def business(self) -> list[str]:
        """The columns whose change is an edit."""
        return [column.name for column in self.table.c if column.name not in KEPT_BY_TRIGGERS]


def _text(
    name: str, length: int, *more: ForeignKey, required: bool = False, unique: bool = False
) -> Column[Any]:
    return Column(name, String(length), *more, nullable=not required, unique=unique)


def _money(name: str) -> Column[Any]:
    return Column(name, Numeric(14, 2))


def _id() -> Column[Any]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _version() -> tuple[Column[Any], Column[Any]]:
    return (
        Column("row_version", Integer, nullable=False, server_default="0"),
        Column("changed_at", TIMESTAMP),
    )


def _flag() -> Column[Any]:
    return Column("crm_status", String(1), nullable=False, server_default="N")


def _active() -> Column[Any]:
    return Column("active", Boolean, nullable=False, server_default=true())


def _table(name: str, *columns: Column[Any]) -> Table:
    """A table. SQLite is held to the lengths as well, and gives no key a second time."""
    table = Table(name, METADATA, *columns, sqlite_autoincrement=columns[0].name == "id")
    for column in table.c:
        length = getattr(column.type, "length", None)
        if length:
            limit = CheckConstraint(func.length(column) <= length, name=f"{name}_{column.name}_length")
            table.append_constraint(limit.ddl_if(dialect="sqlite"))
    return table


UNITS = _table("units", Column("code", String(10), primary_key=True), _text("name", 50, required=True))

ITEMS = _table(
    "items",
    Column("item_no", String(20), primary_key=True),
    _text("name", 100, required=True),
    _text("description", 2000),
    _text("unit_code", 10, ForeignKey("units.code"), required=True),
    _money("price"),
    *_version(),
)

PRICE_LISTS = _table(
    "price_lists", Column("code", String(20), primary_key=True), _text("name", 80, required=True)
)

PRICE_LIST_LINES = _table(
    "price_list_lines",
    Column("list_code", String(20), ForeignKey("price_lists.code", ondelete="CASCADE"), primary_key=True),
    Column("item_no", String(20), ForeignKey("items.item_no", ondelete="CASCADE"), primary_key=True),
    Column("price", Numeric(14, 2), nullable=False),
)

CUSTOMERS = _table(
    "customers",
    _id(),
    _text("customer_no", 20, unique=True),
    _text("name", 100, required=True),
    _text("phone", 40),
    _text("website", 200),
    _text("industry", 80),
    _text("street", 200),
    _text("city", 80),
    _text("region", 80),
    _text("postcode", 20),
    _text("country", 80),
    _money("credit_limit"),
    Column("blocked", Boolean),
    _text("list_code", 20, ForeignKey("price_lists.code")),
    _active(),
    _text("hub_id", 36, unique=True),
    _flag(),
    *_version(),
)

CONTACTS = _table(
    "contacts",
    _id(),
    Column("customer_id", Integer, ForeignKey("customers.id")),
    _text("first_name", 40),
    _text("last_name", 80, required=True),
    _text("email", 120, unique=True),
    _text("phone", 40),
    _text("job_title", 100),
    _active(),
    _text("hub_id", 36, unique=True),
    _flag(),
    *_version(),
)

SPECIAL_PRICES = _table(
    "special_prices",
    Column("customer_id", Integer, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("item_no", String(20), ForeignKey("items.item_no", ondelete="CASCADE"), primary_key=True),
    Column("price", Numeric(14, 2), nullable=False),
)

ORDERS = _table(
    "orders",
    _id(),
    _text("order_no", 100, required=True, unique=True),
    Column("customer_id", Integer, ForeignKey("customers.id")),
    _text("list_code", 40),
    _text("description", 300),
    _text("status", 20),
    Column("ordered_on", Date),
    _money("total"),
    _text("hub_id", 36, unique=True),
    *_version(),
)

ORDER_LINES = _table(
    "order_lines",
    _id(),
    Column("order_id", Integer, ForeignKey("orders.id", ondelete="CASCADE"), nullable=False),
    _text("item_no", 20, ForeignKey("items.item_no")),
    _text("unit_code", 10, ForeignKey("units.code")),
    _text("description", 500),
    Column("quantity", Numeric(14, 5), nullable=False),
    _money("price"),
    _text("hub_id", 36, unique=True),
    *_version(),
)

INVOICES = _table(
    "invoices",
    Column("invoice_no", String(20), primary_key=True),
    Column("order_id", Integer, ForeignKey("orders.id"), unique=True),
    Column("customer_id", Integer, ForeignKey("customers.id")),
    Column("invoiced_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("total", Numeric(14, 2), nullable=False),
    Column("paid_amount", Numeric(14, 2), nullable=False, server_default="0"),
    Column("paid_on", Date),
    *_version(),
)

PAYMENTS = _table(
    "payments",
    _id(),
    _text("invoice_no", 20, ForeignKey("invoices.invoice_no"), required=True),
    Column("received_on", Date, nullable=False),
    Column("amount", Numeric(14, 2), nullable=False),
)

CUSTOMERS_DELETED = _table(
    "customers_deleted", Column("id", Integer, primary_key=True), Column("deleted_at", TIMESTAMP)
)
CONTACTS_DELETED = _table(
    "contacts_deleted", Column("id", Integer, primary_key=True), Column("deleted_at", TIMESTAMP)
)

WORK_CLOCK = _table("work_clock", Column("at", TIMESTAMP))

TRACKED = (
    Tracked(ITEMS, codes=("item_no",), money=("price",)),
    Tracked(CUSTOMERS, codes=("customer_no",), money=("credit_limit",), buried=True),
    Tracked(CONTACTS, buried=True),
    Tracked(ORDERS, codes=("order_no",), money=("total",)),
    Tracked(ORDER_LINES, money=("price",)),
    Tracked(INVOICES),
)

for _each in TRACKED:
    Index(f"{_each.table.name}_changed", _each.table.c.changed_at)
    if _each.flagged:
        Index(f"{_each.table.name}_flagged", _each.table.c.crm_status, _each.table.c.id)
