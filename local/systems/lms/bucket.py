"""How many calls a client may make: a bucket that fills evenly, and never beyond a minute's worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from local.systems.system import Clock


class Bucket:
    def __init__(self, a_minute: int, clock: Clock) -> None:
        self.size = a_minute
        self._clock = clock
        self._tokens = float(a_minute)
        self._at: datetime = clock()

    @property
    def remaining(self) -> int:
        return int(self._tokens)

    def take(self) -> int:
        """0 where the call may go on, else the seconds to wait."""
        now = self._clock()
        gained = (now - self._at).total_seconds() * self.size / 60
        self._tokens = min(float(self.size), self._tokens + max(0.0, gained))
        self._at = now
        if self._tokens < 1:
            return max(1, math.ceil((1 - self._tokens) * 60 / self.size))
        self._tokens -= 1
        return 0
