"""A door that is killed between the broker's acceptance and its answer: the sender sends again."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from azure.servicebus.aio import ServiceBusClient

from shared.adapters.service_bus import ServiceBus, connect
from shared.model.event import Event
from shared.pipeline.events import ARRIVALS
from tests.bus.test_contract import address, served
from tests.flows.killed_at_the_door import NAME
from tests.flows.office import ACME, Office
from tests.world import PROJECT

pytestmark = pytest.mark.anyio


async def received(where: str) -> list[bytes]:
    """As the host gives them to the function."""
    async with ServiceBusClient.from_connection_string(where) as client:
        receiver = client.get_queue_receiver(ARRIVALS)
        messages = await receiver.receive_messages(10, max_wait_time=5)
    return [b"".join(message.body) for message in messages]


@pytest.fixture
async def where(office: Office) -> AsyncIterator[str]:
    """The office's broker, on a socket."""
    endpoint, port = await served(office.world.broker)
    yield address(port)
    await endpoint.close()


async def test_what_the_bus_had_taken_and_the_sender_sends_again_has_one_effect(office: Office, where: str):
    account = office.sales.create("Account", **ACME)
    await office.settle()
    office.forget()
    office.sales.change(account, Phone="+49 731 2")

    command = [sys.executable, "-m", "tests.flows.killed_at_the_door", where, account]
    killed = await asyncio.create_subprocess_exec(*command, cwd=PROJECT)
    assert await killed.wait() == -signal.SIGKILL
    bus = ServiceBus(connect({"BUS": where}, "BUS"))
    await replace(office.world.hub, bus=bus).arrivals.accept("salesforce", [Event(NAME, "account", account)])
    await bus.close()
    (message,) = await received(where)
    await office.world.hub.arrivals.read([message])
    await office.world.deliver("lms")

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    await office.settle()
    assert len(office.written()) == 1
