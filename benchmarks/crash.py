"""`python -m benchmarks.crash`: kills the hub's processes at random moments of a first run, again and again.

    undisturbed   one run of N records: its end state is the measure
    round 1..R    the same records in a new directory; while the first run works, a process is killed with
                  SIGKILL at random moments; it comes back by itself, and the run goes on to its end

Each round must end as the undisturbed run did: the same rows in the LMS (but for its own ids and stamps),
none of them twice, and the same dead letters. Exit code 1 where one does not.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

PORTS = ("host", "servicebus", "servicebus-admin", "salesforce", "lms")
RESOURCES = ("companies", "company-users", "leads")
OWN = ("id", "created_at", "updated_at", "company_id")
"""What the LMS makes itself, in the order in which rows arrive."""
LATEST = 0.7
"""Of the time that the undisturbed run took: later, one that is quicker may have ended."""
LONG = 1800.0
LOOK = 0.02

Rows = dict[str, Counter[str]]
"""Resource → row, without what the LMS made → how many there are of it."""


@dataclass(frozen=True)
class End:
    """How a run ended."""

    converged: bool
    seconds: float
    rows: Rows
    doubled: int
    """Rows that have the external id of another."""
    letters: Counter[tuple[str, str, str]]

    def differs(self, other: End) -> list[str]:
        lines = [] if self.converged else ["it did not settle"]
        lines += [f"{self.doubled} rows twice"] if self.doubled else []
        for name in RESOURCES:
            lines += _differences(name, other.rows[name], self.rows[name])
        return lines + _differences("dead letters", other.letters, self.letters)


def _differences(name: str, wanted: Counter[Any], found: Counter[Any]) -> list[str]:
    missing, surplus = wanted - found, found - wanted
    lines = [f"{name}: {missing.total()} missing"] if missing else []
    lines += [f"{name}: {surplus.total()} too many"] if surplus else []
    return lines + [f"    {row}" for row in [*missing, *surplus][:4]]


def crash(
    records: Annotated[int, typer.Option(help="Sample records in each round.")] = 20_000,
    rounds: Annotated[int, typer.Option(help="Runs that are disturbed.")] = 10,
    kills: Annotated[int, typer.Option(help="Kills in each round.")] = 1,
    victims: Annotated[str, typer.Option(help="Which processes, separated by commas.")] = "host",
    seed: Annotated[int, typer.Option(help="Of the sample and of the moments.")] = 1,
) -> None:
    """Kill, and compare the ends."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="crash-") as scratch:
        measure = run(Path(scratch) / "undisturbed", records, seed, [])
        rows = sum(each.total() for each in measure.rows.values())
        print(
            f"undisturbed: {measure.seconds:.1f} s, {rows} rows, {measure.letters.total()} dead letters",
            flush=True,
        )
        failed = 0
        for number in range(1, rounds + 1):
            moments = sorted(random.uniform(0, LATEST * measure.seconds) for _ in range(kills))
            plan = [(moment, random.choice(victims.split(","))) for moment in moments]
            end = run(Path(scratch) / f"round-{number}", records, seed, plan)
            differences = end.differs(measure)
            failed += bool(differences)
            told = ", ".join(f"{victim} at {moment:.1f} s" for moment, victim in plan)
            how = "as undisturbed" if not differences else "DIFFERENT"
            print(
                f"round {number}: killed {told}; {end.seconds:.1f} s; {how}",
                *differences,
                sep="\n  ",
                flush=True,
            )
    raise typer.Exit(int(failed > 0))


def run(data: Path, records: int, seed: int, plan: Sequence[tuple[float, str]]) -> End:
    """One first run, disturbed as planned."""
    report = data.with_suffix(".json")
    free = [each for name in PORTS for each in (f"--{name}-port", "0")]
    options = ["--records", str(records), "--customers", "0", "--seed", str(seed), "--report", str(report)]
    command = [sys.executable, "-m", "local", "up", "--once", "--data", str(data), *free, *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process, _stopped(process):
        _until((data / "endpoints.json").exists, process)
        began = time.monotonic()
        for moment, victim in plan:
            if not _wait(began + moment, process):
                print(f"  the run had ended before {victim} could be killed at {moment:.1f} s")
                break
            _kill(data, victim)
        process.wait(LONG)
    told = json.loads(report.read_text())
    return End(told["converged"], told["seconds"], *_ended(data))


@contextlib.contextmanager
def _stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """The process gone, whatever happens here."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()


def _until(happened: Any, process: subprocess.Popen[bytes]) -> None:
    while not happened():
        if process.poll() is not None:
            raise SystemExit(f"a run ended before it was ready: exit code {process.returncode}")
        time.sleep(LOOK)


def _wait(moment: float, process: subprocess.Popen[bytes]) -> bool:
    """Until then; false where the run ended before."""
    while time.monotonic() < moment:
        if process.poll() is not None:
            return False
        time.sleep(LOOK)
    return True


def _kill(data: Path, victim: str) -> None:
    """One that is just being started again is killed in that."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        processes = json.loads((data / "endpoints.json").read_text())["processes"]
        os.kill(processes[victim], signal.SIGKILL)


def _ended(data: Path) -> tuple[Rows, int, Counter[tuple[str, str, str]]]:
    """What the directory holds."""
    with contextlib.closing(sqlite3.connect(data / "hub.sqlite")) as store:
        query = "SELECT entity, reason, record FROM dead_letter WHERE closed_at IS NULL"
        letters = Counter(map(tuple, store.execute(query)))
    rows = _lms_rows(data)
    ids = Counter(row["external_id"] for some in rows.values() for row in some if row["external_id"])
    doubled = sum(count - 1 for count in ids.values())
    return {name: Counter(map(_plain, some)) for name, some in rows.items()}, doubled, letters


def _plain(row: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in sorted(row.items()) if name not in OWN})


def _lms_rows(data: Path) -> dict[str, list[dict[str, Any]]]:
    from local.systems.rows import Rows as Stored  # noqa: PLC0415 - beside the counters of the same name

    stored = Stored(data / "systems" / "lms.sqlite")
    try:
        return {name: [dict(row) for row in stored.table(name).values()] for name in RESOURCES}
    finally:
        stored.close()


if __name__ == "__main__":
    typer.run(crash)
