"""From a body to the values of a row: names known or refused, each value taken, lookups bound to rows.

```
  "name": "Acme"                                         name                    values.py
  "primarycontactid@odata.bind": "contacts(guid)"        _primarycontactid_value
  "customerid_account@odata.bind": "accounts(accountnumber='A-1')"
  "transactioncurrencyid@odata.bind": "$1"               what the change set made under Content-ID 1
  "name@…", "@odata.type", "@odata.etag"                 annotations: nothing
```
"""

from typing import Any, Final
from urllib.parse import urlsplit

from local.systems.dataverse.address import parse_address, place_of
from local.systems.dataverse.call import ROOT, Call
from local.systems.dataverse.errors import Refused, invalid, malformed
from local.systems.dataverse.schema import POINTS_TO, Column, Table
from local.systems.dataverse.store import Store
from local.systems.dataverse.values import Taker, taker
from local.systems.system import Row

_BIND: Final = "@odata.bind"


class Form:
    """How bodies for one table are read."""

    def __init__(self, store: Store, table: Table) -> None:
        self._store = store
        self.table = table
        columns = [column for column in table.columns.values() if column.kind != "lookup"]
        self._takers: dict[str, Taker] = {
            column.name: taker(table, column, store.switches) for column in columns if column.flag != "read"
        }
        self._read_only = frozenset(
            column.shown for column in table.columns.values() if column.flag == "read"
        )

    def take(self, body: Row, call: Call) -> Row:
        """Values by the names under which they are shown; None for a column to be emptied."""
        takers, values = self._takers, {}
        for name, value in body.items():
            take = takers.get(name)
            if take is not None:
                values[name] = None if value is None else take(value)
            else:
                self._take_rarer(values, name, value, call)
        return values

    def _take_rarer(self, values: Row, name: str, value: Any, call: Call) -> None:
        if name.endswith(_BIND):
            self._bind(values, name.removesuffix(_BIND), value, call)
        elif "@" in name:
            return
        elif name in self._read_only:
            self._meet_read_only(name)
        elif name in self.table.navigations and value is None:
            self._empty(values, self.table.navigations[name][0])
        else:
            raise self._unknown(name)

    def _meet_read_only(self, name: str) -> None:
        if not self._store.switches.ignores_read_only:
            raise invalid(f"The property '{name}' of '{self.table.name}' cannot be written.", "0x80040203")

    def _unknown(self, name: str) -> Refused:
        if name in self.table.by_shown:
            return malformed(
                self.table.set_name,
                "CRM do not support direct update of Entity Reference properties, Use Navigation properties "
                "instead.",
            )
        kind = f"Microsoft.Dynamics.CRM.{self.table.name}"
        message = f"Invalid property '{name}' was found in entity '{kind}'. Error: it does not exist."
        return Refused(400, self._store.switches.unknown_property_code, message)

    # Lookups

    def _bind(self, values: Row, navigation: str, value: Any, call: Call) -> None:
        known = self.table.navigations.get(navigation)
        if known is None:
            raise malformed(
                self.table.set_name,
                f"An undeclared property '{navigation}' which only has property annotations in the payload "
                "but no property value was found in the payload.",
            )
        column, target = known
        if column.flag == "read":
            self._meet_read_only(navigation)
        elif value is None and self._store.switches.null_bind_clears:
            self._empty(values, column)
        elif isinstance(value, str):
            self._point(values, column, target, self._bound(target, value, call))
        else:
            raise malformed(self.table.set_name, f"'{navigation}{_BIND}' must be the address of a row.")

    def _empty(self, values: Row, column: Column) -> None:
        values[column.shown] = None
        if len(column.targets) > 1:
            values[column.shown + POINTS_TO] = None

    def _point(self, values: Row, column: Column, target: str, key: str) -> None:
        values[column.shown] = key
        if len(column.targets) > 1:
            values[column.shown + POINTS_TO] = target

    def _bound(self, target: str, text: str, call: Call) -> str:
        """The id of the row that an address names."""
        address = parse_address(relative(resolve(text, call)))
        table = self._store.schema.sets.get(address.name)
        if table is None or table.name != target or address.key is None:
            raise malformed(self.table.set_name, f"'{text}' is no address of a row of {target}.")
        place = place_of(self._store, table, address.key)
        if place.guid is None and not self._store.switches.bind_by_key:
            raise malformed(self.table.set_name, f"'{text}' names no row by its id.")
        key = place.found()
        if key is None:
            raise place.missing()
        return key


class Forms:
    """The forms of all tables."""

    def __init__(self, store: Store) -> None:
        self._forms = {name: Form(store, table) for name, table in store.schema.tables.items()}

    def of(self, table: Table) -> Form:
        return self._forms[table.name]


def relative(text: str) -> str:
    """An address below the version, however much of it was written."""
    path = urlsplit(text).path if "://" in text else text
    if path.startswith(ROOT):
        path = path.removeprefix(ROOT).partition("/")[2]
    return path.lstrip("/")


def resolve(text: str, call: Call) -> str:
    """`$1` is what the change set made under that Content-ID."""
    if not text.startswith("$"):
        return text
    name, slash, rest = text[1:].partition("/")
    found = (call.references or {}).get(name)
    if found is None:
        raise invalid(f"Content-ID Reference: '${name}' does not exist in the batch context.", "0x80060888")
    return found + slash + rest
