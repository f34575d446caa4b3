"""Systems over HTTP, each on a port of its own, as another process meets them."""

from __future__ import annotations

import asyncio

import anyio
import httpx
import pytest

from local.systems.server import SystemServer
from tests.systems.clock import StillClock
from tests.systems.shelf import controlled_shelf

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def urls():
    """Two shelves, served until the test ends."""
    server = SystemServer({name: (controlled_shelf(StillClock()), 0) for name in ("one", "two")})
    ready, stopped = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(server.serve(ready.set, stopped))
    await ready.wait()
    yield {name: server.url(name) for name in ("one", "two")}
    stopped.set()
    with anyio.fail_after(10):
        await serving


async def test_each_system_has_a_port_of_its_own_on_the_loopback_address(urls):
    assert all(url.startswith("http://127.0.0.1:") for url in urls.values())
    async with httpx.AsyncClient() as client:
        await client.post(f"{urls['one']}/notes", json=[{"key": "\u05e9\u05dc\u05d5\u05dd"}])
        assert [note["key"] for note in (await client.get(f"{urls['one']}/notes")).json()] == [
            "\u05e9\u05dc\u05d5\u05dd"
        ]
        assert (await client.get(f"{urls['two']}/notes")).json() == []


async def test_a_connection_is_kept_for_the_next_request(urls):
    streams = []
    async with httpx.AsyncClient() as client:
        for _ in range(3):
            answer = await client.get(f"{urls['one']}/notes")
            streams.append(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert len(set(streams)) == 1


async def test_the_address_arrives_as_it_was_sent(urls):
    async with httpx.AsyncClient() as client:
        await client.get(f"{urls['one']}/no%20tes?q=a%2Bb+c&d=%C3%A9")
        calls = (await client.get(f"{urls['one']}/_sim/calls")).json()["calls"]
    assert calls[0]["path"] == "/no%20tes?q=a%2Bb+c&d=%C3%A9"


async def test_a_dropped_connection_ends_without_an_answer_and_the_write_is_done(urls):
    async with httpx.AsyncClient(base_url=urls["one"]) as client:
        await client.post("/_sim/faults", json={"kind": "drop_after_write", "count": 1})
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.post("/notes", json=[{"key": "a"}])
        assert [note["key"] for note in (await client.get("/notes")).json()] == ["a"]


async def test_a_slow_answer_holds_up_nobody_else(urls):
    async with httpx.AsyncClient(base_url=urls["one"], timeout=60) as client:
        await client.post(
            "/_sim/faults", json={"kind": "slow", "seconds": 30, "path": "/notes", "method": "POST"}
        )
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(client.post("/notes", json=[{"key": "a"}]))
            while not (await client.get("/notes")).json():
                pass
            assert not slow.done()
            slow.cancel()


async def test_an_answer_without_content_has_no_body(urls):
    async with httpx.AsyncClient(base_url=urls["one"]) as client:
        answer = await client.delete("/_sim/calls")
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-length" not in answer.headers
        assert (await client.get("/notes")).status_code == 200
