"""Points in time as Salesforce writes them: UTC, whole seconds, `2021-04-14T18:52:45.000+0000`.

Every stamp in the store has this one form, so that comparing the texts compares the times. What a caller
writes may carry another offset, a `Z`, or a fraction; `parse` takes them all and refuses a time without an
offset.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

_OFFSET: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def stamp(moment: datetime) -> str:
    """The text of a moment, its fraction cut off."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse(text: str) -> datetime | None:
    """The moment that a caller wrote, or None."""
    offset = _OFFSET.search(text)
    if offset is None or "T" not in text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def canonical_datetime(text: str) -> str | None:
    """A caller's date and time in the one form of the store, or None."""
    if len(text) == 28 and text.endswith(".000+0000") and parse(text):
        return text
    moment = parse(text)
    if moment is None and _DATE.fullmatch(text):
        moment = parse(f"{text}T00:00:00Z")
    return stamp(moment) if moment else None


def canonical_date(text: str) -> str | None:
    """A caller's day as `YYYY-MM-DD`, or None; the time of day is dropped."""
    if not _DATE.match(text):
        return None
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def minute(moment: datetime) -> datetime:
    """Cut to the minute, as the replication calls do."""
    return moment.replace(second=0, microsecond=0)


def days(count: int) -> timedelta:
    return timedelta(days=count)
