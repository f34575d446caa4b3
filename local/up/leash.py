"""Runs one of the local commands until it ends, or until whoever started it is gone.

The starter holds the other end of this process's standard input. When it dies, however it dies, the pipe
closes; then the command is asked to stop, and stopped if it does not.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

GRACE = 5.0


def main() -> None:
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    from local.__main__ import app  # noqa: PLC0415 - importing takes a second, in which the leash must hold

    app(args=sys.argv[1:], prog_name="local")


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


if __name__ == "__main__":
    main()
