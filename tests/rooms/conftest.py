"""The rooms under contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.rooms.dataverse import DataverseRoom, dataverse
from tests.rooms.every import EVERY, ROOMS
from tests.rooms.systems import Room, Time, lms, salesforce


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(params=list(EVERY))
async def room(request: pytest.FixtureRequest, time: Time) -> AsyncIterator[Room]:
    """Each room in turn: what a test says of it holds for all."""
    room = EVERY[request.param](time)
    yield room
    await room.close()


@pytest.fixture(params=list(ROOMS))
async def api(request: pytest.FixtureRequest, time: Time) -> AsyncIterator[Room]:
    """Each room that calls an API: what a test says of calls holds for all of these."""
    room = ROOMS[request.param](time)
    yield room
    await room.close()


@pytest.fixture
async def crm(time: Time) -> AsyncIterator[Room]:
    room = salesforce(time)
    yield room
    await room.close()


@pytest.fixture
async def school(time: Time) -> AsyncIterator[Room]:
    room = lms(time)
    yield room
    await room.close()


@pytest.fixture
async def sales(time: Time) -> AsyncIterator[DataverseRoom]:
    room = dataverse(time)
    yield room
    await room.close()
