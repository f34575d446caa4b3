"""Whence a system is reached: along flows of one entity, however many follow one another.

    erp -> crm -> partner     partner is reached from erp and from crm
    salesforce -> lms         lms from salesforce alone: the two groups never hear of each other

A system is never reached from itself: its own changes come back only where they are addressed to it.
"""

from __future__ import annotations

from collections.abc import Iterable

Arrow = tuple[str, str]
"""From one system to another."""


def sources(arrows: Iterable[Arrow], target: str) -> frozenset[str]:
    """The systems whose records reach the target."""
    known = frozenset(arrows)
    found: frozenset[str] = frozenset()
    fresh = frozenset({target})
    while fresh:
        fresh = frozenset(start for start, end in known if end in fresh) - found
        found |= fresh
    return found - {target}


def joined(arrows: Iterable[Arrow], system: str) -> frozenset[str]:
    """All that are joined with this system by arrows of whatever direction; itself too."""
    both = [pair for start, end in arrows for pair in ((start, end), (end, start))]
    return sources(both, system) | {system}
