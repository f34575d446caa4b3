"""A link on which the client receives: a supply gives parcels as far as credit and window allow.

Credit is what the client's last flow says, counted from the delivery count that the flow knew of. A drain is
answered when the supply has nothing more: what is left of the credit is used up, and the client is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from local.servicebus.amqp.codec.performatives import Attach, Disposition, Flow, Rejected, Source
from local.servicebus.amqp.errors import error_of
from local.servicebus.amqp.links import Link, difference
from local.servicebus.engine.errors import BrokerError

if TYPE_CHECKING:
    from local.servicebus.amqp.session import Session

PULL = 100
"""Parcels that a link takes at a time, so that links that share an entity take turns."""


class Parcel(NamedTuple):
    """A message for the client."""

    payload: bytes
    tag: bytes


class Supply(Protocol):
    settled: bool
    """Whether a parcel is the client's as soon as it is sent."""
    wake: Callable[[], None]
    """Set by the link: call it when there is more to pull."""

    def pull(self, limit: int) -> Sequence[Parcel]:
        """Up to so many parcels that are ready now."""

    def is_idle(self) -> bool:
        """Nothing that was asked for is still under way."""

    def settle(self, tag: bytes, outcome: Any) -> Any:
        """Apply the client's outcome; gives the one to answer with. Errors: BrokerError."""


class OutgoingLink(Link):
    def __init__(self, session: Session, attach: Attach, supply: Supply) -> None:
        super().__init__(session, attach)
        self._supply = supply
        supply.wake = self.wake
        self._backlog: deque[Parcel] = deque()
        self._delivery_count = 0
        self._credit = 0
        self._drain = False

    def open(self, source: Source, max_message_size: int, properties: dict[Any, Any]) -> None:
        reply = self.attach._replace(
            role=False,
            source=source,
            unsettled=None,
            initial_delivery_count=0,
            max_message_size=max_message_size,
            offered_capabilities=None,
            desired_capabilities=None,
            properties=properties,
        )
        self.session.send(reply)

    def on_flow(self, flow: Flow) -> None:
        known = flow.delivery_count if flow.delivery_count is not None else 0
        if flow.link_credit is not None:
            self._credit = max(0, difference(known + flow.link_credit, self._delivery_count))
        self._drain = flow.drain
        self.pump()
        if flow.echo:
            self._tell()

    def pump(self) -> None:
        while self._credit > 0 and self._refill():
            if not self.session.can_transfer(len(self._backlog[0].payload)):
                return
            self._transfer(self._backlog.popleft())
        if self._drain and self._credit > 0 and not self._backlog and self._supply.is_idle():
            self._exhaust()

    def on_outcome(self, delivery_id: int, tag: bytes, outcome: Any, *, settled: bool) -> None:
        try:
            answer = self._supply.settle(tag, outcome)
        except BrokerError as refusal:
            answer = Rejected(error_of(refusal))
        if not settled:
            self.session.confirm(
                Disposition(role=False, first=delivery_id, last=delivery_id, settled=True, state=answer)
            )

    def _refill(self) -> bool:
        if not self._backlog and self.session.can_transfer(0):
            self._backlog.extend(self._supply.pull(min(self._credit, PULL)))
        return bool(self._backlog)

    def _transfer(self, parcel: Parcel) -> None:
        self._credit -= 1
        self._delivery_count = (self._delivery_count + 1) % 2**32
        self.session.transfer(self, parcel.tag, parcel.payload, settled=self._supply.settled)

    def _exhaust(self) -> None:
        self._delivery_count = (self._delivery_count + self._credit) % 2**32
        self._credit, self._drain = 0, False
        self._tell(drain=True)

    def _tell(self, *, drain: bool = False) -> None:
        self.session.send_flow(self.handle, self._delivery_count, self._credit, drain=drain)
