"""Whether a flow brings a record that its target does not have: on which terms, and whose records.

Pure. What is in the target already is no question: its changes travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.model.golden import Golden, Value
from shared.terms import Recent
from shared.topology import Flow, Topology

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Admission:
    """The terms of one entity in one target. `sources` are the systems whence the target is reached."""

    flow: Flow
    sources: frozenset[str]

    @classmethod
    def of(cls, topology: Topology, target: str, entity: str) -> Admission:
        """Of an entity that flows there."""
        return cls(topology.flows_to(target, entity)[0], frozenset(topology.reach(target, entity)))

    def reached(self, record: Golden) -> bool:
        """A system whence the target is reached has a part in the record; others' records are none of its."""
        return any(cell.system in self.sources for cell in record.fields.values())

    def admits(self, record: Golden, now: int) -> bool:
        """The record is to be brought, if it is not there."""
        among = self._among(record) and not self._excepted(record)
        return self.reached(record) and among and self._young(record, now)

    def _among(self, record: Golden) -> bool:
        """Each field of `only` has one of its values, in whatever case, as choices are read."""
        return all(
            _folded(_value(record, name)) in map(_folded, values) for name, values in self.flow.only.items()
        )

    def _excepted(self, record: Golden) -> bool:
        """A field of `except` has one of its values."""
        return any(
            _folded(_value(record, name)) in map(_folded, values)
            for name, values in self.flow.excepted.items()
        )

    def _young(self, record: Golden, now: int) -> bool:
        recent = self.flow.recent
        if recent is None:
            return True
        if recent.field is not None:
            return _since(recent, now) <= str(_value(record, recent.field) or "")
        return max(cell.stamp for cell in record.fields.values()) >= now - recent.within * SECOND


def _value(record: Golden, field: str) -> Value:
    cell = record.fields.get(field)
    return cell.value if cell else None


def _folded(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value


def _since(recent: Recent, now: int) -> str:
    """The earliest day that is recent."""
    earliest = datetime.fromtimestamp(now / SECOND, UTC) - timedelta(seconds=recent.within)
    return earliest.date().isoformat()
