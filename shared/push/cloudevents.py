"""CloudEvents 1.0 over HTTP: structured, binary and batches, as events of one system.

    type      crosswalk.<entity>.<verb>, or <anything>.<what the system calls it>.<verb>[.v1]
    verb      created, changed, updated, modified: the row is read        deleted: it is gone
    subject   the row's own id
    time      the row's own time, which values cannot do without
    data      the row as the system shows it: it serves where the row cannot be read, and only if it is whole

The package checks the attributes. It would make up an id or a time that is missing, so these are asked for
first; and it reads data without bounds, so that is parsed here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent

from shared.model.change import Row
from shared.model.event import Event
from shared.model.translation import Translation
from shared.push import parse
from shared.push.exchange import Reading, Refused, Request, Told, malformed, malformed_header, refuse

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MOST = 1_000
"""Events in one batch."""
PREFIX = "ce-"
NEEDED = ("id", "source", "type", "specversion")
CHANGED = frozenset({"created", "changed", "updated", "modified"})
DELETED = "deleted"
TYPE = re.compile(r"(?:.*\.)?([^.]+)\.([a-z]+)(?:\.v\d{1,3})?", re.DOTALL)
JSON = re.compile(r"(application/(.+\+)?json|text/json)", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9_]{1,40}")
BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Place:
    """Where an event stands in a request: in its body, or in its headers."""

    pointer: str = "#"
    headers: bool = False

    def refuse(self, attribute: str, detail: str) -> Refused:
        if self.headers and attribute != "data":
            return malformed_header(detail, PREFIX + attribute)
        return malformed(detail, f"{self.pointer}/{attribute}" if not self.headers else "#")


@dataclass(frozen=True)
class CloudEvents:
    """Reads CloudEvents of a system that carries these entities.

    `key` is a row's id as the hub knows it, None where it is none of this system's; `shown` makes a row of
    data as the room's own reading would have it.
    """

    translations: Mapping[str, Translation]
    key: Callable[[str], str | None]
    shown: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] = lambda _, data: data

    def read(self, request: Request) -> Reading:
        return Reading(tuple(self._events(request)))

    def _events(self, request: Request) -> Iterator[Told]:
        if request.media_type == BATCH:
            for place, each in enumerate(_batch(request.body)):
                yield self._structured(each, Place(f"#/{place}"))
        elif request.media_type == STRUCTURED:
            yield self._structured(parse.json_of(request.body), Place())
        else:
            yield self._binary(request)

    def _structured(self, given: Any, place: Place) -> Told:
        found = dict(parse.object_of(given, place.pointer))
        coded = found.pop("data_base64", None)
        data = found.pop("data", None)
        if coded is not None:
            data = _decoded(coded, place)
        return self._event({name: value for name, value in found.items() if value is not None}, data, place)

    def _binary(self, request: Request) -> Told:
        place = Place(headers=True)
        headers = {name: value for name, value in request.headers.items() if name.startswith(PREFIX)}
        attributes = {name.removeprefix(PREFIX): _unquoted(name, value) for name, value in headers.items()}
        if attributes.pop("datacontenttype", None) is not None:
            raise place.refuse("datacontenttype", "is the header Content-Type in this mode")
        if kind := request.headers.get("content-type"):
            attributes["datacontenttype"] = kind
        data = parse.json_of(request.body) if request.body and JSON.fullmatch(request.media_type) else None
        return self._event(attributes, data, place)

    def _event(self, attributes: dict[str, Any], data: Any, place: Place) -> Told:
        event = _checked(attributes, place)
        entity, deleted = self._named(event.get_type(), place)
        native_id = self.key(_line(event.get_subject(), "subject", place, parse.LONGEST_ROW))
        if native_id is None:
            raise place.refuse("subject", "not the id of a row of this system")
        sent = _line(event.get_id(), "id", place)
        source = _line(event.get_source(), "source", place, 500)
        row = self._row(entity, native_id, attributes, data, place, deleted=deleted)
        return Told(sent, Event(f"{source} {sent}", entity, native_id, row))

    def _named(self, kind: str, place: Place) -> tuple[str, bool]:
        """The entity that a type names, and whether its row is gone."""
        found = TYPE.fullmatch(_line(kind, "type", place))
        entity = self._entities.get(found[1].lower()) if found else None
        verb = found[2] if found else ""
        if entity is None or verb not in CHANGED | {DELETED}:
            known = ", ".join(self.translations)
            raise place.refuse("type", f"not crosswalk.<entity>.changed or .deleted of one of {known}")
        return entity, verb == DELETED

    @cached_property
    def _entities(self) -> Mapping[str, str]:
        """What an entity is called, by us or by the system → the entity."""
        theirs = {each.native.rpartition(".")[2].lower(): name for name, each in self.translations.items()}
        return theirs | {name: name for name in self.translations}

    def _row(
        self,
        entity: str,
        native_id: str,
        attributes: Mapping[str, Any],
        data: Any,
        place: Place,
        *,
        deleted: bool,
    ) -> Row | None:
        """The event's own values; nothing of them where it does not say when, or not all."""
        if "time" not in attributes:
            return None
        stamp = int((attributes["time"] - parse.EPOCH) // parse.TICK)
        if deleted:
            return Row(native_id, {}, stamp, deleted=True)
        translation = self.translations[entity]
        if not isinstance(data, dict) or not data.keys() >= set(translation.natives):
            return None
        return _whole(translation, native_id, stamp, self.shown(entity, data), place)


def _whole(
    translation: Translation, native_id: str, stamp: int, data: Mapping[str, Any], place: Place
) -> Row:
    for native in translation.natives:
        if isinstance(data[native], dict | list):
            raise place.refuse("data", f"{native} is no single value")
    try:
        values, refused = translation.to_canonical(data)
    except (TypeError, ValueError):
        raise place.refuse("data", "has a value of another type than its field") from None
    return Row(native_id, values, stamp, refused=refused)


def _batch(body: bytes) -> list[Any]:
    found = parse.json_of(body)
    if not isinstance(found, list):
        raise malformed("not a list of events", "#")
    if len(found) > MOST:
        raise refuse(413, f"At most {MOST} events at once.")
    return found


def _checked(attributes: dict[str, Any], place: Place) -> CloudEvent:
    for name in NEEDED:
        if name not in attributes:
            raise place.refuse(name, "missing")
    timed = "time" in attributes
    if timed:
        attributes["time"] = _moment(attributes["time"], place)
    try:
        event = CloudEvent({"time": parse.EPOCH, **attributes})
    except CloudEventValidationError as error:
        raise _not_an_attribute(str(next(iter(error.errors))), place) from None
    return event


def _not_an_attribute(name: str, place: Place) -> Refused:
    """A name that no attribute can have is not repeated."""
    if NAME.fullmatch(name):
        return place.refuse(name, "not an attribute of CloudEvents 1.0, or not of its type")
    return malformed("an attribute whose name CloudEvents 1.0 does not allow", place.pointer)


def _moment(value: Any, place: Place) -> Any:
    try:
        return parse.EPOCH + parse.micros_of(value, "") * parse.TICK
    except Refused:
        raise place.refuse("time", "no time such as 2026-01-31T12:00:00Z") from None


def _line(value: str | None, name: str, place: Place, longest: int = parse.LONGEST) -> str:
    if value is None:
        raise place.refuse(name, "missing")
    try:
        return parse.line(value, "", longest)
    except Refused:
        raise place.refuse(
            name, f"longer than {longest} characters, or with some that cannot be shown"
        ) from None


def _decoded(coded: Any, place: Place) -> Any:
    """Data in base64 is somebody else's format: it wakes, and has no values."""
    try:
        base64.b64decode(coded, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise place.refuse("data_base64", "no base64") from None


def _unquoted(name: str, value: str) -> str:
    if BROKEN.search(value):
        raise malformed_header("a percent sign without its two digits", name)
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise malformed_header("no UTF-8", name) from None
