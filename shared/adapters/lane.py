"""Sending for many callers at once, where only one may send: what is asked meanwhile goes together.

    first ──> sent alone
    second, third, fourth ── wait for it ──> sent together

So a busy sender makes few large transfers by itself, and a caller waits for the one that is under way and its
own, however many others there are. Where a transfer fails, all whose messages were in it are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lane(Generic[Item]):
    """`send` is called by one at a time, with everything that waits."""

    def __init__(self, send: Callable[[Sequence[Item]], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: list[tuple[Sequence[Item], asyncio.Future[None]]] = []
        self._under_way: asyncio.Task[None] | None = None

    async def send(self, items: Sequence[Item]) -> None:
        """They are sent when it returns. Raises what sending raised."""
        sent = asyncio.get_running_loop().create_future()
        self._waiting.append((items, sent))
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._run())
        await sent

    async def close(self) -> None:
        """Nothing is under way any more."""
        if self._under_way is not None:
            await self._under_way

    async def _run(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            error = await self._sent([item for items, _ in together for item in items])
            for _, sent in together:
                if not sent.done():  # else its caller has gone away
                    sent.set_result(None) if error is None else sent.set_exception(error)

    async def _sent(self, items: Sequence[Item]) -> Exception | None:
        try:
            await self._send(items)
        except Exception as error:  # noqa: BLE001 - raised at each of those who wait for it
            return error
        return None
