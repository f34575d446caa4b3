"""A function may take longer than a lock: the host renews it meanwhile."""

from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusMessage

from local.servicebus.engine.entities import QueueOptions
from tests.host.test_bus import Desk

pytestmark = pytest.mark.anyio

SLOW = """
    done = asyncio.Event()

    @app.service_bus_queue_trigger(arg_name="message", queue_name="slow", connection="SERVICEBUS")
    async def arrive(message: func.ServiceBusMessage) -> None:
        seen.append(message)
        await asyncio.sleep(5.5)
        done.set()
"""


async def test_a_message_is_still_ours_when_its_function_took_longer_than_the_lock(serve):
    desk = Desk()
    desk.broker.namespace.create_queue("slow", QueueOptions(lock_duration=timedelta(seconds=5)))
    await desk.come()
    async with desk.sender("slow") as sender:
        await sender.send_messages(ServiceBusMessage("once"))
    async with serve(SLOW, settings=desk.settings) as served:
        await served.app.done.wait()
    await desk.go()
    assert len(served.seen) == 1
    assert desk.waiting("slow") == 0
