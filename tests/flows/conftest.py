"""An office for each test, closed behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.flows.office import Office
from tests.flows.office import office as opened


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def office_with() -> AsyncIterator[Callable[..., Office]]:
    """Opens an office with a topology, a policy, settings of its own."""
    offices: list[Office] = []

    def office(*args: Any, **options: Any) -> Office:
        offices.append(opened(*args, **options))
        return offices[-1]

    yield office
    for each in offices:
        await each.world.close()


@pytest.fixture
def office(office_with: Callable[..., Office]) -> Office:
    """The usual topology: everything from Salesforce to the LMS."""
    return office_with()
