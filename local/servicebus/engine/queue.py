"""One queue: of a queue entity, of a subscription, or one of their subqueues.

                      receive                complete, or receive and delete
     put ──> ready ──────────────> locked ──────────────────────────────────> gone
              ^  │                  │ │ │
              │  │ release, abandon,│ │ └ defer ──> deferred ── receive by number ──> locked
              └──┼── lock lost <────┘ │
                 │ expires            │ too many deliveries, or the receiver says so
                 v                    v
               gone, or ──────> dead-letter queue ──> gone, or forwarded

Rules
- A message that comes back keeps its number and so its old place. Abandoning and losing the lock raise the
  delivery count; releasing does not.
- A locked message does not expire; when it comes back after its time it does. A deferred one expires when it
  is asked for.
- A queue that forwards holds nothing: what is put passes on at once. What cannot (no such entity,
  disabled, full, too many hops) ends in the transfer dead-letter queue.
- A dead-letter queue is a queue that never expires nor gives up what it holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from uuid import UUID

from local.servicebus.engine.entities import MAX_FORWARDING_HOPS
from local.servicebus.engine.errors import (
    BrokerError,
    MessageLockLostError,
    MessageNotFoundError,
    NotAllowedError,
)
from local.servicebus.engine.held import Account, Commons, Held, Passage
from local.servicebus.engine.lines import Deadlines, NumberOrder, ReadyLine, Wake
from local.servicebus.engine.message import (
    DEAD_LETTER_DESCRIPTION,
    DEAD_LETTER_REASON,
    BrokeredMessage,
    Message,
    MessageState,
    ReceiveMode,
    Value,
)
from local.servicebus.engine.records import Numbers
from local.servicebus.engine.schedule import Schedule
from local.servicebus.engine.terms import Terms


class MessageQueue:
    """A queue without sessions."""

    requires_session = False

    def __init__(
        self,
        store: int,
        address: str,
        terms: Terms,
        commons: Commons,
        account: Account,
        dead_letters: "MessageQueue | None" = None,
        transfer: "MessageQueue | None" = None,
        source: str | None = None,
    ) -> None:
        """`source` is the entity whose dead letters these are; what is forwarded from here names it."""
        self.store = store
        self.address = address
        self.terms = terms
        self.alarm: datetime | None = None
        self.numbers = Numbers(commons.page, store)
        self._account = Account(account)
        self.schedule = Schedule(store, commons, self.numbers, self._account)
        self.watchers: list[Wake] = []
        self.accessed_at: datetime | None = None
        self._commons = commons
        self._dead_letters = dead_letters
        self._transfer = transfer
        self._source = source
        self._messages: dict[int, Held] = {}
        self._locked: dict[UUID, Held] = {}
        self._order = NumberOrder(self._messages)
        self._line = ReadyLine(self._messages)
        self._expiry = Deadlines(self._messages, self._is_here)
        self._lock_ends = Deadlines(self._locked, self._is_locked_until)

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def size(self) -> int:
        """Bytes held, those of scheduled messages included."""
        return self._account.used

    # -- coming in ---------------------------------------------------------------------------------

    def put(self, message: Message, now: datetime, passage: Passage | None = None) -> int:
        """Enqueue, or pass on; gives the sequence number that it first got."""
        passage = passage or Passage()
        if self.terms.forward_to is not None:
            return self._pass_on(self.terms.forward_to, message, now, passage)
        number = self.numbers.following()
        held = Held(
            message,
            number,
            passage.origin,
            passage.enqueued_at or now,
            self._expires(message, now),
            passage.delivery_count,
            source=passage.source,
            hops=passage.hops,
        )
        self._commons.page.put(self.store, held)
        self._keep(held)
        self._offer(held)
        return number

    def restore(self, held: Held) -> None:
        """Take back what a journal kept; comes in the order of numbers."""
        if held.state is MessageState.SCHEDULED:
            self.schedule.restore(held)
            return
        self._keep(held)
        if held.state is MessageState.ACTIVE:
            self._offer(held)

    def _pass_on(self, address: str, message: Message, now: datetime, passage: Passage) -> int:
        origin = passage.origin or self.numbers.following()
        onward = Passage(origin, passage.hops + 1, self._source or passage.source)
        failure = f"more than {MAX_FORWARDING_HOPS} hops"
        if onward.hops <= MAX_FORWARDING_HOPS:
            failure = self._commons.forward(address, message, now, onward) or ""
        if failure and self._transfer is not None:
            reason = {DEAD_LETTER_REASON: "TransferFailed", DEAD_LETTER_DESCRIPTION: f"{address}: {failure}"}
            self._transfer.put(message.with_application_properties(reason), now, Passage(origin))
        return origin

    def _expires(self, message: Message, now: datetime) -> datetime | None:
        if self._dead_letters is None:
            return None
        lives = message.time_to_live
        if self.terms.time_to_live is not None:
            lives = min(lives or self.terms.time_to_live, self.terms.time_to_live)
        if lives is None or lives >= datetime.max.replace(tzinfo=now.tzinfo) - now:
            return None
        return now + lives

    def _keep(self, held: Held) -> None:
        self._messages[held.number] = held
        self._order.append(held.number)
        self._account.add(held.message.weight)
        if held.expires_at is not None:
            self._expiry.add(held.expires_at, held.number)
            self._commons.agenda.note(self, held.expires_at)

    def _offer(self, held: Held) -> None:
        """It is new and can be delivered."""
        self._line.append(held.number)
        self.wake()

    # -- going out ---------------------------------------------------------------------------------

    def receive(self, count: int, mode: ReceiveMode, now: datetime) -> list[BrokeredMessage]:
        taken: list[BrokeredMessage] = []
        while len(taken) < count and (number := self._line.pop()) is not None:
            taken.append(self._deliver(self._messages[number], mode, now))
        return taken

    def receive_deferred(
        self, numbers: Sequence[int], mode: ReceiveMode, now: datetime, session_id: str | None = None
    ) -> list[BrokeredMessage]:
        """All or none."""
        found = [self._deferred(number, session_id) for number in dict.fromkeys(numbers)]
        expired = [held for held in found if _is_past(held.expires_at, now)]
        for held in expired:
            self._expire(held, now)
        if expired:
            raise MessageNotFoundError(f"the deferred message {expired[0].number} has expired")
        return [self._deliver(held, mode, now) for held in found]

    def _deferred(self, number: int, session_id: str | None) -> Held:
        held = self._messages.get(number)
        if held is None or held.state is not MessageState.DEFERRED or held.lock is not None:
            raise MessageNotFoundError(f"no deferred message has the sequence number {number}")
        if session_id is not None and held.message.session_id != session_id:
            raise MessageNotFoundError(f"the session {session_id} has no deferred message {number}")
        return held

    def _deliver(self, held: Held, mode: ReceiveMode, now: datetime) -> BrokeredMessage:
        if mode is ReceiveMode.RECEIVE_AND_DELETE:
            self._remove(held)
        else:
            self._lock(held, now)
        return held.shown()

    def _lock(self, held: Held, now: datetime) -> None:
        held.lock = self._commons.ids()
        held.locked_until = now + self.terms.lock_duration
        self._locked[held.lock] = held
        self._note_lock(held, held.locked_until)

    def peek(self, start: int, count: int, session_id: str | None = None) -> list[BrokeredMessage]:
        held = merge(self._after(start, session_id), self.schedule.after(start), key=lambda held: held.number)
        if session_id is not None:
            held = (one for one in held if one.message.session_id == session_id)
        return [one.shown() for one in islice(held, count)]

    def _after(self, start: int, _: str | None) -> Iterator[Held]:
        return (self._messages[number] for number in self._order.after(start))

    # -- settling ----------------------------------------------------------------------------------

    def complete(self, token: UUID) -> None:
        self._remove(self._unlock(token))

    def release(self, token: UUID, now: datetime) -> None:
        self._return(self._unlock(token), now)

    def abandon(self, token: UUID, now: datetime, properties: Mapping[str, Value]) -> None:
        held = self._unlock(token)
        self._modify(held, properties)
        self._fail(held, now)

    def defer(self, token: UUID, properties: Mapping[str, Value]) -> None:
        held = self._unlock(token)
        held.state = MessageState.DEFERRED
        self._modify(held, properties)
        self._commons.page.touch(self.store, held)

    def dead_letter(self, token: UUID, now: datetime, properties: Mapping[str, Value]) -> None:
        if self._dead_letters is None:
            raise NotAllowedError("a dead letter cannot be dead-lettered again")
        self._give_up(self._unlock(token), now, properties)

    def renew(self, token: UUID, now: datetime) -> datetime:
        held = self._find_locked(token)
        held.locked_until = until = now + self.terms.lock_duration
        self._note_lock(held, until)
        return until

    def _note_lock(self, held: Held, until: datetime) -> None:
        self._lock_ends.add(until, held.number)
        self._commons.agenda.note(self, until)

    def lost(self) -> BrokerError:
        """What a receiver hears whose token locks nothing any more."""
        return MessageLockLostError("the lock has expired, or the message is settled already")

    def _find_locked(self, token: UUID) -> Held:
        held = self._locked.get(token)
        if held is None:
            raise self.lost()
        return held

    def _unlock(self, token: UUID) -> Held:
        held = self._find_locked(token)
        del self._locked[token]
        held.lock = held.locked_until = None
        return held

    def _modify(self, held: Held, properties: Mapping[str, Value]) -> None:
        if not properties:
            return
        self._account.add(-held.message.weight)
        held.message = held.message.with_application_properties(properties)
        self._account.add(held.message.weight)
        self._commons.page.put(self.store, held)

    def _fail(self, held: Held, now: datetime) -> None:
        """A delivery has failed."""
        held.delivery_count += 1
        most = self.terms.max_delivery_count
        if most is not None and held.delivery_count >= most:
            why = f"Message could not be consumed after {most} delivery attempts."
            self._give_up(held, now, _because("MaxDeliveryCountExceeded", why))
            return
        self._commons.page.touch(self.store, held)
        self._return(held, now)

    def _return(self, held: Held, now: datetime) -> None:
        if held.state is MessageState.DEFERRED:
            return
        if _is_past(held.expires_at, now):
            self._expire(held, now)
        elif self.terms.forward_to is not None:
            self._move_on(held, now)
        else:
            self._take_back(held)

    def _move_on(self, held: Held, now: datetime) -> None:
        """This queue has become one that forwards."""
        self._remove(held)
        self.put(held.message, now, Passage(held.first_number, held.hops, held.source))

    def _take_back(self, held: Held) -> None:
        """It can be delivered again, at its old place."""
        self._line.give_back(held.number)
        self.wake()

    # -- leaving for good --------------------------------------------------------------------------

    def _expire(self, held: Held, now: datetime) -> None:
        if self.terms.keeps_expired:
            why = "The message expired and was dead lettered."
            self._give_up(held, now, _because("TTLExpiredException", why))
        else:
            self._remove(held)

    def bury(self, message: Message, now: datetime, properties: Mapping[str, Value]) -> None:
        """Straight into the dead-letter queue: it could not even be put."""
        if self._dead_letters is not None:
            self._dead_letters.put(message.with_application_properties(properties), now)

    def _give_up(self, held: Held, now: datetime, properties: Mapping[str, Value]) -> None:
        self._remove(held)
        if self._dead_letters is not None:
            passage = Passage(
                held.first_number, held.hops, held.source, held.delivery_count, held.enqueued_at
            )
            self._dead_letters.put(held.message.with_application_properties(properties), now, passage)

    def _remove(self, held: Held) -> None:
        del self._messages[held.number]
        self._order.one_left()
        self._account.add(-held.message.weight)
        self._commons.page.drop(self.store, held.number)

    # -- time and change ---------------------------------------------------------------------------

    def due(self) -> datetime | None:
        times = (self._next_lock_end(), self._expiry.first(), self.schedule.due())
        return min((time for time in times if time is not None), default=None)

    def advance(self, now: datetime) -> None:
        """Locks first: what comes back may expire in the same instant."""
        self._lose_locks(now)
        self.schedule.release(now, self.put)
        for _, number in self._expiry.passed(now):
            held = self._messages[number]
            if held.lock is None and held.state is MessageState.ACTIVE:
                self._expire(held, now)

    def _is_here(self, number: int, _: datetime) -> bool:
        return number in self._messages

    def _is_locked_until(self, number: int, when: datetime) -> bool:
        held = self._messages.get(number)
        return held is not None and held.locked_until == when

    def _next_lock_end(self) -> datetime | None:
        return self._lock_ends.first()

    def _lose_locks(self, now: datetime) -> None:
        for _, number in self._lock_ends.passed(now):
            token = self._messages[number].lock
            if token is not None:
                self._fail(self._unlock(token), now)

    def change(self, terms: Terms, now: datetime) -> None:
        """New terms; what waits here is passed on if they say so."""
        self.terms = terms
        if terms.forward_to is not None:
            for held in [held for held in self._messages.values() if held.lock is None]:
                if held.state is MessageState.ACTIVE:
                    self._move_on(held, now)
        self.wake()

    def wake(self) -> None:
        for watcher in self.watchers[:]:
            watcher()

    def close(self) -> None:
        """The entity is deleted: give back its room, and let receivers find out."""
        self.schedule.empty()
        self._account.add(-self._account.used)
        self._messages.clear()
        self._locked.clear()
        self.wake()


def _because(reason: str, description: str) -> dict[str, Value]:
    return {DEAD_LETTER_REASON: reason, DEAD_LETTER_DESCRIPTION: description}


def _is_past(when: datetime | None, now: datetime) -> bool:
    return when is not None and when <= now
