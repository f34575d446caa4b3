"""A copy of the templates that a test may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.check import environments
from infra.check.faults import Fault

PROJECT = Path(__file__).parents[2]
INFRA = PROJECT / "infra"


@dataclass(frozen=True)
class Sandbox:
    """The copy, with the topology beside it."""

    folder: Path

    def spoil(self, file: str, old: str, new: str) -> int:
        """Put one text in the place of another, which stands there once; the line of it."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), "utf-8")
        return text.count("\n", 0, text.index(old)) + 1

    def check(self) -> list[Fault]:
        return environments.check(self.folder)


def copied(to: Path) -> Sandbox:
    shutil.copytree(INFRA, to / "infra", ignore=shutil.ignore_patterns("*.py", "check", "__pycache__"))
    shutil.copy(PROJECT / "topology.yaml", to / "topology.yaml")
    return Sandbox(to / "infra")


Spoil = Callable[..., int]
