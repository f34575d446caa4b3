"""`python -m local up`: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.up.directory import Directory
from local.up.options import Content, Options

PROJECT = Path(__file__).resolve().parents[2]

Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="0 takes a free one; unsaid, the usual one or a free one."),
]
Records = Annotated[int, typer.Option(min=0, help="How many sample records, over all objects.")]
Customers = Annotated[
    int,
    typer.Option(
        min=0, help="The same for the company that works in Dataverse and the ERP; 0 leaves it empty."
    ),
]
Seed = Annotated[int, typer.Option(help="The same seed and number give the same sample.")]
Data = Annotated[Path, typer.Option(file_okay=False, help="Where everything is kept.")]
Topology = Annotated[Path, typer.Option(help="Which flows there are.")]
Accounts = Annotated[Path | None, typer.Option(help="A report export (CSV) in place of the sample.")]
Contacts = Annotated[Path | None, typer.Option(help="The same for contacts.")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Gets the first run's numbers as JSON.")]
Once = Annotated[bool, typer.Option("--once", help="End when all has settled; exit code 0 only if it did.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget what is in the data directory.")]
Patience = Annotated[
    float, typer.Option(min=1, help="Seconds without progress to give up after; ten times that in all.")
]
Push = Annotated[
    bool | None,
    typer.Option(help="Whether the simulated systems push as well; unsaid, they do unless `--once`."),
]
LmsRate = Annotated[int, typer.Option(min=1, help="Calls a minute that the LMS allows.")]


def up(
    *,
    once: Once = False,
    records: Records = 1000,
    customers: Customers = 200,
    seed: Seed = 1,
    report: ReportFile = None,
    data: Data = Path(".local"),
    fresh: Fresh = False,
    accounts: Accounts = None,
    contacts: Contacts = None,
    topology: Topology = PROJECT / "topology.yaml",
    patience: Patience = 180.0,
    host_port: Port = None,
    servicebus_port: Port = None,
    servicebus_admin_port: Port = None,
    salesforce_port: Port = None,
    lms_port: Port = None,
    lms_rate: LmsRate = 6000,
    push: Push = None,
) -> None:
    """Run the whole hub here: simulated systems, Service Bus, Functions host.

    Examples: `python -m local up`, `python -m local up --once --records 5000 --seed 3 --report report.json`,
    `python -m local up --accounts accounts.csv --contacts contacts.csv --data .trial`.
    Starting again on the same directory goes on from there. Ctrl-C stops everything.
    """
    from local.up.run import main  # noqa: PLC0415 - all processes import all commands, and only one runs this

    content = Content(records, seed, _absolute(accounts), _absolute(contacts), lms_rate, customers)
    ports = {
        "host": host_port,
        "servicebus": servicebus_port,
        "servicebus_admin": servicebus_admin_port,
        "salesforce": salesforce_port,
        "lms": lms_port,
    }
    at = Directory(data.resolve())
    pushes = not once if push is None else push
    options = Options(at, topology.resolve(), content, ports, fresh, once, report, patience, pushes)
    raise typer.Exit(main(options))


def _absolute(path: Path | None) -> Path | None:
    return path.resolve() if path else None
