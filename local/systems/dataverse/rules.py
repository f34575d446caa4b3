"""What the server makes of a row by itself: names put together, amounts worked out, states kept in step.

```
  contact, lead         fullname
  productpricelevel     productnumber and unit group of its product
  a line                price from the price list, base and extended amount; then the totals of its header
  state and status      one follows from the other where only one is given
```
Prices are worked out unless an integration user writes an order or invoice: then the ERP's figures stand.
"""

from typing import Any, Final

from local.systems.dataverse.errors import Refused
from local.systems.dataverse.schema import Table
from local.systems.dataverse.store import Store
from local.systems.dataverse.values import rounded
from local.systems.system import Row

HEADER_OF: Final = {"quotedetail": "quote", "salesorderdetail": "salesorder", "invoicedetail": "invoice"}
LINES_OF: Final = {header: line for line, header in HEADER_OF.items()}
_PEOPLE: Final = frozenset({"contact", "lead"})
_ERP_PRICED: Final = frozenset({"salesorder", "salesorderdetail", "invoice", "invoicedetail"})
READ_ONLY_STATES: Final = {"quote": {1, 2, 3}, "salesorder": {1, 2, 3, 4}, "invoice": {2, 3}}
_STATE_COLUMNS: Final = frozenset({"statecode", "statuscode"})
MONEY_DECIMALS: Final = 4


def full_name(row: Row) -> str | None:
    parts = (row.get("firstname"), row.get("middlename"), row.get("lastname"))
    return " ".join(part for part in parts if part)[:160] or None


def _named(row: Row) -> Row:
    name = full_name(row)
    rest = {column: value for column, value in row.items() if column != "fullname"}
    return rest if name is None else {**rest, "fullname": name}


def settled(store: Store, table: Table, row: Row, *, erp: bool) -> Row:
    """The row with what follows from its other columns. `erp`: an integration user writes it."""
    if table.name in _PEOPLE:
        return _named(row)
    if table.name == "productpricelevel":
        return {**row, **_of_product(store, row)}
    if table.name in HEADER_OF and not (erp and table.name in _ERP_PRICED):
        return {**row, **_line_amounts(store, table, row)}
    return row


def prices_follow(table: Table, *, erp: bool) -> bool:
    """Whether a write to this table lets totals be worked out anew."""
    return (table.name in HEADER_OF or table.name in LINES_OF) and not (erp and table.name in _ERP_PRICED)


def _said(values: Row) -> Row:
    return {name: value for name, value in values.items() if value is not None}


def _of_product(store: Store, row: Row) -> Row:
    product = store.tables["product"].written.get(row.get("_productid_value", ""), {})
    unit = store.tables["uom"].written.get(row.get("_uomid_value", ""), {})
    return _said(
        {
            "productnumber": product.get("productnumber"),
            "_uomscheduleid_value": unit.get("_uomscheduleid_value"),
        }
    )


# Amounts


def _line_amounts(store: Store, table: Table, row: Row) -> Row:
    if row.get("isproductoverridden") and not row.get("productdescription"):
        raise Refused(400, "0x80040203", "A write-in product needs a description.")
    price = row.get("priceperunit")
    if not row.get("ispriceoverridden") and not row.get("isproductoverridden"):
        price = _list_price(store, table, row, price)
    base = rounded((price or 0.0) * row.get("quantity", 0.0), MONEY_DECIMALS)
    extended = base - row.get("manualdiscountamount", 0.0) + row.get("tax", 0.0)
    amounts = {"priceperunit": price, "baseamount": base, "extendedamount": rounded(extended, MONEY_DECIMALS)}
    return _said({**amounts, **_line_name(store, table, row)})


def _list_price(store: Store, table: Table, row: Row, said: float | None) -> float | None:
    """What the header's price list says of the product in this unit; else what the caller said."""
    product, unit = row.get("_productid_value"), row.get("_uomid_value")
    if product is None or unit is None:
        raise Refused(400, "0x80043b14", "The product and its unit are missing, or the line is no write-in.")
    header = HEADER_OF[table.name]
    parent = _header_row(store, header, row)
    columns = ("_pricelevelid_value", "_productid_value", "_uomid_value")
    found = store.tables["productpricelevel"].find(columns, parent.get("_pricelevelid_value"), product, unit)
    if not found:
        return said
    price: float | None = store.tables["productpricelevel"].written[found[0]].get("amount")
    return price


def _line_name(store: Store, table: Table, row: Row) -> Row:
    product = store.tables["product"].written.get(row.get("_productid_value", ""), {})
    name = row.get("productdescription") or product.get("name")
    return {f"{table.name}name": name[:100] if name else None, "productname": product.get("name")}


def totals(store: Store, header: Table, row: Row) -> Row:
    """The amounts of a header, from its lines."""
    line = LINES_OF[header.name]
    rows = store.tables[line]
    lines = [rows.written[key] for key in rows.find((f"_{header.name}id_value",), row[header.id])]
    items = sum((each.get("baseamount", 0.0) - each.get("manualdiscountamount", 0.0)) for each in lines)
    tax = sum(each.get("tax", 0.0) for each in lines)
    discount = row.get("discountamount", 0.0) + items * row.get("discountpercentage", 0.0) / 100
    less_freight = items - discount
    amounts = {
        "totallineitemamount": items,
        "totaldiscountamount": discount,
        "totalamountlessfreight": less_freight,
        "totaltax": tax,
        "totalamount": less_freight + row.get("freightamount", 0.0) + tax,
    }
    return {name: rounded(amount, MONEY_DECIMALS) for name, amount in amounts.items()}


# States


def state_values(table: Table, before: Row, values: Row) -> Row:
    """State and status, both, where one of them is written; refused where they do not belong together."""
    if not table.states or not values.keys() & _STATE_COLUMNS:
        return values
    state, status = _state_and_status(table, before, values)
    if table.state_of.get(status) != state:
        raise Refused(
            400,
            "0x80048408",
            f"{status} is not a valid status code for state code {table.label}State."
            f"{table.columns['statecode'].options[state]}.",
        )
    return {**values, "statecode": state, "statuscode": status}


def _state_and_status(table: Table, before: Row, values: Row) -> tuple[int, int]:
    state: int | None = values.get("statecode")
    status: int | None = values.get("statuscode")
    if state is None and status is not None:
        return before.get("statecode", table.state_of[status]), status
    if state is None:
        raise Refused(400, "0x80040203", "A row always has a state.")
    return state, _usual_status(table, before, state) if status is None else status


def _usual_status(table: Table, before: Row, state: Any) -> int:
    """The one that it has, if it may stay, else the first of the state."""
    if before.get("statecode") == state:
        status: int = before["statuscode"]
        return status
    return table.states[state][0]


def check_open(store: Store, table: Table, before: Row, values: Row, *, erp: bool) -> None:
    """Refuses a write to what is closed: a won quote, a submitted order and their lines."""
    header = HEADER_OF.get(table.name, table.name)
    if header not in READ_ONLY_STATES or (erp and header != "quote"):
        return
    if header == "salesorder" and not store.switches.order_processing_integration:
        return
    row = before if header == table.name else _header_row(store, header, before or values)
    closed = row.get("statecode") in READ_ONLY_STATES[header]
    only_state = header == table.name and header != "salesorder" and values.keys() <= _STATE_COLUMNS
    if closed and not only_state:
        message = f"The {header} is read-only in its state and cannot be changed."
        raise Refused(400, store.switches.read_only_code, message)


def _header_row(store: Store, header: str, line: Row) -> Row:
    return store.tables[header].written.get(line.get(f"_{header}id_value", ""), {})


def check_transition(store: Store, table: Table, before: Row, values: Row) -> None:
    """Refuses what needs an action of its own, or does not exist in this environment."""
    after = values.get("statecode")
    if after is None or after == before.get("statecode"):
        return
    submits = table.name == "salesorder" and after == 1
    wins = table.name == "quote" and after in {2, 3}
    if wins or (submits and not store.switches.order_processing_integration):
        message = f"The {table.name} cannot go from state {before.get('statecode')} to {after} by an update."
        raise Refused(400, "0x8004f00e", message)
