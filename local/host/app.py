"""Loads `function_app.py` from a folder, as the cloud's worker does, and keeps its seams.

Beside its one `FunctionApp` the module may have two coroutine functions, `startup()` and `shutdown()`,
which the host awaits before the first and after the last invocation: the place to open and close what the
functions share.
"""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import azure.functions as func
from azure.functions.decorators.function_app import Function

from local.host.errors import BadApp

Seam = Callable[[], Awaitable[None]]
MODULE = "function_app"


@dataclass(frozen=True, slots=True)
class App:
    folder: Path
    functions: tuple[Function, ...]
    startup: Seam
    shutdown: Seam


def load(folder: Path) -> App:
    module = _imported(folder.resolve())
    functions = _indexed(_only_app(module))
    return App(folder.resolve(), functions, _seam(module, "startup"), _seam(module, "shutdown"))


def _imported(folder: Path) -> ModuleType:
    file = folder / f"{MODULE}.py"
    spec = importlib.util.spec_from_file_location(MODULE, file)
    if not file.exists() or spec is None or spec.loader is None:
        raise BadApp(f"there is no {file.name} in {folder}; name the folder that has one with --app")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the app's own code raises while it is imported is the app's fault
        raise BadApp(f"{file.name} cannot be imported: {_blame(error)}") from error
    return module


def _blame(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"


def _only_app(module: ModuleType) -> func.FunctionRegister:
    apps = {id(value): value for value in vars(module).values() if isinstance(value, func.FunctionRegister)}
    if len(apps) != 1:
        raise BadApp(f"{MODULE}.py has {len(apps)} FunctionApps; keep one, and register blueprints on it")
    return next(iter(apps.values()))


def _indexed(app: func.FunctionRegister) -> tuple[Function, ...]:
    try:
        functions = tuple(app.get_functions())
    except Exception as error:  # the library raises bare ValueError and Exception alike
        raise BadApp(f"{MODULE}.py: {error}") from error
    if not functions:
        raise BadApp(f"{MODULE}.py has no functions; decorate one, or call app.register_functions(blueprint)")
    return functions


async def _nothing() -> None:
    """The seam of an app that has none."""


def _seam(module: ModuleType, name: str) -> Seam:
    seam = getattr(module, name, _nothing)
    if not inspect.iscoroutinefunction(seam):
        raise BadApp(f"{MODULE}.py: {name} is not a coroutine function; write 'async def {name}() -> None'")
    return seam
