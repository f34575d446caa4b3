"""A system on an asynchronous transport: waits as long as it is told to, by whatever clock it is given."""

from __future__ import annotations

import httpx
import pytest

from local.systems.transport import SystemTransport
from tests.systems.clock import StillClock
from tests.systems.shelf import controlled_shelf

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_requests_are_answered_and_slow_answers_waited_for():
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    transport = SystemTransport(controlled_shelf(StillClock()), sleep)
    async with httpx.AsyncClient(transport=transport, base_url="http://shelf", timeout=60) as shelf:
        assert (await shelf.post("/notes", json=[{"key": "a"}])).json() == ["done"]
        await shelf.post("/_sim/faults", json={"kind": "slow", "seconds": 2.5})
        assert (await shelf.get("/notes")).json()[0]["key"] == "a"
    assert slept == [2.5]


async def test_a_dropped_connection_and_a_timeout_are_those_of_httpx():
    transport = SystemTransport(controlled_shelf(StillClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://shelf", timeout=1) as shelf:
        await shelf.post("/_sim/faults", json={"kind": "drop", "count": 1})
        await shelf.post("/_sim/faults", json={"kind": "slow", "seconds": 9})
        with pytest.raises(httpx.RemoteProtocolError):
            await shelf.get("/notes")
        with pytest.raises(httpx.ReadTimeout):
            await shelf.get("/notes")
