"""A session: the links of one channel, the windows they share, the deliveries that are not settled.

::

    attach ──> nodes open a link ──> links[handle] ──detach──> gone
    transfer in:   counted, and given to its link
    transfer out:  cut into frames of the client's size; its id leads back to the link until it is settled

Handles are the client's in both directions. After an error on our side the session only waits for the
client's end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from local.servicebus.amqp.codec.decoding import DecodeError
from local.servicebus.amqp.codec.performatives import (
    Attach,
    Begin,
    Composite,
    Detach,
    Disposition,
    Flow,
    Received,
    Transfer,
)
from local.servicebus.amqp.errors import (
    DECODE_ERROR,
    HANDLE_IN_USE,
    ILLEGAL_STATE,
    UNATTACHED_HANDLE,
    AmqpError,
    LinkError,
    SessionError,
    error_of,
)
from local.servicebus.amqp.links import DetachedLink, Link, difference
from local.servicebus.amqp.turns import Turns
from local.servicebus.engine.errors import BrokerError

WINDOW = 65_536
HANDLE_MAX = 255
TRANSFER_OVERHEAD = 64
"""More than a transfer's own fields take, its frame's prefix included."""


class Channel(Protocol):
    """What a session needs of its connection."""

    turns: Turns
    max_peer_frame: int

    def send(self, channel: int, performative: Composite, payload: bytes = b"") -> None: ...
    def is_writable(self) -> bool: ...
    def open_link(self, session: Session, attach: Attach) -> Link: ...


class Unsettled(NamedTuple):
    link: Link
    tag: bytes


class Session:
    def __init__(self, connection: Channel, channel: int, begin: Begin) -> None:
        self.connection = connection
        self.turns = connection.turns
        self._channel = channel
        self._links: dict[int, Link] = {}
        self._unsettled: dict[int, Unsettled] = {}
        self._next_incoming_id = begin.next_outgoing_id
        self._next_outgoing_id = 0
        self._next_delivery_id = 0
        self._peer_window = begin.incoming_window
        self._received = 0

    def open(self) -> None:
        self.send(Begin(self._channel, self._next_outgoing_id, WINDOW, WINDOW, HANDLE_MAX))

    def close(self) -> None:
        for link in self._links.values():
            link.close()
        self._links.clear()
        self._unsettled.clear()

    def handle(self, performative: Composite, payload: bytes) -> None:
        step = _STEPS.get(type(performative))
        if step is None:
            raise SessionError(ILLEGAL_STATE, f"Not within a session: {type(performative).__name__}.")
        step(self, performative, payload)

    def pump(self) -> None:
        for link in list(self._links.values()):
            self.guard(link, link.pump)

    # -- for links -------------------------------------------------------------------------------------

    def send(self, performative: Composite, payload: bytes = b"") -> None:
        self.connection.send(self._channel, performative, payload)

    def confirm(self, performative: Composite) -> None:
        """Send it when what it says is on disk."""
        self.turns.confirm(lambda: self.send(performative))

    def send_flow(self, handle: int, delivery_count: int, credit: int, *, drain: bool = False) -> None:
        self._received = 0
        windows = (self._next_incoming_id, WINDOW, self._next_outgoing_id, WINDOW)
        self.send(Flow(*windows, handle, delivery_count, credit, drain=drain))

    def can_transfer(self, size: int) -> bool:
        return self.connection.is_writable() and self._peer_window >= self._frames(size)

    def transfer(self, link: Link, tag: bytes, payload: bytes, *, settled: bool) -> None:
        delivery_id, self._next_delivery_id = self._next_delivery_id, (self._next_delivery_id + 1) % 2**32
        if not settled:
            self._unsettled[delivery_id] = Unsettled(link, tag)
        first = Transfer(link.handle, delivery_id, tag, 0, settled)
        room = self._room()
        for start in range(0, max(len(payload), 1), room):
            more = start + room < len(payload)
            self.send(first._replace(more=more) if more else first, payload[start : start + room])
            self._next_outgoing_id = (self._next_outgoing_id + 1) % 2**32
            self._peer_window -= 1

    def detach(self, link: Link, refusal: AmqpError | BrokerError) -> None:
        """End a link from our side; the handle stays taken until the client has noticed."""
        if self._links.get(link.handle) is not link:
            return
        link.close()
        self._links[link.handle] = DetachedLink(self, link.attach)
        self._forget_deliveries(link)
        self.send(Detach(link.handle, closed=True, error=error_of(refusal)))

    def guard(self, link: Link, step: Callable[[], None]) -> None:
        """What is the link's fault, or the entity's, ends the link."""
        try:
            step()
        except (LinkError, BrokerError) as refusal:
            self.detach(link, refusal)
        except DecodeError as error:
            self.detach(link, LinkError(DECODE_ERROR, str(error)))

    def replace(self, waiting: Link, link: Link) -> None:
        """The link that another one has waited to become."""
        self._links[waiting.handle] = link

    def refuse_waiting(self, waiting: Link, refusal: AmqpError) -> None:
        if self._links.get(waiting.handle) is waiting:
            waiting.close()
            self._refuse(waiting.attach, refusal)

    def links(self) -> list[Link]:
        """Those that have not ended on our side."""
        return [link for link in self._links.values() if not isinstance(link, DetachedLink)]

    # -- what the client says --------------------------------------------------------------------------

    def _on_attach(self, attach: Attach, _payload: bytes) -> None:
        if attach.handle in self._links:
            raise SessionError(HANDLE_IN_USE, f"Handle {attach.handle} is in use.")
        if attach.handle > HANDLE_MAX:
            raise SessionError(UNATTACHED_HANDLE, f"The highest handle is {HANDLE_MAX}.")
        try:
            link = self.connection.open_link(self, attach)
        except (LinkError, BrokerError) as refusal:
            self._refuse(attach, refusal)
        else:
            self._links[attach.handle] = link

    def _refuse(self, attach: Attach, refusal: AmqpError | BrokerError) -> None:
        """A link cannot be refused without being attached: attach it to nothing, and detach it."""
        nowhere = attach._replace(role=not attach.role, source=None, target=None, unsettled=None)
        self.send(nowhere._replace(initial_delivery_count=0, properties={}))
        self._links[attach.handle] = link = DetachedLink(self, attach)
        self.send(Detach(link.handle, closed=True, error=error_of(refusal)))

    def _on_detach(self, detach: Detach, _payload: bytes) -> None:
        link = self._link(detach.handle)
        del self._links[detach.handle]
        if not isinstance(link, DetachedLink):
            link.close()
            self._forget_deliveries(link)
            self.send(Detach(detach.handle, closed=detach.closed))

    def _on_flow(self, flow: Flow, _payload: bytes) -> None:
        known = 0 if flow.next_incoming_id is None else flow.next_incoming_id
        self._peer_window = difference(known + flow.incoming_window, self._next_outgoing_id)
        if flow.handle is not None:
            link = self._link(flow.handle)
            self.guard(link, lambda: link.on_flow(flow))
        self.pump()

    def _on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        self._next_incoming_id = (self._next_incoming_id + 1) % 2**32
        self._received += 1
        link = self._link(transfer.handle)
        self.guard(link, lambda: link.on_transfer(transfer, payload))
        if self._received >= WINDOW // 2:
            self._received = 0
            self.send(Flow(self._next_incoming_id, WINDOW, self._next_outgoing_id, WINDOW))

    def _on_disposition(self, disposition: Disposition, _payload: bytes) -> None:
        """What a sender says of its own deliveries changes nothing: they are settled when they arrive."""
        if not disposition.role or isinstance(disposition.state, Received):
            return
        if disposition.state is None and not disposition.settled:
            return
        last = disposition.first if disposition.last is None else disposition.last
        for delivery_id in self._between(disposition.first, last):
            unsettled = self._unsettled.pop(delivery_id, None)  # its link may have ended on the way
            if unsettled is not None:
                self._decide(delivery_id, unsettled, disposition)

    def _decide(self, delivery_id: int, unsettled: Unsettled, decision: Disposition) -> None:
        link, tag = unsettled
        state, settled = decision.state, decision.settled
        self.guard(link, lambda: link.on_outcome(delivery_id, tag, state, settled=settled))

    # -- own -------------------------------------------------------------------------------------------

    def _between(self, first: int, last: int) -> list[int]:
        """The unsettled deliveries of a range, which may be far wider than what there is."""
        if first == last:
            return [first] if first in self._unsettled else []
        return [delivery_id for delivery_id in self._unsettled if first <= delivery_id <= last]

    def _link(self, handle: int) -> Link:
        try:
            return self._links[handle]
        except KeyError:
            raise SessionError(UNATTACHED_HANDLE, f"No link has the handle {handle}.") from None

    def _forget_deliveries(self, link: Link) -> None:
        gone = [delivery_id for delivery_id, unsettled in self._unsettled.items() if unsettled.link is link]
        for delivery_id in gone:
            del self._unsettled[delivery_id]

    def _room(self) -> int:
        return self.connection.max_peer_frame - TRANSFER_OVERHEAD

    def _frames(self, size: int) -> int:
        return max(1, -(-size // self._room()))


_STEPS: dict[type[Any], Callable[[Session, Any, bytes], None]] = {
    Attach: Session._on_attach,  # noqa: SLF001  # the table belongs to the class
    Detach: Session._on_detach,  # noqa: SLF001  # the table belongs to the class
    Flow: Session._on_flow,  # noqa: SLF001  # the table belongs to the class
    Transfer: Session._on_transfer,  # noqa: SLF001  # the table belongs to the class
    Disposition: Session._on_disposition,  # noqa: SLF001  # the table belongs to the class
}
