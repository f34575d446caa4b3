"""The org behind the API: its objects, its tables, its clock, and who is working.

A transaction here is an undo log. Writes are seen at once, and a rollback puts back what was there before;
requests come one at a time, so nobody sees what is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from local.systems.rows import Rows
from local.systems.salesforce.ids import record_id
from local.systems.salesforce.objects import RECORD_TYPES
from local.systems.salesforce.schema import Schema, SObject
from local.systems.salesforce.stamps import stamp
from local.systems.salesforce.tables import Table
from local.systems.system import Clock, Row

ORG_ID: Final = record_id("00D", 1)
USER_ID: Final = record_id("005", 1)
INSTANCE: Final = "8d"
"""Where new records are made; loaded ones come from elsewhere, so that their ids do not stand in the way."""
SETUP: Final = frozenset({"User", "RecordType"})
"""Objects that are no customer records."""
INTEGRATION_USER: Final = "integration@crosswalk.example"


class Org:
    def __init__(self, schema: Schema, rows: Rows, clock: Clock) -> None:
        self.schema = schema
        self.rows = rows
        self.clock = clock
        self.tables = {name: Table(rows, sobject) for name, sobject in schema.objects.items()}
        self._undo: list[tuple[Table, str, Row | None]] | None = None
        if USER_ID not in self.tables["User"].written:
            self.tables["User"].put(_integration_user(stamp(clock())))
        if "RecordType" in self.tables and not self.tables["RecordType"].written:
            for row in _record_types(stamp(clock())):
                self.tables["RecordType"].put(row)

    def now(self) -> datetime:
        return self.clock()

    def table(self, sobject: SObject) -> Table:
        return self.tables[sobject.name]

    def record_types(self) -> Iterator[Row]:
        table = self.tables.get("RecordType")
        return iter(table.written.values()) if table else iter(())

    def new_id(self, sobject: SObject) -> str:
        """An id that no record of this object has."""
        taken = self.table(sobject).written
        while (made := record_id(sobject.prefix, self.rows.count(sobject.name), INSTANCE)) in taken:
            pass
        return made

    def put(self, sobject: SObject, row: Row) -> None:
        table = self.table(sobject)
        if self._undo is not None:
            self._undo.append((table, row["Id"], table.written.get(row["Id"])))
        table.put(row)

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Writes inside can be rolled back; those of an inner transaction also with the outer one."""
        log: list[tuple[Table, str, Row | None]] = []
        outer, self._undo = self._undo, log
        try:
            yield Transaction(log)
        finally:
            self._undo = outer
            if outer is not None:
                outer.extend(log)


class Transaction:
    def __init__(self, log: list[tuple[Table, str, Row | None]]) -> None:
        self._log = log

    def roll_back(self) -> None:
        for table, key, before in reversed(self._log):
            if before is None:
                table.remove(key)
            else:
                table.put(before)
        self._log.clear()


def _integration_user(now: str) -> Row:
    return {
        "Id": USER_ID,
        "Username": INTEGRATION_USER,
        "LastName": "Integration",
        "Name": "Integration",
        "Email": INTEGRATION_USER,
        "Alias": "integ",
        "IsActive": True,
        **audit(now),
    }


def _record_types(now: str) -> Iterator[Row]:
    named = [(sobject, name) for sobject, names in RECORD_TYPES.items() for name in names]
    for number, (sobject, name) in enumerate(named, 1):
        names = {"Name": name, "DeveloperName": name, "SobjectType": sobject}
        yield {"Id": record_id("012", number), **names, "IsActive": True, **audit(now)}


def audit(now: str) -> Row:
    """What the server writes on a new row."""
    return {
        "IsDeleted": False,
        "CreatedDate": now,
        "CreatedById": USER_ID,
        "LastModifiedDate": now,
        "LastModifiedById": USER_ID,
        "SystemModstamp": now,
    }
