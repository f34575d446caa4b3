"""Actions: a quote is won or lost and becomes an order, an order is fulfilled or cancelled, a lead qualified.

```
  quote     0 draft ─> 1 active ─ WinQuote ─> 2 won ─ ConvertQuoteToSalesOrder ─> order 0 active
                             └─ CloseQuote ─> 3 closed        PATCH statecode 1 ─> 1 submitted: the ERP's
                                          FulfillSalesOrder, CancelSalesOrder ─> 3, 2
```
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.systems.dataverse.address import Address, parse_address, place_of
from local.systems.dataverse.call import Answer, Call
from local.systems.dataverse.errors import Refused, malformed, missing
from local.systems.dataverse.forms import relative
from local.systems.dataverse.rules import LINES_OF
from local.systems.dataverse.schema import Table
from local.systems.dataverse.shown import select, shower, target_of
from local.systems.dataverse.stamps import stamp
from local.systems.dataverse.store import Store
from local.systems.dataverse.writer import Rulebook, Writer
from local.systems.system import Row

_CLOSINGS: Final = {
    "WinQuote": ("quote", "QuoteClose", (1,), 2),
    "CloseQuote": ("quote", "QuoteClose", (0, 1), 3),
    "FulfillSalesOrder": ("salesorder", "OrderClose", (0, 1), 3),
    "CancelSalesOrder": ("salesorder", "OrderClose", (0, 1), 2),
}
"""Action to the table, the activity in its body, the states it starts from, the one it ends in."""
_NOT_COPIED: Final = frozenset({"statecode", "statuscode", "quotenumber", "revisionnumber", "cw_hubid"})
_OF_LEAD: Final = {
    "account": {"name": "companyname", "websiteurl": "websiteurl", "telephone1": "telephone1"},
    "contact": {name: name for name in ("firstname", "lastname", "jobtitle", "emailaddress1", "telephone1")},
}


class Sales:
    def __init__(self, store: Store, rulebook: Rulebook) -> None:
        self._store = store
        self._rulebook = rulebook
        self.unbound: Mapping[str, Callable[[Call], Answer]] = {
            **{name: self._closing(name) for name in _CLOSINGS},
            "ConvertQuoteToSalesOrder": self._convert,
        }

    def bound(self, call: Call, table: Table, address: Address, action: str) -> Answer | None:
        """None for an action that the table does not have."""
        if (table.name, action) == ("lead", "QualifyLead"):
            return self._qualify(call, table, address)
        return None

    # Closing

    def _closing(self, action: str) -> Callable[[Call], Answer]:
        def close(call: Call) -> Answer:
            name, activity, _, _ = _CLOSINGS[action]
            table, body = self._store.schema.tables[name], call.json()
            key = self._named(table, body.get(activity))
            self.close(call, action, key, body.get("Status"))
            return Answer(204, records=1)

        return close

    def close(self, call: Call, action: str, key: str, status: Any = None) -> None:
        """`status` -1 or none takes the usual one of the state."""
        name, _, starts, ends = _CLOSINGS[action]
        table = self._store.schema.tables[name]
        row = self._row(table, key)
        if row["statecode"] not in starts:
            message = f"{action} is not for a {name} in state {row['statecode']}."
            raise Refused(400, "0x8004f00e", message)
        if status in (None, -1):
            status = table.states[ends][0]
        if status not in table.states[ends]:
            raise Refused(400, "0x80048408", f"{status} is not a valid status code for {action}.")
        closed = {"closedon": stamp(self._store.now())} if name == "quote" else {}
        with self._store.transaction():
            Writer(self._rulebook, call).put(table, key, {"statecode": ends, "statuscode": status, **closed})

    def _named(self, table: Table, activity: Any) -> str:
        text = activity.get(f"{table.id}@odata.bind") if isinstance(activity, dict) else None
        address = parse_address(relative(text)) if isinstance(text, str) else None
        if address is None or address.name != table.set_name or address.key is None:
            raise malformed(table.set_name, f"the activity names no row by '{table.id}@odata.bind'.")
        place = place_of(self._store, table, address.key)
        key = place.found()
        if key is None:
            raise place.missing()
        return key

    def _row(self, table: Table, key: str) -> Row:
        row = self._store.tables[table.name].written.get(key)
        if row is None:
            raise missing(table.name, key)
        return row

    # A won quote becomes an order

    def _convert(self, call: Call) -> Answer:
        order = self.convert(call, str(call.json().get("QuoteId", "")).lower())
        table = self._store.schema.tables["salesorder"]
        shown = shower(self._store, select(table, None), call.prefer)(self._row(table, order))
        context = f"{call.root}/$metadata#salesorders/$entity"
        return Answer(200, {"@odata.context": context, **shown}, records=1, address=f"salesorders({order})")

    def convert(self, call: Call, quote: str) -> str:
        """The new order's id."""
        tables = self._store.schema.tables
        row = self._row(tables["quote"], quote)
        if row["statecode"] != 2:
            raise Refused(400, "0x8004f00e", "Only a quote that is won becomes an order.")
        with self._store.transaction():
            writer = Writer(self._rulebook, call)
            body = _copied(self._store, tables["quote"], row, tables["salesorder"])
            if self._store.switches.order_keeps_quote_id:
                body["quoteid@odata.bind"] = f"quotes({quote})"
            order = writer.create(tables["salesorder"], body)
            for line in self._lines(tables["quote"], quote):
                copied = _copied(self._store, tables["quotedetail"], line, tables["salesorderdetail"])
                writer.create(
                    tables["salesorderdetail"],
                    {**copied, "salesorderid@odata.bind": f"salesorders({order})"},
                )
        return order

    def _lines(self, header: Table, key: str) -> list[Row]:
        rows = self._store.tables[LINES_OF[header.name]]
        found = [rows.written[line] for line in rows.find((f"_{header.name}id_value",), key)]
        return sorted(found, key=lambda row: (row.get("lineitemnumber", 0), row["versionnumber"]))

    # A lead becomes an account and a contact

    def _qualify(self, call: Call, table: Table, address: Address) -> Answer:
        place = place_of(self._store, table, address.key or "")
        key = place.found()
        if key is None:
            raise place.missing()
        lead, body = self._row(table, key), call.json()
        if lead["statecode"] != 0:
            raise Refused(400, "0x80081018", "The lead is already closed.")
        with self._store.transaction():
            made = self._made_of(call, lead, body)
            status = body.get("Status", 3)
            Writer(self._rulebook, call).put(table, key, {"statecode": 1, "statuscode": status})
        context = f"{call.root}/$metadata#Collection(Microsoft.Dynamics.CRM.crmbaseentity)"
        return Answer(200, {"@odata.context": context, "value": made}, records=1 + len(made))

    def _made_of(self, call: Call, lead: Row, body: Row) -> list[Row]:
        writer, tables = Writer(self._rulebook, call), self._store.schema.tables
        made: dict[str, str] = {}
        if body.get("CreateAccount") and lead.get("companyname"):
            made["account"] = writer.create(tables["account"], _picked(lead, "account"))
        if body.get("CreateContact"):
            bound = {"parentcustomerid_account@odata.bind": f"accounts({made['account']})"} if made else {}
            made["contact"] = writer.create(tables["contact"], _picked(lead, "contact") | bound)
        if body.get("CreateOpportunity") and made:
            made["opportunity"] = writer.create(tables["opportunity"], _opportunity(lead, made))
        return [
            {"@odata.type": f"#Microsoft.Dynamics.CRM.{name}", f"{name}id": key} for name, key in made.items()
        ]


def _picked(lead: Row, target: str) -> Row:
    return {name: lead[source] for name, source in _OF_LEAD[target].items() if source in lead}


def _opportunity(lead: Row, made: dict[str, str]) -> Row:
    target, key = next(iter(made.items()))
    return {"name": lead.get("subject", ""), f"customerid_{target}@odata.bind": f"{target}s({key})"}


def _copied(store: Store, source: Table, row: Row, target: Table) -> Row:
    """A body that makes a row of another table with the columns that both have."""
    body: Row = {}
    for column in source.columns.values():
        value = row.get(column.shown)
        known = target.columns.get(column.name)
        if value is None or known is None or column.flag in {"read", "computed"}:
            continue
        if column.name in _NOT_COPIED or column.kind == "id":
            continue
        if column.kind == "lookup":
            pointed = store.schema.tables[target_of(column, row)]
            body[f"{known.navigation_to(pointed.name)}@odata.bind"] = f"{pointed.set_name}({value})"
        else:
            body[column.name] = value
    return body
