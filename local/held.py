"""`python -m local held`: what the brake holds, and a person's word on it."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from local.desk_store import By, Data, opened, refuse
from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.records import Waiting
from shared.pipeline import brake
from shared.wiring import now


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    APPROVE = "approve"
    DISCARD = "discard"


DECISIONS: dict[Action, tuple[Callable[[Transaction, str, str, str, int], int], str]] = {
    Action.APPROVE: (brake.approve, "The next poll goes on with"),
    Action.DISCARD: (brake.discard, "Forgotten:"),
}

What = Annotated[Action, typer.Argument(help="list what is held, or say what becomes of it.")]
System = Annotated[str | None, typer.Argument(help="The system that showed it, as the topology calls it.")]
Entity = Annotated[str | None, typer.Argument(help="Such as account.")]


def held(
    action: What = Action.LIST,
    system: System = None,
    entity: Entity = None,
    *,
    data: Data = Path(".local"),
    by: By = "",
) -> None:
    """What a run would have deleted or emptied, had it not been more than its envelope.

    `python -m local held` lists it.

    `python -m local held approve salesforce account` lets it go on with the next poll.

    `python -m local held discard salesforce account` forgets it, until the next whole read.

    Works beside a running `up`.
    """
    with opened(data) as store:
        if action is Action.LIST:
            _tell(store.read_now(lambda tx: tx.waiting_rows()))
        elif system is None or entity is None:
            raise typer.BadParameter(f"say of what: {action} SYSTEM ENTITY")
        else:
            _decide(store, action, system, entity, by or getpass.getuser())


def _decide(store: Store, action: Action, system: str, entity: str, who: str) -> None:
    decide, said = DECISIONS[action]
    rows = store.transact_now(lambda tx: decide(tx, system, entity, who, now()))
    if not rows:
        refuse(f"Nothing of {entity} from {system} is held. `python -m local held` lists what is.")
    typer.echo(f"{said} {rows} rows of {entity} from {system}.")


def _tell(waiting: list[Waiting]) -> None:
    if not waiting:
        typer.echo("Nothing is held.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("system", "entity"):
        table.add_column(title)
    for title in ("deleted", "emptied"):
        table.add_column(title, justify="right")
    for each in waiting:
        table.add_row(each.system, each.entity, str(each.deletes), str(each.blanks))
    Console().print(table)
