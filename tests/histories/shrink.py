"""The shortest story that still fails: what happens is left out, in ever smaller parts, while it fails.

Delta debugging over the list, then inside each `Together`. Only a failure of the same rule counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.histories.history import Happening, History, Together

Fails = Callable[[History], bool]
Happenings = tuple[Happening, ...]


def shrunk(history: History, fails: Fails, tries: int = 400) -> History:
    """The history with as much left out as can be; `tries` bounds the work."""
    left = [tries]

    def still(happenings: Happenings) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fails(replace(history, happenings=happenings))

    kept = _without_parts(history.happenings, still)
    for place, happening in enumerate(kept):
        if isinstance(happening, Together):
            kept = _without_inner(kept, place, happening, still)
    return replace(history, happenings=kept)


def _without_parts(kept: Happenings, still: Callable[[Happenings], bool]) -> Happenings:
    size = max(1, len(kept) // 2)
    while True:
        start = 0
        while start < len(kept):
            shorter = kept[:start] + kept[start + size :]
            if still(shorter):
                kept = shorter
            else:
                start += size
        if size == 1:
            return kept
        size = max(1, size // 2)


def _without_inner(
    kept: Happenings, place: int, together: Together, still: Callable[[Happenings], bool]
) -> Happenings:
    def around(inner: Happenings) -> Happenings:
        return (*kept[:place], Together(together.after, inner), *kept[place + 1 :])

    inner = _without_parts(together.happenings, lambda some: still(around(some)))
    return around(inner)
