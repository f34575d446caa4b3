"""Orders of messages, by sequence number: who is next, who comes after N, whose time has come.

    ReadyLine    who is next: new ones at the end, returned ones at their old place
    NumberOrder  who comes after N, for peeking
    Deadlines    whose time has come

All hold bare numbers and are pruned as they are read: what has left `live` in the meantime is skipped, once.
So a message costs the same whatever the depth, and one that is gone costs eight bytes until it is passed.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Container, Iterator, Sized
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

SLACK = 64
"""So many dead entries may lie about, besides as many as there are living ones, before a rebuild."""


Key = TypeVar("Key", int, str)


class ReadyLine:
    """Messages that can be delivered, first by number."""

    def __init__(self, live: Container[int]) -> None:
        self._live = live
        self._fresh: deque[int] = deque()
        self._returned: list[int] = []

    def append(self, number: int) -> None:
        """A number above all before it."""
        self._fresh.append(number)

    def give_back(self, number: int) -> None:
        heappush(self._returned, number)

    def first(self) -> int | None:
        fresh, returned, live = self._fresh, self._returned, self._live
        while fresh and fresh[0] not in live:
            fresh.popleft()
        while returned and returned[0] not in live:
            heappop(returned)
        if returned and (not fresh or returned[0] < fresh[0]):
            return returned[0]
        return fresh[0] if fresh else None

    def pop(self) -> int | None:
        number = self.first()
        if number is None:
            return None
        if self._fresh and self._fresh[0] == number:
            return self._fresh.popleft()
        return heappop(self._returned)


class NumberOrder:
    """Numbers as they were given out, rising; `after` finds a place by bisection."""

    def __init__(self, live: Container[int]) -> None:
        self._live = live
        self._numbers: list[int] = []
        self._dead = 0

    def append(self, number: int) -> None:
        self._numbers.append(number)

    def one_left(self) -> None:
        """One of the numbers is no longer alive."""
        self._dead += 1
        if self._dead > len(self._numbers) // 2 + SLACK:
            self._numbers = [number for number in self._numbers if number in self._live]
            self._dead = 0

    def after(self, start: int) -> Iterator[int]:
        """The living from `start` on."""
        self._drop_leading_dead()
        numbers, live = self._numbers, self._live
        for place in range(bisect_left(numbers, start), len(numbers)):
            if numbers[place] in live:
                yield numbers[place]

    def _drop_leading_dead(self) -> None:
        leading = next(
            (i for i, number in enumerate(self._numbers) if number in self._live), len(self._numbers)
        )
        del self._numbers[:leading]
        self._dead -= leading


class Deadlines(Generic[Key]):
    """Keys by the time at which something happens to them."""

    def __init__(self, live: Sized, is_current: Callable[[Key, datetime], bool]) -> None:
        """An entry that is not current is skipped; `live` is as many as can be current."""
        self._live = live
        self._is_current: Callable[[Key, datetime], bool] = is_current
        self._heap: list[tuple[datetime, Key]] = []

    def add(self, when: datetime, key: Key) -> None:
        if len(self._heap) > 2 * len(self._live) + SLACK:
            self._heap = [entry for entry in self._heap if self._is_current(entry[1], entry[0])]
            heapify(self._heap)
        heappush(self._heap, (when, key))

    def first(self) -> datetime | None:
        heap = self._heap
        while heap and not self._is_current(heap[0][1], heap[0][0]):
            heappop(heap)
        return heap[0][0] if heap else None

    def passed(self, now: datetime) -> Iterator[tuple[datetime, Key]]:
        """Take out, in order, what is due."""
        while (when := self.first()) is not None and when <= now:
            yield heappop(self._heap)


class Sleeper(Protocol):
    """Something that time changes."""

    alarm: datetime | None
    """When the agenda will call; only the agenda writes it."""

    def due(self) -> datetime | None: ...

    def advance(self, now: datetime) -> None: ...


class Agenda:
    """Who is to be called when. Holds one entry for each sleeper, not one for each message."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Sleeper]] = []
        self._count = 0

    def note(self, sleeper: Sleeper, when: datetime | None) -> None:
        """Call it at `when` at the latest."""
        if when is None or (sleeper.alarm is not None and sleeper.alarm <= when):
            return
        sleeper.alarm = when
        self._count += 1
        heappush(self._heap, (when, self._count, sleeper))

    def first(self) -> datetime | None:
        while self._heap and self._heap[0][2].alarm != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, now: datetime) -> None:
        """Call everyone whose time has come, those included whose time comes by that."""
        while (when := self.first()) is not None and when <= now:
            sleeper = heappop(self._heap)[2]
            sleeper.alarm = None
            sleeper.advance(now)
            self.note(sleeper, sleeper.due())


Wake = Callable[[], None]
