"""What an answer to a push means, and how many pushes have come to which end."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Heard:
    """The receiver has it."""


@dataclass(frozen=True)
class Again:
    """Not heard; once more after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Lost:
    """Not heard, and never said again."""


@dataclass(frozen=True)
class Off:
    """The receiver wants no more: nothing is pushed until somebody subscribes anew."""


Verdict = Heard | Again | Lost | Off


@dataclass
class Counts:
    """Messages, but for `overflowed`, which are notices."""

    sent: int = 0
    heard: int = 0
    again: int = 0
    lost: int = 0
    dropped: int = 0
    """Never sent, by a fault."""
    overflowed: int = 0
    """Not said, for too many waited."""

    def tell(self) -> dict[str, int]:
        return asdict(self)
