"""What the LMS pushes: that something has happened to a company, a user or a lead; no values.

    {"type": "company.updated", "id": 17, "updated_at": "2026-01-31T12:00:00.000000Z"}
    {"type": "company.updated", "timestamp": "2026-01-31T12:00:00Z", "data": {"id": 17, ...}}

It calls a delivery by `webhook-id`. Of courses and what else it may tell the hub knows nothing: ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.lms.translate import TRANSLATIONS
from shared.model.change import Row
from shared.model.event import Event
from shared.push import parse
from shared.push.cloudevents import CloudEvents
from shared.push.exchange import Reading, Request, Told, malformed
from shared.push.formats import Formats

NOUNS = {"company": "account", "company-user": "contact", "lead": "lead"}
"""What the LMS calls one of them → the entity."""
PLURALS = {translation.native: entity for entity, translation in TRANSLATIONS.items()}
DELETED = "deleted"


def read(request: Request) -> Reading:
    body = parse.object_of(parse.json_of(request.body), "#")
    noun, _, verb = parse.text_of(body, "type", "#").rpartition(".")
    thing, at = _thing(body)
    native_id = _native_id(thing, at)
    stamp = _stamp(body, thing, at)
    sent = request.headers.get("webhook-id") or f"{noun}.{verb} {native_id} {stamp}"
    entity = (NOUNS | PLURALS).get(noun.replace("_", "-"))
    if entity is None:
        return Reading((Told(sent),))
    row = Row(native_id, {}, stamp, deleted=True) if verb == DELETED else None
    return Reading((Told(sent, Event(f"{sent} {entity} {native_id}", entity, native_id, row)),))


def _thing(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """What the event is about, and where that stands."""
    return (parse.object_of(body["data"], "#/data"), "#/data") if "data" in body else (body, "#")


def _native_id(thing: Mapping[str, Any], at: str) -> str:
    given = thing.get("id")
    found = key(str(given)) if isinstance(given, str | int) and not isinstance(given, bool) else None
    if found is None:
        raise malformed("missing, or not an id of the LMS", f"{at}/id")
    return found


def _stamp(body: Mapping[str, Any], thing: Mapping[str, Any], at: str) -> int:
    if "updated_at" in thing:
        return parse.micros_of(thing["updated_at"], f"{at}/updated_at")
    if "timestamp" in body:
        return parse.micros_of(body["timestamp"], "#/timestamp")
    raise malformed("missing", f"{at}/updated_at")


def key(native_id: str) -> str | None:
    return native_id if native_id.isascii() and native_id.isdecimal() and len(native_id) <= 18 else None


FORMATS = Formats(CloudEvents(TRANSLATIONS, key), {"application/json": read})
