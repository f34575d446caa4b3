"""People at work in a system, and a record of what each saw when they wrote.

act     what somebody did to one row: the row before and after, as canonical values
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.model.golden import Value
from tests.histories.hands import Hands, Values
from tests.histories.stage import Stage


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: `before` is what they saw; `after` is None where the row went away."""

    number: int
    system: str
    entity: str
    native_id: str
    before: Values | None
    after: Values | None
    references: frozenset[str] = frozenset()

    def edits(self) -> list[tuple[str, Value]]:
        """The fields that were given another value, references aside."""
        after, before = self.after or {}, self.before or {}
        plain = (name for name in after if name not in self.references)
        return [(name, after[name]) for name in plain if after[name] != before.get(name)]


@dataclass
class People:
    """All who work in the systems of a stage. A label names a row by who made it, whatever its ids are."""

    stage: Stage
    acts: list[Act] = field(default_factory=list)
    labels: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    # What they do; each says whether the system let them

    def create(self, system: str, entity: str, label: str, values: Values, parent: str | None) -> bool:
        native = self._hands(system).create(entity, values, self.native(system, parent))
        if native is None:
            return False
        self.labels[label] = (system, entity, native)
        self._note(system, entity, native, None)
        return True

    def edit(
        self, system: str, entity: str, label: str, values: Values, parent: str | None, late: float = 0.0
    ) -> bool:
        native = self.native(system, label)
        before = self.seen(system, entity, native)
        if native is None or before is None:
            return False
        done = self._hands(system).edit(entity, native, values, self.native(system, parent), late)
        self._note(system, entity, native, before)
        return done

    def delete(self, system: str, entity: str, label: str) -> bool:
        native = self.native(system, label)
        if native is None:
            return False
        rows = self._hands(system).affected(entity, native)
        before = {each: self.seen(system, kind, each) for kind, each in rows}
        done = self._hands(system).delete(entity, native)
        for kind, each in rows if done else []:
            self._note(system, kind, each, before[each])
        return done

    def merge(self, system: str, entity: str, winner: str, loser: str) -> bool:
        """Of two rows of one system, where it knows such a thing."""
        kept, lost = self.native(system, winner), self.native(system, loser)
        before = self.seen(system, entity, lost)
        if kept is None or lost is None or before is None or kept == lost:
            return False
        done = self._hands(system).merge(entity, kept, lost)
        if done:
            self._note(system, entity, lost, before)
        return done

    # What they see

    def native(self, system: str, label: str | None) -> str | None:
        """The row in this system that belongs to what was made under this label."""
        made = self.labels.get(label or "")
        if made is None:
            return None
        origin, entity, native = made
        if origin == system:
            return native
        return self.stage.store.transact_now(
            lambda tx: next(
                (
                    found
                    for identity in tx.identities(origin, entity, [native]).values()
                    for found in tx.natives(system, entity, [identity.id]).values()
                ),
                None,
            )
        )

    def seen(self, system: str, entity: str, native: str | None) -> Values | None:
        """The living row, as canonical values; references are that system's own ids."""
        row = self.row(system, entity, native)
        return None if row is None else self._hands(system).values(entity, row)

    def row(self, system: str, entity: str, native: str | None) -> dict[str, Any] | None:
        rows = self.rows(system, entity)
        return rows.get(native) if native else None

    def rows(self, system: str, entity: str) -> dict[str, dict[str, Any]]:
        """The living rows by their ids."""
        return self._hands(system).rows(entity)

    # How they do it

    def _hands(self, system: str) -> Hands:
        return self.stage.hands[system]

    def _note(self, system: str, entity: str, native: str, before: Values | None) -> None:
        after = self.seen(system, entity, native)
        references = frozenset(self._hands(system).translations[entity].references)
        self.acts.append(Act(len(self.acts), system, entity, native, before, after, references))
