"""What has to happen between two events: one *turn*.

Everything that comes from outside (bytes, a lost socket, a timer, the journal's word) is a turn: first it is
handled, then what it has set off is done, in this order, until nothing is left:

1. whoever was woken (by a message, by credit, by a freed session) tries again;
2. the broker's open page goes to the journal, and what waits for the disk is told when it is there;
3. what was written to the connections goes to the sockets, in one piece for each;
4. the timer is set to the moment at which time will next move something by itself.

So acknowledgements share a commit, frames share a system call, and no state machine is entered while it is at
work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from local.servicebus.engine.broker import Broker

Action = Callable[[], None]

log = logging.getLogger(__name__)

LONGEST_SLEEP = 1.0
"""Seconds. Others than the connections may have moved the broker's next moment forward."""


class Cancellable(Protocol):
    def cancel(self) -> None: ...


class Loop(Protocol):
    """What is needed of an asyncio event loop."""

    def call_soon(self, callback: Action, /) -> object: ...
    def call_soon_threadsafe(self, callback: Action, /) -> object: ...
    def call_later(self, delay: float, callback: Action, /) -> Cancellable: ...


def log_failure(error: Exception) -> None:
    log.error("an action of the broker failed", exc_info=error)


class Turns:
    def __init__(
        self,
        broker: Broker,
        clock: Callable[[], datetime],
        loop: Loop,
        failed: Callable[[Exception], None] = log_failure,
    ) -> None:
        """`failed` hears of an action that raised; the others go on."""
        self._broker = broker
        self._clock = clock
        self._loop = loop
        self._failed = failed
        self._woken: dict[Action, None] = {}
        self._unconfirmed: list[Action] = []
        self._unwritten: dict[Action, None] = {}
        self._running = False
        self._scheduled = False
        self._timer: Cancellable | None = None
        self._stopped = False

    def run(self, action: Action) -> None:
        """One turn that starts with this."""
        self._running = True
        self._attempt(action)
        self._finish()

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def wake(self, action: Action) -> None:
        """Do this in the course of the turn, once; safe in the middle of an operation of the broker."""
        self._woken[action] = None
        self._ensure()

    def confirm(self, action: Action) -> None:
        """Do this when all that the broker has accepted so far is on disk."""
        self._unconfirmed.append(action)
        self._ensure()

    def write(self, action: Action) -> None:
        """Do this at the end of the turn, once."""
        self._unwritten[action] = None
        self._ensure()

    def later(self, seconds: float, action: Action) -> Cancellable:
        return self._loop.call_later(seconds, lambda: self.run(action))

    def _ensure(self) -> None:
        """An event that is not ours (an administrator's, say) has set something off: make it a turn."""
        if not self._running and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._late_turn)

    def _late_turn(self) -> None:
        self._scheduled = False
        self.run(_nothing)

    def _finish(self) -> None:
        while self._woken or self._unconfirmed:
            self._run_woken()
            self._attempt(self._flush)
        unwritten, self._unwritten = self._unwritten, {}
        self._attempt(*unwritten)
        self._running = False
        self._set_timer()

    def _run_woken(self) -> None:
        while self._woken:
            woken, self._woken = self._woken, {}
            self._attempt(*woken)

    def _attempt(self, *actions: Action) -> None:
        for action in actions:
            try:
                action()
            except Exception as error:  # noqa: BLE001  # whatever it is, it is this action's alone
                self._failed(error)

    def _flush(self) -> None:
        """What cannot be written is not acknowledged."""
        unconfirmed, self._unconfirmed = self._unconfirmed, []
        ticket = self._broker.flush_point()
        if not unconfirmed:
            return
        journal = self._broker.journal
        if journal.durable >= ticket:
            self._attempt(*unconfirmed)
        else:
            journal.when_durable(ticket, lambda: self._on_durable(unconfirmed))

    def _on_durable(self, actions: list[Action]) -> None:
        """Called in the journal's thread."""
        self._loop.call_soon_threadsafe(lambda: self.run(lambda: self._attempt(*actions)))

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._stopped:
            return
        due, delay = self._broker.due(), LONGEST_SLEEP
        if due is not None:
            delay = min(delay, max(0.0, (due - self._clock()).total_seconds()))
        self._timer = self.later(delay, self._broker.advance)


def _nothing() -> None:
    """A turn that something else has set off."""
