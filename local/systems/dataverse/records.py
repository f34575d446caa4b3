"""One row at a time: `POST /accounts`, `GET`, `PATCH`, `DELETE /accounts(key)`, and single columns of it.

| `PATCH`                    | the row is there                 | it is not           |
|----------------------------|----------------------------------|---------------------|
| no condition               | updated                          | created: an upsert  |
| `If-Match: *`              | updated                          | 404                 |
| `If-Match: W/"7"`          | updated, or 412 where it is not 7 | 404                |
| `If-None-Match: *`         | 412                              | created             |

Created or updated, the answer is 204 and the same; only with `Prefer: return=representation` it tells.
"""

from typing import Any

from local.systems.dataverse import errors
from local.systems.dataverse.address import Address, Place, place_of
from local.systems.dataverse.call import Answer, Call
from local.systems.dataverse.errors import invalid, no_segment
from local.systems.dataverse.schema import Column, Table
from local.systems.dataverse.shown import select, shower
from local.systems.dataverse.store import Store
from local.systems.dataverse.writer import Rulebook, Writer
from local.systems.system import Row


class Records:
    def __init__(self, store: Store, rulebook: Rulebook) -> None:
        self._store = store
        self._rulebook = rulebook

    def create(self, call: Call, table: Table) -> Answer:
        with self._store.transaction():
            key = Writer(self._rulebook, call).create(table, call.json())
        return self._written(call, table, key, f"{table.set_name}({key})", created=True)

    def read(self, call: Call, table: Table, address: Address) -> Answer:
        if "$expand" in call.params:
            raise invalid("The query parameter $expand is not supported")
        key = self._key(table, address, seen=True)
        row = self._store.tables[table.name].seen[key]
        if call.if_none_match == etag(row) and not call.prefer.named:
            return Answer(304, headers={"ETag": etag(row)})
        return Answer(200, self._body(call, table, row), call.prefer.applied, records=1)

    def patch(self, call: Call, table: Table, address: Address) -> Answer:
        place = self._place(table, address)
        key = place.found()
        self._check_conditions(call, table, place, key)
        with self._store.transaction():
            writer = Writer(self._rulebook, call)
            if key is None:
                made = writer.create(table, call.json(), {**place.values, **_id(table, place)})
            else:
                writer.update(table, key, call.json(), place.values)
        text = f"{table.set_name}({_shown_key(address, place)})"
        return self._written(call, table, key or made, text, created=key is None)

    def delete(self, call: Call, table: Table, address: Address) -> Answer:
        place = self._place(table, address)
        key = place.found()
        if key is None:
            raise place.missing()
        self._check_version(call, table, key)
        with self._store.transaction():
            Writer(self._rulebook, call).delete(table, key)
        return Answer(204, records=1)

    # One column

    def put_column(self, call: Call, table: Table, address: Address) -> Answer:
        column = self._column(table, address.tail)
        self._update(call, table, address, {column.name: call.json().get("value")})
        return Answer(204, records=1)

    def delete_column(self, call: Call, table: Table, address: Address) -> Answer:
        name, _, reference = address.tail.partition("/")
        if reference == "$ref" and name in table.navigations:
            self._update(call, table, address, {f"{name}@odata.bind": None})
        else:
            self._update(call, table, address, {self._column(table, address.tail).name: None})
        return Answer(204, records=1)

    def read_column(self, call: Call, table: Table, address: Address) -> Answer:
        column = self._column(table, address.tail)
        row = self._store.tables[table.name].seen[self._key(table, address, seen=True)]
        if row.get(column.shown) is None:
            return Answer(204)
        context = f"{call.root}/$metadata#{table.set_name}({address.key})/{column.shown}"
        return Answer(200, {"@odata.context": context, "value": row[column.shown]}, records=1)

    def _update(self, call: Call, table: Table, address: Address, values: Row) -> None:
        key = self._key(table, address)
        self._check_version(call, table, key)
        with self._store.transaction():
            Writer(self._rulebook, call).update(table, key, values)

    def _column(self, table: Table, name: str) -> Column:
        column = table.columns.get(name)
        if column is None or column.kind == "lookup":
            raise no_segment(name)
        return column

    # Steps

    def _place(self, table: Table, address: Address) -> Place:
        return place_of(self._store, table, address.key or "")

    def _key(self, table: Table, address: Address, *, seen: bool = False) -> str:
        place = self._place(table, address)
        key = place.found()
        if key is None or (seen and key not in self._store.tables[table.name].seen):
            raise place.missing()
        return key

    def _check_conditions(self, call: Call, table: Table, place: Place, key: str | None) -> None:
        if key is None:
            if call.if_match is not None:
                raise place.missing()
            return
        if call.if_none_match == "*":
            raise errors.exists()
        self._check_version(call, table, key)

    def _check_version(self, call: Call, table: Table, key: str) -> None:
        wanted = call.if_match
        row = self._store.tables[table.name].written[key]
        if wanted is not None and wanted not in {"*", etag(row)}:
            blank = self._store.switches.blank_conflict_code
            raise errors.version_mismatch("" if blank else "0x80060882")

    def _written(self, call: Call, table: Table, key: str, text: str, *, created: bool) -> Answer:
        address = f"{call.root}/{text}"
        headers = {"OData-EntityId": address}
        if created:
            headers["Location"] = address
        if not call.prefer.representation:
            return Answer(204, None, headers, records=1, address=f"{table.set_name}({key})")
        row = self._store.tables[table.name].written[key]
        headers |= {"ETag": etag(row), **call.prefer.applied}
        body = self._body(call, table, row)
        return Answer(201 if created else 200, body, headers, records=1, address=f"{table.set_name}({key})")

    def _body(self, call: Call, table: Table, row: Row) -> dict[str, Any]:
        selection = select(table, call.params.get("$select"))
        shown = shower(self._store, selection, call.prefer)(row)
        return {"@odata.context": f"{call.root}/$metadata#{table.set_name}{selection.text}/$entity", **shown}


def etag(row: Row) -> str:
    return f'W/"{row["versionnumber"]}"'


def _id(table: Table, place: Place) -> Row:
    return {} if place.guid is None else {table.id: place.guid}


def _shown_key(address: Address, place: Place) -> str:
    """The key as the answer names it: an alternate key as it came."""
    return place.guid or address.key or ""
