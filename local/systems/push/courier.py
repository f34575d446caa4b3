"""Carries messages to who subscribed: a queue with times, some workers, and faults on the way."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

import httpx
import orjson

from local.systems.faults import Fault, Faults
from local.systems.push.manner import Manner, Message, Notice, Target
from local.systems.push.standing import Again, Counts, Heard, Lost, Off, Verdict
from local.systems.rows import Rows, Written
from local.systems.system import Clock, Row

CAPACITY: Final = 10_000
"""Notices that wait at once."""
AT_ONCE: Final = 4
"""Messages under way at once."""
FAULTS: Final = frozenset({"push_drop", "push_duplicate", "push_delay", "push_reorder"})
_TABLE, _KEY = "push", "target"


class Courier:
    """Of one system. `offer` is called where rows were written; `run` is at work beside."""

    def __init__(
        self, manner: Manner, rows: Rows, clock: Clock, faults: Faults, capacity: int = CAPACITY
    ) -> None:
        self._manner, self._rows, self._clock, self._faults = manner, rows, clock, faults
        self._capacity = capacity
        self._fresh: dict[str, deque[Notice]] = {}
        self._later: list[tuple[datetime, int, Message]] = []
        self._behind: set[str] = set()
        self._order = count()
        self._news = asyncio.Event()
        self.waiting = 0
        """Notices."""
        self.counts = Counts()
        kept = rows.table(_TABLE).get(_KEY)
        self.target: Target | None = _read(manner, kept) if kept else None
        self._listen()

    # Subscribing

    def subscribe(self, body: bytes) -> None:
        """Replaces who was told before. Raises pydantic's ValidationError."""
        self.target = self._manner.target.model_validate_json(body)
        self._rows.put(_TABLE, _KEY, self.target.model_dump(mode="json"))
        self._rows.commit()
        self._listen()

    def unsubscribe(self) -> None:
        """What waits is forgotten."""
        self.target, self.waiting = None, 0
        self._fresh.clear()
        self._later.clear()
        self._behind.clear()
        self._rows.delete(_TABLE, _KEY)
        self._rows.commit()
        self._listen()

    def tell(self) -> dict[str, Any]:
        """As the control plane has it; no secret."""
        url = self.target.url if self.target else None
        return {"url": url, "waiting": self.waiting, **self.counts.tell()}

    def _listen(self) -> None:
        self._rows.listen(None if self.target is None else self.offer)

    # The queue

    def offer(self, written: Sequence[Written]) -> None:
        """Rows were written and are committed."""
        if self.target is None:
            return
        notices = self._manner.notices(written, self.target)
        taken = notices[: max(0, self._capacity - self.waiting)]
        self.waiting += len(taken)
        self.counts.overflowed += len(notices) - len(taken)
        for notice in taken:
            self._fresh.setdefault(notice.group, deque()).append(notice)
        self._news.set()

    def due(self) -> Message | None:
        """The next message to send now: one whose time has come again, else a new one."""
        now = self._clock()
        if self._later and self._later[0][0] <= now:
            message = heapq.heappop(self._later)[2]
        elif self._fresh:
            message = Message(self._manner.new_id(), self._next_notices(), now)
        else:
            return None
        self.waiting -= len(message.notices)
        return message

    def _next_notices(self) -> list[Notice]:
        group, notices = next(iter(self._fresh.items()))
        taken = [notices.popleft() for _ in range(min(self._manner.together, len(notices)))]
        if not notices:
            del self._fresh[group]
        return taken

    def _put_off(self, message: Message, seconds: float) -> None:
        self.waiting += len(message.notices)
        due = self._clock() + timedelta(seconds=seconds)
        heapq.heappush(self._later, (due, next(self._order), message))
        self._news.set()

    def _let_go(self) -> None:
        """What was to go behind another may go now: one has gone."""
        if self._behind:
            now = self._clock()
            moved = [
                (now if message.id in self._behind else due, order, message)
                for due, order, message in self._later
            ]
            self._later = moved
            heapq.heapify(self._later)
            self._behind.clear()

    # At work

    async def run(self, client: httpx.AsyncClient, stopped: asyncio.Event) -> None:
        """Until it is stopped; what waits then is lost."""
        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(self._work(client)) for _ in range(AT_ONCE)]
            await stopped.wait()
            for worker in workers:
                worker.cancel()

    async def _work(self, client: httpx.AsyncClient) -> None:
        while True:
            await self.flush(client)
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._idle())

    def _idle(self) -> float | None:
        """Seconds until a message is due again; None where none is."""
        if not self._later:
            return None
        return max(0.0, (self._later[0][0] - self._clock()).total_seconds())

    async def flush(self, client: httpx.AsyncClient) -> None:
        """Send all that is due now, one message after the other."""
        while (target := self.target) and (message := self.due()):
            request = self._manner.request(message, target, self._clock())
            if request is None:
                continue
            if fault := self._fault(message, request):
                await self._led_astray(client, message, target, request, fault)
            else:
                await self._send(client, message, target, request)

    def _fault(self, message: Message, request: httpx.Request) -> Fault | None:
        """The one that strikes this message, which it can only when it is first sent."""
        if message.met:
            return None
        message.met = True
        for fault in self._faults.meeting(request, FAULTS):
            if fault.draws(request.content):
                fault.spend()
                return fault
        return None

    async def _led_astray(
        self,
        client: httpx.AsyncClient,
        message: Message,
        target: Target,
        request: httpx.Request,
        fault: Fault,
    ) -> None:
        if fault.kind == "push_drop":
            self.counts.dropped += 1
        elif fault.kind == "push_duplicate":
            await self._send(client, message, target, request)
            await self._post(client, request)  # made on the way: the sender knows nothing of it
        else:
            if fault.kind == "push_reorder":
                self._behind.add(message.id)
            self._put_off(message, fault.seconds)

    async def _send(
        self, client: httpx.AsyncClient, message: Message, target: Target, request: httpx.Request
    ) -> None:
        answer = await self._post(client, request)
        message.tries += 1
        if self.target is target:  # else nobody is told of it any more
            self._settle(message, self._manner.verdict(message, answer, self._clock()))
            self._let_go()

    async def _post(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response | None:
        """The answer; None where there was none."""
        self.counts.sent += 1
        try:
            return await client.send(request)
        except httpx.HTTPError:
            return None

    def _settle(self, message: Message, verdict: Verdict) -> None:
        match verdict:
            case Heard():
                self.counts.heard += 1
            case Again(seconds):
                self.counts.again += 1
                self._put_off(message, seconds)
            case Lost():
                self.counts.lost += 1
            case Off():
                self.counts.lost += 1
                self.unsubscribe()


def _read(manner: Manner, kept: Row) -> Target:
    """As it was subscribed: JSON, whose lists are tuples where the model wants them."""
    return manner.target.model_validate_json(orjson.dumps(kept))
