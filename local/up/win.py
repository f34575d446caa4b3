"""`python -m local win`: does what a sales person does, and follows the order to its money.

A quote that waits for the customer's word is won in the CRM. It becomes an order, which the hub takes to the
ERP; there the accounting desk makes an invoice of it, and somebody pays: both come back. The hub is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import typer

from local.systems.erp.database import Erp
from local.up.endpoints import Endpoints
from local.up.visit import Data, visiting, watched

OFFERED, PAID = 1, 2
"""The states of a quote and of an invoice."""

Row = Mapping[str, Any]


def win(*, data: Data = Path(".local")) -> None:
    """Win a quote in the simulated CRM, and watch its order in the ERP, and the invoice until it is paid."""
    with visiting(data) as endpoints:
        found = _quote(endpoints)
        if found is None:
            typer.echo(
                "no quote waits for a customer: see what the salespeople offer, or start with --fresh",
                err=True,
            )
            raise typer.Exit(1)
        crm, quote = found
        order = _won(crm, quote)
        for erp in _databases(endpoints):
            _show_order(erp, order["ordernumber"])
        _show_invoice(crm, order["salesorderid"])


def _quote(endpoints: Endpoints) -> tuple[str, Row] | None:
    """The first that is offered, and the address of its environment."""
    for shown in endpoints.systems.values():
        quotes = _records(shown["url"], "quote") if "tenant" in shown else []
        offered = [row for row in quotes if row["statecode"] == OFFERED and row.get("totalamount")]
        if offered:
            return shown["url"], min(offered, key=lambda row: str(row["quotenumber"]))
    return None


def _won(crm: str, quote: Row) -> Row:
    typer.echo(
        f"{quote['quotenumber']}, {quote['name']}, over {quote['totalamount']:.2f}: the customer says yes"
    )
    answer = httpx.post(f"{crm}/_sim/people/win_quote", json={"quote": quote["quoteid"]}).raise_for_status()
    key = answer.json()["id"]
    order = next(row for row in _records(crm, "salesorder") if row["salesorderid"] == key)
    typer.echo(f"it is order {order['ordernumber']} in the CRM, submitted and read-only from now on")
    return order


def _show_order(erp: Erp, number: str) -> None:
    def look() -> list[Row]:
        return [row for row in erp.rows("orders") if row["order_no"] == number]

    (order, *_), seconds = watched(look, f"the ERP has no order {number}")
    lines, _ = watched(lambda: _lines(erp, order["id"]), f"the ERP has no lines of order {number}")
    typer.echo(f"the ERP has it {seconds:.1f} s later, {order['status']}, over {order['total']}:")
    for line in lines:
        typer.echo(f"    {line['quantity']:.0f} {line['unit_code']} {line['item_no']} at {line['price']}")


def _lines(erp: Erp, order: int) -> list[Row]:
    return [row for row in erp.rows("order_lines") if row["order_id"] == order]


def _show_invoice(crm: str, order: str) -> None:
    def look() -> list[Row]:
        return [row for row in _records(crm, "invoice") if row.get("_salesorderid_value") == order]

    def paid() -> list[Row]:
        return [row for row in look() if row["statecode"] == PAID]

    (invoice, *_), seconds = watched(look, "the CRM has no invoice for it")
    typer.echo(
        f"the CRM has invoice {invoice['invoicenumber']} {seconds:.1f} s later, due {invoice['duedate']}"
    )
    _, seconds = watched(paid, "the CRM does not show that it is paid")
    typer.echo(f"the CRM shows that it is paid {seconds:.1f} s later")


def _databases(endpoints: Endpoints) -> Iterator[Erp]:
    for shown in endpoints.systems.values():
        if "database_url" in shown:
            erp = Erp(shown["database_url"])
            yield erp
            erp.close()


def _records(url: str, table: str) -> list[Row]:
    rows: list[Row] = httpx.get(f"{url}/_sim/records/{table}").raise_for_status().json()["records"]
    return rows
