"""The LMS's wire shapes, read tolerantly. Rows come by the thousand and stay plain dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.model.change import Row
from shared.model.translation import Translation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """One answer to a list or a look-up; `as_of` is the server's clock when it began."""

    rows: Sequence[Record]
    cursor: str | None
    as_of: str


def micros(stamp: str) -> int:
    """`2026-01-31T12:00:00.123456Z` as microseconds since 1970."""
    return (datetime.fromisoformat(stamp) - EPOCH) // TICK


def lms_time(stamp: int) -> str:
    return (EPOCH + stamp * TICK).isoformat(timespec="microseconds").replace("+00:00", "Z")


def row_of(record: Mapping[str, Any], translation: Translation) -> Row:
    """A row as the pipeline sees it; of a deleted one nothing is left but its id and when."""
    native_id, stamp = str(record["id"]), record["updated_at"]
    if record.get("deleted"):
        return Row(native_id, {}, micros(stamp), deleted=True, version=stamp)
    values, refused = translation.to_canonical(record)
    return Row(
        native_id,
        values,
        micros(stamp),
        active=record.get("status") != "inactive",
        version=stamp,
        external_id=record.get("external_id"),
        refused=refused,
    )
