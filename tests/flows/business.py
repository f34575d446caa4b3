"""Sales in Dynamics 365, a partner in an environment of its own, accounting in an ERP on a SQL database, and
the hub between them, in virtual time: the second company of the topology that this house comes with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any

from local.systems.dataverse import Dataverse
from local.systems.erp.accounting import Accounting
from shared.model.records import ConflictEntry, DeadLetter, Waiting
from shared.topology import Topology
from shared.wiring import Hub
from tests.erps import WatchedErp
from tests.flows.dynamics import Company
from tests.histories.power import Power, PoweredBus, PoweredStore
from tests.world import World, second_company, world

SLOWEST = 1801.0
"""Seconds after which every entity of the topology is polled again."""

CUSTOMERS_BOTH_WAYS = """
systems:
  crm: {kind: dataverse, rank: 2}
  erp: {kind: erp, rank: 1, writes: [customers, contacts]}
entities:
  account: ACCOUNT
  contact: {key: [email]}
flows:
  - {entity: account, from: crm, to: erp, freshness: 1m, guard: conditional, delete: DELETE}
  - {entity: account, from: erp, to: crm, freshness: 1m, guard: conditional, delete: DELETE}
  - {entity: contact, from: crm, to: erp, freshness: 1m, guard: conditional, delete: DELETE}
  - {entity: contact, from: erp, to: crm, freshness: 1m, guard: conditional, delete: DELETE}
"""


def customers_both_ways(account: str = "{key: [number]}", delete: str = "propagate") -> str:
    """A topology of customers and their people, whom both sides edit."""
    return CUSTOMERS_BOTH_WAYS.replace("ACCOUNT", account).replace("DELETE", delete)


@dataclass
class Books:
    """Whoever works in the ERP, at the time that it is."""

    world: World
    erp: WatchedErp

    def create(self, table: str, **values: Any) -> Any:
        return self._now().insert(table, **values)

    def edit(self, table: str, key: Any, **values: Any) -> None:
        self._now().update(table, key, **values)

    def delete(self, table: str, *keys: Any) -> None:
        self._now().delete(table, *keys)

    def edit_all(self, table: str, **values: str) -> None:
        """Every row, in one statement."""
        sets = ", ".join(f"{name} = '{value}'" for name, value in values.items())
        self._now().ask(f"UPDATE {table} SET {sets}")

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.erp.rows(table)

    def row(self, table: str, key: Any) -> dict[str, Any]:
        return self.erp.row(table, key)

    def customer(self, number: str = "A-1") -> dict[str, Any]:
        (row,) = [row for row in self.rows("customers") if row["customer_no"] == number]
        return row

    def desk(self) -> Accounting:
        """Where orders are invoiced and payments booked."""
        return Accounting(self._now(), quiet=timedelta(0))

    def _now(self) -> WatchedErp:
        self.erp.set_clock(self.world.time.at)
        return self.erp


@dataclass
class Business:
    """Everybody, and what the hub did since `forget`."""

    world: World
    books: Books
    folder: TemporaryDirectory[str] | None = None
    crm: Company = field(init=False)
    _unpowered: Hub | None = None

    def __post_init__(self) -> None:
        self.crm = self.company("crm")

    def company(self, name: str) -> Company:
        system = self.world.systems[name].system
        assert isinstance(system, Dataverse)
        return Company(system)

    async def settle(self, *, forgiving: bool = False) -> None:
        """Long enough that every entity is polled, and until nothing waits any more."""
        self.world.time.pass_by(SLOWEST)
        await self.world.settle(forgiving=forgiving)

    def forget(self) -> None:
        for wire in self.world.wires.values():
            wire.requests.clear()
        self.books.erp.forget()
        self._before = self.marks()
        self.world.sent.clear()

    def later(self, seconds: float = 5) -> None:
        self.world.time.pass_by(seconds)

    # What the hub did

    def written(self, system: str = "crm") -> list[str]:
        """Method and address of every write since `forget`, whatever batch it came in."""
        lines = [line for batch in self.batches(system) for line in batch.split(b"\r\n")]
        return [line.decode() for line in lines if line.startswith((b"PATCH ", b"POST ", b"DELETE "))]

    def batches(self, system: str = "crm") -> list[bytes]:
        """The bodies of the `$batch` calls."""
        wire = self.world.wires[system]
        return [each.content for each in wire.requests if each.url.path.endswith("$batch")]

    def marks(self, table: str = "customers") -> dict[Any, int]:
        """How often each row of the ERP was written, by whoever it was."""
        return {row["id"]: row["row_version"] for row in self.books.rows(table)}

    def written_in_erp(self) -> dict[Any, int]:
        """The customers that were written since `forget`, and how often."""
        before = self._before
        now = self.marks()
        return {key: now[key] - before.get(key, 0) for key in now if now[key] != before.get(key, 0)}

    def letters(self) -> list[DeadLetter]:
        return self.world.dead_letters()

    def conflicts(self) -> list[ConflictEntry]:
        """Oldest first."""
        store = self.world.hub.store
        return store.transact_now(lambda tx: tx.latest_conflicts(100_000, open_only=False))[::-1]

    def held(self) -> list[Waiting]:
        """The runs that wait for a person."""
        return self.world.hub.store.transact_now(lambda tx: tx.waiting_rows())

    # Power

    def power(self, power: Power) -> None:
        """The hub runs on this: each transaction, call and message takes a step of it."""
        bus = self.world.bus
        assert bus is not None
        powered = PoweredBus(bus, power, [])
        self._unpowered = self._unpowered or self.world.hub
        self.world.hub = replace(
            self._unpowered, store=PoweredStore(self._unpowered.store, power), bus=powered
        )
        for wire in self.world.wires.values():
            wire.before = wire.after = lambda _: power.step()
        self.books.erp.before = self.books.erp.after = power.step

    def restore(self) -> None:
        """It is started again, on power that does not fail."""
        assert self._unpowered is not None
        self.world.hub = self._unpowered
        self.books.erp.before = self.books.erp.after = None
        for wire in self.world.wires.values():
            wire.before = wire.after = None

    async def close(self) -> None:
        await self.world.close()
        self.books.erp.close()
        if self.folder:
            self.folder.cleanup()


def business(topology: str | Topology | None = None, **options: Any) -> Business:
    """A new one; the ERP's database is in a folder of its own, which goes when it is closed."""
    folder = TemporaryDirectory()
    return business_in(folder.name, topology, folder=folder, **options)


def business_in(
    path: str,
    topology: str | Topology | None = None,
    *,
    folder: TemporaryDirectory[str] | None = None,
    **options: Any,
) -> Business:
    """With the ERP whose database is in this folder, or will be."""
    erp = WatchedErp(f"sqlite:///{path}/erp.sqlite")
    erp.create()
    opened = world(topology or second_company(), erps={"erp": erp}, **options)
    return Business(opened, Books(opened, erp), folder)


def on_offer(business: Business, items: Sequence[str] = ("I-1", "I-2")) -> int:
    """Something to sell, and a customer who pays less for the first of it; the customer's key."""
    books = business.books
    books.create("units", code="PCS", name="Piece")
    for price, item in enumerate(items, 1):
        books.create("items", item_no=item, name=f"Item {item}", unit_code="PCS", price=10 * price)
    books.create("price_lists", code="STANDARD", name="Standard prices")
    books.create("price_list_lines", list_code="STANDARD", item_no=items[0], price=9)
    key = int(books.create("customers", customer_no="K-1", name="Special"))
    books.create("special_prices", customer_id=key, item_no=items[0], price=8)
    return key
