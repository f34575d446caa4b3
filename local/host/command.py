"""`python -m local host`: the Functions host as a command."""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from local.host import banner, log
from local.host.clock import SystemClock
from local.host.errors import BadApp
from local.host.host import Host, Plan
from local.host.invocation import Invoker
from local.host.keys import FUNCTION_KEY, FUNCTION_KEY_VARIABLE, Keys
from local.host.settings import Settings

_PROJECT = Path(__file__).resolve().parents[2]
_LARGEST_BODY = 100 * 1024 * 1024  # the cloud's own limit
_THREAD = "function"  # how threads that run functions are named
_BAD_APP = 2  # exit code, as of a command line that is wrong


def host(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 7071,
    app: Annotated[Path, typer.Option(help="The folder of function_app.py and host.json.")] = _PROJECT,
    ready_file: Annotated[
        Path | None, typer.Option(help="Gets the url and the pid as JSON, once ready.")
    ] = None,
    function_key: Annotated[str, typer.Option(envvar=FUNCTION_KEY_VARIABLE)] = FUNCTION_KEY,
    admin_key: Annotated[str, typer.Option(envvar="HOST_ADMIN_KEY")] = "local-admin-key",
    grace: Annotated[float, typer.Option(min=0, help="Seconds for running functions to end in.")] = 30.0,
    largest_body: Annotated[int, typer.Option(min=0, help="Bytes of a request's body.")] = _LARGEST_BODY,
) -> None:
    """Serve a function app: HTTP routes, timers and Service Bus triggers.

    Examples: `python -m local host`, `python -m local host --port 0 --app ../other --ready-file ready.json`.
    Settings come from the environment, over the Values of a local.settings.json in the app's folder.
    """
    options = Options(port, Keys(function_key, admin_key), grace, largest_body, ready_file)
    threads = ThreadPoolExecutor(_thread_count(), thread_name_prefix=_THREAD)
    try:
        plan = _prepared(app)
        with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
            runner.run(_serve(plan, options, threads))
    except BadApp as bad:
        for problem in bad.problems:
            typer.echo(f"cannot start: {problem}", err=True)
        raise typer.Exit(_BAD_APP) from bad
    _leave(threads)


@dataclass(frozen=True, slots=True)
class Options:
    port: int
    keys: Keys
    grace: float
    largest_body: int
    ready_file: Path | None


def _prepared(folder: Path) -> Plan:
    settings = Settings.gather(folder, os.environ)
    os.environ.update(settings.as_environment())  # where an app reads its settings, here as in the cloud
    log.configure(logging.StreamHandler(sys.stdout))
    plan = Plan.read(folder, settings)
    log.set_levels(plan.host_json.logging.log_level)
    return plan


async def _serve(plan: Plan, options: Options, threads: ThreadPoolExecutor) -> None:
    host = _composed(plan, options, threads)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    await host.serve(stop, lambda: _announce(plan, host, options.ready_file))


def _composed(plan: Plan, options: Options, threads: ThreadPoolExecutor) -> Host:
    started = time.monotonic()
    invoker = Invoker(
        folder=plan.app.folder,
        threads=threads,
        ids=uuid.uuid4,
        stopwatch=time.perf_counter,
        timeout=plan.timeout,
    )
    return Host(
        plan,
        port=options.port,
        keys=options.keys,
        invoker=invoker,
        clock=SystemClock(),
        open_receiver=plan.open_receiver,
        sleep=asyncio.sleep,
        uptime=lambda: time.monotonic() - started,
        grace=options.grace,
        largest_body=options.largest_body,
    )


def _announce(plan: Plan, host: Host, ready_file: Path | None) -> None:
    if ready_file:
        _write_whole(ready_file, json.dumps({"url": host.url, "pid": os.getpid()}))
    banner.show(Console(), host.url, plan.host_json.extensions.http.route_prefix, plan.functions)


def _write_whole(file: Path, text: str) -> None:
    """Whoever waits for the file never sees half of it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def _thread_count() -> int:
    """The cloud's own default, and its setting."""
    return int(os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT") or min(32, (os.cpu_count() or 1) + 4))


def _leave(threads: ThreadPoolExecutor) -> None:
    """A `def` function that outlives the grace cannot be cancelled, and Python would wait for it forever."""
    threads.shutdown(wait=False, cancel_futures=True)
    for thread in threading.enumerate():
        if thread.name.startswith(_THREAD):
            thread.join(timeout=0.2)
    if any(thread.name.startswith(_THREAD) for thread in threading.enumerate()):
        sys.stdout.flush()
        os._exit(0)
