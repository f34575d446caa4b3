"""What is wrong, and where: file, line, and what to write in its place.

infra/modules/bus.bicep:41: unknown property 'maxDelivery' of SBSubscription; did you mean 'maxDeliveryCount'?
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A line of a file, counted from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Fault(NamedTuple):
    """One mistake."""

    at: Place
    text: str

    def __str__(self) -> str:
        return f"{self.at}: {self.text}"


class NotBicepError(Exception):
    """The text cannot be read on from there."""

    def __init__(self, at: Place, text: str) -> None:
        super().__init__(f"{at}: {text}")
        self.fault = Fault(at, text)


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name."""
    names = sorted(known)
    lower = {each.lower(): each for each in names}
    if close := difflib.get_close_matches(name.lower(), lower, n=1):
        return f"; did you mean {lower[close[0]]!r}?"
    return f"; there are {', '.join(names)}" if names and len(names) <= 12 else ""
