"""What every bus promises: the engine in process, and Microsoft's client over AMQP to the same engine."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from local.in_process import EngineBus
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.endpoint import Endpoint
from local.servicebus.amqp.turns import Turns
from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import TopicOptions
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import SharedAccessKey
from shared.adapters.service_bus import ServiceBus
from shared.model.change import Message
from shared.model.errors import Misconfigured, Unavailable
from shared.pipeline.ports import Bus

pytestmark = pytest.mark.anyio

TOPIC = "changes"
ERP = "changes/Subscriptions/erp"


Arrived = tuple[str, bytes, dict[str, Any]]


def _arrived(message: ServiceBusReceivedMessage) -> Arrived:
    properties = {_text(key): _text(value) for key, value in (message.application_properties or {}).items()}
    return str(message.message_id), b"".join(message.body), properties


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


@dataclass
class Desk:
    """A bus, and what waits on the broker behind it."""

    bus: Bus
    broker: Broker
    port: int = 0

    async def received(self, count: int) -> list[Arrived]:
        """What a receiver of the same kind is given."""
        if not self.port:
            batch = [each.message for each in self.broker.receive(ERP, count)]
            return [(str(m.message_id), m.body, dict(m.application_properties)) for m in batch]
        async with ServiceBusClient.from_connection_string(address(self.port)) as client:
            receiver = client.get_subscription_receiver(TOPIC, "erp")
            return [_arrived(each) for each in await receiver.receive_messages(count, max_wait_time=2)]

    def waiting(self) -> int:
        return self.broker.namespace.counts(ERP).active

    def scheduled(self) -> int:
        return self.broker.namespace.counts(TOPIC).scheduled


def now() -> datetime:
    return datetime.now(UTC)


def broker() -> Broker:
    made = Broker(now, uuid.uuid4)
    made.namespace.create_topic(TOPIC, TopicOptions(requires_duplicate_detection=True))
    made.namespace.create_subscription(TOPIC, "erp")
    return made


def address(port: int, key: str = "key") -> str:
    where = f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=name;SharedAccessKey={key}"
    return f"{where};UseDevelopmentEmulator=true"


def over_amqp(port: int, key: str = "key") -> ServiceBus:
    """As `connect` opens it, but for the client's own retries, which take a quarter of a minute."""
    return ServiceBus(lambda: ServiceBusClient.from_connection_string(address(port, key), retry_total=0))


async def served(made: Broker) -> tuple[Endpoint, int]:
    keys = KeyRing(made.namespace, SharedAccessKey("name", "key"))
    endpoint = Endpoint(Container(made, keys, now, Turns(made, now, asyncio.get_running_loop())))
    return endpoint, await endpoint.listen("127.0.0.1", 0)


@pytest.fixture(params=["engine", "amqp"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    made = broker()
    if request.param == "engine":
        yield Desk(EngineBus(made), made)
        return
    endpoint, port = await served(made)
    bus = over_amqp(port)
    yield Desk(bus, made, port)
    await bus.close()
    await endpoint.close()


def message(number: int, body: bytes = b"{}", due: int | None = None, to: str = TOPIC) -> Message:
    return Message(to, f"id-{number}", body, {"entity": "account", "attempt": number}, due)


async def test_what_is_sent_is_there_when_sending_returns_with_id_body_and_properties(desk: Desk):
    await desk.bus.send([message(1, b'{"ids": []}')])
    assert await desk.received(1) == [("id-1", b'{"ids": []}', {"entity": "account", "attempt": 1})]


async def test_what_many_send_at_once_is_all_there_once(desk: Desk):
    await asyncio.gather(*(desk.bus.send([message(each)]) for each in range(50)))

    arrived = await desk.received(100)

    assert sorted(each[0] for each in arrived) == sorted(f"id-{each}" for each in range(50))


async def test_many_arrive_in_the_order_in_which_they_were_sent(desk: Desk):
    await desk.bus.send([message(number, str(number).encode()) for number in range(300)])
    bodies: list[int] = []
    while len(bodies) < 300:
        bodies += [int(body) for _, body, _ in await desk.received(300 - len(bodies))]
    assert bodies == list(range(300))


async def test_more_than_one_batch_takes_is_sent_in_several(desk: Desk):
    await desk.bus.send([message(number, b"x" * 60_000) for number in range(40)])
    assert desk.waiting() == 40


async def test_a_message_that_is_sent_twice_is_there_once(desk: Desk):
    await desk.bus.send([message(1), message(2)])
    await desk.bus.send([message(2), message(3)])
    assert desk.waiting() == 3


async def test_a_message_that_is_due_later_waits_until_then(desk: Desk):
    later = int((now() + timedelta(hours=1)).timestamp() * 1_000_000)
    await desk.bus.send([message(1, due=later), message(2)])
    assert (desk.waiting(), desk.scheduled()) == (1, 1)


async def test_nothing_to_send_is_sent(desk: Desk):
    await desk.bus.send([])
    assert desk.waiting() == 0


async def test_an_entity_that_is_not_there_is_a_mistake_of_ours_and_named_so(desk: Desk):
    with pytest.raises(Misconfigured) as caught:
        await desk.bus.send([message(1, to="nowhere")])
    assert caught.value.reason == "NoSuchEntity"


async def test_a_wrong_key_is_a_mistake_of_ours_and_is_not_told():
    endpoint, port = await served(broker())
    bus = over_amqp(port, "another")
    with pytest.raises(Misconfigured) as caught:
        await bus.send([message(1)])
    assert caught.value.reason == "BusRefuses"
    assert "another" not in caught.value.description
    await bus.close()
    await endpoint.close()


async def test_a_bus_that_is_away_is_unavailable_and_what_was_not_sent_can_be_sent_again():
    made = broker()
    endpoint, port = await served(made)
    bus = over_amqp(port)
    await bus.send([message(1)])
    await endpoint.close()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(bus.send([message(2)]), 60)
    await bus.close()
