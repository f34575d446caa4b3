"""One process of the local cloud: started on a leash, asked to stop, or found dead."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LAST_WORDS = 6


class StartFailed(Exception):
    """A process ended before it was ready; the text is what it had to say."""


class Child:
    """The command of its name in `module`. A new start leaves the log of the one before."""

    def __init__(self, name: str, module: str, log: Path, ready: Path) -> None:
        self.name, self.log, self._module, self._ready = name, log, module, ready
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0

    @property
    def pid(self) -> int:
        if self._process is None:
            raise AssertionError(f"{self.name} was never started")
        return self._process.pid

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ready.unlink(missing_ok=True)
        leash = [sys.executable, "-m", "local.up.leash", self._module, self.name]
        command = [*leash, *arguments, "--ready-file", str(self._ready)]
        with self.log.open("ab") as log:
            self._began = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own commands, with paths as arguments
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(environment),
                process_group=0,  # Ctrl-C is for `up`, which stops its processes in their order
            )

    def ready(self) -> dict[str, Any] | None:
        """What it wrote when it was ready, None while it is not. Raises StartFailed where it has ended."""
        with contextlib.suppress(FileNotFoundError):
            told: dict[str, Any] = json.loads(self._ready.read_text(encoding="utf-8"))
            return told
        if self.ended() is not None:
            raise StartFailed(self._last_words())
        return None

    def ended(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def stop(self, deadline: float) -> None:
        """Wait for its end until then (of the monotonic clock), and end it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)

    def said(self) -> list[str]:
        """The lines of its log since its start."""
        with self.log.open("rb") as log:
            log.seek(self._began)
            return log.read().decode(errors="replace").rstrip().splitlines()

    def _last_words(self) -> str:
        said = self.said()
        if said and not any("Traceback" in line for line in said):
            return "\n".join(said)
        ended = f"{self.name} ended at its start (exit code {self.ended()}), see {self.log}"
        return "\n".join([ended, *said[-LAST_WORDS:]])
