"""What a developer sees first: each function, what triggers it, and where."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from local.host.functions import BusTrigger, HostedFunction, HttpTrigger, TimerTrigger, Trigger


def show(console: Console, url: str, prefix: str, functions: Iterable[HostedFunction[Trigger]]) -> None:
    table = Table("function", "trigger", "at", box=None, pad_edge=False, header_style="bold")
    for function in functions:
        table.add_row(function.name, *_described(function.trigger, f"{url}/{prefix}".rstrip("/")))
    console.print(table)
    console.print(f"\n{url} is ready; Ctrl-C stops it.\n", highlight=False)


def _described(trigger: Trigger, base: str) -> tuple[str, str]:
    match trigger:
        case HttpTrigger():
            return (
                f"http {','.join(trigger.methods)} ({trigger.level})",
                f"{base}/{trigger.route.template.lstrip('/')}",
            )
        case TimerTrigger():
            return (
                "timer",
                f"{trigger.schedule.expression}{' and at start' if trigger.run_on_startup else ''}",
            )
        case BusTrigger():
            kind = "subscription" if trigger.subscription else "queue"
            return f"{kind}, {'batches' if trigger.many else 'one by one'}", trigger.path
