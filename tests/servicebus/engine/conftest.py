import pytest

from tests.servicebus.engine.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
