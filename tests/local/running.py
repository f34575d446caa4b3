"""A local cloud of a test's own: real processes on free ports, stopped by their ids."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

PROJECT = Path(__file__).resolve().parents[2]
PORTS = ("host", "servicebus", "servicebus-admin", "salesforce", "lms")
FREE = [each for name in PORTS for each in (f"--{name}-port", "0")]
SHORT = {"CROSSWALK_PARENT_WAIT": "2", "CROSSWALK_CLAIM": "5", "CROSSWALK_LEASE": "5"}
"""What would keep a test waiting longer than it has to."""
LONG = 100.0
"""Seconds after which a test that waits has failed."""


def local(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """One of the local commands, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "local", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
        cwd=PROJECT,
        env={**os.environ, **SHORT},
    )


def once(*options: Any, data: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """A whole run, and its report."""
    report = data.parent / f"{data.name}-report.json"
    ended = local("up", "--once", "--data", data, "--report", report, *FREE, *options)
    assert ended.returncode == 0, ended.stdout + ended.stderr + logs(data)
    return ended, json.loads(report.read_text())


def logs(data: Path) -> str:
    return "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in (data / "logs").glob("*.log"))


@contextlib.contextmanager
def started(*options: Any, data: Path) -> Iterator[subprocess.Popen[str]]:
    """An `up` that was started, and is stopped at the end if it has not ended before."""
    command = [sys.executable, "-m", "local", "up", "--data", str(data), *FREE, *map(str, options)]
    environment = {**os.environ, **SHORT}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT, env=environment
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=LONG)


@contextlib.contextmanager
def running(*options: Any, data: Path) -> Iterator[Running]:
    with started(*options, data=data) as process:
        until((data / "endpoints.json").exists, process)
        yield Running(process, data)


class Running:
    """An `up` that is ready."""

    def __init__(self, process: subprocess.Popen[str], data: Path) -> None:
        self.process, self.data = process, data

    @property
    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "endpoints.json").read_text())
        return found

    def pids(self) -> dict[str, int]:
        found: dict[str, int] = self.endpoints["processes"]
        return found

    def kill(self, name: str) -> None:
        """As a crash would; returns when another one stands in its place."""
        before = self.pids()[name]
        os.kill(before, signal.SIGKILL)
        until(lambda: self.pids()[name] != before, self.process)

    def records(self, name: str) -> list[dict[str, Any]]:
        """The LMS's, past its API; none while it is away."""
        url = self.endpoints["systems"]["lms"]["url"]
        try:
            answer = httpx.get(f"{url}/_sim/records/{name}").raise_for_status()
        except httpx.TransportError:
            return []
        return [row for row in answer.json()["records"] if not row.get("deleted")]

    def linked(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.records(name) if row["external_id"]]

    def all_there(self, name: str, numbers: Sequence[str]) -> list[str]:
        """The numbers of those rows, as often as there are rows, once each is there."""
        found = [row["number"] for row in self.records(name) if row["number"] in set(numbers)]
        return found if set(found) == set(numbers) else []

    def work(self) -> list[str]:
        """What those mean to do who work in the systems by themselves."""
        url = self.endpoints["systems"]["lms"]["url"]
        left: list[str] = httpx.get(f"{url}/_sim/work").raise_for_status().json()["left"]
        return left

    def pushes(self) -> dict[str, dict[str, Any]]:
        """System → where it pushes to and how many; of those that have an API."""
        urls = {name: each["url"] for name, each in self.endpoints["systems"].items() if "url" in each}
        return {name: httpx.get(f"{url}/_sim/push").raise_for_status().json() for name, url in urls.items()}

    def salesforce(self) -> Org:
        return Org(self.endpoints["systems"]["salesforce"])


class Org:
    """Salesforce, as somebody at work there has it."""

    def __init__(self, system: dict[str, str]) -> None:
        form = {
            "grant_type": "client_credentials",
            **{key: system[key] for key in ("client_id", "client_secret")},
        }
        answer = httpx.post(f"{system['url']}/services/oauth2/token", data=form).raise_for_status()
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self._http = httpx.Client(base_url=f"{system['url']}/services/data/v62.0", headers=bearer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def create(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        records = [{"attributes": {"type": name}, **row} for row in rows]
        answer = self._http.post("/composite/sobjects", json={"allOrNone": True, "records": records})
        assert all(each["success"] for each in answer.raise_for_status().json())


def until(happened: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> Any:
    """Looks until it has happened; what it found."""
    end = time.monotonic() + LONG
    while not (found := happened()):
        assert time.monotonic() < end, "it never happened"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)
    return found


def lives(pid: int) -> bool:
    """Whether the process is there, and not only waiting to be noticed as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
