from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.systems.dataverse.desk import Desk, stocked

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = stocked()
    yield made
    made.client.close()
