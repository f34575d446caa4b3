"""One administration for all tests of this folder, on a thread with its own loop, and the real client."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from azure.servicebus.management import ServiceBusAdministrationClient

from local.servicebus.admin.app import Administration
from local.servicebus.admin.certificate import Certificate, certificate_in
from local.servicebus.admin.server import serving
from local.servicebus.engine.broker import Broker
from local.servicebus.engine.sqlite_journal import SqliteJournal
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import SharedAccessKey

KEY = "SAS_KEY_VALUE"
NAME = "RootManageSharedAccessKey"


def now() -> datetime:
    return datetime.now(UTC)


class Served(NamedTuple):
    """What a client needs, and the broker behind it: a test may call that while no request is under way."""

    port: int
    files: Certificate
    broker: Broker

    def connection_string(self, name: str = NAME, key: str = KEY) -> str:
        return f"Endpoint=sb://localhost:{self.port};SharedAccessKeyName={name};SharedAccessKey={key}"

    def client(self, name: str = NAME, key: str = KEY) -> ServiceBusAdministrationClient:
        trusted = str(self.files.certificate)
        text = self.connection_string(name, key)
        return ServiceBusAdministrationClient.from_connection_string(
            text, connection_verify=trusted, retry_total=0
        )


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("admin")
    ready: Future[Served] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(folder, ready, stop)))
    thread.start()
    yield ready.result(30)
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


async def _serve(folder: Path, ready: "Future[Served]", stop: asyncio.Event) -> None:
    with SqliteJournal(folder / "bus.sqlite") as journal:
        broker = Broker(now, uuid4, journal)
        app = Administration(broker, KeyRing(broker.namespace, SharedAccessKey(NAME, KEY)), now)
        files = certificate_in(folder, now())
        async with serving(app, files, "127.0.0.1", 0) as port:
            ready.set_result(Served(port, files, broker))
            await stop.wait()


@pytest.fixture
def client(served: Served) -> Iterator[ServiceBusAdministrationClient]:
    with served.client() as client:
        yield client
    namespace = served.broker.namespace
    for queue in namespace.queues():
        namespace.delete_queue(queue.name)
    for topic in namespace.topics():
        namespace.delete_topic(topic.name)
