"""The local cloud's commands: `python -m local --help`."""

import sys
from collections.abc import Iterable
from importlib import import_module

import typer

COMMANDS = {
    "budget": "local.budget",
    "conflicts": "local.conflicts",
    "estimate": "local.estimate",
    "held": "local.held",
    "host": "local.host.command",
    "launch": "local.up.launch",
    "learn": "local.up.learn",
    "prelink": "local.prelink.command",
    "schema": "local.schema.command",
    "servicebus": "local.servicebus.command",
    "system": "local.systems.command",
    "systems": "local.systems.command",
    "touch": "local.up.touch",
    "up": "local.up.command",
    "win": "local.up.win",
}
"""Command → the module with a function of its name."""


def local() -> None:
    """The cloud on your desk."""


def made(names: Iterable[str]) -> typer.Typer:
    """These commands. Each needs other libraries, so whoever asked for one is spared the rest."""
    app = typer.Typer(no_args_is_help=True)
    app.callback()(local)
    for name in names:
        app.command(name)(getattr(import_module(COMMANDS[name]), name))
    return app


if __name__ == "__main__":
    made([name for name in sys.argv[1:2] if name in COMMANDS] or COMMANDS)()
else:
    app = made(COMMANDS)
