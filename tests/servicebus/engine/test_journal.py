"""What outlives the broker."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from local.servicebus.engine.entities import (
    AuthorizationRule,
    QueueOptions,
    Right,
    Rule,
    SubscriptionOptions,
    TopicOptions,
)
from local.servicebus.engine.errors import EntityNotFoundError
from local.servicebus.engine.filters import CorrelationFilter, SqlFilter
from local.servicebus.engine.journal import MemoryJournal
from local.servicebus.engine.message import Message, MessageState, Rewritten
from local.servicebus.engine.sqlite_journal import JournalError, SqliteJournal
from tests.servicebus.engine.desk import START, Desk, text, token

MINUTE = timedelta(minutes=1)


class Durable:
    """A desk on disk that can be closed and opened again."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "data" / "bus.sqlite"
        self.open(START)

    def open(self, now) -> None:
        self.journal = SqliteJournal(self.file)
        self.desk = Desk(self.journal, now)

    def again(self) -> Desk:
        self.desk.broker.flush_point()
        self.journal.close()
        self.open(self.desk.now)
        return self.desk

    def rows(self) -> int:
        """Messages in the file; the journal is closed for that."""
        self.desk.broker.flush_point()
        self.journal.close()
        with sqlite3.connect(self.file) as database:
            [(rows,)] = database.execute("SELECT count(*) FROM message").fetchall()
        database.close()
        self.open(self.desk.now)
        return int(rows)


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Durable]:
    durable = Durable(tmp_path)
    yield durable
    durable.journal.close()


def test_a_message_comes_back_as_it_was(durable: Durable):
    durable.desk.queue(default_message_time_to_live=timedelta(days=1))
    message = Message(
        body=b"\x00Sw\xa0",
        application_properties={
            "text": "é",
            "n": 2**40,
            "big": 2**64 - 1,
            "x": 0.1,
            "flag": True,
            "none": None,
            "bytes": b"\x00\xff",
            "at": START,
            "span": MINUTE,
            "price": Decimal("9.90"),
            "id": UUID(int=7),
        },
        message_id="m",
        session_id="s",
        correlation_id="c",
        subject="l",
        to="t",
        reply_to="r",
        reply_to_session_id="rs",
        content_type="ct",
        partition_key="p",
        time_to_live=timedelta(hours=1),
        size=1234,
        rewritten=Rewritten.PROPERTIES,
    )
    durable.desk.put("q", message)
    [before] = durable.desk.broker.peek("q")
    [after] = durable.again().broker.peek("q")
    assert after == before
    assert after.message == message


def test_order_counts_and_states_come_back_and_locks_do_not(durable: Durable):
    desk = durable.desk
    desk.queue()
    for body in "abcd":
        desk.send("q", body)
    first, second, third = desk.take(count=3)
    desk.broker.abandon("q", token(first), {"seen": 1})
    desk.broker.defer("q", token(second))
    desk.broker.schedule("q", [Message(body=b"later", scheduled_enqueue_time=START + MINUTE)])
    desk = durable.again()
    assert desk.counts().scheduled == 1
    [deferred] = desk.broker.receive_deferred("q", [second.sequence_number])
    assert deferred.state is MessageState.DEFERRED
    taken = desk.take(count=5)
    assert [(text(found), found.delivery_count) for found in taken] == [("a", 1), ("c", 0), ("d", 0)]
    assert taken[0].message.application_properties == {"seen": 1}
    desk.later(minutes=1)
    assert text(desk.broker.peek("q", third.sequence_number + 2)[0]) == "later"


def test_what_was_settled_stays_settled(durable: Durable):
    desk = durable.desk
    desk.queue()
    for body in "abc":
        desk.send("q", body)
    desk = durable.again()
    first, second, _ = desk.take(count=3)
    desk.broker.complete("q", token(first))
    desk.broker.dead_letter("q", token(second), "Bad")
    desk = durable.again()
    assert desk.drain() == ["c"]
    assert [text(found) for found in desk.dead()] == ["b"]
    assert durable.rows() == 1


def test_sequence_numbers_are_never_given_twice(durable: Durable):
    durable.desk.queue()
    number = durable.desk.send("q", "a")
    durable.desk.drain()
    assert durable.again().send("q", "b") > number


def test_entities_and_their_rules_come_back(durable: Durable):
    namespace = durable.desk.namespace
    namespace.create_topic("t", TopicOptions(user_metadata="x"))
    namespace.create_queue("later")
    rights = (Right.SEND, Right.LISTEN)
    key = AuthorizationRule(key_name="k", primary_key="1", secondary_key="2", rights=rights)
    namespace.update_queue("later", QueueOptions(forward_to="t", authorization_rules=(key,)))
    namespace.create_queue("gone")
    namespace.delete_queue("gone")
    options = SubscriptionOptions(lock_duration=timedelta(seconds=7), forward_to="later")
    namespace.create_subscription("t", "s", options, Rule(filter=SqlFilter("a = @p", {"@p": START})))
    condition = CorrelationFilter(subject="l", properties={"n": 1, "": UUID(int=1)})
    namespace.create_rule("t", "s", Rule(name="r", filter=condition, action="SET a = 1"))
    namespace.create_rule("t", "s", Rule(name="r2"))
    namespace.delete_rule("t", "s", "r2")
    before = namespace.queues(), namespace.topics(), namespace.subscriptions("t"), namespace.rules("t", "s")
    again = durable.again().namespace
    assert before == (again.queues(), again.topics(), again.subscriptions("t"), again.rules("t", "s"))


def test_a_deleted_queue_leaves_nothing_to_a_new_one_of_its_name(durable: Durable):
    desk = durable.desk
    desk.queue(requires_session=True, requires_duplicate_detection=True)
    desk.put("q", Message(session_id="a", message_id="1"))
    desk.broker.set_session_state("q", "a", b"x")
    desk = durable.again()
    desk.namespace.delete_queue("q")
    desk.queue(requires_session=True, requires_duplicate_detection=True)
    desk = durable.again()
    assert desk.counts().total == 0
    assert desk.broker.session_state("q", "a") is None
    assert desk.put("q", Message(session_id="a", message_id="1")) > 0


def test_the_duplicate_history_comes_back_for_the_rest_of_its_window(durable: Durable):
    durable.desk.queue(requires_duplicate_detection=True)
    durable.desk.put("q", Message(message_id="1"))
    durable.desk.drain()
    desk = durable.again()
    desk.later(minutes=5)
    assert desk.put("q", Message(message_id="1")) == 0
    desk.later(minutes=5)
    assert desk.put("q", Message(message_id="1")) > 0


def test_session_state_comes_back(durable: Durable):
    durable.desk.queue(requires_session=True)
    durable.desk.broker.set_session_state("q", "a", b"\x00x")
    assert durable.again().broker.session_state("q", "a") == b"\x00x"
    durable.desk.broker.set_session_state("q", "a", None)
    assert durable.again().broker.sessions("q") == []


def test_what_expired_while_nobody_ran_is_gone(durable: Durable):
    durable.desk.queue()
    durable.desk.put("q", Message(time_to_live=MINUTE))
    durable.desk.later(minutes=2)
    assert durable.again().counts().total == 0


def test_what_came_and_went_between_two_commits_is_never_written(durable: Durable):
    desk = durable.desk
    desk.queue()
    for _ in range(10):
        desk.send("q", "a")
        desk.broker.complete("q", token(desk.one()))
    assert durable.rows() == 0


def test_a_ticket_calls_back_when_it_is_on_disk_and_at_once_if_it_already_is(durable: Durable):
    desk = durable.desk
    desk.queue()
    desk.send("q", "a")
    ticket, done = desk.broker.flush_point(), threading.Event()
    durable.journal.when_durable(ticket, done.set)
    assert done.wait(10)
    assert durable.journal.durable >= ticket
    called: list[int] = []
    durable.journal.when_durable(desk.broker.flush_point(), lambda: called.append(1))
    assert called == [1]


def test_a_journal_that_cannot_write_says_so_and_acknowledges_nothing(durable: Durable):
    desk = durable.desk
    desk.queue()
    done = threading.Event()
    durable.journal.when_durable(desk.broker.flush_point(), done.set)
    assert done.wait(10)
    acknowledged: list[int] = []
    ticket = durable.journal.write([("no such record",)])
    durable.journal.when_durable(ticket, lambda: acknowledged.append(1))
    durable.journal.close()
    with pytest.raises(JournalError):
        durable.journal.write([("more",)])
    assert not acknowledged
    durable.open(desk.now)


def test_two_brokers_cannot_share_a_file(durable: Durable):
    durable.desk.queue()
    durable.desk.broker.flush_point()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        SqliteJournal(durable.file, patience=timedelta(0))


def test_a_journal_in_memory_is_durable_at_once():
    desk = Desk(MemoryJournal())
    desk.queue()
    called: list[int] = []
    desk.broker.journal.when_durable(desk.broker.flush_point(), lambda: called.append(1))
    assert called == [1]
    with pytest.raises(EntityNotFoundError):
        desk.take("x")


CHILD = """
    import sys, threading
    from pathlib import Path
    from local.servicebus.engine.message import Message
    from local.servicebus.engine.sqlite_journal import SqliteJournal
    from tests.servicebus.engine.desk import Desk, token

    journal = SqliteJournal(Path(sys.argv[1]))
    desk = Desk(journal)
    desk.queue()
    said = threading.Lock()

    def tell(word, number):
        with said:
            print(word, number, flush=True)

    for number in range(1, 1_000_000):
        desk.send("q", str(number))
        journal.when_durable(desk.broker.flush_point(), lambda n=number: tell("sent", n))
        if number % 3 == 0:
            taken = desk.one()
            tell("tried", int(taken.message.body))
            desk.broker.complete("q", token(taken))
            journal.when_durable(desk.broker.flush_point(), lambda n=int(taken.message.body): tell("done", n))
        if number % 50 == 0:
            caught_up = threading.Event()
            journal.when_durable(desk.broker.flush_point(), caught_up.set)
            caught_up.wait()
"""


def test_after_sigkill_everything_acknowledged_is_there_and_nothing_twice(tmp_path: Path):
    """The child is killed in the middle of its work, at whatever point of a commit it may be.

    What it had begun to complete without hearing that it is done may be there or not.
    """
    file = tmp_path / "bus.sqlite"
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as child:
        assert child.stdout is not None
        said = [child.stdout.readline().split() for _ in range(3000)]
        os.kill(child.pid, signal.SIGKILL)
        said += [line.split() for line in child.stdout.read().splitlines()]
    sent, tried, done = (numbers(said, word) for word in ("sent", "tried", "done"))
    with SqliteJournal(file) as journal:
        left = [int(body) for body in Desk(journal).drain()]
    assert len(left) == len(set(left))
    assert done
    assert sent - tried <= set(left), "an acknowledged message is lost"
    assert not done & set(left), "a settled message came back"


def numbers(said: list[list[str]], word: str) -> set[int]:
    """The last line may have been cut."""
    return {int(line[1]) for line in said if len(line) == 2 and line[0] == word}
