"""`python -m local schema salesforce`: what an org must have, as a table, and what of it is to be created.

It is read off the tables in `functions/salesforce/translate.py`, so that it is what the hub asks for.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from functions.salesforce.schema import Column, needed
from functions.salesforce.translate import OBJECTS, RECORD_TYPES, TRANSLATIONS
from local.schema.metadata import files


class Kind(StrEnum):
    """Kinds of systems whose schema is the customer's own."""

    SALESFORCE = "salesforce"


Which = Annotated[Kind, typer.Argument(help="The kind of system.")]
Folder = Annotated[
    Path | None,
    typer.Option(file_okay=False, help="Also write what is to be created, for the Metadata API, into here."),
]


def schema(kind: Which = Kind.SALESFORCE, *, metadata: Folder = None) -> None:
    """Print the objects and fields that the hub uses in a system, and write those of its own as metadata."""
    wanted = salesforce()
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    console.print(_table(wanted))
    types = ", ".join(RECORD_TYPES.values())
    console.print(f"\nRecord types of Lead, for whom a learner belongs to: {types}.", highlight=False)
    console.print("They need a lead process of the org's own: create them in Setup.", highlight=False)
    if metadata is not None:
        made = files(wanted)
        for name, content in made.items():
            (metadata / name).parent.mkdir(parents=True, exist_ok=True)
            (metadata / name).write_text(content, encoding="utf-8")
        console.print(
            f"\n{len(made)} files in {metadata}: deploy them with {kind}'s own tools.", highlight=False
        )


def salesforce() -> list[Column]:
    """All that the room of Salesforce reads or writes."""
    every = [*TRANSLATIONS.values(), *(each for objects in OBJECTS.values() for each in objects)]
    return needed(every, TRANSLATIONS)


def _table(wanted: list[Column]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("object", "field", "type", "to be created"):
        table.add_column(title)
    for column in wanted:
        table.add_row(column.sobject, column.name, column.what, "yes" if column.is_custom else "")
    return table
