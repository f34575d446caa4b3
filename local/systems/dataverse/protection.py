"""The service protection limits: how much one user may ask for within five minutes.

| what                | usually            | code       |
|---------------------|--------------------|------------|
| requests            | 6,000 in 300 s     | 0x80072322 |
| their running time  | 1,200 s in 300 s   | 0x80072321 |
| at the same time    | 52                 | 0x80072326 |

Beyond one: 429 with `Retry-After`, in seconds, and longer for who keeps pushing. Requests come one at a time
here, so the third limit strikes only where a fault says so. Running time is what `seconds_per_row` makes of
a request; nothing unless it is set.
"""

import math
from collections import deque
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from local.systems.dataverse.errors import Refused

_LONGEST_WAIT: Final = 300


class Limits(BaseModel):
    """To be set at the start, or by `POST /_sim/limits` with those that change."""

    model_config = ConfigDict(extra="forbid", strict=True)

    requests: int = Field(default=6000, ge=1)
    window: float = Field(default=300.0, gt=0)
    execution: float = Field(default=1200.0, gt=0)
    concurrency: int = Field(default=52, ge=1)
    seconds_per_row: float = Field(default=0.0, ge=0)


class Spent:
    """What one user has used within the window."""

    def __init__(self) -> None:
        self.calls: deque[tuple[datetime, int, float]] = deque()
        self.requests = 0
        self.seconds = 0.0
        self.refused = 0

    def add(self, now: datetime, requests: int, seconds: float) -> None:
        self.calls.append((now, requests, seconds))
        self.requests += requests
        self.seconds += seconds

    def roll(self, until: datetime) -> None:
        while self.calls and self.calls[0][0] <= until:
            _, requests, seconds = self.calls.popleft()
            self.requests -= requests
            self.seconds -= seconds


class Protection:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._spent: dict[str, Spent] = {}

    def admit(self, user: str, now: datetime) -> None:
        """Counts one request; refused where the user has none left."""
        spent, limits = self._of(user), self.limits
        spent.roll(now - timedelta(seconds=limits.window))
        if spent.requests >= limits.requests:
            raise self._too_many(spent, now)
        if spent.seconds >= limits.execution:
            raise self._too_long(spent, now)
        spent.refused = 0
        spent.add(now, 1, 0.0)

    def spend(self, user: str, now: datetime, *, rows: int, requests: int = 0) -> None:
        """What an answer has cost beyond being one request."""
        seconds = rows * self.limits.seconds_per_row
        if seconds or requests:
            self._of(user).add(now, requests, seconds)

    def headers(self, user: str) -> dict[str, str]:
        spent, limits = self._of(user), self.limits
        seconds = max(0.0, limits.execution - spent.seconds)
        return {
            "x-ms-ratelimit-burst-remaining-xrm-requests": str(max(0, limits.requests - spent.requests)),
            "x-ms-ratelimit-time-remaining-xrm-requests": f"{seconds:,.2f}",
        }

    def _of(self, user: str) -> Spent:
        return self._spent.setdefault(user, Spent())

    def _too_many(self, spent: Spent, now: datetime) -> Refused:
        return too_many(self.limits, self._wait(spent, now))

    def _too_long(self, spent: Spent, now: datetime) -> Refused:
        return too_long(self.limits, self._wait(spent, now))

    def _wait(self, spent: Spent, now: datetime) -> int:
        """Until the oldest call leaves the window, and a second more for each refusal in a row."""
        spent.refused += 1
        leaves = spent.calls[0][0] + timedelta(seconds=self.limits.window) if spent.calls else now
        wait = math.ceil((leaves - now).total_seconds()) + spent.refused - 1
        return min(max(1, wait), _LONGEST_WAIT)


def too_many(limits: Limits, wait: int) -> Refused:
    message = (
        f"Number of requests exceeded the limit of {limits.requests} over time window of "
        f"{limits.window:g} seconds."
    )
    return _throttled("0x80072322", message, wait)


def too_long(limits: Limits, wait: int) -> Refused:
    message = (
        f"Combined execution time of incoming requests exceeded limit of {limits.execution * 1000:,.0f} "
        f"milliseconds over time window of {limits.window:g} seconds. Decrease number of concurrent requests "
        "or reduce the duration of requests and try again later."
    )
    return _throttled("0x80072321", message, wait)


def too_concurrent(limits: Limits, wait: int) -> Refused:
    message = f"Number of concurrent requests exceeded the limit of {limits.concurrency}."
    return _throttled("0x80072326", message, wait)


def _throttled(code: str, message: str, wait: int) -> Refused:
    return Refused(429, code, message, headers={"Retry-After": str(wait)})
