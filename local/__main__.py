"""The local cloud's commands: `python -m local --help`."""

import ast
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

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
    return _app({name: getattr(import_module(COMMANDS[name]), name) for name in names})


def listed() -> typer.Typer:
    """All commands as a list shows them. To import what they need would take three seconds."""
    return _app({name: _shown(name, module) for name, module in COMMANDS.items()})


def _app(commands: dict[str, Callable[..., object]]) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.callback()(local)
    for name, command in commands.items():
        app.command(name)(command)
    return app


def _shown(name: str, module: str) -> Callable[[], None]:
    """What a command says of itself, read off its file."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    parts = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
    (function,) = (part for part in parts if isinstance(part, ast.FunctionDef) and part.name == name)

    def shown() -> None:
        pass

    shown.__doc__ = ast.get_docstring(function)
    return shown


if __name__ == "__main__":
    asked = [name for name in sys.argv[1:2] if name in COMMANDS]
    (made(asked) if asked else listed())()
