"""Salesforce's wire shapes, read tolerantly: what is not asked for may come and go.

Rows are by the thousand, so they stay plain dicts and only what a table names is read. What comes one at a
time (a token, a job, a limit) has a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.salesforce.sobject import EXTERNAL_ID, long_id
from shared.adapters.http import Answer
from shared.model.budget import Usage
from shared.model.change import Row
from shared.model.errors import Unavailable
from shared.model.translation import Translation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
USAGE = re.compile(r"api-usage=(\d+)/(\d+)")

Record = dict[str, Any]
Shape = TypeVar("Shape", bound=BaseModel)


class Token(BaseModel):
    """What the token endpoint gives. It says nothing of when the token ends."""

    access_token: str


class Job(BaseModel):
    """A bulk job's state."""

    model_config = ConfigDict(extra="ignore")

    id: str
    state: str
    numberRecordsProcessed: int = 0  # noqa: N815 - the vendor's spelling
    numberRecordsFailed: int = 0  # noqa: N815 - the vendor's spelling
    errorMessage: str | None = None  # noqa: N815 - the vendor's spelling

    @property
    def ended(self) -> bool:
        return self.state in {"JobComplete", "Failed", "Aborted"}


@dataclass(frozen=True, slots=True)
class Found:
    """One answer to a query: records, where the next are, and the server's clock (microseconds)."""

    records: Sequence[Record]
    more: str | None
    read_at: int


def read(shape: type[Shape], answer: Answer) -> Shape:
    """An answer that is one thing; Unavailable where it is another."""
    try:
        return shape.model_validate(answer.json(dict))
    except ValidationError:
        raise Unavailable(f"{answer.request}: an answer of another shape", reason="MalformedAnswer") from None


def usage_of(header: str, at: int) -> Usage | None:
    """What `Sforce-Limit-Info` says of the last 24 hours; other limits that it may name are not the day's."""
    found = USAGE.match(header.strip())
    return Usage(int(found[1]), int(found[2]), at) if found else None


@lru_cache(4096)
def micros(stamp: str) -> int:
    """`2021-04-14T18:52:45.000+0000` as microseconds since 1970. Whole seconds: many rows share one."""
    return (datetime.fromisoformat(stamp) - EPOCH) // TICK


def micros_of_date(header: str) -> int:
    """An HTTP date as microseconds since 1970; ValueError where it is none."""
    return (parsedate_to_datetime(header) - EPOCH) // TICK


def soql_time(stamp: int) -> str:
    """Microseconds as a SOQL literal, cut to the millisecond that SOQL knows."""
    return (EPOCH + stamp * TICK).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row_of(record: Mapping[str, Any], translation: Translation) -> Row:
    """A record as the pipeline sees it. Nobody asks what a deleted one holds."""
    values, refused = translation.to_canonical(record)
    deleted = bool(record.get("IsDeleted"))
    winner, contact = record.get("MasterRecordId"), record.get("ConvertedContactId")
    return Row(
        native_id=long_id(record["Id"]),
        values=values,
        stamp=micros(record["SystemModstamp"]),
        deleted=deleted,
        merged_into=long_id(winner) if winner else None,
        external_id=record.get(EXTERNAL_ID),
        became=long_id(contact) if contact else None,
        refused=None if deleted else refused,
    )
