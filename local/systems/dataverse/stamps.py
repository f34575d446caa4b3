"""Points in time as Dataverse writes them: UTC, whole seconds, `2026-03-01T09:00:30Z`.

Every stamp in the store has this one form, so that comparing texts compares times. A fraction is cut off; a
time without an offset is refused.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_IN_TOKENS = "%m/%d/%Y %H:%M:%S"


def stamp(moment: datetime) -> str:
    return _text(moment.replace(microsecond=0))


@lru_cache(64)  # the writes of a batch are made within a few seconds
def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical_datetime(text: str) -> str | None:
    """A caller's time in the one form, or None."""
    if "T" not in text or not _OFFSET.search(text):
        return None
    try:
        return stamp(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def canonical_date(text: str) -> str | None:
    """A caller's day, or None. A time of day is refused: the column has none."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def token_time(moment: datetime) -> str:
    """As a delta token shows it: 08/22/2017 08:10:44."""
    return moment.astimezone(UTC).strftime(_IN_TOKENS)


def parse_token_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _IN_TOKENS).replace(tzinfo=UTC)
    except ValueError:
        return None
