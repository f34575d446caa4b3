"""The broker: every operation on messages, by the address of an entity.

An address is what a client puts on the wire, less scheme and host, in any case of letters:

    orders                                     a queue, or a topic (send only)
    changes/Subscriptions/deliver_erp          a subscription (receive only)
    <either>/$DeadLetterQueue                  what was given up
    <either>/$Transfer/$DeadLetterQueue        what could not be forwarded

Pure: time comes from `clock`, lock tokens from `ids`, durability goes to `journal`; nothing here waits. Time moves
things (locks and messages expire, scheduled messages become active) inside every call, and in `advance`, which a shell calls
at `due()` so that receivers who wait are woken. One thread at a time may call it.

A call that raises has changed nothing. A call that returns has written its records on the journal's open page;
`flush_point()` sends the page to the journal (see `journal`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from local.servicebus.engine.journal import Journal
from local.servicebus.engine.message import BrokeredMessage, Message, ReceiveMode, Value
from local.servicebus.engine.namespace import Namespace


class SessionLock(NamedTuple):
    """A receiver's hold on a session. Pass it to whatever is done in the session's name."""

    address: str
    session_id: str
    token: UUID
    locked_until: datetime


class Broker:
    namespace: Namespace
    """Entities are made and changed here."""
    journal: Journal

    def __init__(
        self, clock: Callable[[], datetime], ids: Callable[[], UUID], journal: Journal | None = None
    ) -> None:
        """`clock` gives aware UTC times. What the journal holds is loaded at once."""

    # -- links ------------------------------------------------------------------------------------------------

    def check_sender(self, address: str) -> None:
        """Raise what a send there would raise whatever the message: not found, disabled, receive only."""
        raise NotImplementedError

    def check_receiver(self, address: str, *, with_session: bool) -> None:
        """Raise what a receive there would raise: not found, disabled, send only, sessions required or not supported,
        forwarding entity.
        """
        raise NotImplementedError

    def max_message_size(self, address: str) -> int:
        raise NotImplementedError

    # -- sending ----------------------------------------------------------------------------------------------

    def send(self, address: str, messages: Sequence[Message]) -> list[int]:
        """Take all of them or none; one with `scheduled_enqueue_time` in the future is scheduled. Gives sequence numbers;
        that of a recognised duplicate, which is dropped as Service Bus does, is 0.
        """
        raise NotImplementedError

    def schedule(self, address: str, messages: Sequence[Message]) -> list[int]:
        """As `send`; each message must say its `scheduled_enqueue_time` (one in the past is sent at once)."""
        raise NotImplementedError

    def cancel_scheduled(self, address: str, sequence_numbers: Sequence[int]) -> None:
        """All or none. Errors: MessageNotFoundError."""
        raise NotImplementedError

    # -- receiving --------------------------------------------------------------------------------------------

    def receive(
        self,
        address: str,
        count: int = 1,
        mode: ReceiveMode = ReceiveMode.PEEK_LOCK,
        session: SessionLock | None = None,
    ) -> list[BrokeredMessage]:
        """Up to `count` messages that are ready now, maybe none. In receive-and-delete mode they are gone."""
        raise NotImplementedError

    def receive_deferred(
        self,
        address: str,
        sequence_numbers: Sequence[int],
        mode: ReceiveMode = ReceiveMode.PEEK_LOCK,
        session: SessionLock | None = None,
    ) -> list[BrokeredMessage]:
        """All or none. Errors: MessageNotFoundError (also for one that is locked, or not deferred)."""
        raise NotImplementedError

    def peek(
        self, address: str, from_sequence_number: int = 0, count: int = 1, session_id: str | None = None
    ) -> list[BrokeredMessage]:
        """Look without lock, in order of sequence numbers, at messages in every state, locked ones included."""
        raise NotImplementedError

    def watch(self, address: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` whenever a receive or an accept there may have become possible, and when the entity is changed or
        deleted. It is called in the middle of an operation: note it, and receive later. Gives the function that ends it.
        """
        raise NotImplementedError

    # -- settling: all raise MessageLockLostError, or SessionLockLostError where sessions are required ---------------

    def complete(self, address: str, lock_token: UUID) -> None:
        raise NotImplementedError

    def abandon(self, address: str, lock_token: UUID, properties: Mapping[str, Value] | None = None) -> None:
        """Give back at its old place; the delivery count rises, and at the maximum the message is dead-lettered."""
        raise NotImplementedError

    def release(self, address: str, lock_token: UUID) -> None:
        """Give back at its old place as if it had never been received."""
        raise NotImplementedError

    def defer(self, address: str, lock_token: UUID, properties: Mapping[str, Value] | None = None) -> None:
        """Set aside, to be received by its sequence number only."""
        raise NotImplementedError

    def dead_letter(
        self,
        address: str,
        lock_token: UUID,
        reason: str | None = None,
        description: str | None = None,
        properties: Mapping[str, Value] | None = None,
    ) -> None:
        raise NotImplementedError

    def renew(self, address: str, lock_token: UUID) -> datetime:
        """Lock for another full duration; gives the new end."""
        raise NotImplementedError

    # -- sessions ---------------------------------------------------------------------------------------------

    def accept_session(
        self, address: str, session_id: str | None = None, lost: Callable[[], None] | None = None
    ) -> SessionLock | None:
        """Lock the named session, or with None the next that has messages and no holder; None if there is none now.
        `lost` is called when the lock expires or the entity is deleted (not on release).
        Errors: SessionCannotBeLockedError, NotAllowedError.
        """
        raise NotImplementedError

    def session_lock(self, address: str, session_id: str) -> SessionLock:
        """The lock that is on a session now, whoever holds it. Errors: SessionLockLostError."""
        raise NotImplementedError

    def renew_session(self, session: SessionLock) -> SessionLock:
        raise NotImplementedError

    def release_session(self, session: SessionLock) -> None:
        """Give the session and its locked messages back, delivery counts unchanged. Does nothing if the lock was lost."""
        raise NotImplementedError

    def session_state(self, address: str, session_id: str) -> bytes | None:
        raise NotImplementedError

    def set_session_state(self, address: str, session_id: str, state: bytes | None) -> None:
        raise NotImplementedError

    def sessions(self, address: str, updated_since: datetime | None = None) -> list[str]:
        """Sessions that have messages or state; with a time, those whose state was set after it."""
        raise NotImplementedError

    # -- time and durability ------------------------------------------------------------------------------------

    def due(self) -> datetime | None:
        """When time will next move something by itself; may be too early, never too late."""
        raise NotImplementedError

    def advance(self) -> None:
        """Do everything that the clock has made due, and flush."""
        raise NotImplementedError

    def flush_point(self) -> int:
        """Send the open page to the journal; the ticket is durable when everything done so far is on disk."""
        raise NotImplementedError
