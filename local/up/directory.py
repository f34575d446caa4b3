"""One data directory: everything that the local cloud remembers, and whose it is at the moment.

DIR/crosswalk.json     marks the directory as ours: without it, nothing here is ever deleted
DIR/lock               held while an `up` or a `prelink` runs
DIR/endpoints.json     the addresses, while it runs
DIR/push.json          what each system proves itself with when it pushes
DIR/hub.sqlite         the hub's store
DIR/systems/           the simulated systems' rows and credentials
DIR/servicebus/        messages; servicebus.json is what the bus was configured with
DIR/logs/  DIR/ready/  what each process said, and that it is ready
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MARKER = "crosswalk.json"
LOCK = "lock"
FOLDERS = ("systems", "servicebus", "logs", "ready")
FILES = ("hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm", "endpoints.json", "push.json", "servicebus.json")


class BadDirectory(Exception):
    """It cannot be used, and what to do about it."""


@dataclass(frozen=True)
class Directory:
    path: Path

    @property
    def store(self) -> Path:
        return self.path / "hub.sqlite"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.store}"

    @property
    def systems(self) -> Path:
        return self.path / "systems"

    @property
    def servicebus(self) -> Path:
        return self.path / "servicebus"

    @property
    def bus_configuration(self) -> Path:
        return self.path / "servicebus.json"

    @property
    def endpoints(self) -> Path:
        return self.path / "endpoints.json"

    @property
    def doors(self) -> Path:
        return self.path / "push.json"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def ready(self, name: str) -> Path:
        return self.path / "ready" / f"{name}.json"

    @contextmanager
    def held(self, *, fresh: bool = False) -> Iterator[None]:
        """Ours alone, until the end. Raises BadDirectory where it is not to be had."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._mark()
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BadDirectory(f"{self.path}: cannot be used: {error.strerror}") from None
        try:
            self._take(lock)
            if fresh:
                self._clear()
            self._lay_out()
            yield
        finally:
            os.close(lock)

    def in_use(self) -> bool:
        """Whether an `up` runs on it."""
        try:
            lock = os.open(self.path / LOCK, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(lock)

    def _mark(self) -> None:
        if (self.path / MARKER).exists():
            return
        strange = [name for name in (*FOLDERS, *FILES) if (self.path / name).exists()]
        if strange and strange != ["systems"]:  # which `python -m local systems` may have filled before
            raise BadDirectory(
                f"{self.path} has {strange[0]!r}, and was not made by this command: name another directory"
            )
        (self.path / MARKER).write_text(json.dumps({"made by": "python -m local up"}) + "\n")

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode() or "unknown"
            raise BadDirectory(
                f"{self.path} is in use by another local cloud (process {holder}): stop that one, "
                "or name another directory with --data"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)

    def _clear(self) -> None:
        for name in FOLDERS:
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in FILES:
            (self.path / name).unlink(missing_ok=True)

    def _lay_out(self) -> None:
        for name in FOLDERS:
            (self.path / name).mkdir(exist_ok=True, mode=0o700)
        self.endpoints.unlink(missing_ok=True)
