"""Events as messages on the queue `arrivals`, and back.

The body is JSON: which rows of one entity of one system are to be read. Values stand in it only where the row
cannot be read. The same events make the same message under the same id, so that the bus drops what a sender
sends again.

    {"system": "crm", "entity": "account", "ids": ["…", "…"]}
    {"system": "shop", "entity": "lead", "rows": [{"native_id": "…", "stamp": …, "values": {…}}]}
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Self, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.model.change import Message, Row
from shared.model.errors import InvalidChange
from shared.model.event import Event
from shared.model.golden import Value
from shared.pipeline.messages import LATEST, Name, malformed

ARRIVALS = "arrivals"
LARGEST = 1_000
"""Rows in one message."""

ROOM = 128 * 1024
"""Bytes of rows in one message: half of what the bus takes, for what JSON adds."""

Item = TypeVar("Item")
NativeId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
Refusal = tuple[str, str, str | None]
"""Description, reason and field of why a row cannot be taken."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    native_id: NativeId
    stamp: int = Field(ge=0, le=LATEST)
    values: Mapping[Name, Value] = Field(default_factory=dict, max_length=500)
    deleted: bool = False
    active: bool = True
    version: str | None = Field(default=None, max_length=64)
    merged_into: NativeId | None = None
    external_id: str | None = Field(default=None, max_length=64)
    refused: Refusal | None = None


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    system: Name
    entity: Name
    ids: tuple[NativeId, ...] = Field(default=(), max_length=LARGEST)
    rows: tuple[_Row, ...] = Field(default=(), max_length=LARGEST)
    attempt: int = Field(default=0, ge=0, le=1_000_000)

    @model_validator(mode="after")
    def _names_rows(self) -> Self:
        if not self.ids and not self.rows:
            raise ValueError("neither ids nor rows")
        return self


@dataclass(slots=True)
class Arrived:
    """Rows of one entity of one system that were pushed: native id → the values that came with it, if any.

    `attempt` counts what failed before.
    """

    system: str
    entity: str
    rows: dict[str, Row | None] = field(default_factory=dict)
    attempt: int = 0

    def add(self, native_id: str, row: Row | None) -> None:
        """Of values that came twice the newer stay, in whatever order they came."""
        known = self.rows.get(native_id)
        if known is None or row is None or row.stamp >= known.stamp:
            self.rows[native_id] = row

    def part(self, native_ids: Iterable[str], attempt: int) -> Arrived:
        """These of them, for another try."""
        return Arrived(self.system, self.entity, {each: self.rows.get(each) for each in native_ids}, attempt)


@dataclass(slots=True)
class Batch:
    """Messages, read: what arrived, by system and entity, and what was no such message."""

    arrived: dict[str, dict[str, Arrived]] = field(default_factory=dict)
    malformed: list[InvalidChange] = field(default_factory=list)


def read(bodies: Iterable[bytes]) -> Batch:
    """Each row once, however many messages name it."""
    batch = Batch()
    for body in bodies:
        try:
            wire = _Wire.model_validate_json(body)
        except ValidationError as error:
            batch.malformed.append(malformed(error))
        else:
            _add(batch, wire)
    return batch


def _add(batch: Batch, wire: _Wire) -> None:
    entities = batch.arrived.setdefault(wire.system, {})
    arrived = entities.setdefault(wire.entity, Arrived(wire.system, wire.entity))
    arrived.attempt = max(arrived.attempt, wire.attempt)
    for native_id in wire.ids:
        arrived.add(native_id, None)
    for row in wire.rows:
        arrived.add(row.native_id, _row(row))


def accepted(system: str, events: Iterable[Event], *, carried: bool) -> Iterator[Message]:
    """Messages for these events, with their values where these are `carried`.

    Raises InvalidChange for an event that cannot be put so.
    """
    entities: dict[str, list[Event]] = {}
    for event in events:
        row = event.row if carried else None
        if carried and row is None:
            raise no_values()
        entities.setdefault(event.entity, []).append(replace(event, row=row))
    for entity, some in entities.items():
        for part in _fitting(some, lambda event: event.row):
            arrived = Arrived(system, entity)
            for event in part:
                arrived.add(event.native_id, event.row)
            body = _body(arrived)
            yield _message(arrived, body, _digest(body, part))


def again(arrived: Arrived, ids: Callable[[], str], due: int) -> list[Message]:
    """The same rows once more, then."""
    parts = _fitting(list(arrived.rows.items()), lambda named: named[1])
    some = [arrived.part((native_id for native_id, _ in part), arrived.attempt) for part in parts]
    return [_message(part, _body(part), ids(), due) for part in some]


def no_values() -> InvalidChange:
    return InvalidChange("its row cannot be read, and it carries no values", reason="NoValues", field="row")


def _fitting(items: Sequence[Item], row: Callable[[Item], Row | None]) -> Iterator[list[Item]]:
    """In lists that each fit a message."""
    part: list[Item] = []
    room = ROOM
    for item in items:
        size = _size(row(item))
        if part and (len(part) == LARGEST or size > room):
            yield part
            part, room = [], ROOM
        part.append(item)
        room -= size
    if part:
        yield part


def _size(row: Row | None) -> int:
    size = len(orjson.dumps(_shown(row))) if row else 0
    if size > ROOM:
        raise InvalidChange(
            f"its values take {size} bytes, {ROOM} are allowed", reason="ValuesTooLarge", field="row"
        )
    return size


def _digest(body: bytes, events: Iterable[Event]) -> str:
    """The same over a sender's retries."""
    ids = orjson.dumps([event.id for event in events])
    return hashlib.sha256(ids + body).hexdigest()


def _body(arrived: Arrived) -> bytes:
    rows = [_shown(row) for row in arrived.rows.values() if row is not None]
    ids = [native_id for native_id, row in arrived.rows.items() if row is None]
    shown = {"system": arrived.system, "entity": arrived.entity, "attempt": arrived.attempt}
    try:
        wire = _Wire.model_validate({**shown, "ids": ids, "rows": rows})
    except ValidationError as error:
        raise malformed(error) from None
    return wire.model_dump_json(exclude_defaults=True).encode()


def _message(arrived: Arrived, body: bytes, message_id: str, due: int | None = None) -> Message:
    return Message(ARRIVALS, message_id, body, {"system": arrived.system, "entity": arrived.entity}, due)


def _shown(row: Row) -> dict[str, object]:
    shown: dict[str, object] = {name: getattr(row, name) for name in _Row.model_fields if name != "refused"}
    error = row.refused
    refused = (error.description, error.reason, error.field) if error else None
    return {**shown, "values": dict(row.values), "refused": refused}


def _row(wire: _Row) -> Row:
    values = {name: getattr(wire, name) for name in _Row.model_fields if name != "refused"}
    if wire.refused is None:
        return Row(**values)
    description, reason, field_name = wire.refused
    return Row(**values, refused=InvalidChange(description, reason=reason, field=field_name))
