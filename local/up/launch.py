"""`python -m local launch`: asks for a link into the LMS, as the CRM's server does for a user who clicks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import httpx
import typer

from local.systems.lms.launching import STAFF
from local.up.visit import Data, visiting

User = Annotated[str, typer.Option(help="Who is signed in to the CRM, by e-mail address.")]
Course = Annotated[str | None, typer.Option(help="The id of a course; unsaid, the home page.")]


def launch(*, user: User = STAFF[0], course: Course = None, data: Data = Path(".local")) -> None:
    """Ask for a link that logs a user of the CRM in to the LMS, and show it."""
    with visiting(data) as endpoints:
        for name, door in endpoints.launch.items():
            headers = {"x-functions-key": door["key"], "X-Launch-User": user}
            params = {"course": course} if course else {}
            answer = httpx.get(door["url"], params=params, headers=headers)
            if answer.status_code == httpx.codes.BAD_REQUEST:
                _explain(answer)
            link = answer.raise_for_status().json()
            typer.echo(f"{user} comes into {name} by this link, once, until {link['expires_at']}:")
            typer.echo(link["url"])


def _explain(answer: httpx.Response) -> None:
    for error in answer.json()["errors"]:
        where = error.get("header") or error.get("parameter") or "the request"
        typer.echo(f"{where}: {error['detail']}", err=True)
    raise typer.Exit(1)
