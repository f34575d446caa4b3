"""Many writes through a call that takes some of them: side by side, and one outcome for each.

    writes ── batches of `size` ── at most `at_once` calls under way ── send ──> outcomes
                                                                         │
                 halves, each sent again <── refused as a whole (Permanent)
                 the error is each one's outcome <── Transient
                 nothing more is sent <── Throttled, Misconfigured

A call that is refused for one record it cannot even parse must not cost the others anything: halving finds
that record in a few calls. Misconfigured is raised, and only after every call under way has ended, so
that nothing is written behind the caller's back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from shared.model.change import Outcome, Write
from shared.model.errors import IntegrationError, Misconfigured, Permanent, Throttled

Item = TypeVar("Item")
Found = TypeVar("Found")
Send = Callable[[Sequence[Write]], Awaitable[list[Outcome]]]


def batched(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


async def side_by_side(calls: Iterable[Callable[[], Awaitable[Found]]], *, at_once: int) -> list[Found]:
    """What each call gives, in order. The first error is raised once all have ended."""
    gate = asyncio.Semaphore(at_once)
    errors: list[Exception] = []

    async def run(call: Callable[[], Awaitable[Found]]) -> list[Found]:
        async with gate:
            if errors:
                return []
            try:
                return [await call()]
            except Exception as error:  # noqa: BLE001 - raised below, once no call is under way any more
                errors.append(error)
                return []

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(call)) for call in calls]
    if errors:
        raise errors[0]
    return [found for task in tasks for found in task.result()]


class Batches:
    """One apply: its writes, sent in batches."""

    def __init__(self, send: Send, *, size: int, at_once: int) -> None:
        self._send, self._size, self._at_once = send, size, at_once
        self._stopped: IntegrationError | None = None

    async def outcomes(self, writes: Sequence[Write]) -> list[Outcome]:
        calls = [lambda batch=batch: self._settle(batch) for batch in batched(writes, self._size)]
        settled = await side_by_side(calls, at_once=self._at_once)
        outcomes = [outcome for batch in settled for outcome in batch]
        for outcome in outcomes:
            if isinstance(outcome.error, Misconfigured):
                raise outcome.error
        return outcomes

    async def _settle(self, batch: Sequence[Write]) -> list[Outcome]:
        if self._stopped:
            return failed(batch, self._stopped)
        try:
            return await self._send(batch)
        except Permanent as error:
            return await self._halve(batch, error)
        except IntegrationError as error:
            if isinstance(error, Throttled | Misconfigured):
                self._stopped = error
            return failed(batch, error)

    async def _halve(self, batch: Sequence[Write], error: IntegrationError) -> list[Outcome]:
        if len(batch) == 1:
            return failed(batch, error)
        middle = len(batch) // 2
        return await self._settle(batch[:middle]) + await self._settle(batch[middle:])


def failed(writes: Sequence[Write], error: IntegrationError) -> list[Outcome]:
    """The same error for each: the call that was to carry them failed."""
    return [Outcome(write, write.native_id, error=error) for write in writes]
