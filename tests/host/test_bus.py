"""Service Bus functions through Microsoft's client, against a broker that lives in the test's own loop."""

import asyncio
import contextlib
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from local.servicebus.amqp.container import Container
from local.servicebus.amqp.endpoint import Endpoint
from local.servicebus.amqp.turns import Turns
from local.servicebus.engine.broker import Broker
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import SharedAccessKey

pytestmark = pytest.mark.anyio

DELIVER = """
    done = asyncio.Event()

    @app.service_bus_topic_trigger(arg_name="messages", topic_name="changes", subscription_name="%WHO%",
                                   connection="SERVICEBUS", cardinality="many")
    async def deliver(messages: typing.List[func.ServiceBusMessage]) -> None:
        seen.extend(messages)
        if len(seen) >= 3:
            done.set()
"""


def now():
    return datetime.now(UTC)


class Desk:
    """A broker whose endpoint can go away and come back, as if its process were killed."""

    def __init__(self):
        self.broker = Broker(now, uuid.uuid4)
        self.broker.namespace.create_queue("arrivals")
        self.broker.namespace.create_topic("changes")
        self.broker.namespace.create_subscription("changes", "erp")
        self.port = 0

    async def come(self):
        turns = Turns(self.broker, now, asyncio.get_running_loop())
        keys = KeyRing(self.broker.namespace, SharedAccessKey("name", "key"))
        container = Container(self.broker, keys, now, turns)
        self._endpoint = Endpoint(container)
        self.port = await self._endpoint.listen("127.0.0.1", self.port)

    async def go(self):
        await self._endpoint.close()

    @property
    def settings(self):
        address = f"Endpoint=sb://127.0.0.1:{self.port};SharedAccessKeyName=name;SharedAccessKey=key"
        return {"SERVICEBUS": f"{address};UseDevelopmentEmulator=true", "WHO": "erp"}

    @contextlib.asynccontextmanager
    async def sender(self, entity):
        client = ServiceBusClient.from_connection_string(self.settings["SERVICEBUS"])
        # A sender serves topics and queues alike; the client has two names for it.
        async with client, client.get_topic_sender(entity) as sender:
            yield sender

    def waiting(self, address):
        return self.broker.namespace.counts(address).active


@pytest.fixture
async def desk():
    desk = Desk()
    await desk.come()
    yield desk
    await desk.go()


async def test_a_batch_reaches_the_function_of_its_subscription_and_is_completed(serve, desk):
    async with desk.sender("changes") as sender:
        await sender.send_messages([ServiceBusMessage(f"{number}") for number in range(3)])
    async with serve(DELIVER, settings=desk.settings) as served:
        await served.app.done.wait()
    assert [message.get_body() for message in served.seen] == [b"0", b"1", b"2"]
    assert desk.waiting("changes/Subscriptions/erp") == 0


async def test_a_message_arrives_with_all_that_it_was_sent_with(serve, desk):
    app = """
        done = asyncio.Event()

        @app.service_bus_queue_trigger(arg_name="message", queue_name="arrivals", connection="SERVICEBUS")
        async def arrive(message: func.ServiceBusMessage) -> None:
            seen.append(message)
            done.set()
    """
    async with serve(app, settings=desk.settings) as served:
        async with desk.sender("arrivals") as sender:
            await sender.send_messages(
                ServiceBusMessage(
                    b"\xffbody",
                    message_id="m1",
                    correlation_id="c1",
                    content_type="application/json",
                    subject="a subject",
                    to="somebody",
                    reply_to="me",
                    time_to_live=timedelta(hours=1),
                    application_properties={
                        "text": "ü",
                        "number": 7,
                        "yes": True,
                        "when": now(),
                        "id": uuid.uuid4(),
                    },
                )
            )
        await served.app.done.wait()
    (message,) = served.seen
    assert message.get_body() == b"\xffbody"
    assert (message.message_id, message.correlation_id, message.content_type) == (
        "m1",
        "c1",
        "application/json",
    )
    assert (message.subject, message.label, message.to, message.reply_to) == (
        "a subject",
        "a subject",
        "somebody",
        "me",
    )
    properties = message.application_properties
    assert (properties["text"], properties["number"], properties["yes"]) == ("ü", 7, True)
    assert uuid.UUID(properties["id"])
    assert message.user_properties == properties
    assert message.time_to_live == timedelta(hours=1)
    assert message.expires_at_utc == message.enqueued_time_utc + timedelta(hours=1)
    assert message.enqueued_time_utc.tzinfo is not None
    assert message.locked_until > message.enqueued_time_utc
    assert (message.delivery_count, message.state, message.session_id) == (1, 0, None)
    assert message.sequence_number > 0
    assert uuid.UUID(message.lock_token)


async def test_a_batch_whose_function_raises_comes_again_with_a_higher_delivery_count(serve, desk):
    app = """
        done = asyncio.Event()

        @app.service_bus_queue_trigger(arg_name="messages", queue_name="arrivals", connection="SERVICEBUS",
                                       cardinality="many")
        def arrive(messages: typing.List[func.ServiceBusMessage]) -> None:
            seen.append([message.delivery_count for message in messages])
            if len(seen) < 3:
                raise ValueError
            loop.call_soon_threadsafe(done.set)

        async def startup() -> None:
            global loop
            loop = asyncio.get_running_loop()
    """
    async with desk.sender("arrivals") as sender:
        await sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    async with serve(app, settings=desk.settings) as served:
        await served.app.done.wait()
    assert served.seen == [[1, 1], [2, 2], [3, 3]]
    assert desk.waiting("arrivals") == 0


async def test_the_host_waits_for_a_bus_that_is_away_at_start_and_serves_once_it_is_there(serve, desk):
    async with desk.sender("changes") as sender:
        await sender.send_messages([ServiceBusMessage("a")] * 3)
    await desk.go()
    async with serve(DELIVER, settings=desk.settings) as served:
        assert (await served.http.get("/none")).status_code == 404
        await desk.come()
        await served.app.done.wait()
    assert desk.waiting("changes/Subscriptions/erp") == 0


async def test_the_host_finds_a_bus_again_that_went_away_under_it(serve, desk):
    async with serve(DELIVER, settings=desk.settings) as served:
        async with desk.sender("changes") as sender:
            await sender.send_messages(ServiceBusMessage("a"))
        await desk.go()
        await desk.come()
        async with desk.sender("changes") as sender:
            await sender.send_messages([ServiceBusMessage("b"), ServiceBusMessage("c")])
        await served.app.done.wait()
    assert {message.get_body() for message in served.seen} == {b"a", b"b", b"c"}


async def test_a_full_batch_is_taken_from_a_backlog_and_nothing_comes_twice(serve, desk):
    host_json = '{"version": "2.0", "extensions": {"serviceBus": {"maxMessageBatchSize": 50}}}'
    app = """
        done = asyncio.Event()

        @app.service_bus_queue_trigger(arg_name="messages", queue_name="arrivals", connection="SERVICEBUS",
                                       cardinality="many")
        async def arrive(messages: typing.List[func.ServiceBusMessage]) -> None:
            seen.append([message.get_body() for message in messages])
            if sum(map(len, seen)) >= 120:
                done.set()
    """
    async with desk.sender("arrivals") as sender:
        await sender.send_messages([ServiceBusMessage(f"{number}") for number in range(120)])
    async with serve(app, host_json, settings=desk.settings) as served:
        await served.app.done.wait()
    bodies = [int(body) for batch in served.seen for body in batch]
    assert sorted(bodies) == list(range(120))
    assert max(map(len, served.seen)) == 50


async def test_a_batch_waits_for_its_least_size_but_not_for_ever(serve, desk):
    host_json = """{"version": "2.0", "extensions": {"serviceBus":
        {"minMessageBatchSize": 3, "maxMessageBatchSize": 50, "maxBatchWaitTime": "00:00:30"}}}"""
    async with serve(DELIVER, host_json, settings=desk.settings) as served, desk.sender("changes") as sender:
        for body in "abc":
            await sender.send_messages(ServiceBusMessage(body))
            await asyncio.sleep(0.05)  # longer than a batch without a least size would wait
        await served.app.done.wait()
    assert len(served.seen) == 3


async def test_a_message_that_came_while_the_host_was_stopping_stays_for_the_next_one(serve, desk):
    async with serve(DELIVER, settings=desk.settings) as served:
        served.stop.set()
        await served.ended
        async with desk.sender("changes") as sender:
            await sender.send_messages(ServiceBusMessage("a"))
    assert (served.seen, desk.waiting("changes/Subscriptions/erp")) == ([], 1)
