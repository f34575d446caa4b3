"""One broker with its doors, AMQP and HTTPS, as an asynchronous context.

::

    Settings ──> serving(settings) ──> Addresses      what clients need
                       │
                       ├─ journal     in the data directory, or memory only
                       ├─ entities    of a Config.json
                       ├─ AMQP        plain, and over TLS if a port is named
                       └─ HTTPS       administration, and AMQP over WebSocket: one port, as in the cloud
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.types import ASGIApp

from local.servicebus.admin.app import Administration
from local.servicebus.admin.certificate import Certificate, certificate_in
from local.servicebus.admin.server import serving as serving_https
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.endpoint import Endpoint
from local.servicebus.amqp.turns import Turns
from local.servicebus.amqp.websocket import PATH
from local.servicebus.configuration import Configuration
from local.servicebus.engine.broker import Broker
from local.servicebus.engine.journal import Journal, MemoryJournal
from local.servicebus.engine.sqlite_journal import JournalError, SqliteJournal
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import SharedAccessKey

log = logging.getLogger(__name__)

KEY_NAME = "RootManageSharedAccessKey"
EMULATORS_KEY = "SAS_KEY_VALUE"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A port of 0 is found, a port of None stays closed."""

    certificates: Path
    """Where the certificate is, or is made, if none is given."""
    host: str = "127.0.0.1"
    port: int = 5672
    tls_port: int | None = None
    admin_port: int = 5300
    certificate: Certificate | None = None
    config: Path | None = None
    data: Path | None = None
    access_key: str = field(default=EMULATORS_KEY, repr=False)
    more_keys: Sequence[SharedAccessKey] = ()
    """Of the whole namespace, too, and mostly with fewer rights."""


@dataclass(frozen=True)
class Addresses:
    servicebus: str
    """The connection string of the message clients."""
    servicebus_admin: str
    """The connection string of the administration client."""
    websocket: str
    """The `custom_endpoint_address` of clients that speak AMQP over WebSocket."""
    tls_port: int | None
    certificate: Path
    """What a client has to trust: `REQUESTS_CA_BUNDLE`, `connection_verify=`."""


@asynccontextmanager
async def serving(settings: Settings, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Addresses]:
    """A broker that is ready when the block starts, and that has written everything when it ends.
    Errors: ConfigurationError, OSError, sqlite3.OperationalError (another process has the data directory).
    """
    configuration = Configuration.read(settings.config) if settings.config else None
    files = settings.certificate or certificate_in(settings.certificates, clock())
    broker = Broker(clock, uuid4, _journal(settings.data))
    try:
        if configuration is not None:
            configuration.apply(broker.namespace)
        async with _doors(settings, broker, files, clock) as addresses:
            yield addresses
    finally:
        broker.journal.close()


@asynccontextmanager
async def _doors(
    settings: Settings, broker: Broker, files: Certificate, clock: Callable[[], datetime]
) -> AsyncIterator[Addresses]:
    root = SharedAccessKey(KEY_NAME, settings.access_key)
    keys = KeyRing(broker.namespace, root, *settings.more_keys)
    turns = Turns(broker, clock, asyncio.get_running_loop(), lambda error: _on_failure(error, endpoint))
    endpoint = Endpoint(Container(broker, keys, clock, turns))
    app = _https(Administration(broker, keys, clock), endpoint)
    async with serving_https(app, files, settings.host, settings.admin_port) as admin_port:
        try:
            port, tls_port = await _listen(endpoint, settings, files)
            yield Addresses(
                _connection_string(settings, port),
                _connection_string(settings, admin_port),
                f"sb://{settings.host}:{admin_port}",
                tls_port,
                files.certificate,
            )
        finally:
            await endpoint.close()  # while the last word still gets through all doors


def _https(admin: ASGIApp, endpoint: Endpoint) -> ASGIApp:
    return Starlette(routes=[WebSocketRoute(PATH, endpoint.tunnel), Mount("/", admin)])


def _on_failure(error: Exception, endpoint: Endpoint) -> None:
    """A broker that cannot write to its disk accepts nothing more."""
    log.error("the broker failed", exc_info=error)
    if isinstance(error, JournalError):
        endpoint.refuse()


async def _listen(endpoint: Endpoint, settings: Settings, files: Certificate) -> tuple[int, int | None]:
    port = await endpoint.listen(settings.host, settings.port)
    if settings.tls_port is None:
        return port, None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return port, await endpoint.listen(settings.host, settings.tls_port, context)


def _connection_string(settings: Settings, port: int) -> str:
    return (
        f"Endpoint=sb://{settings.host}:{port};SharedAccessKeyName={KEY_NAME};"
        f"SharedAccessKey={settings.access_key};UseDevelopmentEmulator=true"
    )


def _journal(folder: Path | None) -> Journal:
    if folder is None:
        return MemoryJournal()
    return SqliteJournal(folder / "journal.sqlite")
