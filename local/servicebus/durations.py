"""Times as ISO 8601 says them, `PT1M30S`, and the longest of .NET, which stands for "never"."""

import re
from datetime import timedelta

FOREVER = "P10675199DT2H48M5.4775807S"
_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_NEVER = timedelta(days=10675199)


def parse(text: str) -> timedelta | None:
    """None is "never". Years and months, which have no fixed length, are refused. Errors: ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise ValueError(f"{text!r} is no duration such as PT1M30S")
    parts = {name: float(number or 0) for name, number in match.groupdict().items() if name != "sign"}
    if parts.pop("years") or parts.pop("months"):
        raise ValueError(f"{text!r}: years and months have no fixed length")
    length = timedelta(**{name: number for name, number in parts.items() if name != "months"})
    return None if length >= _NEVER else -length if match["sign"] else length


def say(length: timedelta | None) -> str:
    """The opposite of `parse`."""
    if length is None:
        return FOREVER
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f"{length.microseconds:06}".rstrip("0")
    second = f"{seconds}.{fraction}" if fraction else f"{seconds}"
    day = f"{length.days}D" if length.days else ""
    return f"P{day}T{hours}H{minutes}M{second}S"
