"""Messages that go on by themselves, and those that cannot."""

from datetime import timedelta

import pytest

from local.servicebus.engine.entities import EntityStatus, QueueOptions, SubscriptionOptions
from local.servicebus.engine.errors import NotAllowedError
from local.servicebus.engine.message import Message
from tests.servicebus.engine.desk import Desk, reason, text, token


def test_a_queue_that_forwards_keeps_nothing_and_cannot_be_received_from(desk: Desk):
    desk.queue("target")
    desk.queue("source", forward_to="target")
    desk.send("source", "a")
    assert desk.drain("target") == ["a"]
    with pytest.raises(NotAllowedError):
        desk.broker.check_receiver("source", with_session=False)


def test_a_forwarded_message_remembers_the_number_that_it_first_got(desk: Desk):
    desk.queue("target")
    desk.queue("source", forward_to="target")
    for body in "xyz":
        desk.send("target", body)
    first = desk.send("source", "a")
    last = desk.take("target", 4)[-1]
    assert (text(last), last.enqueued_sequence_number) == ("a", first)
    assert last.sequence_number > first


def test_a_topic_can_be_forwarded_to_and_a_subscription_can_forward(desk: Desk):
    desk.namespace.create_topic("t")
    desk.queue("out")
    desk.namespace.create_subscription("t", "s", SubscriptionOptions(forward_to="out"))
    desk.queue("in", forward_to="t")
    desk.send("in", "a")
    assert desk.drain("out") == ["a"]


def chain(desk: Desk, length: int) -> None:
    desk.queue("q0")
    for place in range(1, length + 1):
        desk.queue(f"q{place}", forward_to=f"q{place - 1}")


def test_four_hops_are_allowed_and_the_fifth_is_not(desk: Desk):
    chain(desk, 5)
    desk.send("q4", "four")
    desk.send("q5", "five")
    assert desk.drain("q0") == ["four"]
    [stuck] = desk.broker.peek("q1/$Transfer/$DeadLetterQueue", count=5)
    assert text(stuck) == "five"
    assert desk.counts("q1").transfer_dead_lettered == 1


@pytest.mark.parametrize(
    "target",
    [
        {"status": EntityStatus.SEND_DISABLED},
        {"requires_session": True},
        {"max_size_in_megabytes": 1},
        None,
    ],
)
def test_what_the_target_does_not_take_ends_in_the_transfer_dead_letter_queue(desk: Desk, target):
    desk.queue("target", **(target or {}))
    desk.queue("source", forward_to="target")
    if target is None:
        desk.namespace.delete_queue("target")
    desk.put("source", *[Message(body=b"a", size=250_000)] * 5)
    stuck = desk.broker.peek("source/$Transfer/$DeadLetterQueue", count=10)
    assert len(stuck) == (1 if target == {"max_size_in_megabytes": 1} else 5)
    assert reason(stuck[0])[0] == "TransferFailed"
    assert desk.take("source/$Transfer/$DeadLetterQueue", 1)


def test_dead_letters_are_forwarded_with_the_name_of_their_source(desk: Desk):
    desk.queue("dead-letters")
    desk.queue("q", forward_dead_lettered_messages_to="dead-letters", max_delivery_count=1)
    desk.send("q", "a")
    desk.broker.abandon("q", token(desk.one()))
    dead = desk.one("dead-letters")
    assert (dead.dead_letter_source, dead.delivery_count) == ("q", 0)
    assert reason(dead)[0] == "MaxDeliveryCountExceeded"
    assert desk.counts().total == 0


def test_queues_that_dead_letter_into_each_other_do_not_go_on_for_ever(desk: Desk):
    for name in ("a", "b"):
        desk.queue(name)
    for name, other in (("a", "b"), ("b", "a")):
        options = QueueOptions(
            default_message_time_to_live=timedelta(minutes=1),
            dead_lettering_on_message_expiration=True,
            forward_dead_lettered_messages_to=other,
        )
        desk.namespace.update_queue(name, options)
    desk.send("a", "x")
    for _ in range(10):
        desk.later(minutes=1)
        desk.broker.advance()
    assert desk.counts("a").transfer_dead_lettered + desk.counts("b").transfer_dead_lettered == 1
    assert desk.broker.due() is None


def test_what_waits_in_a_queue_goes_on_when_the_queue_begins_to_forward(desk: Desk):
    desk.queue("target")
    desk.queue()
    for body in "abc":
        desk.send("q", body)
    taken = desk.one()
    desk.namespace.update_queue("q", QueueOptions(forward_to="target"))
    desk.broker.abandon("q", token(taken))
    assert desk.drain("target") == ["b", "c", "a"]
    assert desk.counts().total == 0


def test_a_queue_that_forwards_to_itself_stops_at_the_limit_of_hops(desk: Desk):
    desk.queue()
    desk.namespace.update_queue("q", QueueOptions(forward_to="q"))
    desk.send("q", "a")
    assert desk.counts().transfer_dead_lettered == 1
