"""Points in time as the LMS writes them: UTC with microseconds, so that their order is that of their text."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_stamp(text: str) -> str | None:
    """Any ISO 8601 time with its offset, in the one form; None where it is not one."""
    try:
        at = datetime.fromisoformat(text)
        return stamp(at) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None
