import pytest

from tests.servicebus.amqp.bus import Bus


@pytest.fixture(scope="module")
def bus():
    with Bus() as bus:
        yield bus
