from __future__ import annotations

import httpx
import pytest

from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.rows import Rows
from local.systems.transport import SyncSystemTransport
from tests.systems.clock import StillClock

TOKEN = "a-token"


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def lms(clock):
    return Controlled(Lms(Rows(), clock, TOKEN, calls_a_minute=6000), clock)


@pytest.fixture
def api(lms):
    with httpx.Client(
        transport=SyncSystemTransport(lms),
        base_url="http://lms/api/v1",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as client:
        yield client


@pytest.fixture
def company(api):
    """The id of a company that is there."""
    return api.post("/companies", json={"name": "Acme", "number": "A-1"}).json()["id"]
