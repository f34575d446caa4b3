"""A hub that is killed when the bus has what was pushed, before it tells the sender so.

`python -m tests.flows.killed_at_the_door BUS NATIVE_ID`: its address, and the row that Salesforce pushes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from shared.adapters.service_bus import ServiceBus, connect
from shared.model.change import Message
from shared.model.event import Event
from tests.world import world

NAME = "the same, whenever the sender sends it"


class Deadly(ServiceBus):
    """A bus that kills whoever has sent."""

    async def send(self, messages: Sequence[Message]) -> None:
        await super().send(messages)
        os.kill(os.getpid(), signal.SIGKILL)


async def push(address: str, native_id: str) -> None:
    bus = Deadly(connect({"BUS": address}, "BUS"))
    hub = replace(world().hub, bus=bus)
    await hub.arrivals.accept("salesforce", [Event(NAME, "account", native_id)])


if __name__ == "__main__":
    asyncio.run(push(*sys.argv[1:]))
