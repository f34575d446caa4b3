"""`python -m local prelink`: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.up.directory import Directory
from local.up.options import Content

PROJECT = Path(__file__).resolve().parents[2]

Target = Annotated[str, typer.Argument(help="The system whose rows are linked, as the topology calls it.")]
Accounts = Annotated[
    Path | None, typer.Option(help="CSV: Account ID, and Account Number, Account Name or LMS ID.")
]
Contacts = Annotated[Path | None, typer.Option(help="CSV: Contact ID, and Email or LMS ID.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be linked, and write nothing.")]
Data = Annotated[Path, typer.Option(file_okay=False, help="Where `up` keeps everything.")]
Topology = Annotated[Path, typer.Option(help="Which flows there are.")]
Records = Annotated[int, typer.Option(min=0, help="Sample records, where the directory is new.")]
Seed = Annotated[int, typer.Option(help="Of the sample, where the directory is new.")]


def prelink(
    target: Target,
    *,
    accounts: Accounts = None,
    contacts: Contacts = None,
    dry_run: DryRun = False,
    data: Data = Path(".local"),
    topology: Topology = PROJECT / "topology.yaml",
    records: Records = 1000,
    seed: Seed = 1,
) -> None:
    """Link what the LMS already has with Salesforce, before the first run.

    Example: `python -m local prelink lms --accounts accounts.csv --contacts contacts.csv --dry-run`.
    Works on a running `up`; where none runs, it starts the simulated systems for as long as it needs them.
    Rows that the LMS does not have are reported, and never made.
    """
    if accounts is None and contacts is None:
        raise typer.BadParameter("name a report: --accounts FILE, --contacts FILE, or both")
    from local.prelink.run import Order, main  # noqa: PLC0415 - only the process that links needs all this

    reports = {"account": accounts, "contact": contacts}
    order = Order(target, reports, Directory(data.resolve()), topology.resolve(), Content(records, seed))
    raise typer.Exit(main(order, dry_run=dry_run))
