"""The ERP as a process: a database in a folder, and an accounting desk at work in it until it is stopped.

Nothing is served: whoever wants something of an ERP opens its database. It is filled before it gets its name,
so that a process that is killed meanwhile leaves none that is half full.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from local.systems.erp.accounting import Accounting
from local.systems.erp.database import Erp
from local.systems.erp.sample import fill

QUIET, TERMS = timedelta(seconds=5), timedelta(seconds=15)
"""On a desk nobody waits for thirty days."""

PAUSE = 1.0
"""Seconds between two looks at the orders."""


def opened(directory: Path, name: str, records: int, seed: int) -> Erp:
    """The ERP of this name, made and filled where there is none."""
    path = directory / f"{name}.sqlite"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _make(path, records, seed)
    return Erp(f"sqlite:///{path.absolute()}")


def _make(path: Path, records: int, seed: int) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    erp = Erp(f"sqlite:///{draft.absolute()}")
    erp.create()
    fill(erp, records, seed)
    erp.close()
    draft.rename(path)


def on_a_desk(erp: Erp) -> Accounting:
    return Accounting(erp, QUIET, TERMS)


async def work(accounting: Accounting, stopped: asyncio.Event) -> None:
    """Invoice and collect until told to stop."""
    while not stopped.is_set():
        accounting.invoice()
        accounting.pay()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), PAUSE)
