"""What a session sees of a link, whichever way its messages go.

::

    Link
    ├─ IncomingLink    the client sends       (incoming)
    ├─ OutgoingLink    the client receives    (outgoing)
    ├─ WaitingLink     the client wants the next free session, and none is free    (waiting)
    └─ DetachedLink    refused or ended by us; the client does not know it yet
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.servicebus.amqp.codec.performatives import Attach, Flow, Transfer
from local.servicebus.amqp.errors import NOT_ALLOWED, SessionError

if TYPE_CHECKING:
    from local.servicebus.amqp.session import Session


class Link:
    def __init__(self, session: Session, attach: Attach) -> None:
        self.session = session
        self.attach = attach
        self.handle = attach.handle
        self._when_closed: list[Callable[[], None]] = []

    def on_transfer(self, _transfer: Transfer, _payload: bytes, /) -> None:
        raise SessionError(NOT_ALLOWED, "This link does not take messages.")

    def on_flow(self, flow: Flow) -> None:
        """Credit, a wish to drain, an echo that is asked for."""

    def on_outcome(self, delivery_id: int, tag: bytes, outcome: Any, *, settled: bool) -> None:
        """The client has decided about a delivery."""

    def pump(self) -> None:
        """Send what can be sent now."""

    def wake(self) -> None:
        """Pump in the course of this turn."""
        self.session.turns.wake(self._pump_guarded)

    def when_closed(self, action: Callable[[], None]) -> None:
        self._when_closed.append(action)

    def close(self) -> None:
        """Let go of what the link holds; nothing more can be told to the client."""
        actions, self._when_closed = self._when_closed, []
        for action in actions:
            action()

    def _pump_guarded(self) -> None:
        self.session.guard(self, self.pump)


class DetachedLink(Link):
    """Takes what was under way when it ended, and does nothing with it."""

    def on_transfer(self, _transfer: Transfer, _payload: bytes, /) -> None:
        pass


def difference(later: int, earlier: int) -> int:
    """Of two serial numbers of 32 bits, which begin anew at zero."""
    distance = (later - earlier) % 2**32
    return distance if distance < 2**31 else distance - 2**32
