"""One pre-link run: read the reports, reach the systems, link, tell."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from threading import Event

from rich.console import Console
from rich.table import Table

from functions.lms import connection as lms
from functions.salesforce import connection as salesforce
from local.prelink.sheet import ACCOUNTS, CONTACTS, Report, read_report
from local.systems.sheet import BadSheet
from local.up.child import StartFailed
from local.up.cloud import Cloud
from local.up.directory import BadDirectory, Directory
from local.up.endpoints import Endpoints
from local.up.options import Content
from local.up.ports import Ports
from local.up.surroundings import NotSimulated, Systems, check, room_settings
from shared.adapters.store import Store
from shared.model.errors import IntegrationError
from shared.pipeline.ports import Connection
from shared.pipeline.prelink import Prelink, Result, Status
from shared.topology import Topology
from shared.topology_file import load
from shared.wiring import now

BAD_INPUT = 2  # as of a command line that is wrong
ROOMS = {"salesforce": salesforce.connect, "lms": lms.connect}
CONTRACTS = {contract.entity: contract for contract in (ACCOUNTS, CONTACTS)}
SHOWN = 50
"""Rows that are told one by one, of each report."""

Linked = list[tuple[Report, list[Result]]]


@dataclass(frozen=True)
class Order:
    target: str
    reports: Mapping[str, Path | None]
    directory: Directory
    topology: Path
    content: Content


class BadOrder(Exception):
    """What was asked for makes no sense with this topology, or at this moment."""


def main(order: Order, *, dry_run: bool) -> int:
    """Link, and the exit code."""
    os.umask(0o077)  # records of customers, and secrets, are among what is stored
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    try:
        linked = run(order, dry_run=dry_run)
    except (BadSheet, BadOrder, BadDirectory, NotSimulated, StartFailed, IntegrationError) as error:
        Console(stderr=True).print(str(error), highlight=False, markup=False, soft_wrap=True)
        return BAD_INPUT
    tell(console, linked, dry_run=dry_run)
    return 0


def run(order: Order, *, dry_run: bool) -> Linked:
    """Raises what keeps it from beginning, and says why."""
    topology = load(order.topology)
    check(topology)
    given = {entity: path for entity, path in order.reports.items() if path is not None}
    for entity in given:
        _source(topology, order.target, entity)
    reports = [read_report(path, CONTRACTS[entity]) for entity, path in given.items()]
    with systems(order, topology) as running, _store(order.directory, dry_run=dry_run) as store:
        return asyncio.run(_link(order.target, topology, store, running, reports, dry_run=dry_run))


async def _link(
    target: str,
    topology: Topology,
    store: Store,
    running: Systems,
    reports: Sequence[Report],
    *,
    dry_run: bool,
) -> Linked:
    connection = _connect(target, topology, running)
    linked: Linked = []
    try:
        for report in reports:
            entity = report.contract.entity
            prelink = Prelink(topology, store, _source(topology, target, entity), connection, entity)
            linked.append((report, await prelink.run(report.candidates, dry_run=dry_run)))
    finally:
        closing = connection.close() if connection.close else None
        if inspect.isawaitable(closing):
            await closing
    return linked


def _source(topology: Topology, target: str, entity: str) -> str:
    """Where the records come from that flow to this target: the reports are that system's."""
    flows = topology.flows_to(target, entity) if target in topology.systems else []
    for flow in flows:
        if topology.systems[flow.source].kind == "salesforce":
            return flow.source
    raise BadOrder(f"topology: no flow brings {entity} from a Salesforce to {target!r}")


def _connect(system: str, topology: Topology, running: Systems) -> Connection:
    kind = topology.systems[system].kind
    settings = room_settings(os.environ, system, kind, running)
    return ROOMS[kind](system, environment=settings, transport=None, clock=now, random=SystemRandom())


@contextmanager
def systems(order: Order, topology: Topology) -> Iterator[Systems]:
    """Those of the `up` that runs on the directory; else started here, and stopped again."""
    if order.directory.in_use():
        yield _running(order.directory)
        return
    quiet = Cloud(
        order.directory,
        topology,
        order.topology,
        order.content,
        Ports(),
        os.environ,
        say=lambda _: None,
        all_systems=False,
    )
    with order.directory.held():
        try:
            yield quiet.start_systems(Event())
        finally:
            quiet.stop()


def _running(directory: Directory) -> Systems:
    try:
        return Endpoints.read(directory.endpoints).systems
    except FileNotFoundError:
        raise BadOrder(
            f"the local cloud of {directory.path} is not ready yet: try again when it is"
        ) from None


@contextmanager
def _store(directory: Directory, *, dry_run: bool) -> Iterator[Store]:
    """The hub's; a dry run where there is none yet looks at an empty one."""
    empty = dry_run and not directory.store.exists()
    store = Store("sqlite://" if empty else directory.store_url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


# What is told


def tell(console: Console, linked: Linked, *, dry_run: bool) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("report")
    columns = [status.value for status in Status]
    for title in (*columns, "bad rows"):
        table.add_column(title, justify="right")
    for report, results in linked:
        counts = Counter(result.status.value for result in results)
        numbers = [str(counts[name]) for name in columns]
        table.add_row(report.path.name, *numbers, str(len(report.bad)))
    for report, results in linked:
        _tell_rows(console, report, results)
    console.print(table)
    if dry_run:
        console.print("\nA dry run: nothing was written.", highlight=False)


def _tell_rows(console: Console, report: Report, results: Sequence[Result]) -> None:
    unused = [f"{report.path}:1: column not used: {title}" for title in report.unused]
    told = [(line, f"bad row: {why}") for line, why in report.bad]
    fine = (Status.LINKED, Status.ALREADY)
    told += [
        (each.candidate.line, f"{each.status}: {each.why}") for each in results if each.status not in fine
    ]
    lines = unused + [f"{report.path}:{line}: {what}" for line, what in sorted(told)]
    for line in lines[:SHOWN]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if len(lines) > SHOWN:
        console.print(f"{report.path}: and {len(lines) - SHOWN} more", highlight=False, markup=False)
