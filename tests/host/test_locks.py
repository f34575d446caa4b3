"""A function that takes longer than its lock loses its messages: they come again, as in the cloud."""

import asyncio
from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusMessage

from local.servicebus.engine.entities import QueueOptions
from tests.host.test_bus import Desk

pytestmark = pytest.mark.anyio

SLOW = """
    twice = asyncio.Event()

    @app.service_bus_queue_trigger(arg_name="message", queue_name="slow", connection="SERVICEBUS")
    async def arrive(message: func.ServiceBusMessage) -> None:
        seen.append(message)
        if len(seen) == 1:
            await asyncio.sleep(5.5)
        else:
            twice.set()
"""


async def test_a_message_comes_again_when_its_function_took_longer_than_the_lock(serve):
    desk = Desk()
    desk.broker.namespace.create_queue("slow", QueueOptions(lock_duration=timedelta(seconds=5)))
    await desk.come()
    async with desk.sender("slow") as sender:
        await sender.send_messages(ServiceBusMessage("twice"))
    async with serve(SLOW, settings=desk.settings) as served, asyncio.timeout(30):
        await served.app.twice.wait()
    await desk.go()
    assert [message.delivery_count for message in served.seen] == [1, 2]
    assert desk.waiting("slow") == 0
