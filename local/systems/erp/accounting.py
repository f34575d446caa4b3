"""The accounting desk: what the ERP's people do with an order until it is paid.

    order released, with lines ── invoice() ──> invoice, due in 30 days ── pay() ──> payment, invoice paid

Both may be called as often as one likes: what is done is not done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, func, insert, select

from local.systems.erp.database import Erp
from local.systems.erp.tables import INVOICES, ORDER_LINES, ORDERS, PAYMENTS

RELEASED = "RELEASED"
DUE = timedelta(days=30)
AT_ANY_TIME = datetime(9999, 12, 31)  # noqa: DTZ001 - the tables hold times without an offset
"""No row is newer: what was touched just now counts as well."""


@dataclass(frozen=True)
class Accounting:
    """`quiet` is how long an order must have been left alone, for its lines come after it; `terms` how long
    customers take to pay; `name` is the ERP's.
    """

    erp: Erp
    quiet: timedelta = timedelta(0)
    terms: timedelta = timedelta(0)
    name: str = "erp"

    def work(self) -> int:
        """Do what is due; how much that was."""
        return len(self.invoice()) + self.pay()

    def left(self) -> list[str]:
        """What the desk still means to do, now or when it is due."""
        with self.erp.engine.connect() as connection:
            orders = len(connection.execute(self._to_invoice(AT_ANY_TIME)).all())
            invoices = len(connection.execute(self._unpaid(AT_ANY_TIME)).all())
        lines = [f"{self.name}: {orders} orders are to be invoiced"] if orders else []
        return [*lines, f"{self.name}: {invoices} invoices are to be paid"] if invoices else lines

    def invoice(self) -> list[str]:
        """Invoice every order that is due for it; the numbers of the invoices."""
        now = self.erp.now()
        with self.erp.engine.begin() as connection:
            orders = list(connection.execute(self._to_invoice(now.replace(tzinfo=None) - self.quiet)))
            first = _count(connection) + 1
            rows = [
                {
                    "invoice_no": f"R-{number:06d}",
                    "order_id": order.id,
                    "customer_id": order.customer_id,
                    "invoiced_on": now.date(),
                    "due_on": now.date() + DUE,
                    "total": order.total,
                }
                for number, order in enumerate(orders, first)
            ]
            if rows:
                connection.execute(insert(INVOICES), rows)
        return [str(row["invoice_no"]) for row in rows]

    @staticmethod
    def _to_invoice(left_alone_since: datetime) -> Any:
        lines = (
            select(
                ORDER_LINES.c.order_id,
                func.sum(ORDER_LINES.c.quantity * ORDER_LINES.c.price).label("total"),
                func.max(ORDER_LINES.c.changed_at).label("changed_at"),
            )
            .group_by(ORDER_LINES.c.order_id)
            .subquery()
        )
        total = func.coalesce(ORDERS.c.total, lines.c.total, 0).label("total")
        return (
            select(ORDERS.c.id, ORDERS.c.customer_id, total)
            .join(lines, lines.c.order_id == ORDERS.c.id)
            .where(
                ORDERS.c.status == RELEASED,
                ORDERS.c.changed_at <= left_alone_since,
                lines.c.changed_at <= left_alone_since,
                ~exists().where(INVOICES.c.order_id == ORDERS.c.id),
            )
            .order_by(ORDERS.c.id)
        )

    def pay(self, *invoices: str) -> int:
        """What is open of these invoices is paid today; of all, where none is named."""
        now = self.erp.now()
        unpaid = self._unpaid(now.replace(tzinfo=None) - self.terms)
        if invoices:
            unpaid = unpaid.where(INVOICES.c.invoice_no.in_(invoices))
        with self.erp.engine.begin() as connection:
            payments = [
                {"invoice_no": each.invoice_no, "received_on": now.date(), "amount": each.remaining}
                for each in connection.execute(unpaid)
            ]
            if payments:
                connection.execute(insert(PAYMENTS), payments)
        return len(payments)

    @staticmethod
    def _unpaid(left_alone_since: datetime) -> Any:
        remaining = (INVOICES.c.total - INVOICES.c.paid_amount).label("remaining")
        return select(INVOICES.c.invoice_no, remaining).where(
            INVOICES.c.paid_amount < INVOICES.c.total, INVOICES.c.changed_at <= left_alone_since
        )


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(INVOICES)).scalar_one()
