"""Change sets as messages, and back.

The body is JSON: which records, never what is in them. What the subscriptions' rules look at stands in the
application properties `entity`, `source` and, where the set is addressed, `target`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.model.change import ChangeSet, Message
from shared.model.errors import InvalidChange
from shared.model.records import DeadLetter

CHANGES = "changes"
DEAD_LETTERS = "dead-letters"
LARGEST = 2_000
"""Ids in one change set: 80 KB, well under a message's 256 KB, and a full page of most sources."""

LATEST = 2**53
"""The last time that a message may name: the year 2255, in microseconds."""

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    entity: Name
    source: Name
    ids: tuple[Id, ...] = Field(min_length=1, max_length=10_000)
    target: Name | None = None
    cause: Name = "poll"
    attempt: int = Field(default=0, ge=0, le=1_000_000)
    waits: int = Field(default=0, ge=0, le=1_000_000)
    since: int = Field(default=0, ge=0, le=LATEST)
    fields: tuple[Name, ...] = ()
    trace: Annotated[str, Field(max_length=64)] | None = None
    deferred: bool = False


def encode(change: ChangeSet, message_id: str, due: int | None = None) -> Message:
    """A change set for the topic."""
    wire = _Wire.model_construct(**{name: getattr(change, name) for name in _Wire.model_fields})
    properties = {"entity": change.entity, "source": change.source}
    if change.target is not None:
        properties["target"] = change.target
    return Message(CHANGES, message_id, wire.model_dump_json().encode(), properties, due)


def decode(body: bytes) -> ChangeSet:
    """Raises InvalidChange where the message is not a change set."""
    try:
        wire = _Wire.model_validate_json(body)
    except ValidationError as error:
        raise malformed(error) from None
    return ChangeSet(**{name: getattr(wire, name) for name in _Wire.model_fields})


def malformed(error: ValidationError) -> InvalidChange:
    """Which field of a message is wrong, and how; never what stands there."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])[:64] or "body"
    return InvalidChange(f"{field}: {first['msg']}", reason="MalformedMessage", field=field)


def dead_letter_message(letter: DeadLetter) -> Message:
    """A dead letter for the queue that operators watch: where and why, no values."""
    wire = _DeadLetterWire(
        id=letter.id,
        target=letter.target,
        entity=letter.entity,
        record=letter.record,
        source=letter.source,
        reason=letter.reason,
        field=letter.field,
        description=letter.description,
    )
    properties = {"entity": letter.entity, "target": letter.target, "reason": letter.reason}
    return Message(DEAD_LETTERS, letter.id, wire.model_dump_json().encode(), properties)


class _DeadLetterWire(BaseModel):
    id: str
    target: str
    entity: str
    record: str
    source: str
    reason: str
    field: str | None
    description: str


def parts(ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Ids in sets that fit a message."""
    return [tuple(ids[start : start + LARGEST]) for start in range(0, len(ids), LARGEST)]
