"""Crashes at any await: what an instance of the hub is given to do its work fails once the power is cut.

Power is counted in steps: one before and one after each transaction, HTTP call and message sent, so that a
cut falls between asking and doing as well as between doing and knowing. After it every step fails, the
tidying ones too: a killed process runs no `finally`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import TypeVar

import httpx

from local.in_process import EngineBus
from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Message
from tests.world import Time

Result = TypeVar("Result")


class PowerLost(Exception):
    """The process is gone."""


class Power:
    """What keeps one instance running. `pace` lets others go on at every step."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._left: int | None = None
        self.lost = False

    def cut(self, steps: int) -> None:
        """The power goes after so many steps."""
        self._left = steps

    def keep(self) -> None:
        """No cut is to come."""
        self._left = None

    async def pace(self) -> None:
        for _ in range(self._random.randrange(3)):
            await asyncio.sleep(0)
        self.step()

    def step(self) -> None:
        if self._left is not None:
            self._left -= 1
            self.lost = self.lost or self._left < 0
        if self.lost:
            raise PowerLost


class PoweredStore(Store):
    """One store, as an instance that may crash sees it."""

    def __init__(self, store: Store, power: Power) -> None:
        self._store, self._power = store, power

    async def transact(self, work: Callable[[Transaction], Result]) -> Result:
        return await self._powered(self._store.transact_now, work)

    async def read(self, work: Callable[[Transaction], Result]) -> Result:
        return await self._powered(self._store.read_now, work)

    async def _powered(
        self, run: Callable[[Callable[[Transaction], Result]], Result], work: Callable[[Transaction], Result]
    ) -> Result:
        await self._power.pace()
        result = run(work)
        self._power.step()
        return result

    def transact_now(self, work: Callable[[Transaction], Result]) -> Result:
        return self._store.transact_now(work)

    def read_now(self, work: Callable[[Transaction], Result]) -> Result:
        return self._store.read_now(work)

    def close(self) -> None:
        """It is closed by whoever opened it."""


class PoweredBus:
    """The bus; a cut in the middle of a batch leaves some of it sent."""

    def __init__(self, bus: EngineBus, power: Power, sent: list[Message]) -> None:
        self._bus, self._power, self._sent = bus, power, sent

    async def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await self._power.pace()
            await self._bus.send([message])
            self._sent.append(message)
            self._power.step()


class PoweredTransport(httpx.AsyncBaseTransport):
    """A way to a system. Every exchange takes some virtual time."""

    def __init__(self, inner: httpx.AsyncBaseTransport, power: Power, time: Time, random: Random) -> None:
        self._inner, self._power, self._time, self._random = inner, power, time, random

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._power.pace()
        self._time.pass_by(self._random.randrange(1, 40) / 1000)
        response = await self._inner.handle_async_request(request)
        self._power.step()
        return response


async def survived(work: Awaitable[None], power: Power) -> bool:
    """Whether the work came to its end; any other failure than a cut is raised."""
    try:
        await work
    except Exception:
        if power.lost:
            return False
        raise
    return True
