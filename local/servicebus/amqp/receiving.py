"""How a receiver's link comes to be.

::

    no session filter       attached at once
    a session's id          attached, or refused because somebody else holds it
    null, "the next one"    attached when a session is free; until then it waits, as long as the client wants

A link with a session lets it go when it ends, and ends when the session's lock is lost.
"""

from __future__ import annotations

import enum
from typing import Any

from local.servicebus.amqp.codec.performatives import Attach, Source
from local.servicebus.amqp.codec.values import Described, Symbol
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.entities import DeletingSupply, LockedSupply
from local.servicebus.amqp.envelope import to_timestamp
from local.servicebus.amqp.errors import (
    NOT_ALLOWED,
    SESSION_LOCK_LOST,
    TIMEOUT,
    LinkError,
)
from local.servicebus.amqp.links import Link
from local.servicebus.amqp.outgoing import OutgoingLink
from local.servicebus.amqp.session import Session
from local.servicebus.engine.broker import SessionLock
from local.servicebus.engine.entities import MAX_MESSAGE_BYTES

SESSION_FILTER = Symbol("com.microsoft:session-filter")
LOCKED_UNTIL = Symbol("com.microsoft:locked-until-utc")
WAIT = Symbol("com.microsoft:timeout")

SETTLED = 1
"""The sender settle mode of a client that receives and deletes."""

QUIET_SECONDS = 2.0

_TICKS_1970 = 621_355_968_000_000_000
_TICKS_A_MILLISECOND = 10_000


class _Next(enum.Enum):
    SESSION = enum.auto()


def open_receiver(container: Container, session: Session, attach: Attach, path: str) -> Link:
    """Errors: LinkError, BrokerError."""
    source = attach.source if isinstance(attach.source, Source) else Source()
    filters = source.filter or {}
    container.broker.check_receiver(path, with_session=SESSION_FILTER in filters)
    opening = Opening(container, session, attach, path, source)
    if SESSION_FILTER not in filters:
        return opening.attach(None)
    return opening.accept(_session_id(filters[SESSION_FILTER]))


class Opening:
    """Everything that is known of a receiver before it has its session."""

    def __init__(
        self, container: Container, session: Session, attach: Attach, path: str, source: Source
    ) -> None:
        self._container = container
        self._broker = container.broker
        self._session = session
        self._attach = attach
        self._path = path
        self._source = source

    def accept(self, session_id: str | None) -> Link:
        link = self.try_accept(session_id)
        return link if link is not None else self._wait()

    def try_accept(self, session_id: str | None) -> Link | None:
        """Errors: SessionCannotBeLockedError."""
        held: list[Link] = []
        lock = self._broker.accept_session(self._path, session_id, lambda: self._lose(held))
        if lock is None:
            return None
        link = self.attach(lock)
        held.append(link)
        return link

    def attach(self, lock: SessionLock | None) -> Link:
        link = OutgoingLink(self._session, self._attach, self._supply(lock))
        link.when_closed(self._broker.watch(self._path, link.wake))
        source, properties = self._source, {}
        if lock is not None:
            link.when_closed(lambda: self._broker.release_session(lock))
            source = source._replace(filter={SESSION_FILTER: lock.session_id})
            properties = {LOCKED_UNTIL: _ticks(lock)}
        link.open(source, MAX_MESSAGE_BYTES, properties)
        return link

    def _supply(self, lock: SessionLock | None) -> LockedSupply | DeletingSupply:
        if self._attach.snd_settle_mode == SETTLED:
            return DeletingSupply(self._container, self._path, lock)
        return LockedSupply(self._broker, self._path, lock)

    def _lose(self, held: list[Link]) -> None:
        """The lock is lost now; the link is told a little later. A client that waits for a message exactly as
        long as the lock lasts should hear that there was none, not that something failed.
        """
        refusal = LinkError(SESSION_LOCK_LOST, "The lock of the session has expired, or its entity is gone.")

        def detach() -> None:
            for link in held:
                self._session.detach(link, refusal)

        self._session.turns.later(QUIET_SECONDS, detach)

    def _wait(self) -> Link:
        wanted = (self._attach.properties or {}).get(WAIT)
        seconds = wanted / 1000 if isinstance(wanted, int) else self._container.session_wait_seconds
        link = WaitingLink(self._session, self._attach, self)
        link.when_closed(self._broker.watch(self._path, link.wake))
        link.when_closed(self._session.turns.later(seconds, link.give_up).cancel)
        return link


class WaitingLink(Link):
    """Not attached yet: stands at the link's handle until a session is free."""

    def __init__(self, session: Session, attach: Attach, opening: Opening) -> None:
        super().__init__(session, attach)
        self._opening = opening

    def pump(self) -> None:
        link = self._opening.try_accept(None)
        if link is not None:
            self.close()
            self.session.replace(self, link)

    def give_up(self) -> None:
        self.session.refuse_waiting(self, LinkError(TIMEOUT, "No session has become free in time."))


def _session_id(wanted: Any) -> str | None:
    value = wanted.value if isinstance(wanted, Described) else wanted
    if value is not None and not isinstance(value, str):
        raise LinkError(NOT_ALLOWED, "The id of a session is a string.")
    return value


def _ticks(lock: SessionLock) -> int:
    """As .NET counts time."""
    return to_timestamp(lock.locked_until) * _TICKS_A_MILLISECOND + _TICKS_1970
