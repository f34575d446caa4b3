"""Plays seeds, and tells the story of one that fails."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace

from tests.histories.history import History, written
from tests.histories.play import play
from tests.histories.shrink import shrunk


@dataclass(frozen=True, slots=True)
class Failure:
    """`rule` is what was violated, or the kind and place of an exception that nobody expected."""

    rule: str
    what: str


def failure(history: History) -> Failure | None:
    """What went wrong in a history, if anything did; an exception of ours counts as well."""
    try:
        violation = play(history)
    except Exception as error:  # noqa: BLE001 - whatever the hub raises in a history is a finding
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Failure(f"{type(error).__name__} in {last.name}", "".join(traceback.format_exception(error)))
    return Failure(violation.rule, str(violation)) if violation else None


def story(seed: int, company: str = "first", *, pushes: bool = False) -> str | None:
    """The shortest failing form of this seed's history, readable; None where all is well."""
    history = written(seed, company)
    history = replace(history, setting=replace(history.setting, pushes=pushes))
    found = failure(history)
    if found is None:
        return None
    rule = found.rule

    def fails(shorter: History) -> bool:
        again = failure(shorter)
        return again is not None and again.rule == rule

    short = shrunk(history, fails)
    return f"{short.told()}\n=> {failure(short) or found}"
