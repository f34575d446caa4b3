"""What Dataverse pushes: the execution context of a step that is registered on a table, as a webhook.

    MessageName         Create, Update, Delete, SetState, Merge, …: whatever it is, the row is looked at
    PrimaryEntityName   the table        PrimaryEntityId    the row
    OperationCreatedOn  `/Date(1506409448000-0700)/`: milliseconds since 1970; the zone is for show

Quirks
- Over 256 KB the context comes without its parameters and images. They are not read here in any case: an
  update holds only what was changed, and a row that is read says everything.
- It tries once more, and only after a 502, 503 or 504; then the poll finds what was missed.
- A step that runs within the user's transaction fails with us: what the hub has no use for is never refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from functions.dataverse.translate import TABLES, TRANSLATIONS
from shared.model.change import Row
from shared.model.event import Event
from shared.push import parse
from shared.push.cloudevents import CloudEvents
from shared.push.exchange import Reading, Request, Told, malformed
from shared.push.formats import Formats

ENTITIES = {table.name: entity for entity, table in TABLES.items()}
"""Logical name of a table → the entity."""
DATE = re.compile(r"/Date\((\d{1,15})([+-]\d{4})?\)/")
NAMES = ("CorrelationId", "OperationId", "RequestId")
"""By which of its ids a delivery is known, over its retry: some steps leave one or the other empty."""


def read(request: Request) -> Reading:
    body = parse.object_of(parse.json_of(request.body), "#")
    table = parse.text_of(body, "PrimaryEntityName", "#")
    native_id = key(parse.text_of(body, "PrimaryEntityId", "#"))
    if native_id is None:
        raise malformed("not the id of a row", "#/PrimaryEntityId")
    stamp = _micros(body)
    message = parse.text_of(body, "MessageName", "#")
    sent = _sent(body)
    entity = ENTITIES.get(table.lower())
    if entity is None:
        return Reading((Told(sent),))
    row = Row(native_id, {}, stamp, deleted=True) if message == "Delete" else None
    name = f"{sent} {message} {native_id} {stamp}"
    return Reading((Told(sent, Event(name, entity, native_id, row)),))


def _sent(body: Mapping[str, Any]) -> str:
    return " ".join(parse.text_of(body, name, "#", 64) for name in NAMES if body.get(name) is not None) or "-"


def _micros(body: Mapping[str, Any]) -> int:
    found = DATE.fullmatch(parse.text_of(body, "OperationCreatedOn", "#"))
    if found is None:
        raise malformed("no time such as /Date(1506409448000)/", "#/OperationCreatedOn")
    return int(found[1]) * 1_000


def key(native_id: str) -> str | None:
    """As the Web API shows it."""
    try:
        return str(UUID(native_id))
    except ValueError:
        return None


FORMATS = Formats(CloudEvents(TRANSLATIONS, key), {"application/json": read})
