"""The tables that this environment has: those of sales, and a column of the hub in each that it writes.

`columns.csv` is a part of Microsoft's Common Data Model (CC BY 4.0): names, kinds, lengths and options as
published. Flags, defaults, the price list of a customer and the two tables at its end were added to it.
"""

import csv
from pathlib import Path
from typing import Final

from local.systems.dataverse.schema import CHOICES, Column, Key, Schema, Table

HUB_COLUMN: Final = "cw_hubid"
_SETS: Final = {"opportunity": "opportunities", "transactioncurrency": "transactioncurrencies"}
_TITLES: Final = {
    "contact": "fullname",
    "lead": "fullname",
    "productpricelevel": "productnumber",
    "quotedetail": "quotedetailname",
    "salesorderdetail": "salesorderdetailname",
    "invoicedetail": "invoicedetailname",
    "transactioncurrency": "currencyname",
    "systemuser": "fullname",
}
_KEYS: Final = {
    "account": (("accountnumber",),),
    "product": (("productnumber",),),
    "uomschedule": (("name",),),
    "uom": (("uomscheduleid", "name"),),
    "salesorder": (("ordernumber",),),
    "invoice": (("invoicenumber",),),
    "productpricelevel": (("pricelevelid", "productid", "uomid"),),
    "transactioncurrency": (("isocurrencycode",),),
}
_NOT_THE_HUBS: Final = frozenset({"transactioncurrency", "systemuser"})
_OWNED: Final = frozenset({"account", "contact", "lead", "opportunity", "quote", "salesorder", "invoice"})
_FOUND_BY: Final = {
    "account": {"name", "emailaddress1", "parentaccountid", "primarycontactid"},
    "contact": {"fullname", "lastname", "emailaddress1", "parentcustomerid"},
    "lead": {"emailaddress1"},
    "product": {"name", "defaultuomid"},
    "pricelevel": {"name"},
    "uom": {"uomscheduleid", "name"},
    "productpricelevel": {"pricelevelid", "productid", "uomid"},
    "quote": {"customerid", "quotenumber"},
    "quotedetail": {"quoteid", "productid"},
    "salesorder": {"customerid", "quoteid"},
    "salesorderdetail": {"salesorderid", "productid"},
    "invoice": {"customerid", "salesorderid"},
    "invoicedetail": {"invoiceid", "productid"},
}
_States = dict[int, tuple[int, ...]]
_TWO: Final[_States] = {0: (1,), 1: (2,)}
_STATES: Final[dict[str, _States]] = {
    "account": _TWO,
    "contact": _TWO,
    "uomschedule": _TWO,
    "transactioncurrency": _TWO,
    "pricelevel": {0: (100001,), 1: (100002,)},
    "lead": {0: (1, 2), 1: (3,), 2: (4, 5, 6, 7)},
    "opportunity": {0: (1, 2), 1: (3,), 2: (4, 5)},
    "product": {0: (1,), 1: (2,), 2: (0,), 3: (3,)},
    "quote": {0: (1,), 1: (2, 3), 2: (4,), 3: (5, 6, 7)},
    "salesorder": {0: (1, 2), 1: (3,), 2: (4,), 3: (100001, 100002), 4: (100003,)},
    "invoice": {0: (1, 2, 4, 5, 6), 1: (7,), 2: (100001, 100002), 3: (100003, 3)},
}
_CUSTOM: Final = {"pricelevel": (Column("cw_accountid", "lookup", targets=("account",)),)}
"""What a customiser added for the hub, beside its own column."""
_SYSTEM: Final = (
    Column("createdon", "datetime", flag="read"),
    Column("modifiedon", "datetime", flag="read"),
    Column("createdby", "lookup", flag="read", targets=("systemuser",)),
    Column("modifiedby", "lookup", flag="read", targets=("systemuser",)),
    Column("versionnumber", "integer", flag="read"),
)


def _parsed(line: dict[str, str]) -> Column:
    kind, options = line["kind"], line["options"]
    return Column(
        line["column"],
        kind,
        int(line["most"] or 0),
        line["flag"],
        line["default"],
        _labels(options) if kind in CHOICES else {},
        tuple(options.split()) if kind == "lookup" else (),
    )


def _labels(options: str) -> dict[int, str]:
    pairs = (option.partition("=") for option in options.split(";"))
    return {int(value): label for value, _, label in pairs}


def _columns_of(name: str, found: list[Column]) -> dict[str, Column]:
    columns = [*found, *_SYSTEM]
    if name in _OWNED:
        columns.append(Column("ownerid", "lookup", targets=("systemuser",)))
    if name not in _NOT_THE_HUBS:
        columns.append(Column(HUB_COLUMN, "text", 36))
    columns += _CUSTOM.get(name, ())
    return {column.name: column for column in columns}


def _table(name: str, found: list[Column]) -> Table:
    keys = [Key("_".join(columns) + "_key", columns) for columns in _KEYS.get(name, ())]
    if name not in _NOT_THE_HUBS:
        keys.append(Key(HUB_COLUMN, (HUB_COLUMN,)))
    return Table(
        name,
        _SETS.get(name, name + "s"),
        _TITLES.get(name, "name"),
        _columns_of(name, found),
        tuple(keys),
        _STATES.get(name, {}),
        tracked=name not in _NOT_THE_HUBS,
        indexed=frozenset(_FOUND_BY.get(name, ())),
    )


def _read() -> Schema:
    found: dict[str, list[Column]] = {}
    path = Path(__file__).with_name("columns.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            found.setdefault(line["table"], []).append(_parsed(line))
    return Schema({name: _table(name, columns) for name, columns in found.items()})


STANDARD: Final = _read()
