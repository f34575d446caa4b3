"""`python -m local system` and `systems`: simulated systems as a process of their own."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from random import Random, SystemRandom
from typing import Annotated

import typer

from local.servicebus.admin.certificate import certificate_in
from local.systems.credentials import write_private
from local.systems.desk import Content, Desk, NobodyToSell
from local.systems.server import SystemServer, run_until_signalled
from local.systems.sheet import BadSheet

_BAD_INPUT = 2  # exit code, as of a command line that is wrong
_NAME = re.compile("[a-z][a-z0-9_-]{0,19}")

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]
Records = Annotated[int, typer.Option(min=0, help="How many sample records, over all objects.")]
Seed = Annotated[int, typer.Option(help="The same seed and number give the same sample.")]
Data = Annotated[Path | None, typer.Option(help="Where state is kept; without it, in memory.")]
Accounts = Annotated[Path | None, typer.Option(help="A report export (CSV) in place of the sample.")]
Contacts = Annotated[Path | None, typer.Option(help="The same for contacts.")]
Ready = Annotated[Path | None, typer.Option(help="Gets addresses and credentials as JSON, once ready.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget what is in the data directory.")]
Rate = Annotated[int, typer.Option(min=1, help="Calls a minute that the LMS allows.")]


Https = Annotated[
    Path | None, typer.Option(help="Serve https, with a certificate for localhost that is kept here.")
]
Called = Annotated[
    str | None, typer.Option("--name", help="What the system is called, for there may be several of a kind.")
]
Environments = Annotated[
    list[str] | None,
    typer.Option("--dataverse", help="NAME or NAME:PORT of a Dataverse environment; may be repeated."),
]
Erps = Annotated[
    list[str] | None, typer.Option("--erp", help="NAME of an ERP, a database in --data; may be repeated.")
]
Sales = Annotated[
    list[str] | None, typer.Option("--sales", help="NAME of an environment whose salespeople are at work.")
]
Customers = Annotated[
    int, typer.Option(min=0, help="How many customers and contacts, in each environment and ERP.")
]


class Kind(StrEnum):
    SALESFORCE = "salesforce"
    LMS = "lms"
    DATAVERSE = "dataverse"
    ERP = "erp"


@dataclass(frozen=True)
class Start:
    """How the process was asked to start."""

    ports: dict[str, int]
    kinds: dict[str, str]
    content: Content
    directory: Path | None
    ready_file: Path | None
    fresh: bool
    calls_a_minute: int
    https: Path | None = None
    erps: tuple[str, ...] = ()
    sales: tuple[str, ...] = ()


def system(
    kind: Kind,
    *,
    name: Called = None,
    port: Port = 0,
    records: Records = 1000,
    seed: Seed = 1,
    data: Data = None,
    accounts: Accounts = None,
    contacts: Contacts = None,
    ready_file: Ready = None,
    fresh: Fresh = False,
    lms_rate: Rate = 600,
    https: Https = None,
) -> None:
    """Serve one simulated system, with its control plane under /_sim/; or open the ERP, which is a database.

    Examples: `python -m local system lms --port 8081 --records 500 --seed 7`,
    `python -m local system salesforce --port 8080 --accounts accounts.csv --contacts contacts.csv`,
    `python -m local system dataverse --name partner --port 8443 --https .local/tls`,
    `python -m local system erp --data .local --records 500`.
    """
    content = Content(records, seed, accounts, contacts)
    called = name or kind.value
    ports, kinds = {called: port}, {called: kind.value}
    if kind is Kind.ERP:
        _run(Start({}, {}, content, data, ready_file, fresh, lms_rate, erps=(called,)))
        return
    _run(Start(ports, kinds, content, data, ready_file, fresh, lms_rate, https))


def systems(
    *,
    salesforce_port: Port = 0,
    lms_port: Port = 0,
    dataverse: Environments = None,
    erp: Erps = None,
    sales: Sales = None,
    records: Records = 1000,
    customers: Customers = 200,
    seed: Seed = 1,
    data: Data = None,
    accounts: Accounts = None,
    contacts: Contacts = None,
    ready_file: Ready = None,
    fresh: Fresh = False,
    lms_rate: Rate = 600,
) -> None:
    """Serve all simulated systems in one process, as `up` does.

    Examples: `python -m local systems --data .local/systems --ready-file ready.json --records 5000 --seed 3`,
    `python -m local systems --dataverse crm:8083 --dataverse partner`,
    `python -m local systems --data .local/systems --dataverse crm --sales crm --erp erp`.
    """
    content = Content(records, seed, accounts, contacts, customers)
    environments = dict(_environment(text) for text in dataverse or ())
    kinds = {"salesforce": "salesforce", "lms": "lms", **dict.fromkeys(environments, "dataverse")}
    ports = {**environments, "salesforce": salesforce_port, "lms": lms_port}
    erps, sellers = tuple(erp or ()), tuple(sales or ())
    _run(Start(ports, kinds, content, data, ready_file, fresh, lms_rate, erps=erps, sales=sellers))


def _environment(text: str) -> tuple[str, int]:
    name, _, port = text.partition(":")
    if not _NAME.fullmatch(name) or not (port or "0").isdecimal():
        raise typer.BadParameter(f"{text} is not NAME or NAME:PORT", param_hint="--dataverse")
    return name, int(port or 0)


def _run(start: Start) -> None:
    if start.fresh and start.directory is not None:
        _forget(start.directory, [*start.ports, *start.erps])
    if start.ready_file is not None:
        start.ready_file.unlink(missing_ok=True)  # of an earlier process
    os.umask(0o077)  # reports of customers are among what is stored
    desk = Desk(start.directory, _now, _random(start), start.calls_a_minute)
    try:
        desk.open(start.kinds, start.content, start.sales)
        _open_erps(desk, start)
    except (BadSheet, NobodyToSell) as bad:
        typer.echo(f"cannot start: {bad}", err=True)
        raise typer.Exit(_BAD_INPUT) from bad
    for line in desk.told:
        typer.echo(line, err=True)
    try:
        asyncio.run(_serve(desk, start))
    finally:
        desk.close()


def _open_erps(desk: Desk, start: Start) -> None:
    if not start.erps:
        return
    if start.directory is None:
        raise typer.BadParameter("an ERP is a database: say in which folder", param_hint="--data")
    desk.open_erps(start.directory, start.erps, start.content)


async def _serve(desk: Desk, start: Start) -> None:
    certificate = None if start.https is None else certificate_in(start.https, _now())
    serve = {name: (desk.systems[name], port) for name, port in start.ports.items()}
    server = SystemServer(serve, certificate)
    endpoints = desk.endpoints({name: server.url(name) for name in start.ports})

    def ready() -> None:
        if start.ready_file is not None:
            write_private(start.ready_file, json.dumps({"pid": os.getpid(), "systems": endpoints}))
        for name, shown in endpoints.items():
            typer.echo(f"{name}: {shown.get('url') or shown['database_url']}")

    async def work(stopped: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as everything:
            everything.create_task(desk.staff.work(stopped))
            everything.create_task(server.serve(ready, stopped))
            everything.create_task(desk.push(stopped))

    await run_until_signalled(work)


def _forget(directory: Path, names: Sequence[str]) -> None:
    """Removes what these systems have stored, and nothing that is not theirs."""
    for name in names:
        for path in directory.glob(f"{name}.sqlite*"):
            path.unlink()


def _random(start: Start) -> Random:
    """Kept credentials are secrets; those of a system in memory follow from the seed, for scripts to know."""
    return SystemRandom() if start.directory is not None else Random(start.content.seed)


def _now() -> datetime:
    return datetime.now(UTC)
