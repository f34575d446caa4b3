"""`CreateMultiple`, `UpdateMultiple`, `UpsertMultiple`: many rows of one table, all of them or none.

What fails is one error for the whole request, as the real one's standard tables have it.
"""

from typing import Final

from local.systems.dataverse.address import parse_address, place_of
from local.systems.dataverse.call import Answer, Call
from local.systems.dataverse.errors import Refused, malformed
from local.systems.dataverse.forms import relative
from local.systems.dataverse.schema import Table
from local.systems.dataverse.store import Store
from local.systems.dataverse.writer import Rulebook, Writer
from local.systems.system import Row

_TYPE: Final = "@odata.type"


class Multiple:
    def __init__(self, store: Store, rulebook: Rulebook) -> None:
        self._store = store
        self._rulebook = rulebook

    def create(self, call: Call, table: Table) -> Answer:
        targets, writer = _targets(call, table), Writer(self._rulebook, call)
        with self._store.transaction():
            ids = [writer.create(table, target) for target in targets]
        context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
        return Answer(200, {"@odata.context": context, "Ids": ids}, records=len(ids))

    def update(self, call: Call, table: Table) -> Answer:
        targets, writer = _targets(call, table), Writer(self._rulebook, call)
        with self._store.transaction():
            for target in targets:
                writer.update(table, self._found(table, target), target)
        return Answer(204, records=len(targets))

    def upsert(self, call: Call, table: Table) -> Answer:
        """Nothing tells what was created and what was updated."""
        targets, writer = _targets(call, table), Writer(self._rulebook, call)
        with self._store.transaction():
            for target in targets:
                self._upsert(writer, table, target)
        return Answer(204, records=len(targets))

    def delete(self, _: Call, __: Table) -> Answer:
        raise Refused(400, "0x80040203", "DeleteMultiple has not yet been implemented.")

    def _found(self, table: Table, target: Row) -> str:
        key = str(target.get(table.id, "")).lower()
        if key not in self._store.tables[table.name].written:
            raise Refused(404, "0x80040217", f"{table.label} With Ids = {key} Do Not Exist")
        return key

    def _upsert(self, writer: Writer, table: Table, target: Row) -> None:
        address = parse_address(relative(str(target.get("@odata.id", ""))))
        if address.name != table.set_name or address.key is None:
            raise malformed(table.set_name, "each target of UpsertMultiple needs '@odata.id'.")
        place = place_of(self._store, table, address.key)
        key = place.found()
        if key is not None:
            writer.update(table, key, target, place.values)
        else:
            named = {**place.values, **({table.id: place.guid} if place.guid else {})}
            writer.create(table, target, named)


def _targets(call: Call, table: Table) -> list[Row]:
    targets = call.json().get("Targets")
    if not isinstance(targets, list) or not targets or not all(isinstance(each, dict) for each in targets):
        raise malformed(table.set_name, "'Targets' has to be a collection of rows.")
    kind = f"Microsoft.Dynamics.CRM.{table.name}"
    if any(str(target.get(_TYPE, "")).lstrip("#") != kind for target in targets):
        raise malformed(table.set_name, f"each target needs '{_TYPE}': '{kind}'.")
    return targets
