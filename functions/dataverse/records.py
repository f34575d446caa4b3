"""Dataverse's wire shapes, read tolerantly. Rows come by the thousand and stay plain dicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from functions.dataverse.tables import HUB_ID, WHICH, Table
from shared.model.change import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ETAG = "@odata.etag"
DELETED = "/$deletedEntity"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """One answer to a query: rows, where the next are, whence the next run starts, and the server's clock."""

    rows: Sequence[Record]
    following: str | None
    delta: str | None
    read_at: int


@lru_cache(4096)
def micros(stamp: str) -> int:
    """`2026-01-31T12:00:00Z` as microseconds since 1970. Whole seconds: many rows share one."""
    return (datetime.fromisoformat(stamp) - EPOCH) // TICK


def micros_of_date(header: str) -> int:
    """An HTTP date as microseconds since 1970; ValueError where it is none."""
    return (parsedate_to_datetime(header) - EPOCH) // TICK


def row_of(record: Record, table: Table, ended_after: int) -> Row:
    """A row as the pipeline sees it.

    A deleted one has no time of its own. It gets the earliest that it may have ended at: a row that was made
    later, with the same natural key, is then seen to be a new one.
    """
    if record.get("@odata.context", "").endswith(DELETED):
        return Row(record["id"], {}, ended_after, deleted=True)
    for column, name in table.customers.items():
        if record.get(f"{column}@{WHICH}", name) != name:
            record[column] = None  # a contact, where we know accounts
    values, refused = table.translation.to_canonical(record)
    winner = record.get("_masterid_value") if record.get("merged") else None
    return Row(
        record[table.key],
        values,
        micros(record["modifiedon"]),
        deleted=winner is not None,
        active=not table.inactive or record.get("statecode") != table.inactive["statecode"],
        version=record.get(ETAG),
        merged_into=winner,
        external_id=record.get(HUB_ID),
        refused=None if winner else refused,
    )
