"""A timer function: sleeps until its schedule's next time, runs, and looks at the clock again.

The next time is looked for after a run has ended, so a run that takes longer than its interval skips what
it missed and never overlaps itself. A run asked for by hand waits for the one that is under way.
"""

import asyncio
from datetime import datetime, timedelta

from azure.functions.timer import TimerRequest

from local.host.clock import Clock
from local.host.functions import HostedFunction, TimerTrigger
from local.host.invocation import Invoker

_LATE = timedelta(seconds=1)


class Timer:
    def __init__(self, function: HostedFunction[TimerTrigger], invoker: Invoker, clock: Clock) -> None:
        self.function = function
        self._invoker = invoker
        self._clock = clock
        self._turn = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._last: datetime | None = None

    async def run(self) -> None:
        """Until `stop` is called, or rather until the run that is then under way has ended."""
        if self.function.trigger.run_on_startup:
            await self._fire("startup", past_due=False)
        while not self._stopping.is_set():
            due = self.function.trigger.schedule.after(self._clock.now())
            if await self._slept_until(due):
                await self._fire("timer", past_due=self._clock.now() - due > _LATE)

    def stop(self) -> None:
        self._stopping.set()

    async def run_now(self) -> None:
        await self._fire("request", past_due=False)

    async def _slept_until(self, due: datetime) -> bool:
        """False where the host stopped first."""
        sleeping = asyncio.ensure_future(self._clock.sleep_until(due))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((sleeping, stopping), return_when=asyncio.FIRST_COMPLETED)
            return not self._stopping.is_set()
        finally:
            sleeping.cancel()
            stopping.cancel()

    async def _fire(self, reason: str, *, past_due: bool) -> None:
        async with self._turn:
            started = self._clock.now()
            await self._invoker.invoke(self.function, self._request(started, past_due=past_due), reason)
            self._last = started

    def _request(self, now: datetime, *, past_due: bool) -> TimerRequest:
        following = self.function.trigger.schedule.after(now)
        status = {"Last": _text(self._last), "Next": _text(following), "LastUpdated": _text(self._last)}
        return TimerRequest(past_due=past_due, schedule_status=status, schedule={"AdjustForDST": True})


def _text(moment: datetime | None) -> str:
    return (moment or datetime.min).isoformat()  # noqa: DTZ901 - .NET's "never", which has no zone either
