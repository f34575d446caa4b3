"""How Dataverse pushes: a webhook (`serviceendpoint` of contract 8) with steps that say what goes to it.

```
  sdkmessageprocessingstep   a message of a table, after the operation (stage 40), asynchronous (mode 1);
                             an Update only where one of `filteringattributes` has changed
  POST url?code=KEY          a RemoteExecutionContext as JSON, x-ms-dynamics-* headers; nothing is signed
```

- Heard is any 2xx within 60 s; the body is not read. 502, 503 and 504 are tried once more, nothing else: the
  system job fails, and nobody is told. What was missed is for the receiver to find out.
- Create brings the whole row, Update what has changed and the columns of the system, Delete a reference.
- Above 256 KB the row and its like are left out, and `x-ms-dynamics-msg-size-exceeded` says so: whoever
  wants them reads the row.
- Messages overtake one another.

A merge is shown as the updates that it makes; who deleted a row is not known, and its last editor is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import httpx
import orjson
from pydantic import BaseModel, ConfigDict

from local.systems.dataverse.schema import CHOICES, Column, Schema, Table
from local.systems.dataverse.shown import target_of
from local.systems.push.manner import Message, Notice, Target, within
from local.systems.push.standing import Again, Heard, Lost, Verdict
from local.systems.rows import Written
from local.systems.system import Row

PATIENCE: Final = 60.0
LARGEST: Final = 256 * 1024
TRIED_AGAIN: Final = frozenset({502, 503, 504})
PAUSE: Final = 1.0
"""Seconds before the one retry; how long the real one waits is not published."""
TRIMMED: Final = ("ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages")
_CONTRACTS: Final = "http://schemas.microsoft.com/xrm/2011/Contracts"
_SYSTEM: Final = frozenset({"modifiedon", "_modifiedby_value"})
_NOWHERE: Final = "00000000-0000-0000-0000-000000000000"
_POST_OPERATION: Final = 40
_ASYNCHRONOUS: Final = 1


class Step(BaseModel):
    """What goes to the webhook."""

    model_config = ConfigDict(extra="forbid", strict=True)

    table: str
    message: Literal["Create", "Update", "Delete"]
    filteringattributes: tuple[str, ...] = ()

    def takes(self, table: Table, message: str, changed: frozenset[str]) -> bool:
        if (self.table, self.message) != (table.name, message):
            return False
        wanted = {table.columns[name].shown for name in self.filteringattributes if name in table.columns}
        return message != "Update" or not self.filteringattributes or not wanted.isdisjoint(changed)


class Registration(Target):
    """A webhook with its steps; without any, all messages of all tables whose changes are tracked."""

    steps: list[Step] | None = None


class DataverseManner:
    target: type[Target] = Registration
    together = 1

    def __init__(self, schema: Schema, organization: str, new_guid: Callable[[], str]) -> None:
        self._schema = schema
        self._organization = organization
        self._new_guid = new_guid

    def new_id(self) -> str:
        return self._new_guid()

    def notices(self, written: Sequence[Written], target: Target) -> list[Notice]:
        steps = target.steps if isinstance(target, Registration) else None
        return [
            Notice(each.key, each, message)
            for each in written
            if (table := self._schema.tables.get(each.table)) is not None
            for message in [_message(each)]
            if _wanted(steps, table, message, _changed(each))
        ]

    def request(self, message: Message, target: Target, _: datetime) -> httpx.Request:
        (notice,) = message.notices
        written: Written = notice.content
        context = self._context(written, message)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-ms-dynamics-organization": self._organization,
            "x-ms-dynamics-entity-name": written.table,
            "x-ms-dynamics-request-name": context["MessageName"],
            "x-ms-correlation-request-id": context["CorrelationId"],
        }
        body = orjson.dumps(context)
        if len(body) > LARGEST:
            headers["x-ms-dynamics-msg-size-exceeded"] = "true"
            body = orjson.dumps({name: part for name, part in context.items() if name not in TRIMMED})
        url = httpx.URL(target.url).copy_merge_params({"code": target.secret})
        return httpx.Request("POST", url, headers=headers, content=body, extensions=within(PATIENCE))

    def verdict(self, message: Message, answer: httpx.Response | None, _: datetime) -> Verdict:
        if answer is not None and answer.is_success:
            return Heard()
        again = answer is not None and answer.status_code in TRIED_AGAIN and message.tries == 1
        return Again(PAUSE) if again else Lost()

    def _context(self, written: Written, message: Message) -> dict[str, Any]:
        table, row = self._schema.tables[written.table], written.after or written.before or {}
        user = row.get("_modifiedby_value", _NOWHERE)
        return {
            "BusinessUnitId": _NOWHERE,
            "CorrelationId": message.id,
            "Depth": 1,
            "InitiatingUserId": user,
            "InputParameters": [{"key": "Target", "value": _target(table, written)}],
            "IsExecutingOffline": False,
            "IsInTransaction": False,
            "IsOfflinePlayback": False,
            "IsolationMode": 1,
            "MessageName": _message(written),
            "Mode": _ASYNCHRONOUS,
            "OperationCreatedOn": _date(message.made),
            "OperationId": message.id,
            "OrganizationId": _NOWHERE,
            "OrganizationName": self._organization,
            "OutputParameters": [{"key": "id", "value": written.key}] if written.before is None else [],
            "OwningExtension": {
                "__type": f"EntityReference:{_CONTRACTS}",
                "Id": _NOWHERE,
                "KeyAttributes": [],
                "LogicalName": "sdkmessageprocessingstep",
                "Name": f"{_message(written)} of {table.name}",
                "RowVersion": None,
            },
            "ParentContext": None,
            "PostEntityImages": [],
            "PreEntityImages": [],
            "PrimaryEntityId": written.key,
            "PrimaryEntityName": table.name,
            "RequestId": message.id,
            "SecondaryEntityName": "none",
            "SharedVariables": [],
            "Stage": _POST_OPERATION,
            "UserId": user,
        }


def _message(written: Written) -> str:
    if written.after is None:
        return "Delete"
    return "Create" if written.before is None else "Update"


def _changed(written: Written) -> frozenset[str]:
    """Columns, by the names under which they are shown."""
    before, after = written.before or {}, written.after or {}
    return frozenset(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _wanted(steps: Sequence[Step] | None, table: Table, message: str, changed: frozenset[str]) -> bool:
    if steps is None:
        return table.tracked
    return any(step.takes(table, message, changed) for step in steps)


def _target(table: Table, written: Written) -> Row:
    if written.after is None:
        return _reference(table.name, written.key)
    after, changed = written.after, _changed(written)
    shown = [column for column in table.columns.values() if column.shown in changed | _SYSTEM]
    values = {column.name: _value(column, after) for column in shown if column.name != "versionnumber"}
    return {
        "__type": f"Entity:{_CONTRACTS}",
        "Attributes": [
            {"key": name, "value": value} for name, value in {**values, table.id: written.key}.items()
        ],
        "EntityState": None,
        "FormattedValues": [],
        "Id": written.key,
        "KeyAttributes": [],
        "LogicalName": table.name,
        "RelatedEntities": [],
        "RowVersion": str(after["versionnumber"]),
    }


def _value(column: Column, row: Mapping[str, Any]) -> Any:
    """As the contract serializer writes it."""
    value = row.get(column.shown)
    if value is None:
        return None
    if column.kind == "lookup":
        return _reference(target_of(column, dict(row)), value)
    if column.kind in CHOICES:
        return {"__type": f"OptionSetValue:{_CONTRACTS}", "Value": value}
    if column.kind == "money":
        return {"__type": f"Money:{_CONTRACTS}", "Value": value}
    return _date(datetime.fromisoformat(value)) if column.kind in {"datetime", "date"} else value


def _reference(table: str, key: str) -> Row:
    return {
        "__type": f"EntityReference:{_CONTRACTS}",
        "Id": key,
        "KeyAttributes": [],
        "LogicalName": table,
        "Name": None,
        "RowVersion": None,
    }


def _date(moment: datetime) -> str:
    """Milliseconds since 1970, in the old form of .NET."""
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"/Date({round(known.timestamp() * 1000)})/"
