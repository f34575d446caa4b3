"""The unmodified client, blocking. One sender and one receiver stay open: opening costs half a second."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
    SessionCannotBeLockedError,
)

from local.servicebus.engine.entities import AuthorizationRule, Right, Rule
from local.servicebus.engine.filters import CorrelationFilter, SqlFilter
from tests.servicebus.amqp.bus import READER, WRITER


def connect(bus, credentials):
    return ServiceBusClient.from_connection_string(bus.connection_string(**credentials), retry_total=0)


def in_an_hour():
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture(scope="module")
def client(bus):
    with connect(bus, {}) as client:
        yield client


@pytest.fixture(scope="module")
def sender(bus, client):
    with client.get_queue_sender(bus.queue("Orders")) as sender:
        yield sender


@pytest.fixture(scope="module")
def receiver(sender, client):
    """Names are compared without regard to case."""
    with client.get_queue_receiver("orders", keep_alive=0) as receiver:
        yield receiver


def receive(receiver, count=1):
    found: list[ServiceBusReceivedMessage] = []
    while len(found) < count:
        found += receiver.receive_messages(count - len(found), max_wait_time=5)
    return found


def take(receiver, count=1):
    """Receive and complete."""
    found = receive(receiver, count)
    for message in found:
        receiver.complete_message(message)
    return found


def test_a_message_comes_out_as_it_went_in(sender, receiver):
    identity, moment = uuid4(), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    properties: dict[str | bytes, Any] = {"text": "ü", "half": 0.5, "yes": True, "id": identity, "at": moment}
    sender.send_messages(
        ServiceBusMessage(
            b"body",
            application_properties=properties,
            message_id="m",
            correlation_id="c",
            subject="s",
            to="t",
            reply_to="r",
            reply_to_session_id="rs",
            content_type="text/plain",
            partition_key="p",
            time_to_live=timedelta(hours=1),
        )
    )
    [found] = take(receiver)
    told = {key.decode(): value for key, value in found.application_properties.items()}
    assert {**told, "text": told["text"].decode()} == {**properties, "at": int(moment.timestamp() * 1000)}
    assert b"".join(found.body) == b"body"
    assert (found.message_id, found.correlation_id, found.subject, found.to) == ("m", "c", "s", "t")
    assert (found.reply_to, found.reply_to_session_id) == ("r", "rs")
    assert (found.content_type, found.partition_key) == ("text/plain", "p")
    assert found.time_to_live == timedelta(hours=1)
    assert found.expires_at_utc == found.enqueued_time_utc + timedelta(hours=1)
    assert found.delivery_count == 0


@pytest.mark.parametrize(
    "body, kind",
    [
        ({"value_body": {"a": [1, 2.5, None]}}, AmqpMessageBodyType.VALUE),
        ({"sequence_body": [[1, "two"], [3]]}, AmqpMessageBodyType.SEQUENCE),
        ({"data_body": [b"one", b"two"]}, AmqpMessageBodyType.DATA),
    ],
)
def test_a_body_of_every_kind_keeps_its_kind(sender, receiver, body, kind):
    sender.send_messages(AmqpAnnotatedMessage(**body))
    [found] = take(receiver)
    assert found.body_type == kind


def test_a_batch_comes_out_in_order(sender, receiver):
    batch = sender.create_message_batch()
    for number in range(20):
        batch.add_message(ServiceBusMessage(str(number)))
    sender.send_messages(batch)
    found = take(receiver, 20)
    assert [str(message) for message in found] == [str(number) for number in range(20)]
    numbers = [message.sequence_number for message in found]
    assert numbers == sorted(numbers)


def test_a_message_of_many_frames_comes_out_whole(sender, receiver):
    body = bytes(range(256)) * 900
    sender.send_messages(ServiceBusMessage(body))
    [found] = take(receiver)
    assert b"".join(found.body) == body


def test_an_abandoned_message_comes_again_with_its_count(sender, receiver):
    sender.send_messages(ServiceBusMessage("again"))
    receiver.abandon_message(receive(receiver)[0])
    [found] = take(receiver)
    assert (str(found), found.delivery_count) == ("again", 1)


def test_a_deferred_message_comes_by_its_number_alone(sender, receiver):
    sender.send_messages([ServiceBusMessage("later"), ServiceBusMessage("now")])
    first, second = receive(receiver, 2)
    receiver.defer_message(first)
    receiver.complete_message(second)
    [found] = receiver.receive_deferred_messages(first.sequence_number)
    assert str(found) == "later"
    receiver.complete_message(found)
    with pytest.raises(MessageNotFoundError):
        receiver.receive_deferred_messages(first.sequence_number)


def test_a_dead_letter_says_why(client, sender, receiver):
    sender.send_messages(ServiceBusMessage("bad", application_properties={"kept": 1}))
    receiver.dead_letter_message(receive(receiver)[0], reason="Unreadable", error_description="no name")
    with client.get_queue_receiver("orders", sub_queue=ServiceBusSubQueue.DEAD_LETTER, keep_alive=0) as dead:
        [found] = take(dead)
    assert (found.dead_letter_reason, found.dead_letter_error_description) == ("Unreadable", "no name")
    assert found.application_properties[b"kept"] == 1


def test_peeking_shows_what_is_there_and_takes_nothing(sender, receiver):
    sender.send_messages([ServiceBusMessage(str(number)) for number in range(3)])
    peeked = receiver.peek_messages(10, sequence_number=1)
    assert [str(message) for message in peeked] == ["0", "1", "2"]
    assert [message.sequence_number for message in take(receiver, 3)] == [m.sequence_number for m in peeked]
    assert receiver.peek_messages(10, sequence_number=1) == []


def test_a_scheduled_message_waits_for_its_time_and_can_be_cancelled(sender, receiver):
    due = datetime.now(UTC) + timedelta(seconds=1)
    [kept, dropped] = sender.schedule_messages([ServiceBusMessage("kept"), ServiceBusMessage("dropped")], due)
    sender.cancel_scheduled_messages(dropped)
    [found] = take(receiver)
    assert str(found) == "kept"
    assert found.enqueued_time_utc >= due.replace(microsecond=due.microsecond // 1000 * 1000)
    with pytest.raises(ServiceBusError):
        sender.cancel_scheduled_messages(kept)


def test_a_lock_is_renewed(sender, receiver):
    sender.send_messages(ServiceBusMessage("hold"))
    [held] = receive(receiver)
    before = held.locked_until_utc
    assert receiver.renew_message_lock(held) >= before
    receiver.complete_message(held)


def test_a_message_is_settled_once(sender, receiver):
    sender.send_messages(ServiceBusMessage("once"))
    [held] = take(receiver)
    held._settled = False  # so that the client asks the broker
    with pytest.raises(MessageLockLostError):
        receiver.complete_message(held)


def test_what_is_received_and_deleted_is_gone(bus, client, sender):
    sender.send_messages([ServiceBusMessage("1"), ServiceBusMessage("2")])
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with client.get_queue_receiver("orders", receive_mode=mode, keep_alive=0) as receiver:
        assert [str(message) for message in receive(receiver, 2)] == ["1", "2"]
    assert bus.active("orders") == 0


def test_a_closed_receiver_gives_back_what_it_had_not_handed_out(client, sender, receiver):
    sender.send_messages([ServiceBusMessage(str(number)) for number in range(3)])
    with client.get_queue_receiver("orders", prefetch_count=10, keep_alive=0) as eager:
        eager.complete_message(eager.receive_messages(1, max_wait_time=5)[0])
    found = take(receiver, 2)
    assert [(str(message), message.delivery_count) for message in found] == [("1", 0), ("2", 0)]


def test_a_topic_gives_each_subscription_what_its_rule_names(bus, client):
    bus.topic(
        "changes",
        sql=Rule(filter=SqlFilter("entity = 'contact' AND size > 2"), action="SET seen = 'yes'"),
        equal=Rule(filter=CorrelationFilter(subject="order")),
    )
    with client.get_topic_sender("changes") as sender:
        sender.send_messages(
            [
                ServiceBusMessage("a", application_properties={"entity": "contact", "size": 3}),
                ServiceBusMessage("b", application_properties={"entity": "contact", "size": 2}),
                ServiceBusMessage("c", subject="order"),
            ]
        )
    with client.get_subscription_receiver("changes", "sql", keep_alive=0) as receiver:
        [found] = take(receiver)
        assert str(found) == "a"
        assert found.application_properties == {
            b"entity": b"contact",
            b"size": 3,
            b"seen": b"yes",
            b"RuleName": b"$Default",
        }
    with client.get_subscription_receiver("changes", "equal", keep_alive=0) as receiver:
        assert [str(message) for message in take(receiver)] == ["c"]


def test_forwarding_leads_to_another_queue(bus, client, sender, receiver):
    bus.queue("inbox", forward_to="orders")
    with client.get_queue_sender("inbox") as inbox:
        inbox.send_messages(ServiceBusMessage("passed on"))
    assert [str(message) for message in take(receiver)] == ["passed on"]


def test_sessions_are_received_one_at_a_time_in_order_and_keep_a_state(bus, client):
    bus.queue("tickets", requires_session=True)
    with client.get_queue_sender("tickets") as sender:
        for number in range(4):
            sender.send_messages(ServiceBusMessage(str(number), session_id="ab"[number % 2]))
    with client.get_queue_receiver("tickets", session_id="b", keep_alive=0) as receiver:
        assert [str(message) for message in take(receiver, 2)] == ["1", "3"]
        receiver.session.set_state(b"half way")
        assert receiver.session.get_state() == b"half way"
        assert receiver.session.renew_lock() == receiver.session.locked_until_utc
        with pytest.raises(SessionCannotBeLockedError):
            client.get_queue_receiver("tickets", session_id="b", keep_alive=0).__enter__()
    with client.get_queue_receiver("tickets", session_id=NEXT_AVAILABLE_SESSION, keep_alive=0) as receiver:
        assert receiver.session.session_id == "a"
        assert [str(message) for message in take(receiver, 2)] == ["0", "2"]
    assert list(client.list_queue_sessions("tickets")) == ["b"]


def test_an_entity_that_is_not_there_is_named(client):
    """As in the cloud the token for it is refused already, which the client takes for a wrong key."""
    with pytest.raises(ServiceBusAuthenticationError) as refusal:
        client.get_queue_sender("nowhere").__enter__()
    assert "404" in refusal.value.exc_msg
    assert "nowhere" in refusal.value.exc_msg


def test_a_key_that_may_only_listen_does_not_send_and_one_that_may_only_send_does_not_listen(bus):
    bus.queue("watched")
    with connect(bus, READER) as client:
        with client.get_queue_receiver("watched", keep_alive=0) as receiver:
            assert receiver.peek_messages() == []
        with pytest.raises(ServiceBusAuthorizationError, match="'Send'"):
            client.get_queue_sender("watched").__enter__()
    with connect(bus, WRITER) as client, client.get_queue_sender("watched") as sender:
        sender.send_messages(ServiceBusMessage("taken"))
        with pytest.raises(ServiceBusAuthorizationError, match="'Listen'"):
            client.get_queue_receiver("watched", keep_alive=0).__enter__()
    assert bus.active("watched") == 1


def test_the_key_of_a_queue_opens_that_queue(bus):
    rule = AuthorizationRule(
        key_name="own", primary_key="first", secondary_key="second", rights=(Right.SEND, Right.LISTEN)
    )
    bus.queue("owned", authorization_rules=(rule,))
    bus.queue("stranger")
    with connect(bus, {"name": "own", "key": "second"}) as client:
        with client.get_queue_sender("owned") as sender:
            [number] = sender.schedule_messages(ServiceBusMessage("later"), in_an_hour())
            sender.cancel_scheduled_messages(number)
        with pytest.raises(ServiceBusAuthenticationError):
            client.get_queue_sender("stranger").__enter__()


@pytest.mark.parametrize("wrong", [{"key": "another"}, {"name": "another"}])
def test_a_wrong_key_or_name_opens_nothing(bus, sender, wrong):
    with connect(bus, wrong) as stranger, pytest.raises(ServiceBusAuthenticationError):
        stranger.get_queue_sender("orders").__enter__()
