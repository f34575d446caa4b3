"""One queue: delivery, locks, settling, time to live, limits."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from local.servicebus.engine.entities import EntityStatus, QueueOptions
from local.servicebus.engine.errors import (
    ArgumentError,
    EntityDisabledError,
    EntityNotFoundError,
    MessageLockLostError,
    MessageNotFoundError,
    MessageTooLargeError,
    NotAllowedError,
    QuotaExceededError,
)
from local.servicebus.engine.message import Message, MessageState, ReceiveMode, Rewritten
from tests.servicebus.engine.desk import Desk, reason, text, token

MINUTE = timedelta(minutes=1)


def test_messages_come_in_the_order_in_which_they_were_sent(desk: Desk):
    desk.queue()
    for body in "abc":
        desk.send("q", body)
    assert [text(found) for found in desk.take(count=5)] == ["a", "b", "c"]


def test_an_address_is_found_in_any_case_and_with_slashes_around(desk: Desk):
    desk.queue("Orders")
    desk.send("/orders/", "a")
    assert desk.drain("ORDERS") == ["a"]


def test_a_locked_message_is_not_delivered_again_before_its_lock_is_lost(desk: Desk):
    desk.queue()
    desk.send("q", "a")
    first = desk.one()
    assert desk.take() == []
    desk.later(seconds=60)
    again = desk.one()
    assert (again.delivery_count, again.sequence_number) == (1, first.sequence_number)
    with pytest.raises(MessageLockLostError):
        desk.broker.complete("q", token(first))


def test_a_completed_message_is_gone_and_cannot_be_settled_twice(desk: Desk):
    desk.queue()
    desk.send("q", "a")
    taken = desk.one()
    desk.broker.complete("q", token(taken))
    with pytest.raises(MessageLockLostError):
        desk.broker.complete("q", token(taken))
    assert desk.counts().total == 0


def test_a_lock_that_is_renewed_lasts_for_another_full_duration(desk: Desk):
    desk.queue()
    desk.send("q", "a")
    taken = desk.one()
    desk.later(seconds=50)
    until = desk.broker.renew("q", token(taken))
    assert until == desk.now + MINUTE
    desk.later(seconds=59)
    desk.broker.complete("q", token(taken))


def test_renewing_the_first_of_two_locks_does_not_keep_the_second(desk: Desk):
    desk.queue()
    desk.send("q", "a")
    desk.send("q", "b")
    first, second = desk.take(count=2)
    desk.later(seconds=30)
    desk.broker.renew("q", token(first))
    desk.later(seconds=30)
    assert desk.one().sequence_number == second.sequence_number


def test_an_abandoned_message_comes_back_to_its_old_place_with_a_higher_count(desk: Desk):
    desk.queue()
    for body in "abc":
        desk.send("q", body)
    first, second = desk.take(count=2)
    desk.broker.abandon("q", token(second))
    desk.broker.abandon("q", token(first), {"seen": True})
    again = desk.take(count=3)
    assert [(text(found), found.delivery_count) for found in again] == [("a", 1), ("b", 1), ("c", 0)]
    assert again[0].message.application_properties == {"seen": True}
    assert again[0].message.rewritten is Rewritten.APPLICATION_PROPERTIES


def test_a_released_message_comes_back_as_if_it_had_never_been_received(desk: Desk):
    desk.queue(max_delivery_count=1)
    desk.send("q", "a")
    for _ in range(3):
        desk.broker.release("q", token(desk.one()))
    assert desk.one().delivery_count == 0


def test_too_many_deliveries_end_in_the_dead_letter_queue(desk: Desk):
    desk.queue(max_delivery_count=2)
    desk.send("q", "a", color="red")
    desk.broker.abandon("q", token(desk.one()))
    desk.one()
    desk.later(seconds=61)
    assert desk.take() == []
    [dead] = desk.dead()
    why = "Message could not be consumed after 2 delivery attempts."
    assert reason(dead) == ("MaxDeliveryCountExceeded", why)
    assert dead.message.application_properties["color"] == "red"
    assert dead.dead_letter_source is None


def test_a_receiver_dead_letters_with_its_own_reason(desk: Desk):
    desk.queue()
    desk.send("q", "a")
    desk.broker.dead_letter("q", token(desk.one()), "Bad", "no key", {"field": "Email"})
    [dead] = desk.dead()
    assert reason(dead) == ("Bad", "no key")
    assert dead.message.application_properties["field"] == "Email"


def test_a_dead_letter_is_received_settled_and_counted_but_never_given_up_or_expired(desk: Desk):
    desk.queue(max_delivery_count=1)
    desk.put("q", Message(body=b"a", time_to_live=MINUTE))
    desk.broker.dead_letter("q", token(desk.one()))
    desk.later(days=365)
    for _ in range(5):
        desk.broker.abandon("q/$DeadLetterQueue", token(desk.one("q/$deadletterqueue")))
    again = desk.one("q/$DeadLetterQueue")
    with pytest.raises(NotAllowedError):
        desk.broker.dead_letter("q/$DeadLetterQueue", token(again))
    assert desk.counts().dead_lettered == 1
    desk.broker.complete("q/$DeadLetterQueue", token(again))
    assert desk.counts().dead_lettered == 0


def test_a_deferred_message_is_received_by_its_number_only(desk: Desk):
    desk.queue()
    number = desk.send("q", "a")
    desk.broker.defer("q", token(desk.one()))
    assert desk.take() == []
    [found] = desk.broker.receive_deferred("q", [number])
    assert (text(found), found.state, found.delivery_count) == ("a", MessageState.DEFERRED, 0)
    with pytest.raises(MessageNotFoundError):
        desk.broker.receive_deferred("q", [number])
    desk.broker.abandon("q", token(found))
    [again] = desk.broker.receive_deferred("q", [number], ReceiveMode.RECEIVE_AND_DELETE)
    assert again.delivery_count == 1
    assert desk.counts().total == 0


def test_deferred_messages_are_received_all_or_none(desk: Desk):
    desk.queue()
    number = desk.send("q", "a")
    desk.broker.defer("q", token(desk.one()))
    with pytest.raises(MessageNotFoundError):
        desk.broker.receive_deferred("q", [number, 999])
    assert len(desk.broker.receive_deferred("q", [number])) == 1


def test_a_deferred_message_whose_lock_is_lost_stays_deferred(desk: Desk):
    desk.queue()
    number = desk.send("q", "a")
    desk.broker.defer("q", token(desk.one()))
    desk.broker.receive_deferred("q", [number])
    desk.later(seconds=61)
    assert desk.take() == []
    assert len(desk.broker.receive_deferred("q", [number])) == 1


def test_receive_and_delete_leaves_nothing_to_settle(desk: Desk):
    desk.queue()
    desk.send("q", "a")
    [taken] = desk.broker.receive("q", 1, ReceiveMode.RECEIVE_AND_DELETE)
    assert taken.lock_token is None
    assert desk.counts().total == 0


def test_peek_shows_every_state_in_the_order_of_numbers_and_locks_nothing(desk: Desk):
    desk.queue()
    for body in "abcd":
        desk.send("q", body)
    desk.broker.defer("q", token(desk.one()))
    desk.one()
    desk.put("q", Message(body=b"e", scheduled_enqueue_time=desk.now + MINUTE))
    shown = desk.broker.peek("q", 0, 10)
    assert [(text(found), found.state) for found in shown] == [
        ("a", MessageState.DEFERRED),
        ("b", MessageState.ACTIVE),
        ("c", MessageState.ACTIVE),
        ("d", MessageState.ACTIVE),
        ("e", MessageState.SCHEDULED),
    ]
    assert [text(found) for found in desk.broker.peek("q", shown[2].sequence_number, 1)] == ["c"]
    assert desk.drain() == ["c", "d"]


def test_a_message_expires_after_the_shorter_of_its_own_and_the_queues_time(desk: Desk):
    desk.queue(default_message_time_to_live=timedelta(minutes=2))
    desk.put("q", Message(body=b"short", time_to_live=MINUTE))
    desk.put("q", Message(body=b"long", time_to_live=timedelta(days=1)))
    desk.send("q", "default")
    desk.later(seconds=60)
    assert [text(found) for found in desk.broker.peek("q", 0, 5)] == ["long", "default"]
    desk.later(seconds=60)
    assert desk.counts().total == 0


def test_an_expired_message_is_dead_lettered_where_the_queue_says_so(desk: Desk):
    desk.queue(dead_lettering_on_message_expiration=True)
    desk.put("q", Message(body=b"a", time_to_live=MINUTE))
    desk.later(seconds=60)
    [dead] = desk.dead()
    assert reason(dead) == ("TTLExpiredException", "The message expired and was dead lettered.")


def test_a_locked_message_can_be_completed_after_its_time_but_does_not_come_back(desk: Desk):
    desk.queue()
    for body in (b"a", b"b"):
        desk.put("q", Message(body=body, time_to_live=timedelta(seconds=10)))
    first, second = desk.take(count=2)
    desk.later(seconds=30)
    desk.broker.complete("q", token(first))
    desk.broker.release("q", token(second))
    assert desk.counts().total == 0


def test_a_message_that_was_locked_for_a_while_still_expires_at_its_time(desk: Desk):
    desk.queue()
    desk.put("q", Message(body=b"a", time_to_live=timedelta(minutes=10)))
    taken = desk.one()
    desk.broker.due()
    desk.later(seconds=30)
    desk.broker.release("q", token(taken))
    desk.later(minutes=10)
    assert desk.counts().total == 0


def test_a_deferred_message_expires_when_it_is_asked_for(desk: Desk):
    desk.queue(dead_lettering_on_message_expiration=True)
    number = desk.put("q", Message(body=b"a", time_to_live=MINUTE))
    desk.broker.defer("q", token(desk.one()))
    desk.later(minutes=5)
    assert desk.counts().active == 1
    with pytest.raises(MessageNotFoundError):
        desk.broker.receive_deferred("q", [number])
    assert desk.counts().dead_lettered == 1


def test_a_scheduled_message_is_enqueued_at_its_time_under_a_new_number(desk: Desk):
    desk.queue()
    at = desk.now + MINUTE
    [number] = desk.broker.schedule("q", [Message(body=b"a", scheduled_enqueue_time=at)])
    assert desk.take() == []
    assert desk.counts().scheduled == 1
    desk.send("q", "b")
    desk.later(minutes=5)
    second, first = desk.take(count=2)
    assert (text(second), text(first)) == ("b", "a")
    assert first.enqueued_time == at
    assert first.sequence_number > number
    assert desk.counts().scheduled == 0


def test_scheduled_messages_come_in_the_order_of_their_times(desk: Desk):
    desk.queue()
    for minutes in (3, 1, 2):
        at = desk.now + minutes * MINUTE
        desk.put("q", Message(body=str(minutes).encode(), scheduled_enqueue_time=at))
    desk.later(minutes=10)
    assert desk.drain() == ["1", "2", "3"]


def test_cancelling_scheduled_messages_is_all_or_none(desk: Desk):
    desk.queue()
    at = desk.now + MINUTE
    numbers = desk.broker.schedule("q", [Message(body=b"a", scheduled_enqueue_time=at)] * 2)
    with pytest.raises(MessageNotFoundError):
        desk.broker.cancel_scheduled("q", [numbers[0], 999])
    desk.broker.cancel_scheduled("q", [numbers[0]])
    desk.later(minutes=2)
    assert desk.drain() == ["a"]
    with pytest.raises(MessageNotFoundError):
        desk.broker.cancel_scheduled("q", [numbers[1]])


def test_scheduling_needs_a_time(desk: Desk):
    desk.queue()
    with pytest.raises(ArgumentError):
        desk.broker.schedule("q", [Message(body=b"a")])


def test_a_repeated_message_id_is_dropped_within_the_window_and_taken_after_it(desk: Desk):
    desk.queue(requires_duplicate_detection=True, duplicate_detection_history_time_window=MINUTE)
    message = Message(body=b"a", message_id="1")
    assert desk.broker.send("q", [message, message, Message(body=b"b")])[1] == 0
    desk.drain()
    desk.later(seconds=59)
    assert desk.put("q", message) == 0
    desk.later(seconds=1)
    assert desk.put("q", message) > 0
    assert desk.drain() == ["a"]


def test_a_batch_with_one_message_too_large_is_refused_whole(desk: Desk):
    desk.queue()
    with pytest.raises(MessageTooLargeError):
        desk.put("q", Message(body=b"a"), Message(size=256 * 1024 + 1))
    assert desk.counts().total == 0


def test_a_full_queue_refuses_until_room_is_made(desk: Desk):
    desk.queue(max_size_in_megabytes=1)
    quarter = Message(size=256 * 1024)
    desk.put("q", *[quarter] * 4)
    with pytest.raises(QuotaExceededError):
        desk.send("q", "a")
    taken = desk.one()
    desk.broker.dead_letter("q", token(taken))
    with pytest.raises(QuotaExceededError):
        desk.send("q", "dead letters take room too")
    desk.drain("q/$DeadLetterQueue")
    desk.send("q", "a")
    assert desk.counts().size_in_bytes == 3 * 256 * 1024 + 1


@pytest.mark.parametrize(
    "status,sends,receives",
    [
        (EntityStatus.ACTIVE, True, True),
        (EntityStatus.DISABLED, False, False),
        (EntityStatus.SEND_DISABLED, False, True),
        (EntityStatus.RECEIVE_DISABLED, True, False),
    ],
)
def test_the_status_of_a_queue_decides_who_may_use_it(desk: Desk, status, sends, receives):
    desk.queue()
    desk.namespace.update_queue("q", QueueOptions(status=status))
    for may, act in ((sends, lambda: desk.send("q", "a")), (receives, desk.take)):
        if may:
            act()
        else:
            with pytest.raises(EntityDisabledError):
                act()


def test_an_unknown_address_is_not_found(desk: Desk):
    desk.queue()
    for act in (lambda: desk.send("x", "a"), lambda: desk.take("x"), lambda: desk.take("q/$Other")):
        with pytest.raises(EntityNotFoundError):
            act()
    with pytest.raises(NotAllowedError):
        desk.send("q/$DeadLetterQueue", "a")
    with pytest.raises(MessageLockLostError):
        desk.broker.complete("q", uuid4())


def test_a_watcher_is_woken_when_something_can_be_received_and_when_the_queue_goes(desk: Desk):
    desk.queue()
    woken: list[str] = []
    stop = desk.broker.watch("q", lambda: woken.append("!"))
    desk.send("q", "a")
    taken = desk.one()
    assert len(woken) == 1
    desk.broker.abandon("q", token(taken))
    assert len(woken) == 2
    desk.one()
    desk.later(seconds=61)
    desk.broker.advance()
    assert len(woken) == 3
    desk.namespace.delete_queue("q")
    assert len(woken) == 4
    stop()
    stop()


def test_due_says_when_time_will_next_move_something(desk: Desk):
    desk.queue()
    assert desk.broker.due() is None
    desk.put("q", Message(time_to_live=timedelta(minutes=10)))
    assert desk.broker.due() == desk.now + timedelta(minutes=10)
    desk.one()
    assert desk.broker.due() == desk.now + MINUTE
    desk.later(minutes=1)
    desk.broker.advance()
    assert desk.broker.due() == desk.now + timedelta(minutes=9)


def test_a_shorter_lock_duration_holds_for_new_locks_and_leaves_the_old_ones(desk: Desk):
    desk.queue()
    desk.send("q", "long")
    desk.send("q", "short")
    desk.one()
    desk.namespace.update_queue("q", QueueOptions(lock_duration=timedelta(seconds=10)))
    desk.one()
    desk.later(seconds=11)
    assert [text(found) for found in desk.take(count=5)] == ["short"]


def test_options_out_of_their_limits_are_refused(desk: Desk):
    for wrong in (
        {"lock_duration": timedelta(minutes=6)},
        {"max_delivery_count": 0},
        {"max_size_in_megabytes": 0},
        {"duplicate_detection_history_time_window": timedelta(days=8)},
        {"default_message_time_to_live": timedelta(0)},
        {"auto_delete_on_idle": timedelta(minutes=4)},
        {"user_metadata": "x" * 1025},
        {"max_message_size_in_kilobytes": 1024},
        {"forward_to": "nowhere"},
    ):
        with pytest.raises(ArgumentError):
            desk.namespace.create_queue("q", replace(QueueOptions(), **wrong))
    for name in ("", "a b", "/a", "a//b", "a" * 261):
        with pytest.raises(ArgumentError):
            desk.namespace.create_queue(name)


def test_what_is_fixed_at_creation_cannot_be_changed(desk: Desk):
    desk.queue()
    for changed in (
        QueueOptions(requires_session=True),
        QueueOptions(requires_duplicate_detection=True),
        QueueOptions(enable_partitioning=True),
    ):
        with pytest.raises(ArgumentError):
            desk.namespace.update_queue("q", changed)
