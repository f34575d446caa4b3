"""What a target must be told of one record: golden, in the target's normal form, against its snapshot.

Pure: it decides with values, and delivery acts. What it decides is one of

    Unchanged        nothing to do                      Later    another handler is writing this record
    Look, Search     the target must be asked first     Write    the fields that differ, and no others
    Outside          the flow does not bring it         Orphaned its parent is not there: left out until it is
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from shared.model.change import Verb, Write
from shared.model.errors import NotYet, Rejected, Untranslatable
from shared.model.golden import Cell, Fields, Golden, Snapshot, Value
from shared.pipeline.admission import Admission
from shared.pipeline.parents import Parents
from shared.pipeline.ports import Translation
from shared.topology import Delete, Flow, Guard, MissingParent

UNSTABLE = 3
"""After so many writes of one value that each became the same other, a field is a question for a person.

People who change a field again and again do not trip it, for what they set differs from time to time.
"""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The target shows what golden says."""


@dataclass(frozen=True, slots=True)
class Unmade:
    """A create of unknown end made nothing, and its record is deleted: the claim is given up."""


@dataclass(frozen=True, slots=True)
class Later:
    """Claimed until then (microseconds)."""

    due: int


@dataclass(frozen=True, slots=True)
class Look:
    """Read the row first: unseen yet, its last write has an unknown end, or the flow guards it."""

    native_id: str


@dataclass(frozen=True, slots=True)
class Search:
    """Look for a row with this natural key (or this record's id) before making one."""

    key: Mapping[str, Value]


class Projected(Struct, frozen=True):
    """A write, with the cells that it claims."""

    write: Write
    cells: Fields


@dataclass(frozen=True, slots=True)
class Outside:
    """The target does not have it, and the flow's terms do not bring it."""


@dataclass(frozen=True, slots=True)
class Orphaned:
    """Its parent is not in the target, and the flow waits for that without a word."""


Decision = Unchanged | Unmade | Outside | Orphaned | Later | Look | Search | Projected


class LeftOutError(Exception):
    """A reference leads to a parent that is not there yet."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Projects records of one entity to one target."""

    admission: Admission
    translation: Translation
    key: tuple[str, ...]

    @property
    def flow(self) -> Flow:
        return self.admission.flow

    def decide(
        self,
        record: Golden,
        snapshot: Snapshot | None,
        parents: Parents,
        now: int,
        *,
        asked: bool,
        brought: bool = False,
    ) -> Decision:
        """What is to be done; `asked` when the target was just looked at or searched for this record,
        `brought` when a child needs it there, whatever the flow's terms.

        Raises Untranslatable, NotYet, or Rejected where the record cannot be written.
        """
        if snapshot is None and record.tombstone is None and not self._welcome(record, now, brought=brought):
            return Outside()
        if self.flow.once and snapshot is not None and record.tombstone is None and _given(snapshot):
            return Unchanged()
        try:
            return self._decide(record, snapshot, parents, now, asked=asked)
        except LeftOutError:
            return Orphaned()

    def _welcome(self, record: Golden, now: int, *, brought: bool) -> bool:
        return self.admission.reached(record) if brought else self.admission.admits(record, now)

    def _decide(
        self, record: Golden, snapshot: Snapshot | None, parents: Parents, now: int, *, asked: bool
    ) -> Decision:
        if snapshot and snapshot.pending is not None and snapshot.pending_until > now:
            return Later(snapshot.pending_until)
        if record.tombstone is not None:
            return self._end(record, snapshot, asked=asked)
        if snapshot is None or snapshot.native_id is None:
            return self._begin(record, snapshot, parents, asked=asked)
        if not asked and (not snapshot.seen or snapshot.pending is not None):
            return Look(snapshot.native_id)
        return self._differ(record, snapshot, parents, asked=asked)

    def _end(self, record: Golden, snapshot: Snapshot | None, *, asked: bool) -> Decision:
        if snapshot is None:
            return Unchanged()
        if snapshot.native_id is None:
            return Unmade() if asked or record.key is None else self._search(record)
        if self.flow.delete is Delete.IGNORE and snapshot.pending is None:
            return Unchanged()
        merged = record.tombstone is not None and record.tombstone.into is not None
        deleted = self.flow.delete is Delete.PROPAGATE and not merged
        ended = not deleted and (not snapshot.active or self.flow.delete is Delete.IGNORE)
        if ended and snapshot.pending is None:
            return Unchanged()
        if not asked and (self.flow.guard is not Guard.NONE or snapshot.pending is not None):
            return Look(snapshot.native_id)  # an edit that nobody has polled would end without a word
        verb = Verb.DELETE if deleted else Verb.DEACTIVATE
        return Projected(Write(verb, record.id, {}, snapshot.native_id, self._version(snapshot)), {})

    def _begin(self, record: Golden, snapshot: Snapshot | None, parents: Parents, *, asked: bool) -> Decision:
        if not asked and record.key is not None:
            return self._search(record)
        tried = snapshot.pending if snapshot else None  # what an earlier create may have left has to go
        cells: Fields = {}
        values: dict[str, Value] = {}
        for name, cell in record.fields.items():
            if name in self.translation.fields:
                cells[name], sent = self._form(name, cell, parents)
                if sent is not None or (tried and name in tried):
                    values[name] = sent
        for name in self.translation.fields - self.translation.references.keys() - record.fields.keys():
            if (given := self.translation.normal(name, None)) is not None:
                values[name] = given
        self.translation.complete(values)
        return Projected(Write(Verb.CREATE, record.id, values), cells)

    def _search(self, record: Golden) -> Search:
        return Search({name: record.fields[name].value for name in self.key})

    def _differ(self, record: Golden, snapshot: Snapshot, parents: Parents, *, asked: bool) -> Decision:
        cells: Fields = {}
        values: dict[str, Value] = {}
        shown = snapshot.fields
        for name, cell in record.fields.items():
            base = shown.get(name)
            if base == cell or (base is not None and self._shows(base, cell)):
                continue
            if name not in self.translation.fields or (base is None and cell.value is None):
                continue
            if name in record.disputed:
                continue
            kept, sent = self._form(name, cell, parents)
            if base is None or base.value != kept.value:
                cells[name] = kept
                values[name] = sent
        if not cells:
            return Unchanged()
        if not asked and self._unguarded(snapshot):
            return Look(str(snapshot.native_id))
        self._stable(snapshot, cells)
        return Projected(
            Write(Verb.UPDATE, record.id, values, snapshot.native_id, self._version(snapshot)), cells
        )

    def _unguarded(self, snapshot: Snapshot) -> bool:
        """The guard is a read, or it is a version that no answer has told us."""
        guard = self.flow.guard
        return guard is Guard.READ or (guard is Guard.CONDITIONAL and snapshot.version is None)

    def _version(self, snapshot: Snapshot) -> str | None:
        return snapshot.version if self.flow.guard is Guard.CONDITIONAL else None

    @staticmethod
    def _shows(base: Cell, cell: Cell) -> bool:
        """The snapshot shows this very cell, in the target's normal form; a parent left empty is no form."""
        same = base.stamp == cell.stamp and base.system == cell.system
        return same and (base.value is not None or cell.value is None)

    def _form(self, name: str, cell: Cell, parents: Parents) -> tuple[Cell, Value]:
        """The cell as the snapshot will show it, and the value as the target is sent it."""
        entity = self.translation.references.get(name)
        if entity is None:
            value = self.translation.normal(name, cell.value)
            return (cell if value is cell.value else cell._replace(value=value)), value
        if cell.value is None:
            return cell, None
        return self._reference(name, cell, entity, parents)

    def _reference(self, name: str, cell: Cell, entity: str, parents: Parents) -> tuple[Cell, Value]:
        golden_id = parents.golden_id(entity, str(cell.value))
        native = parents.native(entity, golden_id)
        if native is not None:
            return cell._replace(value=golden_id), native
        if self.flow.missing_parent is MissingParent.LEAVE_EMPTY:
            return cell._replace(value=None), None
        if self.flow.missing_parent is MissingParent.WAIT:
            raise LeftOutError
        what = f"{self.flow.entity}.{name}: the {entity} that it belongs to is not in {self.flow.target}"
        if self.flow.missing_parent is MissingParent.REJECT:
            raise Rejected(what, reason="ParentMissing", field=name)
        coming = golden_id in parents.on_their_way
        raise NotYet(what, reason="ParentMissing", field=name, on_its_way=coming)

    def _stable(self, snapshot: Snapshot, cells: Fields) -> None:
        for name, cell in cells.items():
            shown = snapshot.fields.get(name)
            if shown and snapshot.writes.get(name) == [cell.value, shown.value, UNSTABLE]:
                raise Untranslatable(
                    f"{self.flow.target} keeps {self.flow.entity}.{name} otherwise than it is written, "
                    f"{UNSTABLE} times now: declare its normal form, or give the field another owner",
                    reason="Unstable",
                    field=name,
                )


def _given(snapshot: Snapshot) -> bool:
    """The target has the record, or had it and has deleted it: whatever it is now, it is the target's own."""
    return snapshot.native_id is not None or not snapshot.active
