"""The README's examples do what it says: a new field, tried on a copy of the project, and a second LMS."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from functions.lms.connection import connect
from shared.topology_file import parse
from tests.docs.pages import PROJECT, blocks

NEEDED = (
    "shared",
    "functions",
    "local",
    "tests/flows",
    "tests/world.py",
    "tests/erps.py",
    "tests/stores.py",
    "tests/__init__.py",
    "topology.yaml",
)
TRIED = """
import asyncio
from tests.flows.office import ACME, ADA, office

async def tried():
    here = office()
    account = here.sales.create("Account", **ACME)
    here.sales.create("Contact", AccountId=account, Department="Engines", **ADA)
    await here.settle()
    print(here.school.user("ada@acme.example")["department"])
    await here.world.close()

asyncio.run(tried())
"""


def test_a_new_field_goes_from_salesforce_to_the_lms(tmp_path: Path):
    for name in NEEDED:
        _copy(PROJECT / name, tmp_path / name)
    for block in blocks("diff", page=PROJECT / "README.md"):
        for path, before, added in _additions(block.text):
            _insert(tmp_path / path, before, added)

    run = subprocess.run(
        [sys.executable, "-c", TRIED], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )

    assert (run.stdout, run.returncode) == ("Engines\n", 0), run.stderr


def test_a_second_system_of_a_kind_is_connected_by_settings_of_its_name():
    (file,) = blocks("yaml", page=PROJECT / "README.md")
    (values,) = blocks("ini", page=PROJECT / "README.md")
    environment = dict(line.split("=", 1) for line in values.text.splitlines())

    connection = connect("academy", environment=environment, transport=None, clock=int, random=Random(1))

    assert parse(file.text).systems_of("lms") == ["lms", "academy"]
    assert connection.system == "academy"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _additions(diff: str) -> Iterator[tuple[str, str, str]]:
    """(File, the line before, the line that is added)."""
    path = before = ""
    for line in diff.splitlines():
        if line.startswith("--- "):
            path = line.removeprefix("--- ")
        elif line.startswith("+"):
            yield path, before, line[1:]
        else:
            before = line[1:]


def _insert(file: Path, before: str, added: str) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert lines.count(before) == 1, f"{file.name}: not once: {before}"
    lines.insert(lines.index(before) + 1, added)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
