"""Runs one command until it ends, or until whoever started it is gone: `leash module function options...`.

The starter holds the other end of this process's standard input. When it dies, however it dies, the pipe
closes; then the command is asked to stop, and stopped if it does not.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from importlib import import_module

import typer

GRACE = 5.0


def main() -> None:
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    module, function, *options = sys.argv[1:]
    app = typer.Typer()
    app.command(function)(getattr(import_module(module), function))
    app(args=options, prog_name=f"local {function}")


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


if __name__ == "__main__":
    main()
