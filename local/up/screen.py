"""What people see: a progress display where there is a terminal, plain lines where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from textwrap import shorten
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.up.endpoints import Endpoints
from local.up.report import COUNTED, SELDOM, FlowReport, Report
from shared.model.records import DeadLetter

EVERY = 2.0
"""Seconds between two lines about progress, where lines are all there is."""

LONGEST = 200
"""Characters that are shown of a description: some name every choice that there is."""

TITLES = {"dead_lettered": "dead-lettered", "bytes_sent": "bytes sent"}


class ProgressDisplay:
    """What the first run has done so far, flow by flow."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console, self._clock = console, clock
        self._said: str | None = None
        self._said_at = clock()
        self._tasks: dict[tuple[str, str, str], TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self._bars.stop()

    def show(self, flows: Sequence[FlowReport]) -> None:
        if self._console.is_terminal:
            for flow in flows:
                self._bar(flow)
        else:
            self._line(_under_way(flows))

    def _bar(self, flow: FlowReport) -> None:
        if not flow.counts["read"]:
            return
        key = (flow.entity, flow.source, flow.target)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(named(flow), total=None, note="")
        waiting = {"a parent": flow.counts["parked"], "calls": flow.counts["deferred"]}
        note = ", ".join(f"{count} wait for {what}" for what, count in waiting.items() if count)
        self._bars.update(self._tasks[key], completed=flow.done, total=flow.counts["read"], note=note)

    def _line(self, text: str) -> None:
        if text != self._said and self._clock() - self._said_at >= EVERY:
            self._said, self._said_at = text, self._clock()
            self._console.print(text, highlight=False, soft_wrap=True)


def _under_way(flows: Sequence[FlowReport]) -> str:
    """Each flow that has not come to its end, and the others together."""
    through = [flow for flow in flows if flow.done >= flow.counts["read"]]
    parts = [f"{named(flow)} {flow.done} of {flow.counts['read']}" for flow in flows if flow not in through]
    done = sum(flow.done for flow in through)
    told = f"{done} records of {len(through)} flows are through" if done else "nothing new"
    return "; ".join([*parts, told])


def named(flow: FlowReport) -> str:
    return f"{flow.entity} {flow.source} → {flow.target}"


def show_report(console: Console, report: Report) -> None:
    deferred = ["deferred"] if any(flow.counts["deferred"] for flow in report.flows) else []
    columns = [*(name for name in COUNTED if name not in SELDOM), *deferred]
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    for name in ("entity", "from", "to"):
        table.add_column(name)
    for name in (*columns, "seconds"):
        table.add_column(TITLES.get(name, name), justify="right")
    for flow in report.flows:
        numbers = [str(flow.counts[name]) for name in columns]
        table.add_row(flow.entity, flow.source, flow.target, *numbers, f"{flow.seconds:.1f}")
    console.print()
    console.print(table, soft_wrap=not console.is_terminal)
    how = "All has settled" if report.converged else "It has not settled"
    console.print(f"\n{how} after {report.seconds:.1f} s.", highlight=False)


def show_dead_letters(console: Console, letters: Sequence[DeadLetter], store: str) -> None:
    if not letters:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("records", "reason", "entity", "field", "what was said of one"):
        table.add_column(title, justify="right" if title == "records" else "left")
    alike = Counter((letter.reason, letter.entity, letter.field or "") for letter in letters)
    said = {(letter.reason, letter.entity, letter.field or ""): letter.description for letter in letters}
    for kind, count in alike.most_common():
        table.add_row(str(count), *kind, escape(shorten(said[kind], LONGEST, placeholder=" …")))
    console.print(f"\n[bold]Dead letters[/]: {len(letters)} records need a person", highlight=False)
    console.print(table)
    line = f"Each with its record: the queue dead-letters, and the table dead_letter of {store}"
    console.print(line, highlight=False, soft_wrap=True)


def show_addresses(console: Console, endpoints: Endpoints, file: str) -> None:
    systems = endpoints.systems
    rows = {
        "Functions host": endpoints.host,
        "Service Bus": endpoints.servicebus.partition(";")[0].removeprefix("Endpoint="),
        "  administration": endpoints.servicebus_admin.partition(";")[0].removeprefix("Endpoint="),
        "Salesforce": f"{systems['salesforce']['url']}   what happened there: /_sim/calls, /_sim/records",
        "LMS": f"{systems['lms']['url']}   the same",
        **{name: _where(shown) for name, shown in systems.items() if name not in {"salesforce", "lms"}},
        "Secrets": file,
    }
    console.print("\n[bold]Addresses[/]")
    for name, address in rows.items():
        console.print(f"  {name:<18}{address}", highlight=False, soft_wrap=True)


def _where(shown: Mapping[str, str]) -> str:
    return f"{shown['url']}   the same" if "url" in shown else f"{shown['database_url']}   its database"


def show_next(console: Console, data: str, endpoints: Endpoints, sellers: Sequence[str]) -> None:
    lms = endpoints.systems["lms"]["url"]
    console.print("\n[bold]What to try next[/]")
    for command, what in (
        (f"python -m local touch --data {data}", "changes an account in Salesforce, and watches it arrive"),
        *_to_sell(data, endpoints, sellers),
        (f"python -m local launch --data {data}", "a link that logs a user of the CRM in to the LMS, once"),
        (f"curl -s {lms}/_sim/records/companies", "what the LMS holds"),
        (f"curl -s {lms}/_sim/calls", "what it was asked"),
        (f"kill -9 {endpoints.processes['host']}", "kills the host; it comes back and nothing is lost"),
    ):
        console.print(f"  {command}\n      {what}", highlight=False, soft_wrap=True)
    console.print("\nPolling goes on; Ctrl-C stops it.", highlight=False)


def _to_sell(data: str, endpoints: Endpoints, sellers: Sequence[str]) -> list[tuple[str, str]]:
    """Where somebody sells."""
    invoices = [
        (f"curl -s {endpoints.systems[name]['url']}/_sim/records/invoice", f"the invoices that {name} shows")
        for name in sellers
    ]
    wins = "wins a quote in the CRM; it becomes an order in the ERP, and its invoice comes back paid"
    return [(f"python -m local win --data {data}", wins), *invoices] if sellers else []


def show_waiting(console: Console, waiting: Sequence[str]) -> None:
    console.print("\nWhat still waits:", highlight=False)
    for line in waiting:
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def changed(now: Sequence[FlowReport], before: Sequence[FlowReport]) -> list[str]:
    """A line for each flow in which something happened in between."""
    lines = []
    for flow, old in zip(now, before, strict=True):
        news = {name: flow.counts[name] - old.counts[name] for name in COUNTED if name != "bytes_sent"}
        told = ", ".join(f"{TITLES.get(name, name)} {number}" for name, number in news.items() if number)
        if told:
            lines.append(f"{named(flow)}: {told}")
    return lines
