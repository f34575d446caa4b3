"""A queue with sessions: messages of one session id are one line, and one receiver at a time holds it.

     messages, no holder ──> offered ──── accept (next available, or by name) ──> held
              ^                                                                   │
              └──────────── released, or the lock expired ────────────────────────┘

A session's lock stands for those of its messages. When it expires, the deliveries that were open have failed
and count; when it is released they do not. A session ends when it has no message, no state and no holder.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from local.servicebus.engine.entities import MAX_SESSION_ID
from local.servicebus.engine.errors import (
    ArgumentError,
    BrokerError,
    NotAllowedError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)
from local.servicebus.engine.held import Account, Commons, Held, Passage
from local.servicebus.engine.lines import Deadlines, NumberOrder, ReadyLine
from local.servicebus.engine.message import (
    DEAD_LETTER_DESCRIPTION,
    DEAD_LETTER_REASON,
    BrokeredMessage,
    Message,
    ReceiveMode,
)
from local.servicebus.engine.queue import MessageQueue
from local.servicebus.engine.terms import Terms


@dataclass(slots=True, eq=False)
class Session:
    """One session: what is in it, who holds it, what its holder wrote down."""

    id: str
    live: dict[int, Held]
    line: ReadyLine
    order: NumberOrder
    open_tokens: set[UUID] = field(default_factory=set)
    token: UUID | None = None
    locked_until: datetime | None = None
    lost: Callable[[], None] | None = None
    state: bytes | None = None
    state_set_at: datetime | None = None

    @classmethod
    def new(cls, session_id: str) -> "Session":
        live: dict[int, Held] = {}
        return cls(session_id, live, ReadyLine(live), NumberOrder(live))

    @property
    def is_offered(self) -> bool:
        return self.token is None and self.line.first() is not None

    @property
    def is_over(self) -> bool:
        return not self.live and self.state is None and self.token is None


class SessionQueue(MessageQueue):
    """A queue that delivers by session."""

    requires_session = True

    def __init__(
        self,
        store: int,
        address: str,
        terms: Terms,
        commons: Commons,
        account: Account,
        dead_letters: MessageQueue | None = None,
        transfer: MessageQueue | None = None,
    ) -> None:
        super().__init__(store, address, terms, commons, account, dead_letters, transfer)
        self._sessions: dict[str, Session] = {}
        self._offered: OrderedDict[str, Session] = OrderedDict()
        self._held: dict[str, Session] = {}
        self._ends = Deadlines(self._held, self._is_held_until)

    # -- holding a session -------------------------------------------------------------------------

    def accept(
        self, session_id: str | None, now: datetime, lost: Callable[[], None] | None
    ) -> Session | None:
        session = self._next_offered() if session_id is None else self._named(session_id)
        if session is None:
            return None
        if session.token is not None:
            raise SessionCannotBeLockedError(f"the session {session.id} is held by another receiver")
        session.token = self._commons.ids()
        session.lost = lost
        self._offered.pop(session.id, None)
        self._extend(session, now)
        return session

    def holder(self, session_id: str, token: UUID | None = None) -> Session:
        """The session, if it is held (by this token)."""
        session = self._sessions.get(session_id)
        if session is None or session.token is None or token not in (None, session.token):
            raise SessionLockLostError(f"the lock on the session {session_id} has expired or was released")
        return session

    def renew_session(self, session: Session, now: datetime) -> None:
        self._extend(session, now)
        for token in session.open_tokens:
            self._locked[token].locked_until = session.locked_until

    def release_session(self, session: Session, now: datetime) -> None:
        self._let_go(session)
        for token in sorted(session.open_tokens, key=self._number_of):
            self.release(token, now)
        self._announce(session)

    def receive_session(
        self, session: Session, count: int, mode: ReceiveMode, now: datetime
    ) -> list[BrokeredMessage]:
        taken: list[BrokeredMessage] = []
        while len(taken) < count and (number := session.line.pop()) is not None:
            taken.append(self._deliver(self._messages[number], mode, now))
        return taken

    # -- what is known of sessions -----------------------------------------------------------------

    def state(self, session_id: str) -> bytes | None:
        session = self._sessions.get(session_id)
        return session.state if session is not None else None

    def set_state(self, session_id: str, state: bytes | None, now: datetime) -> None:
        self.restore_state(session_id, state, now)
        self._commons.page.state(self.store, session_id, state, now)

    def restore_state(self, session_id: str, state: bytes | None, at: datetime) -> None:
        """Take back what a journal kept."""
        session = self._named(session_id)
        session.state, session.state_set_at = state, at
        self._announce(session)

    def sessions(self, updated_since: datetime | None) -> list[str]:
        return sorted(
            session.id
            for session in self._sessions.values()
            if (updated_since is None and (session.live or session.state is not None))
            or (updated_since is not None and session.state_set_at and session.state_set_at > updated_since)
        )

    # -- where a queue with sessions differs -------------------------------------------------------

    def put(self, message: Message, now: datetime, passage: Passage | None = None) -> int:
        if message.session_id is None and self.terms.forward_to is None:
            why = "An entity that requires sessions does not take a message without a session id."
            self.bury(message, now, {DEAD_LETTER_REASON: "SessionIdMissing", DEAD_LETTER_DESCRIPTION: why})
            return 0
        return super().put(message, now, passage)

    def receive(self, *_: object) -> NoReturn:
        raise NotAllowedError(f"{self.address} requires sessions: a session receiver is needed")

    def renew(self, *_: object) -> NoReturn:
        raise NotAllowedError("messages of a session are locked with it: renew the session")

    def lost(self) -> BrokerError:
        return SessionLockLostError("the session's lock has expired, or the message is settled already")

    def close(self) -> None:
        super().close()
        for session in list(self._held.values()):
            self._let_go(session)
            _tell(session)
        self._sessions.clear()
        self._offered.clear()

    def _keep(self, held: Held) -> None:
        super()._keep(held)
        session = self._session_of(held)
        session.live[held.number] = held
        session.order.append(held.number)

    def _remove(self, held: Held) -> None:
        super()._remove(held)
        session = self._session_of(held)
        del session.live[held.number]
        session.order.one_left()
        self._announce(session, wake=False)

    def _offer(self, held: Held) -> None:
        session = self._session_of(held)
        session.line.append(held.number)
        self._announce(session)

    def _take_back(self, held: Held) -> None:
        session = self._session_of(held)
        session.line.give_back(held.number)
        self._announce(session)

    def _lock(self, held: Held, _: datetime) -> None:
        session = self._session_of(held)
        held.lock, held.locked_until = self._commons.ids(), session.locked_until
        self._locked[held.lock] = held
        session.open_tokens.add(held.lock)

    def _unlock(self, token: UUID) -> Held:
        held = super()._unlock(token)
        self._session_of(held).open_tokens.discard(token)
        return held

    def _after(self, start: int, session_id: str | None) -> Iterator[Held]:
        if session_id is None:
            return super()._after(start, session_id)
        session = self._sessions.get(session_id)
        return (session.live[number] for number in session.order.after(start)) if session else iter(())

    def _next_lock_end(self) -> datetime | None:
        return self._ends.first()

    def _is_held_until(self, session_id: str, when: datetime) -> bool:
        session = self._held.get(session_id)
        return session is not None and session.locked_until == when

    def _lose_locks(self, now: datetime) -> None:
        for _, session_id in self._ends.passed(now):
            session = self._held[session_id]
            self._let_go(session)
            for token in sorted(session.open_tokens, key=self._number_of):
                self._fail(self._unlock(token), now)
            _tell(session)
            self._announce(session)

    # -- the book of sessions ----------------------------------------------------------------------

    def _named(self, session_id: str) -> Session:
        if len(session_id) > MAX_SESSION_ID:
            raise ArgumentError(f"a session id has at most {MAX_SESSION_ID} characters")
        if session_id not in self._sessions:
            self._sessions[session_id] = Session.new(session_id)
        return self._sessions[session_id]

    def _session_of(self, held: Held) -> Session:
        return self._named(held.message.session_id or "")

    def _next_offered(self) -> Session | None:
        while self._offered:
            session = self._offered.popitem(last=False)[1]
            if session.is_offered:
                return session
        return None

    def _announce(self, session: Session, *, wake: bool = True) -> None:
        """Its contents or its holder have changed."""
        if session.is_offered:
            self._offered.setdefault(session.id, session)
        elif session.is_over:
            self._offered.pop(session.id, None)
            self._sessions.pop(session.id, None)
        if wake:
            self.wake()

    def _extend(self, session: Session, now: datetime) -> None:
        session.locked_until = now + self.terms.lock_duration
        self._held[session.id] = session
        self._ends.add(session.locked_until, session.id)
        self._commons.agenda.note(self, session.locked_until)

    def _let_go(self, session: Session) -> None:
        session.token = session.locked_until = None
        del self._held[session.id]

    def _number_of(self, token: UUID) -> int:
        return self._locked[token].number


def _tell(session: Session) -> None:
    """Its holder has lost it."""
    lost, session.lost = session.lost, None
    if lost is not None:
        lost()
