"""The ERP in a folder: its database, and the accounting desk that works in it.

Nothing is served: whoever wants something of an ERP opens its database. It is filled before it gets its name,
so that a process that is killed meanwhile leaves none that is half full.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from local.systems.erp.accounting import Accounting
from local.systems.erp.database import Erp
from local.systems.erp.sample import fill

QUIET, TERMS = timedelta(seconds=2), timedelta(seconds=4)
"""On a desk nobody waits for thirty days."""


def path_in(directory: Path, name: str) -> Path:
    """Where the database of an ERP lies."""
    return directory / f"{name}.sqlite"


def opened(directory: Path, name: str, records: int, seed: int) -> Erp:
    """The ERP of this name, made and filled where there is none; of no records, it stays empty."""
    path = path_in(directory, name)
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _make(path, records, seed)
    return Erp(f"sqlite:///{path.absolute()}")


def _make(path: Path, records: int, seed: int) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    erp = Erp(f"sqlite:///{draft.absolute()}")
    erp.create()
    if records:
        fill(erp, records, seed)
    erp.close()
    draft.rename(path)


def on_a_desk(erp: Erp, name: str) -> Accounting:
    return Accounting(erp, QUIET, TERMS, name)
