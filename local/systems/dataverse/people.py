"""People at work in the browser, and rows that were there before: what does not come through the API.

| `POST /_sim/people/…` | body                                                   | answer           |
|-----------------------|--------------------------------------------------------|------------------|
| `create`              | `{"table", "values"[, "user"]}`                        | `{"id"}`         |
| `edit`                | `{"table", "id", "values"[, "user"]}`                  | `{"id"}`         |
| `delete`              | `{"table", "id"[, "user"]}`                            | `{"id"}`         |
| `merge`               | `{"table", "winner", "loser"[, "user"]}`               | `{"id"}`         |
| `offer`               | `{"quote", "prices", "lines": [{"productnumber", …}]}` | `{"id"}`         |
| `win_quote`           | `{"quote"[, "user"]}`                                  | `{"id"}`: order  |
| `sell`                | `{"account", "lines": [{"productnumber", "quantity"}]}` | `{"id"}`: order |
| `submit`              | `{"order"[, "user"]}`                                  | `{"id"}`         |

Values are written as in the API. Who does it is a person, no integration user, unless `user` says so.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import httpx

from local.systems.dataverse.call import Call
from local.systems.dataverse.errors import Refused, missing
from local.systems.dataverse.sales import Sales
from local.systems.dataverse.schema import POINTS_TO, Table
from local.systems.dataverse.stamps import stamp
from local.systems.dataverse.store import PERSON, UNIT, Store
from local.systems.dataverse.writer import Rulebook, Writer
from local.systems.system import Row

_NOWHERE: Final = "https://people.invalid/api/data/v9.2"
_OPEN: Final = {"statecode": 1, "statuscode": 2}
_SUBMITTED: Final = {"statecode": 1, "statuscode": 3}


class People:
    def __init__(self, store: Store, rulebook: Rulebook, sales: Sales) -> None:
        self._store = store
        self._rulebook = rulebook
        self._sales = sales
        self._verbs: Mapping[str, Callable[..., str]] = {
            "create": self.create,
            "edit": self.edit,
            "delete": self.delete,
            "merge": self.merge,
            "offer": self.offer,
            "win_quote": self.win_quote,
            "sell": self.sell,
            "submit": self.submit,
        }

    def act(self, verb: str, body: Row) -> str | None:
        """What the control plane asks for: the id of the row. None for a verb that nobody knows."""
        do = self._verbs.get(verb)
        return None if do is None else do(**body)

    # Rows

    def create(self, table: str, values: Row, user: str = PERSON) -> str:
        with self._store.transaction():
            key = self._writer(user).create(self._table(table), values)
        return self._kept(key)

    def edit(self, table: str, id: str, values: Row, user: str = PERSON) -> str:  # noqa: A002 - the body's word
        with self._store.transaction():
            self._writer(user).update(self._table(table), self._found(table, id), values)
        return self._kept(id)

    def delete(self, table: str, id: str, user: str = PERSON) -> str:  # noqa: A002 - the body's word
        with self._store.transaction():
            self._writer(user).delete(self._table(table), self._found(table, id))
        return self._kept(id)

    def merge(self, table: str, winner: str, loser: str, user: str = PERSON) -> str:
        """The loser stays: inactive, with the winner's name on it. What pointed at it moves over."""
        kind, writer = self._table(table), self._writer(user)
        self._found(table, winner)
        self._found(table, loser)
        if winner == loser:
            raise Refused(400, "0x80040203", "A row cannot be merged into itself.")
        with self._store.transaction():
            for child, column, _ in self._rulebook.relations[table]:
                for key in self._store.tables[child].find((column,), loser):
                    writer.put(self._table(child), key, {column: winner})
            closed = {"statecode": 1, "statuscode": kind.states[1][0], "merged": True}
            writer.put(kind, loser, {**closed, "_masterid_value": winner})
            writer.put(kind, winner, {})
        return self._kept(winner)

    # Sales

    def offer(self, quote: str, prices: str, lines: Iterable[Row], user: str = PERSON) -> str:
        """A draft gets its price list and its lines, and is activated: the customer may take it."""
        writer, found = self._writer(user), self._found("quote", quote)
        with self._store.transaction():
            writer.update(self._table("quote"), found, {"pricelevelid@odata.bind": f"pricelevels({prices})"})
            self._add_lines(writer, quote, lines)
            writer.put(self._table("quote"), quote, _OPEN)
        return self._kept(quote)

    def win_quote(self, quote: str, user: str = PERSON) -> str:
        """The quote is activated where it is a draft, won, and becomes an order, which is submitted."""
        call, writer, table = self._call(user), self._writer(user), self._table("quote")
        row = self._store.tables["quote"].written[self._found("quote", quote)]
        with self._store.transaction():
            if row["statecode"] == 0:
                writer.put(table, quote, _OPEN)
            self._sales.close(call, "WinQuote", quote)
            order = self._sales.convert(call, quote)
            if self._store.switches.order_processing_integration:
                self._submit(writer, order)
        return self._kept(order)

    def sell(self, account: str, lines: Iterable[Row], name: str = "Quote", user: str = PERSON) -> str:
        """A quote for an account with these products, won at once; the order's id."""
        self._found("account", account)
        with self._store.transaction():
            writer = self._writer(user)
            customer = {"customerid_account@odata.bind": f"accounts({account})"}
            quote = writer.create(self._table("quote"), {"name": name, **customer, **self._prices(account)})
            self._add_lines(writer, quote, lines)
        return self.win_quote(quote, user)

    def _add_lines(self, writer: Writer, quote: str, lines: Iterable[Row]) -> None:
        for number, line in enumerate(lines, 1):
            said = {"quantity": line["quantity"], "lineitemnumber": number}
            bound = {"quoteid@odata.bind": f"quotes({quote})", **self._product(line["productnumber"])}
            writer.create(self._table("quotedetail"), {**said, **bound})

    def submit(self, order: str, user: str = PERSON) -> str:
        with self._store.transaction():
            self._submit(self._writer(user), self._found("salesorder", order))
        return self._kept(order)

    def _submit(self, writer: Writer, order: str) -> None:
        at = {"submitdate": stamp(self._store.now())[:10]}
        writer.put(self._table("salesorder"), order, {**_SUBMITTED, **at})

    def _prices(self, account: str) -> Row:
        """The customer's price list, else the first that there is."""
        own = self._store.tables["account"].written[account].get("_defaultpricelevelid_value")
        found = own or next(iter(self._store.tables["pricelevel"].written), None)
        return {"pricelevelid@odata.bind": f"pricelevels({found})"} if found else {}

    def _product(self, number: str) -> Row:
        products = self._store.tables["product"]
        keys = products.find(("productnumber",), number)
        if not keys:
            raise missing("product", number)
        unit = products.written[keys[0]].get("_defaultuomid_value", UNIT)
        return {"productid@odata.bind": f"products({keys[0]})", "uomid@odata.bind": f"uoms({unit})"}

    # Rows that were there before

    def load(self, table: str, rows: Iterable[Row]) -> int:
        """Puts rows as they are shown, ids and stamps included; what is left out is filled in."""
        kind, now = self._table(table), stamp(self._store.now())
        standard = {
            **self._rulebook.defaults[table],
            "createdon": now,
            "_createdby_value": PERSON,
            "_modifiedby_value": PERSON,
            **({"_ownerid_value": PERSON} if "ownerid" in kind.columns else {}),
        }
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted, for rows may be a stream
            self._load(kind, {**standard, kind.id: self._store.new_guid(), **row})
        self._store.rows.commit()
        return count

    def _load(self, table: Table, row: Row) -> None:
        unknown = [name for name in row if name.removesuffix(POINTS_TO) not in table.by_shown]
        if unknown:
            raise ValueError(f"{table.name} has no column {', '.join(unknown)}")
        row.setdefault("modifiedon", row["createdon"])
        self._store.put(table, {name: value for name, value in row.items() if value is not None})

    # Steps

    def _table(self, name: str) -> Table:
        table = self._store.schema.tables.get(name)
        if table is None:
            raise Refused(400, "0x80040203", f"There is no table {name}.")
        return table

    def _found(self, table: str, key: str) -> str:
        if key not in self._store.tables[self._table(table).name].written:
            raise missing(table, key)
        return key

    def _writer(self, user: str) -> Writer:
        return Writer(self._rulebook, self._call(user))

    def _call(self, user: str) -> Call:
        return Call("POST", "", "", {}, b"", _NOWHERE, user, httpx.Request("POST", _NOWHERE))

    def _kept(self, key: str) -> str:
        self._store.rows.commit()
        return key


def said(body: Any) -> Row:
    """The body of a request to the control plane."""
    if not isinstance(body, dict):
        raise Refused(400, "0x80040203", "The body is an object.")
    return body
