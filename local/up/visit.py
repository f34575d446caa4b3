"""A command beside a running `up`: finds it by its directory, and says what is wrong where it fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import httpx
import typer

from local.up.directory import Directory
from local.up.endpoints import Endpoints

PATIENCE = 60.0
LOOK = 0.1

Data = Annotated[Path, typer.Option(file_okay=False, help="Where the running `up` keeps everything.")]
Found = TypeVar("Found")


class NotSeen(Exception):
    """What was waited for has not happened."""


@contextmanager
def visiting(data: Path) -> Iterator[Endpoints]:
    """The addresses of the running cloud. Ends the command where there is none, or where it fails."""
    directory = Directory(data.resolve())
    if not directory.endpoints.exists():
        typer.echo(f"no local cloud runs on {directory.path}: start one with `python -m local up`", err=True)
        raise typer.Exit(2)
    try:
        yield Endpoints.read(directory.endpoints)
    except httpx.HTTPStatusError as error:
        request, status = error.request, error.response.status_code
        typer.echo(f"{request.method} {request.url.path} was answered with {status}: try again", err=True)
        raise typer.Exit(1) from None
    except httpx.TransportError as error:
        typer.echo(f"a system does not answer ({type(error).__name__}): is `up` running?", err=True)
        raise typer.Exit(1) from None
    except NotSeen as error:
        typer.echo(f"{error}: see the dead letters, and the logs", err=True)
        raise typer.Exit(1) from None


def watched(look: Callable[[], Found | None], missing: str) -> tuple[Found, float]:
    """What is seen at last, and after how many seconds. Raises NotSeen, which says what is missing."""
    began = time.monotonic()
    while not (found := look()):
        if time.monotonic() - began > PATIENCE:
            raise NotSeen(missing)
        time.sleep(LOOK)
    return found, time.monotonic() - began
