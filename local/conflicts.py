"""`python -m local conflicts`: what two people set apart, and an operator's word on it."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.desk_store import By, Data, opened, refuse
from shared.adapters.store import Store
from shared.model.errors import IntegrationError, InvalidChange
from shared.model.golden import Cell, Value
from shared.model.records import ConflictEntry
from shared.pipeline.mending import Discarded, Mending
from shared.topology_file import load
from shared.wiring import new_id, now

PROJECT = Path(__file__).resolve().parents[1]
SHOWN = 200
"""Conflicts that are listed, the newest first."""


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    DECIDE = "decide"


class Keep(StrEnum):
    """Whose value stays."""

    KEPT = "kept"
    LOST = "lost"


What = Annotated[Action, typer.Argument(help="list conflicts, or decide one.")]
Id = Annotated[str | None, typer.Argument(metavar="ID", help="The conflict, as the list names it.")]
Which = Annotated[Keep | None, typer.Option("--keep", help="What golden says, or the other value.")]
Other = Annotated[str | None, typer.Option("--value", help="Another value; '' for none.")]
Every = Annotated[bool, typer.Option("--all", help="List also what a rule has settled.")]
Flows = Annotated[Path, typer.Option("--topology", help="Whose fields they are.")]


def conflicts(
    action: What = Action.LIST,
    conflict: Id = None,
    *,
    keep: Which = None,
    value: Other = None,
    every: Every = False,
    data: Data = Path(".local"),
    topology: Flows = PROJECT / "topology.yaml",
    by: By = "",
) -> None:
    """Fields that two people edited, neither knowing of the other's edit; the open ones wait for you.

    `python -m local conflicts` lists them; it shows customers' values.

    `python -m local conflicts decide ID --keep lost` has the value that golden does not show stay.

    `python -m local conflicts decide ID --value "+49 731 2"` sets a third.

    Works beside a running `up`, which then brings the value to every system.
    """
    with opened(data) as store:
        if action is Action.LIST:
            _tell(store.read_now(lambda tx: tx.latest_conflicts(SHOWN, open_only=not every)))
        elif conflict is None or (keep is None) == (value is None):
            raise typer.BadParameter("say which, and what stays: decide ID --keep kept|lost, or --value TEXT")
        else:
            _decide(store, topology, conflict, keep, value, by or getpass.getuser())


def _decide(
    store: Store, topology: Path, conflict: str, keep: Keep | None, value: str | None, who: str
) -> None:
    try:
        mending = Mending(load(topology), now, new_id)
        how = keep.value if keep else "value"
        done = store.transact_now(lambda tx: mending.decide(tx, conflict, how, who, _meant(value)))
    except InvalidChange as refused:
        refuse(f"{refused.description}. Nothing was written.")
    except IntegrationError as error:
        refuse(error.description)
    if isinstance(done, Discarded):
        refuse(f"{done.reason}: {done.description}. Nothing was written.")
    typer.echo("Decided. The value goes to every system.")


def _meant(value: str | None) -> Value:
    """What was typed, as a value: empty is none, true and false are flags."""
    return {"": None, "true": True, "false": False}.get(value, value) if value is not None else None


def _tell(found: Sequence[ConflictEntry]) -> None:
    if not found:
        typer.echo("No conflict is open.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("conflict", "record", "field", "kept", "lost", "policy", "resolution"):
        table.add_column(title, overflow="fold")
    for each in found:
        clash = each.clash
        what = f"{each.entity} {each.record}"
        said = "open" if each.open else each.resolution or ""
        table.add_row(each.id, what, clash.field, _cell(clash.kept), _cell(clash.lost), clash.policy, said)
    console = Console()
    (console if console.is_terminal else Console(width=240)).print(table)


def _cell(cell: Cell) -> str:
    shown = "nothing" if cell.value is None else repr(cell.value)
    return escape(f"{shown} ({cell.system})")
