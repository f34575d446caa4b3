"""The time of the day, as the timers see it."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol

_LONGEST_NAP = 30.0  # seconds; the wall clock may be set, or the machine may sleep, while we do


class Clock(Protocol):
    def now(self) -> datetime: ...

    async def sleep_until(self, moment: datetime) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a wall clock has no event
            await asyncio.sleep(min(left, _LONGEST_NAP))
