"""`python -m local budget`: where the calls of each system stand today, and what waits for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from local.conflicts import PROJECT, Flows
from local.desk_store import Data, opened
from shared.pipeline.budget import Course
from shared.pipeline.standing import Standing, standings
from shared.topology_file import load
from shared.wiring import now

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def budget(
    *, data: Data = Path(".local"), topology: Flows = PROJECT / "topology.yaml", as_json: Json = False
) -> None:
    """The plan of the day: limits of calls, what is used, what is deferred since when and until when.

    `python -m local budget` shows each system that says its limit, or has one in the topology.

    `python -m local budget --json` says the same to a program.

    Works beside a running `up`.
    """
    at = now()
    with opened(data) as store:
        found = store.read_now(lambda tx: standings(tx, load(topology), at))
    if as_json:
        typer.echo(json.dumps([told(each) for each in found], indent=2))
    elif not found:
        typer.echo("No system has said how many calls it allows.")
    else:
        for each in found:
            _show(Console(), each)


def told(standing: Standing) -> dict[str, Any]:
    """One system, for a program."""
    return {
        "system": standing.system,
        "limit": standing.limit,
        "used": standing.used,
        "reserve": standing.reserve,
        "others": standing.others,
        "as_of": _iso(standing.read_at),
        "records_waiting": standing.waiting,
        "classes": {
            priority.value: {
                "calls": standing.calls[priority],
                "stretch": round(course.stretch, 2),
                "closed": course.closed,
                "reopens": _iso(standing.reopens.get(priority, 0)),
            }
            for priority, course in standing.courses.items()
        },
        "deferred": [
            {
                "entity": each.entity,
                "step": each.step,
                "priority": each.priority,
                "since": _iso(each.since),
                "until": _iso(each.until),
            }
            for each in standing.deferrals
        ],
    }


def _show(console: Console, standing: Standing) -> None:
    line = f"[bold]{standing.system}[/]: {standing.used:,} of {standing.limit:,} calls of 24 hours are used, "
    console.print(f"{line}{standing.others:,} of them by others; {standing.reserve:,} are left to people.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("class", "calls", "goes on", "as usual from"):
        table.add_column(title, justify="right" if title == "calls" else "left")
    for priority, course in standing.courses.items():
        again = _time(standing.reopens.get(priority, 0))
        table.add_row(priority.value, f"{standing.calls[priority]:,}", _pace(course), again)
    console.print(table)
    for each in standing.deferrals:
        until = f", looked at again {_time(each.until)}" if each.until else ""
        what = f"{each.step} of {each.entity} ({each.priority})"
        console.print(f"{what}: deferred since {_time(each.since)}{until}")
    if standing.waiting:
        console.print(f"{standing.waiting:,} records wait for calls; none is lost.")


def _pace(course: Course) -> str:
    if course.closed:
        return "not now"
    return "as usual" if course.ordinary else f"{course.stretch:.1f} times as seldom"


def _moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def _iso(at: int) -> str | None:
    return _moment(at).isoformat(timespec="seconds") if at else None


def _time(at: int) -> str:
    return f"{_moment(at):%d %b %H:%M} UTC" if at else ""
