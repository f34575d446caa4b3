"""How many calls were made in the last 24 hours, and how many may be made: a window that rolls by the minute.

There is no `Retry-After` in this API. A caller learns from `Sforce-Limit-Info` on every answer where it
stands, and when it is refused (403 REQUEST_LIMIT_EXCEEDED) it has to wait for old calls to roll out of the
window.
"""

from collections import deque
from datetime import datetime
from typing import Any

from local.systems.salesforce.errors import ApiError
from local.systems.salesforce.stamps import days, minute


class Usage:
    def __init__(self, daily_limit: int) -> None:
        self._limit = daily_limit
        self._minutes: deque[tuple[datetime, int]] = deque()
        self._used = 0

    def count(self, now: datetime) -> None:
        """One more call; refused where none is left."""
        self._roll(now)
        if self._used >= self._limit:
            raise limit_exceeded()
        self._used += 1
        this = minute(now)
        if self._minutes and self._minutes[-1][0] == this:
            self._minutes[-1] = (this, self._minutes[-1][1] + 1)
        else:
            self._minutes.append((this, 1))

    def _roll(self, now: datetime) -> None:
        while self._minutes and self._minutes[0][0] <= minute(now) - days(1):
            self._used -= self._minutes.popleft()[1]

    @property
    def header(self) -> str:
        return f"api-usage={self._used}/{self._limit}"

    @property
    def limits(self) -> dict[str, Any]:
        """The body of /limits."""
        left = self._limit - self._used
        return {
            "DailyApiRequests": {"Max": self._limit, "Remaining": left},
            "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
            "DailyBulkApiBatches": {"Max": 15000, "Remaining": 15000},
        }


def limit_exceeded() -> ApiError:
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
