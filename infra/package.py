"""Builds what is deployed, and only that: a folder for azd, a zip for everybody else.

    python -m infra.package                into build/

function_app.py  host.json  topology.yaml      as they are
functions/  shared/                            modules, and the YAML that they read
requirements.txt                               requirements.lock: exact versions, each with its hashes

The zip is the same for the same files, whenever and wherever it is built. Its packages are installed by Azure
(remote build), which refuses a file that has not the hash of the lock.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

PROJECT = Path(__file__).parent.parent
ROOTS = ("functions", "shared")
SINGLE = ("function_app.py", "host.json", "topology.yaml")
RUNS = frozenset({".py", ".yaml"})
LOCK = "requirements.lock"
REQUIREMENTS = "requirements.txt"
READABLE = 0o100644
"""A plain file that all may read: the host is not who unpacks it."""


def contents() -> dict[str, Path]:
    """Name in the package → the file that it is."""
    inside = {file.relative_to(PROJECT).as_posix(): file for file in _inside()}
    single = {name: PROJECT / name for name in SINGLE}
    return dict(sorted({**inside, **single, REQUIREMENTS: PROJECT / LOCK}.items()))


def _inside() -> Iterator[Path]:
    for root in ROOTS:
        yield from (each for each in (PROJECT / root).rglob("*") if each.is_file() and each.suffix in RUNS)


def lay_out(folder: Path) -> None:
    """The package as a folder; what was there before is gone."""
    if folder.exists():
        shutil.rmtree(folder)
    for name, file in contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / name)


def pack(file: Path) -> None:
    """The package as a zip."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        for name, each in contents().items():
            entry = ZipInfo(name)
            entry.external_attr = READABLE << 16
            packed.writestr(entry, each.read_bytes(), ZIP_DEFLATED)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, default=PROJECT / "build", help="where to build")
    said = parser.parse_args()
    lay_out(said.to / "package")
    pack(said.to / "crosswalk.zip")
    sizes = [file.stat().st_size for file in contents().values()]
    packed = (said.to / "crosswalk.zip").stat().st_size
    print(f"{said.to / 'package'}: {len(sizes)} files, {sum(sizes):,} bytes")  # noqa: T201 - what a command did
    print(f"{said.to / 'crosswalk.zip'}: {packed:,} bytes")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
