"""`python -m local servicebus`: a Service Bus on the desk."""

import asyncio
import gc
import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from local.servicebus.admin.certificate import Certificate
from local.servicebus.configuration import ConfigurationError
from local.servicebus.engine.entities import Right
from local.servicebus.sas import SharedAccessKey
from local.servicebus.server import EMULATORS_KEY, Addresses, Settings, serving

FOLDER = Path(".local") / "servicebus"
"""Where the certificate goes if no data folder is named."""

Port = Annotated[int, typer.Option(min=0, max=65535, help="Plain AMQP; 0 finds a free port.")]
TlsPort = Annotated[int | None, typer.Option(min=0, max=65535, help="AMQP over TLS; closed if not given.")]
AdminPort = Annotated[int, typer.Option(min=0, max=65535, help="Administration over HTTPS.")]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Cert = Annotated[Path | None, typer.Option(dir_okay=False, exists=True, help="A certificate, PEM.")]
Key = Annotated[Path | None, typer.Option(dir_okay=False, exists=True, help="Its key, PEM.")]
Config = Annotated[
    Path | None,
    typer.Option(dir_okay=False, exists=True, help="Entities, as Microsoft's emulator reads them."),
]
Folder = Annotated[Path | None, typer.Option(file_okay=False, help="Keeps messages; else memory only.")]
AccessKey = Annotated[
    str,
    typer.Option(help="Of RootManageSharedAccessKey.", envvar="SERVICEBUS_ACCESS_KEY", show_default=False),
]
Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", metavar="NAME:RIGHTS:KEY", help="One more key, as reader:Listen:secret."),
]
ReadyFile = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="Gets the addresses as JSON, once ready."),
]


def servicebus(
    *,
    port: Port = 5672,
    tls_port: TlsPort = None,
    admin_port: AdminPort = 5300,
    host: Host = "127.0.0.1",
    cert: Cert = None,
    key: Key = None,
    config: Config = None,
    data: Folder = None,
    access_key: AccessKey = EMULATORS_KEY,
    policy: Policies = None,
    ready_file: ReadyFile = None,
) -> None:
    """A Service Bus for the unmodified azure-servicebus client, until it is interrupted.

    Examples: `python -m local servicebus --config Config.json --data .local/bus`,
    `python -m local servicebus --port 0 --admin-port 0 --ready-file bus.json`. It prints two connection
    strings, for `ServiceBusClient` and for `ServiceBusAdministrationClient`; the second client also has to
    trust the certificate (`REQUESTS_CA_BUNDLE`).
    """
    if (cert is None) != (key is None):
        raise typer.BadParameter("--cert and --key belong together")
    settings = Settings(
        certificates=data or FOLDER,
        host=host,
        port=port,
        tls_port=tls_port,
        admin_port=admin_port,
        certificate=Certificate(cert, key) if cert and key else None,
        config=config,
        data=data,
        access_key=access_key,
        more_keys=[_key(text) for text in policy or ()],
    )
    try:
        with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
            runner.run(_serve(settings, ready_file))
    except (ConfigurationError, OSError, sqlite3.Error) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _key(policy: str) -> SharedAccessKey:
    """A key that cannot be read is not repeated: it is a secret."""
    name, rights, key = (*policy.split(":", 2), "", "")[:3]
    try:
        found = SharedAccessKey(name, key, [Right(right) for right in rights.split(",")])
    except ValueError as error:
        raise typer.BadParameter(f"--policy: rights are {', '.join(Right)}, not {rights!r}") from error
    if not (name and key):
        raise typer.BadParameter("--policy: NAME:RIGHTS:KEY is expected, as reader:Listen,Send:secret")
    return found


async def _serve(settings: Settings, ready_file: Path | None) -> None:
    _collect_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving(settings) as addresses:
        if ready_file is not None:
            _write(ready_file, addresses)
        _announce(addresses)
        await stop.wait()


def _collect_seldom() -> None:
    """Messages that wait make no cycles, but each look for cycles walks through all of them.

    Beside 200,000 that wait, a message then costs a third more.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def _announce(addresses: Addresses) -> None:
    typer.echo(f"Service Bus:     {addresses.servicebus}")
    typer.echo(f"Administration:  {addresses.servicebus_admin}")
    if addresses.tls_port is not None:
        typer.echo(f"AMQP over TLS:   port {addresses.tls_port}")
    typer.echo(f"WebSocket:       {addresses.websocket}")
    typer.echo(f"Certificate:     {addresses.certificate}")


def _write(ready_file: Path, addresses: Addresses) -> None:
    """Whole or not at all: whoever waits for the file reads it at once."""
    told = {
        "servicebus": addresses.servicebus,
        "servicebus_admin": addresses.servicebus_admin,
        "websocket": addresses.websocket,
        "tls_port": addresses.tls_port,
        "cert": str(addresses.certificate.resolve()),
        "pid": os.getpid(),
    }
    unfinished = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(told))
    unfinished.replace(ready_file)
