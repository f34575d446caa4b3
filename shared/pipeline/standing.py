"""Where the calls of each system stand, for people: what is used, what is deferred and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.adapters.store.transaction import Transaction
from shared.model.budget import DAY, Deferral, Gauge
from shared.pipeline import budget
from shared.pipeline.allowance import books_of
from shared.pipeline.budget import Course
from shared.priority import Priority
from shared.topology import Topology


@dataclass(frozen=True, slots=True)
class Standing:
    """One system: calls that are allowed, that count now, that are left to people, and of each class."""

    system: str
    limit: int
    used: int
    reserve: int
    others: int
    calls: Mapping[Priority, int]
    courses: Mapping[Priority, Course]
    reopens: Mapping[Priority, int]
    """When a class that is closed may go on."""
    deferrals: tuple[Deferral, ...]
    waiting: int
    """Records that have come to the system's door and wait for calls."""
    read_at: int


def standings(tx: Transaction, topology: Topology, now: int) -> list[Standing]:
    """Of each system that says its limit, or for which the topology names one."""
    deferrals, tallies = tx.deferrals(), tx.tallies()
    found = []
    for system, how in topology.systems.items():
        gauge = tx.gauge(system) or Gauge(system, 0, 0, DAY, 0, 0)
        if how.budget.kept and (gauge.allowed or gauge.held_until or how.budget.limit):
            waiting = sum(n.get("deferred", 0) for (_, _, target), n in tallies.items() if target == system)
            found.append(_standing(tx, topology, gauge, tuple(deferrals), waiting, now))
    return found


def _standing(
    tx: Transaction, topology: Topology, gauge: Gauge, every: tuple[Deferral, ...], waiting: int, now: int
) -> Standing:
    books = books_of(tx, gauge, topology.systems[gauge.system].budget, now)
    courses = {priority: budget.course(books, priority, now) for priority in Priority}
    return Standing(
        gauge.system,
        books.limit,
        round(books.used(now)),
        round(books.limit - books.budget),
        books.others,
        {priority: round(books.ours(now, priority)) for priority in Priority},
        courses,
        {each: budget.reopens(books, each, now) for each, course in courses.items() if course.closed},
        tuple(
            each
            for each in every
            if each.system == gauge.system and each.since and not courses[Priority(each.priority)].ordinary
        ),
        waiting,
        gauge.read_at,
    )
