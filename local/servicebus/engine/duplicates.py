"""Which message ids have been seen of late."""

from collections import deque
from datetime import datetime, timedelta

from local.servicebus.engine.records import Page


class DuplicateHistory:
    """Ids of a window of time; forgets the oldest as it goes."""

    def __init__(self, store: int, window: timedelta, page: Page) -> None:
        self.window = window
        self._store = store
        self._page = page
        self._seen: set[str] = set()
        self._ages: deque[tuple[datetime, str]] = deque()

    def is_repeat(self, message_id: str | None, now: datetime) -> bool:
        """True if the id was seen within the window; otherwise it is from now on."""
        self._forget(now)
        if message_id is None:
            return False
        if message_id in self._seen:
            return True
        self.restore(message_id, now)
        self._page.seen(self._store, message_id, now)
        return False

    def restore(self, message_id: str, at: datetime) -> None:
        """Take back what a journal kept."""
        self._seen.add(message_id)
        self._ages.append((at, message_id))

    def _forget(self, now: datetime) -> None:
        while self._ages and self._ages[0][0] + self.window <= now:
            message_id = self._ages.popleft()[1]
            self._seen.discard(message_id)
            self._page.unseen(self._store, message_id)
