"""Merging one row of a system into a golden record.

For each field that the row carries:

    equals what the snapshot shows       nothing happened
    equals golden in the normal form     an echo: the snapshot now shows golden's cell
    first sight of a linked row          adoption: fills what is empty; what differs is a conflict
    anything else                        an edit: a cell, stamped after the one that the editor saw

An edit's cell and golden's meet under the field's rule (`FieldRule`), and one stays. Where the one that goes
is not the base of the one that stays, one of two people did not know of the other: a conflict, kept for the
record. So an edit that loses always is one.

Where a person is to say, both stay: golden as it is, the edit in its own system. That is an open conflict;
while it is, every other edit of the field joins it, whatever its editor knew, and an edit that makes the
system show golden's value again takes back what that system had to say.

The merge is a pure function; `overruled` names the fields in which the source does not hold golden's value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from msgspec import Struct, field

from shared.model.golden import Arbiter, Cell, FieldRule, Fields, Value

TICK = 1
ADOPTION = "adoption"
DELETE = "delete"
"""Why a value lost that met no edit: its row was seen for the first time, or its record was deleted."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Two cells of one field, neither made in knowledge of the other, and by what policy one was kept."""

    field: str
    kept: Cell
    lost: Cell
    policy: str = Arbiter.NEWEST.value

    @property
    def open(self) -> bool:
        """Nothing has lost yet: a person is to say."""
        return self.policy == Arbiter.ASK


class Merged(Struct):
    """What came of a row: the new golden fields and snapshot, and what to tell whom."""

    golden: Fields
    shown: Fields
    changed: list[str] = field(default_factory=list)
    overruled: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    agreed: list[str] = field(default_factory=list)
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """Merges rows of one entity as `system` shows them."""

    system: str
    rules: Mapping[str, FieldRule]
    normal: Callable[[str, Value], Value]

    def new(self, values: Mapping[str, Value], stamp: int) -> Merged:
        """The first row of a record that nobody had."""
        cells = {name: Cell(value, stamp, self.system) for name, value in values.items()}
        return Merged(cells, dict(cells), changed=list(cells), touched=True)

    def edit(
        self,
        golden: Fields,
        shown: Fields,
        values: Mapping[str, Value],
        stamp: int,
        disputed: Collection[str] = (),
    ) -> Merged:
        """A row of a record whose snapshot we hold; conflicts of the `disputed` fields are open."""
        merged = Merged(golden, shown)
        for name, value in values.items():
            base = shown.get(name)
            if base is not None and base[0] == value and type(base[0]) is type(value):
                continue
            self._own(merged)
            if self._echo(merged, name, value):
                merged.agreed.append(name)
            else:
                self._meet(merged, name, value, stamp, base, disputed)
        return merged

    def adopt(self, golden: Fields, values: Mapping[str, Value], stamp: int) -> Merged:
        """The first sight of a row that was linked to a record of other systems."""
        merged = Merged(dict(golden), {}, touched=True)
        for name, value in values.items():
            if self._echo(merged, name, value):
                continue
            theirs = golden.get(name)
            if self._may_fill(name, theirs):
                filled = theirs if theirs is not None and theirs.value is None else None
                self._meet(merged, name, value, stamp, filled)
            else:
                self._yield(merged, name, Cell(value, stamp, self.system))
        return merged

    def _own(self, merged: Merged) -> None:
        if not merged.touched:
            merged.golden, merged.shown, merged.touched = dict(merged.golden), dict(merged.shown), True

    def _echo(self, merged: Merged, name: str, value: Value) -> bool:
        cell = merged.golden.get(name)
        if cell is None or self._normal(name, cell.value) != value:
            return False
        merged.shown[name] = Cell(value, cell.stamp, cell.system)
        return True

    def _normal(self, name: str, value: Value) -> Value:
        return value if value is None else self.normal(name, value)

    def _may_fill(self, name: str, cell: Cell | None) -> bool:
        if cell is None:
            return True
        rule = self.rules[name]
        return self.system == rule.owner or (
            cell.value is None and rule.say(self.system) >= rule.say(cell.system)
        )

    def _meet(
        self,
        merged: Merged,
        name: str,
        value: Value,
        stamp: int,
        base: Cell | None,
        disputed: Collection[str] = (),
    ) -> None:
        mine = Cell(value, max(stamp, base.stamp + TICK) if base else stamp, self.system)
        theirs = merged.golden.get(name)
        merged.shown[name] = mine
        if theirs is None:
            merged.golden[name] = mine
            merged.changed.append(name)
            return
        known = name not in disputed and _same(base, theirs)
        rule = self.rules[name]
        kept = rule.meet(mine, theirs, known=known)
        if kept is not mine or not known:
            merged.clashes.append(_clash(name, rule, kept or theirs, theirs if kept is mine else mine))
        if kept is mine:
            merged.golden[name] = mine
            merged.changed.append(name)
        elif kept is theirs:
            merged.overruled.append(name)

    def _yield(self, merged: Merged, name: str, mine: Cell) -> None:
        theirs = merged.golden[name]
        merged.shown[name] = mine
        merged.clashes.append(Clash(name, theirs, mine, ADOPTION))
        merged.overruled.append(name)


def _clash(name: str, rule: FieldRule, kept: Cell, lost: Cell) -> Clash:
    return Clash(name, kept, lost, rule.why(kept, lost))


def _same(base: Cell | None, cell: Cell) -> bool:
    """Whether who saw `base` knew of `cell`: it is that cell, or says the same."""
    return base is not None and (base[1:] == cell[1:] or base.value == cell.value)
