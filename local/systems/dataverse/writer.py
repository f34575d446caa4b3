"""Creates, updates and deletes one row at a time, refusing what the environment refuses.

```
  faults ─> form (names, types, lengths, lookups) ─> required ─> open? ─> state ─> what follows ─> keys ─> row
```
A write that does more than one row (a delete that goes along, the totals of an order) happens as one: who
calls has opened a transaction.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from local.systems.dataverse import errors
from local.systems.dataverse.call import Call
from local.systems.dataverse.errors import Refused
from local.systems.dataverse.forms import Forms
from local.systems.dataverse.relations import CASCADE, RESTRICT, relations
from local.systems.dataverse.rules import (
    HEADER_OF,
    check_open,
    check_transition,
    prices_follow,
    settled,
    state_values,
    totals,
)
from local.systems.dataverse.schema import CHOICES, POINTS_TO, Column, Key, Table
from local.systems.dataverse.stamps import stamp
from local.systems.dataverse.store import CURRENCY, Store
from local.systems.faults import record_fault
from local.systems.system import Row

_NUMBERED: Final = {
    "quote": ("quotenumber", "QUO"),
    "salesorder": ("ordernumber", "ORD"),
    "invoice": ("invoicenumber", "INV"),
}
_DEADLOCK: Final = (
    "Generic SQL error. CRM ErrorCode: -2147204784 Sql ErrorCode: -2146232060 Sql Number: 1205: Transaction "
    "was deadlocked on lock resources with another process and has been chosen as the deadlock victim."
)
_DRAFT: Final = {"statecode": 2, "statuscode": 0}


class Rulebook:
    """What holds for every write: forms, required columns, defaults, relations."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.forms = Forms(store)
        self.relations = relations(store.schema)
        self.defaults = {name: defaults(table) for name, table in store.schema.tables.items()}
        self.required = {
            name: tuple(each.shown for each in table.columns.values() if each.flag == "required")
            for name, table in store.schema.tables.items()
        }
        self.computed = {
            name: tuple(each.shown for each in table.columns.values() if each.flag == "computed")
            for name, table in store.schema.tables.items()
        }


class Writer:
    """The writes of one call: one time, one user."""

    def __init__(self, rulebook: Rulebook, call: Call) -> None:
        self._rulebook = rulebook
        self._store = rulebook.store
        self._call = call
        self._user = call.user
        user = self._store.tables["systemuser"].written.get(call.user, {})
        self._erp = bool(user.get("isintegrationuser"))
        self._now = stamp(self._store.now())
        self._faulty = bool(call.request.extensions.get("faults"))

    def create(self, table: Table, body: Row, named: Mapping[str, Any] | None = None) -> str:
        """The new row's id. `named`: what the address says of it, where the body does not."""
        self._strike(table, body)
        values = {**(named or {}), **self._taken(table, body)}
        key = values.pop(table.id, None) or self._store.new_guid()
        if key in self._store.tables[table.name].written:
            raise errors.duplicate_id()
        whole = {**self._fresh(table), **_without_null(state_values(table, {}, values)), table.id: key}
        self._check_required(table, whole, self._rulebook.required[table.name])
        check_open(self._store, table, {}, whole, erp=self._erp)
        self._put(table, {}, whole, dict.fromkeys(whole))
        return str(key)

    def update(self, table: Table, key: str, body: Row, named: Mapping[str, Any] | None = None) -> None:
        """Changes a row. Columns that the address names it by are left as they are."""
        self._strike(table, body, key)
        before = self._store.tables[table.name].written[key]
        values = self._taken(table, body)
        for name in (table.id, *(named or ())):
            values.pop(name, None)
        check_open(self._store, table, before, values, erp=self._erp)
        check_transition(self._store, table, before, values)
        values = state_values(table, before, values)
        emptied = [name for name in self._rulebook.required[table.name] if name in values]
        self._check_required(table, values, emptied)
        if self._store.switches.equal_update_moves_version or _differs(before, values):
            self._put(table, before, _without_null({**before, **values}), values)

    def delete(self, table: Table, key: str) -> None:
        self._strike(table, {table.id: key}, key)
        check_open(self._store, table, self._store.tables[table.name].written[key], {}, erp=self._erp)
        self._remove(table, key)

    def put(self, table: Table, key: str, values: Row) -> None:
        """What the server itself changes, as actions do: no form, no states, no keys."""
        before = self._store.tables[table.name].written[key]
        row = {**before, **values, "modifiedon": self._now, "_modifiedby_value": self._user}
        self._store.put(table, _without_null(row))

    # Steps

    def _strike(self, table: Table, body: Row, key: str = "") -> None:
        fault = record_fault(self._call.request, {table.id: key, **body}) if self._faulty else None
        if fault is not None and fault.kind == "lock":
            switches = self._store.switches
            raise Refused(switches.sql_error_status, switches.sql_error_code, _DEADLOCK)
        if fault is not None:
            raise Refused(400, "0x80040265", "A plug-in of this environment refused the row.")

    def _taken(self, table: Table, body: Row) -> Row:
        values = self._rulebook.forms.of(table).take(body, self._call)
        if not self._erp or table.name.startswith("quote"):
            for name in self._rulebook.computed[table.name]:
                values.pop(name, None)
        return values

    def _fresh(self, table: Table) -> Row:
        """What a new row holds where the caller says nothing."""
        row = {**self._rulebook.defaults[table.name], "createdon": self._now, "_createdby_value": self._user}
        if "ownerid" in table.columns:
            row["_ownerid_value"] = self._user
        if table.name == "product" and not self._store.switches.products_start_active:
            row |= _DRAFT
        if table.name in _NUMBERED:
            column, letters = _NUMBERED[table.name]
            row[column] = f"{letters}-{self._store.number(column):05d}"
        return row

    def _check_required(self, table: Table, row: Row, columns: Iterable[str]) -> None:
        if self._store.switches.requires_business_columns:
            for name in columns:
                if row.get(name) is None:
                    raise errors.required(table.name, table.by_shown[name].name)

    def _put(self, table: Table, before: Row, row: Row, changed: Mapping[str, Any]) -> None:
        row = settled(self._store, table, row, erp=self._erp)
        self._check_keys(table, row, changed)
        row["modifiedon"], row["_modifiedby_value"] = self._now, self._user
        if not prices_follow(table, erp=self._erp):
            self._store.put(table, row)
            return
        header = self._store.schema.tables[HEADER_OF.get(table.name, table.name)]
        if header is table:
            self._store.put(table, {**row, **totals(self._store, table, row)})
            return
        self._store.put(table, row)
        self._retotal(header, {before.get(f"_{header.id}_value"), row.get(f"_{header.id}_value")})

    def _retotal(self, header: Table, keys: Iterable[str | None]) -> None:
        for key in keys:
            row = self._store.tables[header.name].written.get(key or "")
            if row is not None:
                self.put(header, row[header.id], totals(self._store, header, row))

    # Keys

    def _check_keys(self, table: Table, row: Row, changed: Mapping[str, Any]) -> None:
        for key in table.keys:
            columns = tuple(table.columns[name].shown for name in key.columns)
            if any(name in changed for name in columns):
                self._check_key(table, key, columns, row)

    def _check_key(self, table: Table, key: Key, columns: tuple[str, ...], row: Row) -> None:
        values = [row.get(name) for name in columns]
        if None in values:  # a row without a value clashes with nobody
            return
        others = self._store.tables[table.name].find(columns, *values)
        if not others or others == [row[table.id]]:
            return
        if table.name == "productpricelevel" and len(columns) > 1:
            raise Refused(400, "0x80043b08", "This product and unit combination has a price already.")
        labels = [label(table.columns[name]) for name in key.columns]
        raise errors.duplicate_key(labels, dict(zip(key.columns, values, strict=True)), _as_xml(table, row))

    # Deletes

    def _remove(self, table: Table, key: str) -> None:
        row = self._store.tables[table.name].written[key]
        self._store.remove(table, key)
        for child, column, behaviour in self._rulebook.relations[table.name]:
            for child_key in self._store.tables[child].find((column,), key):
                self._let_go(self._store.schema.tables[child], child_key, column, behaviour)
        if table.name in HEADER_OF and prices_follow(table, erp=self._erp):
            header = self._store.schema.tables[HEADER_OF[table.name]]
            self._retotal(header, [row.get(f"_{header.id}_value")])

    def _let_go(self, table: Table, key: str, column: str, behaviour: str) -> None:
        if behaviour == RESTRICT:
            raise errors.associated()
        if behaviour == CASCADE:
            self._remove(table, key)
        else:
            self.put(table, key, {column: None, column + POINTS_TO: None})


def defaults(table: Table) -> Row:
    row: Row = {each.name: False for each in table.columns.values() if each.kind == "boolean"}
    for column in table.columns.values():
        if column.default:
            row[column.shown] = _default(column)
    if "transactioncurrencyid" in table.columns and table.name != "transactioncurrency":
        row["_transactioncurrencyid_value"] = CURRENCY
    if table.states:
        row["statecode"] = next(iter(table.states))
        row["statuscode"] = table.states[row["statecode"]][0]
    return row


def _default(column: Column) -> Any:
    return int(column.default) if column.kind in CHOICES | {"integer"} else float(column.default)


def _without_null(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _differs(before: Row, values: Row) -> bool:
    return any(before.get(name) != value for name, value in values.items())


def label(column: Column) -> str:
    """What people call a column, as near as its name tells."""
    return column.name.removeprefix("cw_").replace("_", " ").title()


def _as_xml(table: Table, row: Row) -> str:
    """The row that was being written: the one part of this error that many mistake for the other row."""
    return f"<Entity LogicalName='{table.name}' Id='{row[table.id]}'/>"
