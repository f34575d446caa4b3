"""The store of a hub on this desk, for the commands of its operators, which work beside a running `up`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from local.up.directory import Directory
from shared.adapters.store import Store

BAD_INPUT = 2  # as of a command line that is wrong

Data = Annotated[Path, typer.Option(file_okay=False, help="Where `up` keeps everything.")]
By = Annotated[str, typer.Option(help="Who decides; it stands in the ledger.", show_default="your login")]


@contextmanager
def opened(data: Path) -> Iterator[Store]:
    """The store of this data directory; a command for a directory without one is refused."""
    directory = Directory(data.resolve())
    if not directory.store.exists():
        refuse(f"{directory.path}: there is no hub here: name the directory of an `up` with --data")
    store = Store(directory.store_url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


def refuse(why: str) -> NoReturn:
    """Say why nothing is done, and end."""
    typer.echo(why, err=True)
    raise typer.Exit(BAD_INPUT)
