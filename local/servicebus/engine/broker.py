"""The broker: every operation on messages, by the address of an entity.

An address is what a client puts on the wire, less scheme and host, in any case of letters:

    orders                                     a queue, or a topic (send only)
    changes/Subscriptions/deliver_erp          a subscription (receive only)
    <either>/$DeadLetterQueue                  what was given up
    <either>/$Transfer/$DeadLetterQueue        what could not be forwarded

Pure: time comes from `clock`, lock tokens from `ids`, durability goes to `journal`; nothing here waits. Time
moves things (locks and messages expire, scheduled messages become active) inside every call, and in
`advance`, which a shell calls at `due()` so that receivers who wait are woken. One thread at a time may call
it.

A call that raises has changed nothing. A call that returns has written its records on the journal's open
page; `flush_point()` sends the page to the journal (see `journal`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from local.servicebus.engine.directory import Directory
from local.servicebus.engine.errors import (
    ArgumentError,
    BrokerError,
    EntityDisabledError,
    EntityNotFoundError,
    NotAllowedError,
    SessionLockLostError,
)
from local.servicebus.engine.held import Commons, Passage
from local.servicebus.engine.journal import Journal, MemoryJournal
from local.servicebus.engine.lines import Agenda
from local.servicebus.engine.message import (
    DEAD_LETTER_DESCRIPTION,
    DEAD_LETTER_REASON,
    BrokeredMessage,
    Message,
    ReceiveMode,
    Value,
)
from local.servicebus.engine.namespace import Namespace
from local.servicebus.engine.queue import MessageQueue
from local.servicebus.engine.records import BlankPage, Page
from local.servicebus.engine.replay import replay
from local.servicebus.engine.sessions import Session, SessionQueue


class SessionLock(NamedTuple):
    """A receiver's hold on a session. Pass it to whatever is done in the session's name."""

    address: str
    session_id: str
    token: UUID
    locked_until: datetime


class Broker:
    def __init__(
        self, clock: Callable[[], datetime], ids: Callable[[], UUID], journal: Journal | None = None
    ) -> None:
        """`clock` gives aware UTC times. What the journal holds is loaded at once."""
        self.journal: Journal = journal or MemoryJournal()
        self._clock = clock
        self._page = BlankPage() if journal is None else Page()
        self._agenda = Agenda()
        self._directory = Directory(Commons(self._page, self._agenda, ids, self._forward))
        self.namespace = Namespace(clock, self._directory, self._page)
        """Entities are made and changed here."""
        replay(self.journal.load(), self._directory, self._agenda)
        self._page.turn()

    # -- links -------------------------------------------------------------------------------------

    def check_exists(self, address: str) -> None:
        """Errors: EntityNotFoundError."""
        if not self._directory.exists(address):
            raise EntityNotFoundError(f"there is no entity {address}")

    def check_sender(self, address: str) -> None:
        """Raise what a send there would raise whatever the message: not found, disabled, receive only."""
        self._directory.inlet(address).check_open()

    def check_receiver(self, address: str, *, with_session: bool) -> None:
        """Raise what a receive there would raise: not found, disabled, send only, with or without sessions,
        forwarding entity.
        """
        outlet = self._outlet(address)
        if outlet.terms.forward_to is not None:
            raise NotAllowedError(f"{address} forwards its messages: there is nothing to receive")
        if outlet.requires_session and not with_session:
            raise NotAllowedError(f"{address} requires sessions: a session receiver is needed")
        if with_session and not outlet.requires_session:
            raise NotAllowedError(f"{address} does not know sessions")

    def max_message_size(self, address: str) -> int:
        return self._directory.inlet(address).max_message_bytes

    # -- sending -----------------------------------------------------------------------------------

    def send(self, address: str, messages: Sequence[Message]) -> list[int]:
        """Take all of them or none; one with a time in the future is scheduled. Gives sequence
        numbers; that of a recognised duplicate, which is dropped as Service Bus does, is 0.
        """
        now, inlet = self._now(), self._directory.inlet(address)
        inlet.check(messages)
        inlet.target.accessed_at = now
        return [inlet.enqueue(message, now) for message in messages]

    def schedule(self, address: str, messages: Sequence[Message]) -> list[int]:
        """As `send`; each message must say its `scheduled_enqueue_time` (one in the past is sent at once)."""
        if any(message.scheduled_enqueue_time is None for message in messages):
            raise ArgumentError("a message to be scheduled must say its time")
        return self.send(address, messages)

    def cancel_scheduled(self, address: str, sequence_numbers: Sequence[int]) -> None:
        """All or none. Errors: MessageNotFoundError."""
        self._now()
        self._directory.inlet(address).target.schedule.cancel(sequence_numbers)

    # -- receiving ---------------------------------------------------------------------------------

    def receive(
        self,
        address: str,
        count: int = 1,
        mode: ReceiveMode = ReceiveMode.PEEK_LOCK,
        session: SessionLock | None = None,
    ) -> list[BrokeredMessage]:
        """Up to `count` messages that are ready now, maybe none. In receive-and-delete mode they are gone."""
        now, outlet = self._now(), self._outlet(address)
        outlet.accessed_at = now
        if session is None:
            return outlet.receive(count, mode, now)
        queue = self._sessions(address)
        return queue.receive_session(queue.holder(session.session_id, session.token), count, mode, now)

    def receive_deferred(
        self,
        address: str,
        sequence_numbers: Sequence[int],
        mode: ReceiveMode = ReceiveMode.PEEK_LOCK,
        session: SessionLock | None = None,
    ) -> list[BrokeredMessage]:
        """All or none. Errors: MessageNotFoundError (also for one that is locked, or not deferred)."""
        now, outlet = self._now(), self._outlet(address)
        if session is None:
            return outlet.receive_deferred(sequence_numbers, mode, now)
        self._sessions(address).holder(session.session_id, session.token)
        return outlet.receive_deferred(sequence_numbers, mode, now, session.session_id)

    def peek(
        self, address: str, from_sequence_number: int = 0, count: int = 1, session_id: str | None = None
    ) -> list[BrokeredMessage]:
        """Look without lock, in order of sequence numbers, at messages in every state, locked or not."""
        self._now()
        return self._directory.outlet(address).peek(from_sequence_number, count, session_id)

    def watch(self, address: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` whenever a receive or an accept there may have become possible, and when the entity is
        changed or deleted. It is called in the middle of an operation: note it, and receive later.
        Gives the function that ends it.
        """
        watchers = self._directory.place(address).watchers
        watchers.append(wake)
        return lambda: watchers.remove(wake) if wake in watchers else None

    # -- settling: all raise MessageLockLostError, or SessionLockLostError where sessions are required

    def complete(self, address: str, lock_token: UUID) -> None:
        self._now()
        self._directory.outlet(address).complete(lock_token)

    def abandon(self, address: str, lock_token: UUID, properties: Mapping[str, Value] | None = None) -> None:
        """Give back at its old place; the delivery count rises, and at the maximum it is dead-lettered."""
        self._directory.outlet(address).abandon(lock_token, self._now(), properties or {})

    def release(self, address: str, lock_token: UUID) -> None:
        """Give back at its old place as if it had never been received."""
        self._directory.outlet(address).release(lock_token, self._now())

    def defer(self, address: str, lock_token: UUID, properties: Mapping[str, Value] | None = None) -> None:
        """Set aside, to be received by its sequence number only."""
        self._now()
        self._directory.outlet(address).defer(lock_token, properties or {})

    def dead_letter(
        self,
        address: str,
        lock_token: UUID,
        reason: str | None = None,
        description: str | None = None,
        properties: Mapping[str, Value] | None = None,
    ) -> None:
        changes = dict(properties or {})
        if reason is not None:
            changes[DEAD_LETTER_REASON] = reason
        if description is not None:
            changes[DEAD_LETTER_DESCRIPTION] = description
        self._directory.outlet(address).dead_letter(lock_token, self._now(), changes)

    def renew(self, address: str, lock_token: UUID) -> datetime:
        """Lock for another full duration; gives the new end."""
        return self._directory.outlet(address).renew(lock_token, self._now())

    # -- sessions ----------------------------------------------------------------------------------

    def accept_session(
        self, address: str, session_id: str | None = None, lost: Callable[[], None] | None = None
    ) -> SessionLock | None:
        """Lock the named session, or with None the next that has messages and no holder, if any.
        `lost` is called when the lock expires or the entity is deleted (not on release).
        Errors: SessionCannotBeLockedError, NotAllowedError.
        """
        now, queue = self._now(), self._sessions(address)
        self._outlet(address).accessed_at = now
        session = queue.accept(session_id, now, lost)
        return _shown(address, session) if session is not None else None

    def session_lock(self, address: str, session_id: str) -> SessionLock:
        """The lock that is on a session now, whoever holds it. Errors: SessionLockLostError."""
        self._now()
        return _shown(address, self._sessions(address).holder(session_id))

    def renew_session(self, session: SessionLock) -> SessionLock:
        now, queue = self._now(), self._sessions(session.address)
        held = queue.holder(session.session_id, session.token)
        queue.renew_session(held, now)
        return _shown(session.address, held)

    def release_session(self, session: SessionLock) -> None:
        """Give the session and its messages back, delivery counts unchanged; nothing if the lock was lost."""
        now, queue = self._now(), self._sessions(session.address)
        with suppress(SessionLockLostError):
            queue.release_session(queue.holder(session.session_id, session.token), now)

    def session_state(self, address: str, session_id: str) -> bytes | None:
        return self._sessions(address).state(session_id)

    def set_session_state(self, address: str, session_id: str, state: bytes | None) -> None:
        self._sessions(address).set_state(session_id, state, self._now())

    def sessions(self, address: str, updated_since: datetime | None = None) -> list[str]:
        """Sessions that have messages or state; with a time, those whose state was set after it."""
        self._now()
        return self._sessions(address).sessions(updated_since)

    # -- time and durability -----------------------------------------------------------------------

    def due(self) -> datetime | None:
        """When time will next move something by itself; may be too early, never too late."""
        return self._agenda.first()

    def advance(self) -> None:
        """Do everything that the clock has made due, and flush."""
        self._now()
        self.flush_point()

    def flush_point(self) -> int:
        """Send the open page to the journal; the ticket is durable when everything done so far is on disk."""
        return self.journal.write(self._page.turn())

    # -- inside ------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        """The time, after everything that it has made due has happened."""
        now = self._clock()
        due = self._agenda.first()
        if due is not None and due <= now:
            self._agenda.advance(now)
        return now

    def _outlet(self, address: str) -> MessageQueue:
        outlet = self._directory.outlet(address)
        if not outlet.terms.status.may_receive:
            raise EntityDisabledError(f"{address} is disabled for receiving")
        return outlet

    def _sessions(self, address: str) -> SessionQueue:
        outlet = self._directory.outlet(address)
        if not isinstance(outlet, SessionQueue):
            raise NotAllowedError(f"{address} does not know sessions")
        return outlet

    def _forward(self, address: str, message: Message, now: datetime, passage: Passage) -> str | None:
        try:
            self._directory.inlet(address).forward(message, now, passage)
        except BrokerError as refusal:
            return str(refusal)
        return None


def _shown(address: str, session: Session) -> SessionLock:
    assert session.token is not None  # noqa: S101 - only held sessions are shown
    assert session.locked_until is not None  # noqa: S101 - only held sessions are shown
    return SessionLock(address, session.id, session.token, session.locked_until)
