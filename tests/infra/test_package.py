"""The package holds what runs and nothing else; its versions are locked; it starts where nothing else is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from infra import package
from tests.infra.sandbox import PROJECT

MODULE = re.compile(r"(functions|shared)/[\w/]+\.py")
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)(.*)$", re.MULTILINE)
DESK = (
    "local",
    "tests",
    "benchmarks",
    "infra",
    "pytest",
    "hypothesis",
    "starlette",
    "typer",
    "uv",
    "croniter",
)
PLANTED = "s3cr3t-of-nobody"
TOPOLOGY = """
systems: {salesforce: {kind: salesforce}, lms: {kind: lms}}
entities: {account: {key: [number], owner: salesforce}}
flows: [{entity: account, from: salesforce, to: lms}]
"""
SETTINGS = {
    "CROSSWALK_STORE_URL": "sqlite://",
    "SERVICEBUS__fullyQualifiedNamespace": "bus.test",
    "SALESFORCE_URL": "https://org.my.salesforce.test",
    "SALESFORCE_CLIENT_ID": "crosswalk",
    "SALESFORCE_CLIENT_SECRET": PLANTED,
    "LMS_URL": "https://lms.test",
    "LMS_TOKEN": PLANTED,
}
INDEX = f"""
import importlib.util, json, function_app
names = [each.get_function_name() for each in function_app.app.get_functions()]
there = [name for name in {DESK!r} if importlib.util.find_spec(name)]
print(json.dumps([names, there]))
"""


Command = list[str | Path]


def locked() -> dict[str, list[str]]:
    """Distribution → the versions that are locked, of which its marker takes one."""
    found: dict[str, list[str]] = {}
    for name, version, _ in PINNED.findall((PROJECT / package.LOCK).read_text("utf-8")):
        found.setdefault(name.lower(), []).append(version)
    return found


def test_the_package_is_function_app_rooms_kernel_and_their_requirements():
    outside = [name for name in package.contents() if not MODULE.fullmatch(name)]

    assert sorted(name for name in outside if "/" not in name) == [
        "function_app.py",
        "host.json",
        "requirements.txt",
        "topology.yaml",
    ]
    assert [name for name in outside if "/" in name and not name.endswith(".yaml")] == []


def test_the_package_holds_every_file_that_is_kept_of_rooms_and_kernel():
    """A draft of alembic's for new migrations is the only one that does not run."""
    kept = subprocess.run(
        ["git", "ls-files", "functions", "shared"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    there = [name for name in kept if (PROJECT / name).exists()]

    assert {Path(name).name for name in there if name not in package.contents()} == {"script.py.mako"}


def test_the_folder_and_the_zip_are_the_same_each_time(tmp_path: Path):
    package.lay_out(tmp_path / "folder")
    package.lay_out(tmp_path / "folder")
    package.pack(tmp_path / "one.zip")
    package.pack(tmp_path / "two.zip")

    with ZipFile(tmp_path / "one.zip") as packed:
        assert packed.namelist() == [*package.contents()]
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o100644}
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    files = [file for file in (tmp_path / "folder").rglob("*") if file.is_file()]
    assert len(files) == len(package.contents())


def test_every_requirement_is_locked_to_a_version_that_it_allows():
    lines = [
        line for line in (PROJECT / "requirements.txt").read_text("utf-8").splitlines() if line[:1].isalpha()
    ]
    wanted = [Requirement(line) for line in lines]

    assert [
        str(each)
        for each in wanted
        if not locked().get(each.name.lower())
        or not all(map(each.specifier.contains, locked()[each.name.lower()]))
    ] == [], "lock anew: make lock"


def test_everything_that_is_locked_has_hashes_and_no_place_to_come_from():
    text = (PROJECT / package.LOCK).read_text("utf-8")
    entries = re.split(r"\n(?=\S)", text.partition("\n\n")[2] or text)

    assert [
        entry.split("\n")[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry
    ] == []
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


def python(version: str) -> str:
    """A Python of this version on this desk."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    built = [str(each) for each in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for each in (shutil.which(f"python{version}"), *built):
        if each and subprocess.run([each, "-c", ""], check=False, capture_output=True).returncode == 0:
            return each
    pytest.skip(f"there is no Python {version} on this desk")


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_the_package_installs_in_an_empty_environment_and_its_functions_are_found(
    tmp_path: Path, version: str
):
    """The installer is uv, for pip takes a minute; both hold each file against its hash."""
    package.lay_out(tmp_path / "package")
    uv: Command = [sys.executable, "-m", "uv", "--quiet"]
    empty = tmp_path / "empty"
    inside = empty / "bin" / "python"
    requirements = tmp_path / "package" / package.REQUIREMENTS
    subprocess.run([*uv, "venv", "--python", python(version), empty], check=True)
    install: Command = [*uv, "pip", "install", "--require-hashes", "--python", inside]
    subprocess.run([*install, "-r", requirements], check=True)

    names, there = indexed(tmp_path, inside)

    assert {"poll_salesforce", "deliver_lms", "publish_outbox"} <= set(names)
    assert there == []


def indexed(folder: Path, inside: Path) -> tuple[list[str], list[str]]:
    """The functions that the host would find there, and what of the desk is there too."""
    topology = folder / "topology.yaml"
    topology.write_text(TOPOLOGY, "utf-8")
    done = subprocess.run(
        [inside, "-c", INDEX],
        cwd=folder / "package",
        env={"PATH": os.defpath, "CROSSWALK_TOPOLOGY": str(topology), **SETTINGS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert PLANTED not in done.stdout + done.stderr
    names, there = json.loads(done.stdout)
    return names, there
