"""A Service Bus function: receive a batch, invoke, settle, again. One batch at a time.

receive ── invoke ──┬─ returned ── complete every message
   ^                └─ raised ──── abandon every message; they come back at once, delivery count + 1
   └── BusAway anywhere: close, wait (doubling, up to a limit), open anew
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from local.host.functions import BusTrigger, HostedFunction
from local.host.invocation import Invoker
from local.host.receiver import BatchSize, BusAway, Receiver

M = TypeVar("M")

_SHORTEST_WAIT, _LONGEST_WAIT = 0.1, 3.0  # seconds; a desk's broker is back soon

_log = logging.getLogger("Host.ServiceBus")


class Pump(Generic[M]):
    def __init__(
        self,
        function: HostedFunction[BusTrigger],
        *,
        open_receiver: Callable[[], Receiver[M]],
        to_function: Callable[[M], Any],
        size: BatchSize,
        invoker: Invoker,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.function = function
        self._open_receiver = open_receiver
        self._to_function = to_function
        self._size = size if function.trigger.many else BatchSize(at_most=1)
        self._invoker = invoker
        self._sleep = sleep
        self._stopping = asyncio.Event()
        self._wait = _SHORTEST_WAIT

    async def run(self) -> None:
        """Until `stop` is called; the batch that is then under way is still invoked and settled."""
        while not self._stopping.is_set():
            receiver = self._open_receiver()
            try:
                await self._pump(receiver)
            except BusAway as away:
                await self._back_off(away)
            finally:
                await receiver.close()

    def stop(self) -> None:
        self._stopping.set()

    async def _pump(self, receiver: Receiver[M]) -> None:
        while not self._stopping.is_set() and (batch := await self._or_stopped(receiver.receive(self._size))):
            if self._wait > _SHORTEST_WAIT:
                self._tell(logging.INFO, "back")
                self._wait = _SHORTEST_WAIT
            await self._serve(receiver, batch)

    async def _serve(self, receiver: Receiver[M], batch: Sequence[M]) -> None:
        if self._stopping.is_set():
            await receiver.abandon(batch)
            return
        messages = [self._to_function(message) for message in batch]
        argument = messages if self.function.trigger.many else messages[0]
        outcome = await self._invoker.invoke(self.function, argument, f"{len(batch)} messages")
        lost = await (receiver.complete if outcome.succeeded else receiver.abandon)(batch)
        if lost:
            self._tell(logging.WARNING, "lock lost", messages=lost)

    async def _back_off(self, away: BusAway) -> None:
        if self._wait == _SHORTEST_WAIT:
            self._tell(logging.WARNING, "away", why=str(away))
        await self._or_stopped(self._sleep(self._wait))
        self._wait = min(self._wait * 2, _LONGEST_WAIT)

    async def _or_stopped(self, waiting: Awaitable[Any]) -> Any:
        """What was waited for, or nothing where the host stops first."""
        task = asyncio.ensure_future(waiting)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
        return None if task.cancelled() else task.result()

    def _tell(self, level: int, what: str, **facts: Any) -> None:
        about = {"action": f"bus_{what.replace(' ', '_')}", "function": self.function.name}
        _log.log(
            level,
            "Service Bus %s",
            what,
            extra={"facts": {**about, "entity": self.function.trigger.path, **facts}},
        )
