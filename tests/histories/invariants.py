"""What must hold when people have stopped, faults have ended and all has settled.

    equal       every system shows golden, in its own normal form
    complete    what a source has, its targets have
    once        no record twice in a target
    deletes     a tombstone ends its rows as the flow's policy says
    real        what stands or lost was somebody's edit, never a shadow of the hub's own writes
    kept        no edit is lost silently: it stands, or was seen by who replaced it, or is a conflict
    shown       snapshots say what systems hold
    tallies     read = created + updated + unchanged + deactivated + dead-lettered + parked + deferred

Wherever one does not hold, an open dead letter has to say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.model.errors import IntegrationError
from shared.model.golden import Cell, Golden, Snapshot, Value
from shared.model.keys import natural_key
from shared.model.merge import Clash
from shared.model.records import DeadLetter, Identity
from shared.model.translation import Translation
from shared.topology import OPERATOR, Delete, Guard
from tests.histories.hands import Values
from tests.histories.history import History
from tests.histories.people import Act, People
from tests.histories.stage import Stage


class Violation(Exception):
    """A rule that did not hold, and where."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"{rule}: {what}")
        self.rule = rule


def check(stage: Stage, people: People, history: History) -> None:
    """Raises Violation where one of the rules does not hold."""
    for entity in stage.topology.entities:
        ending = Ending(stage, people, entity)
        ending.check_sources()
        ending.check_targets()
        ending.check_once()
        ending.check_shown()
        ending.check_edits()
        ending.check_real()
    if history.calm:
        _check_tallies(stage)


class Ending:
    """How things stand for one entity in the end."""

    def __init__(self, stage: Stage, people: People, entity: str) -> None:
        self.stage, self.people, self.entity = stage, people, entity
        self.topology = stage.topology
        self.rows = {system: people.rows(system, entity) for system in stage.hands}
        stage.store.transact_now(self._load)

    def _load(self, tx: Any) -> None:
        natives = {system: [*rows, *self._acted(system)] for system, rows in self.rows.items()}
        self.identities: dict[str, dict[str, Identity]] = {
            system: tx.identities(system, self.entity, natives[system]) for system in self.rows
        }
        ids = {each.id for found in self.identities.values() for each in found.values()}
        self.golden: dict[str, Golden] = tx.golden(self.entity, ids)
        self.snapshots: dict[str, dict[str, Snapshot]] = {
            system: tx.snapshots(system, self.entity, ids) for system in self.rows
        }
        self.parents = {system: self._accounts(tx, system) for system in self.rows}
        parents = tx.golden("account", {each for found in self.parents.values() for each in found.values()})
        merged = ((each.id, each.tombstone.into) for each in parents.values() if each.tombstone)
        self.winners: dict[str, str] = {loser: winner for loser, winner in merged if winner}
        self.ended = {each.id: each.tombstone.system for each in parents.values() if each.tombstone}
        self.clashes: list[tuple[str, Clash]] = tx.conflicts(self.entity)
        self.letters: dict[tuple[str, str], DeadLetter] = {
            (letter.target, letter.record): letter
            for letter in tx.dead_letters()
            if letter.entity == self.entity
        }

    def _room(self, system: str) -> Translation:
        return self.stage.hands[system].translations[self.entity]

    def _values(self, system: str, row: dict[str, Any]) -> Values:
        return self.stage.hands[system].values(self.entity, row)

    def _ended(self, system: str, row: dict[str, Any]) -> bool:
        return bool(self.stage.hands[system].ended(row))

    def _acted(self, system: str) -> list[str]:
        return [
            act.native_id for act in self.people.acts if (act.system, act.entity) == (system, self.entity)
        ]

    def _accounts(self, tx: Any, system: str) -> dict[str, str]:
        """The system's own id of a parent → golden id; some systems forget a row when it is deleted."""
        natives = {*self.stage.hands[system].every("account"), *self._named(system)}
        return {native: each.id for native, each in tx.identities(system, "account", natives).items()}

    def _named(self, system: str) -> set[str]:
        """The parents that somebody ever gave a row of this system."""
        acts = (act for act in self.people.acts if act.system == system)
        named = ((act.after or {}).get(name) for act in acts for name in act.references)
        return {str(native) for native in named if native is not None}

    # Sources

    def check_sources(self) -> None:
        """Every living row of a source is a living golden record, or the hub has said why not."""
        for system in self.rows:
            if not self.topology.flows_from(system, self.entity):
                continue
            for native in self.rows[system]:
                if not self._refused(system, native):
                    self._check_source(system, native)

    def _check_source(self, system: str, native: str) -> None:
        identity = self.identities[system].get(native)
        record = self.golden.get(identity.id) if identity else None
        if record is None:
            raise Violation("complete", f"{system} {native} is unknown to the hub")
        ended = self._ended(system, self.rows[system][native])
        if record.tombstone is not None and not ended and not self._excused(system, record.id):
            raise Violation("deletes", f"{system} {native} lives, {record.id} is a tombstone")
        if record.tombstone is None:
            self._check_equal(system, native, record)

    def _refused(self, system: str, native: str) -> bool:
        return ("hub", f"{system}:{native}") in self.letters

    def _excused(self, system: str, record: str) -> bool:
        """A dead letter says why this record is not right there; or nobody writes there."""
        writable = bool(self.topology.flows_to(system, self.entity))
        return not writable or (system, record) in self.letters

    def _check_equal(self, system: str, native: str, record: Golden) -> None:
        room = self._room(system)
        if (system, record.id) in self.letters:
            return
        values = self._values(system, self.rows[system][native])
        for name, cell in record.fields.items():
            if name not in room.fields:
                continue
            shown = self._resolved(system, name, values.get(name))
            if shown != self._normal(system, name, cell.value):
                raise Violation(
                    "equal", f"{record.id}.{name} is {cell.value!r}, {system} {native} shows {shown!r}"
                )

    def _resolved(self, system: str, name: str, value: Value) -> Value:
        """A reference as a golden id; anything else in the system's own form."""
        if name not in self._room(system).references or value is None:
            return self._normal(system, name, value)
        known = self.parents[system].get(str(value), f"{system}:{value}")
        return self.winners.get(known, known)

    def _normal(self, system: str, name: str, value: Value) -> Value:
        room = self._room(system)
        if name in room.references:
            origin, _, native = str(value).partition(":")
            known = self.parents[origin].get(native, value) if native else value
            return self.winners.get(str(known), known)
        try:
            return room.normal(name, value)
        except IntegrationError:
            return value

    # Targets

    def check_targets(self) -> None:
        for system in self.rows:
            for flow in self.topology.flows_to(system, self.entity)[:1]:
                for record in self.golden.values():
                    if (system, record.id) in self.letters:
                        continue
                    if record.tombstone is None:
                        self._check_there(system, record)
                    else:
                        self._check_ended(system, record, flow.delete)

    def _check_there(self, system: str, record: Golden) -> None:
        snapshot = self.snapshots[system].get(record.id)
        native = snapshot.native_id if snapshot else None
        if native is None or native not in self.rows[system]:
            if (native and self._refused(system, native)) or self._lost(system, record):
                return
            if self._of_the_dead(system, record):
                return
            raise Violation("complete", f"{record.id} is missing in {system}")
        if not self._refused(system, native):
            self._check_equal(system, native, record)

    def _of_the_dead(self, system: str, record: Golden) -> bool:
        """Its parent is deleted; some systems delete the children with it."""
        named = (record.fields.get(name) for name in self._room(system).references)
        return any(cell is not None and cell.value in self.ended for cell in named)

    def _lost(self, system: str, record: Golden) -> bool:
        """The row was deleted in a system that is no source: a person was asked."""
        asked = [
            each for (target, each), letter in self.letters.items() if letter.reason == "DeletedInTarget"
        ]
        return bool(asked) and not self.topology.flows_from(system, self.entity) and bool(record)

    def _check_ended(self, system: str, record: Golden, policy: Delete) -> None:
        snapshot = self.snapshots[system].get(record.id)
        row = self.rows[system].get((snapshot.native_id if snapshot else None) or "")
        if row is None or policy is Delete.IGNORE:
            return
        merged = record.tombstone is not None and record.tombstone.into is not None
        if policy is Delete.PROPAGATE and not merged:
            raise Violation("deletes", f"{record.id} is deleted and lives on in {system}")
        if self.stage.hands[system].ended(row) is False:
            raise Violation("deletes", f"{record.id} is deleted and active in {system}")

    # Once

    def check_once(self) -> None:
        for system in self.rows:
            if self.topology.flows_to(system, self.entity):
                self._check_external_ids(system)
                self._check_keys(system)

    def _check_external_ids(self, system: str) -> None:
        carried = [self.stage.hands[system].hub_id(row) for row in self.rows[system].values()]
        carried = [each for each in carried if each]
        if len(carried) != len(set(carried)):
            raise Violation("once", f"{system} has a {self.entity} twice by external id")

    def _check_keys(self, system: str) -> None:
        bearers = dict[str, str]()
        for native, row in self.rows[system].items():
            key = natural_key(self.topology.entities[self.entity].key, self._values(system, row))
            if key is None or self._ended(system, row):
                continue
            other = bearers.setdefault(key, native)
            if other != native and not (self._said(system, other) or self._said(system, native)):
                raise Violation("once", f"{system} has the key {key} twice: {other}, {native}")

    def _said(self, system: str, native: str) -> bool:
        identity = self.identities[system].get(native)
        return self._refused(system, native) or bool(identity and (system, identity.id) in self.letters)

    # Snapshots

    def check_shown(self) -> None:
        """What the hub believes of a system that it polls is so."""
        for system in self.rows:
            if self.entity in self.topology.polled(system):
                for record, snapshot in self.snapshots[system].items():
                    self._check_snapshot(system, record, snapshot)

    def _check_snapshot(self, system: str, record: str, snapshot: Snapshot) -> None:
        row = self.rows[system].get(snapshot.native_id or "")
        if row is None or not snapshot.seen or self._refused(system, str(snapshot.native_id)):
            return
        values = self._values(system, row)
        for name, value in values.items():
            cell = snapshot.fields.get(name)
            shown = self._normal(system, name, cell.value) if cell else None
            if shown != self._resolved(system, name, value):
                raise Violation("shown", f"{system} {record}.{name} shows {value!r}, the hub says {shown!r}")

    # Edits

    def check_edits(self) -> None:
        acts = [act for act in self.people.acts if act.entity == self.entity and self._counts(act)]
        for act in acts:
            for name, value in act.edits():
                if not self._stands(act, name, value):
                    raise Violation(
                        "kept", f"{act.system} {act.native_id}.{name} = {value!r} (act {act.number}) is lost"
                    )

    def _counts(self, act: Act) -> bool:
        """Where the hub does not poll, or writes without a guard, nobody said that edits are kept."""
        if self.entity not in self.topology.polled(act.system):
            return False
        return all(flow.guard is not Guard.NONE for flow in self.topology.flows_to(act.system, self.entity))

    def _stands(self, act: Act, name: str, value: Value) -> bool:
        if self._refused(act.system, act.native_id) or self._swept_away(act):
            return True
        ways = (self._final, self._disputed, self._known, self._joined, self._put_back)
        return any(way(act, name, value) for way in ways)

    def _swept_away(self, act: Act) -> bool:
        """Where a parent is deleted, some systems delete its children too, whether or not whoever deleted it
        elsewhere had been shown them.
        """
        if act.native_id in self.rows[act.system]:
            return False
        references = self._room(act.system).references
        parents = (self.parents[act.system].get(str((act.after or {}).get(name))) for name in references)
        return any(self.ended.get(parent or "", act.system) != act.system for parent in parents)

    def _final(self, act: Act, name: str, value: Value) -> bool:
        identity = self.identities[act.system].get(act.native_id)
        record = self.golden.get(identity.id) if identity else None
        if record is None or record.tombstone is not None:
            return False
        cell = record.fields.get(name)
        return cell is not None and self._same(act.system, name, cell.value, value)

    def _disputed(self, act: Act, name: str, value: Value) -> bool:
        return any(
            clash.field == name and self._same(act.system, name, cell.value, value)
            for _, clash in self.clashes
            for cell in (clash.kept, clash.lost)
        )

    def _known(self, act: Act, name: str, value: Value) -> bool:
        """A later act was done by somebody who saw it."""
        later = (each for each in self.people.acts[act.number + 1 :] if each.entity == self.entity)
        return any(self._replaced(each, name, value) for each in later)

    def _joined(self, act: Act, name: str, value: Value) -> bool:
        """A row that was found to be a record by its key says what that record said when they met. Who had
        replaced it in a row of the same record, and was polled only then, had seen it there.
        """
        if act.before is not None:
            return False
        here = self._record(act)
        earlier = (each for each in self.people.acts[: act.number] if each.entity == self.entity)
        return here is not None and any(
            self._record(each) == here and self._replaced(each, name, value) for each in earlier
        )

    def _put_back(self, act: Act, name: str, value: Value) -> bool:
        """The record is deleted, and the field was set back to what it had been before the last edit of it in
        the same row: between two polls nobody can see that.
        """
        record = self.golden.get(self._record(act) or "")
        if record is None or record.tombstone is None:
            return False
        row = (act.system, act.entity, act.native_id)
        earlier = (each for each in reversed(self.people.acts[: act.number]) if name in dict(each.edits()))
        last = next((each for each in earlier if (each.system, each.entity, each.native_id) == row), None)
        return last is not None and self._replaced(last, name, value)

    def _record(self, act: Act) -> str | None:
        identity = self.identities[act.system].get(act.native_id)
        return identity.id if identity else None

    def _replaced(self, act: Act, name: str, value: Value) -> bool:
        """Somebody saw this value there, and left another or nothing."""
        before = act.before or {}
        left = name in before and self._same(act.system, name, before[name], value)
        return left and (act.after is None or act.after.get(name) != before[name])

    def check_real(self) -> None:
        """Nobody's edit is made up: each cell that lost or won was put there by a person, in its system."""
        for record, clash in self.clashes:
            for cell in (clash.kept, clash.lost):
                dead = self.golden.get(record)
                if not self._was_made(clash.field, cell) and (dead is None or dead.tombstone is None):
                    raise Violation("real", f"{record}.{clash.field} = {cell} was nobody's edit")

    def _was_made(self, name: str, cell: Cell) -> bool:
        if cell.system == OPERATOR or name in self._room(cell.system).references:
            return True
        acts = (act for act in self.people.acts if (act.system, act.entity) == (cell.system, self.entity))
        return any((name, cell.value) in act.edits() or _empty(act, name, cell.value) for act in acts)

    def _same(self, system: str, name: str, one: Value, other: Value) -> bool:
        return self._normal(system, name, one) == self._normal(system, name, other)


def _empty(act: Act, name: str, value: Value) -> bool:
    """A field that was left empty when its row was made."""
    return value is None and act.before is None and (act.after or {}).get(name) is None


def _check_tallies(stage: Stage) -> None:
    for flow, tally in stage.world.tallies().items():
        if flow[1] != flow[2]:
            _check_tally(flow, tally)


def _check_tally(flow: tuple[str, str, str], tally: Mapping[str, int]) -> None:
    ends = ("created", "updated", "unchanged", "deactivated", "dead_lettered", "parked", "deferred")
    if tally.get("read", 0) != sum(tally.get(name, 0) for name in ends):
        raise Violation("tallies", f"{flow}: {dict(tally)}")
