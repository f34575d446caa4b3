"""What was asked for on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.up.directory import Directory


@dataclass(frozen=True)
class Content:
    """What the simulated systems are filled with, the first time."""

    records: int
    seed: int
    accounts: Path | None = None
    contacts: Path | None = None
    lms_rate: int = 6000
    customers: int = 200
    """Of the company that works in Dataverse and the ERP."""

    def options(self) -> list[str]:
        options = ["--records", str(self.records), "--customers", str(self.customers)]
        options += ["--seed", str(self.seed), "--lms-rate", str(self.lms_rate)]
        for name, path in (("--accounts", self.accounts), ("--contacts", self.contacts)):
            options += [name, str(path)] if path else []
        return options


@dataclass(frozen=True)
class Options:
    directory: Directory
    topology: Path
    content: Content
    ports: Mapping[str, int | None]
    fresh: bool
    once: bool
    report: Path | None
    patience: float
    push: bool = False
    """Whether the simulated systems push; what is polled is polled in any case."""
