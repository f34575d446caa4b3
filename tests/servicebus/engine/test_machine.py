"""The engine against a model so simple that it is plainly right: a list that is looked through every time.

Random operations and jumps of time; with a journal the broker is also closed and opened again at any moment,
which loses locks and nothing else.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import QueueOptions
from local.servicebus.engine.errors import MessageLockLostError, MessageNotFoundError
from local.servicebus.engine.message import BrokeredMessage, Message, MessageState
from local.servicebus.engine.sqlite_journal import SqliteJournal
from tests.servicebus.engine.desk import START, counted_ids, reason, text, token

LOCK = timedelta(seconds=30)
LIVES = timedelta(seconds=100)
MOST = 3
MANY = 10_000


@dataclass
class Copy:
    """One message as the model sees it."""

    body: str
    expires: datetime | None
    place: int
    """Where it stands in the order; it rises whenever something is enqueued."""
    count: int = 0
    deferred: bool = False
    locked_until: datetime | None = None
    token: UUID | None = None


@dataclass
class Model:
    """One queue with everything in lists."""

    now: datetime = START
    here: list[Copy] = field(default_factory=list)
    scheduled: list[tuple[datetime, int, str]] = field(default_factory=list)
    dead: list[tuple[str, str]] = field(default_factory=list)
    places: int = 0

    def send(self, body: str, lives: timedelta | None, at: datetime) -> Copy:
        self.places += 1
        copy = Copy(body, at + min(lives or LIVES, LIVES), self.places)
        self.here.append(copy)
        return copy

    def schedule(self, body: str, at: datetime) -> None:
        self.places += 1
        self.scheduled.append((at, self.places, body))

    def ready(self) -> list[Copy]:
        free = [copy for copy in self.here if copy.locked_until is None and not copy.deferred]
        return sorted(free, key=lambda copy: copy.place)

    def fail(self, copy: Copy) -> None:
        copy.count += 1
        if copy.count >= MOST:
            self.bury(copy, "MaxDeliveryCountExceeded")
        else:
            self.give_back(copy)

    def give_back(self, copy: Copy) -> None:
        copy.locked_until = None
        if not copy.deferred and copy.expires is not None and copy.expires <= self.now:
            self.bury(copy, "TTLExpiredException")

    def bury(self, copy: Copy, why: str) -> None:
        self.here.remove(copy)
        self.dead.append((copy.body, why))

    def pass_time(self, now: datetime) -> None:
        self.now = now
        for copy in [copy for copy in self.here if copy.locked_until and copy.locked_until <= now]:
            self.fail(copy)
        for at, place, body in sorted(self.scheduled):
            if at <= now:
                self.scheduled.remove((at, place, body))
                self.send(body, None, at)
        for copy in self.ready():
            self.give_back(copy)


class QueueMachine(RuleBasedStateMachine):
    """A queue in memory."""

    held = Bundle("held")
    deferred = Bundle("deferred")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.ids = counted_ids()
        self.bodies = 0
        self.broker = self.open()
        options = QueueOptions(
            lock_duration=LOCK,
            default_message_time_to_live=LIVES,
            dead_lettering_on_message_expiration=True,
            max_delivery_count=MOST,
        )
        self.broker.namespace.create_queue("q", options)

    def open(self) -> Broker:
        return Broker(lambda: self.model.now, self.ids)

    def body(self) -> str:
        self.bodies += 1
        return str(self.bodies)

    @rule(lives=st.none() | st.integers(1, 200), count=st.integers(1, 3))
    def send(self, lives, count):
        time_to_live = None if lives is None else timedelta(seconds=lives)
        copies = [self.model.send(self.body(), time_to_live, self.model.now) for _ in range(count)]
        messages = [Message(body=copy.body.encode(), time_to_live=time_to_live) for copy in copies]
        self.broker.send("q", messages)

    @rule(after=st.integers(1, 200))
    def schedule(self, after):
        body, at = self.body(), self.model.now + timedelta(seconds=after)
        self.model.schedule(body, at)
        self.broker.schedule("q", [Message(body=body.encode(), scheduled_enqueue_time=at)])

    @rule(target=held)
    def receive(self):
        wanted = self.model.ready()[:1]
        found = self.broker.receive("q")
        assert [(text(one), one.delivery_count) for one in found] == [
            (copy.body, copy.count) for copy in wanted
        ]
        return self.lock(wanted[0], found[0]) if wanted else None

    def lock(self, copy: Copy, found: BrokeredMessage) -> tuple[Copy, BrokeredMessage]:
        copy.locked_until, copy.token = self.model.now + LOCK, token(found)
        assert found.locked_until == copy.locked_until
        return copy, found

    def settles(self, taken: tuple[Copy, BrokeredMessage] | None) -> bool:
        """Whether the lock is still there; if it is not, the broker says so."""
        if taken is None:
            return False
        copy, found = taken
        if copy in self.model.here and copy.locked_until and copy.token == token(found):
            return True
        try:
            self.broker.complete("q", token(found))
        except MessageLockLostError:
            return False
        raise AssertionError("a lost lock was honoured")

    @rule(taken=consumes(held))
    def complete(self, taken):
        if self.settles(taken):
            self.broker.complete("q", token(taken[1]))
            self.model.here.remove(taken[0])

    @rule(taken=consumes(held))
    def abandon(self, taken):
        if self.settles(taken):
            self.broker.abandon("q", token(taken[1]))
            self.model.fail(taken[0])

    @rule(taken=consumes(held))
    def release(self, taken):
        if self.settles(taken):
            self.broker.release("q", token(taken[1]))
            self.model.give_back(taken[0])

    @rule(taken=consumes(held))
    def dead_letter(self, taken):
        if self.settles(taken):
            self.broker.dead_letter("q", token(taken[1]), "Bad")
            self.model.bury(taken[0], "Bad")

    @rule(target=held, taken=consumes(held))
    def renew(self, taken):
        if not self.settles(taken):
            return None
        until = self.broker.renew("q", token(taken[1]))
        taken[0].locked_until = until
        return taken

    @rule(target=deferred, taken=consumes(held))
    def defer(self, taken):
        if not self.settles(taken):
            return None
        self.broker.defer("q", token(taken[1]))
        taken[0].deferred, taken[0].locked_until = True, None
        return taken

    @rule(target=held, taken=deferred)
    def receive_deferred(self, taken):
        if taken is None:
            return None
        copy, found = taken
        free = copy in self.model.here and copy.deferred and copy.locked_until is None
        try:
            [again] = self.broker.receive_deferred("q", [found.sequence_number])
        except MessageNotFoundError:
            assert not free or copy.expires <= self.model.now
            if free:
                self.model.bury(copy, "TTLExpiredException")
            return None
        assert free
        assert (text(again), again.delivery_count) == (copy.body, copy.count)
        return self.lock(copy, again)

    @rule(seconds=st.integers(1, 60))
    def pass_time(self, seconds):
        self.model.pass_time(self.model.now + timedelta(seconds=seconds))

    @rule()
    def advance(self):
        self.broker.advance()

    @invariant()
    def the_queue_holds_what_the_model_holds(self):
        shown = self.broker.peek("q", count=MANY)
        assert [text(one) for one in shown if one.state is not MessageState.SCHEDULED] == [
            copy.body for copy in sorted(self.model.here, key=lambda copy: copy.place)
        ]
        counts = self.broker.namespace.counts("q")
        assert (counts.active, counts.scheduled) == (len(self.model.here), len(self.model.scheduled))
        assert counts.size_in_bytes == sum(
            one.message.weight for one in (*shown, *self.broker.peek("q/$DeadLetterQueue", count=MANY))
        )

    @invariant()
    def dead_letters_are_those_of_the_model(self):
        dead = self.broker.peek("q/$DeadLetterQueue", count=MANY)
        assert sorted((text(one), str(reason(one)[0])) for one in dead) == sorted(self.model.dead)

    @invariant()
    def due_is_never_too_late(self):
        times = [copy.locked_until for copy in self.model.here if copy.locked_until]
        times += [copy.expires for copy in self.model.ready() if copy.expires]
        times += [at for at, _, _ in self.model.scheduled]
        due = self.broker.due()
        assert not times or (due is not None and due <= min(times))


class DurableQueueMachine(QueueMachine):
    """The same, on disk, and killed now and then."""

    def open(self) -> Broker:
        if not hasattr(self, "folder"):
            self.folder = Path(tempfile.mkdtemp())
        self.journal = SqliteJournal(self.folder / "bus.sqlite")
        return Broker(lambda: self.model.now, self.ids, self.journal)

    @precondition(lambda self: self.model.here or self.model.dead)
    @rule()
    def restart(self):
        self.broker.flush_point()
        self.journal.close()
        self.broker = self.open()
        for copy in self.model.here[:]:
            copy.locked_until = None
            self.model.give_back(copy)

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestDurableQueue = DurableQueueMachine.TestCase
TestDurableQueue.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
