"""Detection: a page of rows becomes golden records, snapshots and one change set, in one transaction.

    known?      native id → golden record; else natural key → a living record; else a new one
    gone on?    a row that goes on under another native id takes its record along, and its children follow
    moved?      a row whose snapshot changed since the poll began is left out, and looked at again
    pending?    what a handler was writing is settled by what the row shows
    merge       the fields that differ go into golden (`shared.model.merge`)
    write       golden, snapshots, links, conflicts, dead letters, the ledger, and the outbox

Golden is never behind a snapshot, for both are written together. Everything is loaded and written for the
whole page: a page costs some fifteen statements, however many rows it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.model.errors import InvalidChange
from shared.model.golden import Cell, Golden, Snapshot, Tombstone, Value
from shared.model.merge import DELETE, Clash, Merge, Merged
from shared.model.records import Entry, Identity, Key
from shared.pipeline.findings import Findings
from shared.pipeline.known import Known, learn
from shared.pipeline.side import Side, Sighting
from shared.pipeline.succession import Succession, question

Sift = Callable[[Known, list[Row]], list[Row]]
"""Leaves, of a page's rows, those that may be merged now."""


def detect(tx: Transaction, side: Side, sighting: Sighting, now: int, sift: Sift | None = None) -> Findings:
    """Merge the rows; the caller moves the watermark in the same transaction."""
    sighting = replace(sighting, read_at=min(sighting.read_at, now))  # a clock that is ahead wins nothing
    page = _Page(side, learn(tx, side, sighting.rows), sighting, now, side.merge())
    rows = sorted(sighting.rows, key=lambda row: row.merged_into is not None)
    for row in sift(page.known, rows) if sift else rows:
        page.take(row)  # the winner of a merge before those who lost
    page.found.write(tx, side, sighting, now)
    return page.found


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of rows under way."""

    side: Side
    known: Known
    sighting: Sighting
    now: int
    merge: Merge
    found: Findings = field(default_factory=Findings)

    @property
    def _succession(self) -> Succession:
        return Succession(self.side, self.known, self.found, self.sighting.cause)

    def take(self, row: Row) -> None:
        identity = self._whose(row)
        snapshot = self.known.snapshots.get(identity.id) if identity else None
        goes_on = row.became or row.merged_into
        if identity and goes_on and (heir := self._succession.heir(row, identity)):
            self._succession.go_on(row, identity.id, heir)
        elif row.deleted:  # whatever is being written to it: that write finds it gone
            self._gone(row, identity)
        elif snapshot and self._busy(snapshot):
            self.found.later[row.native_id] = max(snapshot.pending_until, self.now)
        elif row.refused and not self.side.once:
            self.found.refused.append((row, row.refused))
        elif identity is None:
            self._unknown(row)
        else:
            self._linked(row, identity)

    def _whose(self, row: Row) -> Identity | None:
        identity = self.known.identities.get(row.native_id)
        record = self.known.golden.get(identity.id) if identity else None
        if record and self._left_behind(record):
            self._forget(record.id)
            return None
        return identity

    def _left_behind(self, record: Golden) -> bool:
        """Where things are brought once, what a deleted record has left may be another's, who asks for it:
        somebody registers again.
        """
        return record.tombstone is not None and self.side.once and self.sighting.looked

    def _busy(self, snapshot: Snapshot) -> bool:
        """A write is under way, or was done since reading began: the row may be older than we know."""
        claimed = snapshot.pending is not None and snapshot.pending_until > self.now
        return claimed or snapshot.moved > self.sighting.noted

    def _unknown(self, row: Row) -> None:
        key = self.side.key(row.values)
        bearer = self.known.bearer(key)
        made = self._made(row)
        living = made.id if made else bearer.living
        if made and made.tombstone:
            self._stillborn(row, made)
        elif made is None and self.side.once and not self.sighting.looked:
            return  # somebody else's, and nobody asked
        elif living is None and bearer.buried > row.stamp:
            self.found.refused.append(
                (row, self._question("DeletedElsewhere", "is older than a delete of its like"))
            )
        elif living is None:
            if self.side.is_source:  # what only a follower has is its own affair, until a source has it too
                self._new(row, key, bearer.generation)
        else:
            self._match(row, living)

    def _made(self, row: Row) -> Golden | None:
        """The record that a create of ours made the row for, unless the row is anybody's by now."""
        made = self.known.golden.get(row.external_id) if row.external_id else None
        return None if made and self._left_behind(made) else made

    def _stillborn(self, row: Row, record: Golden) -> None:
        """A row that a create of ours made, and whose record was deleted meanwhile."""
        snapshot = self.known.snapshots.get(record.id)
        if snapshot is None or snapshot.native_id is not None:
            self.found.refused.append((row, self._question("Undeleted", "lives, but its record was deleted")))
        elif self._busy(snapshot):
            self.found.later[row.native_id] = max(snapshot.pending_until, self.now)
        else:
            self._link(row, record.id)
            snapshot.fields = dict(snapshot.pending or {})
            self._revenant(row, record)

    def _match(self, row: Row, living: str) -> None:
        snapshot = self.known.snapshots.get(living)
        if snapshot is None or snapshot.native_id in (None, row.native_id):
            if snapshot and self._busy(snapshot):
                self.found.later[row.native_id] = max(snapshot.pending_until, self.now)
                return
            self._link(row, living)
            self._adopt(row, living)
        elif self.side.joins:
            self._succession.join(row, living)
        else:
            self.found.refused.append((row, self._taken(f"{self.side.system} {snapshot.native_id}")))

    def _new(self, row: Row, key: str | None, generation: int) -> None:
        made = self.known.candidate(row)
        if made in self.known.golden:  # its first bearer lives on under another key
            made = self.side.ids()
        self._link(row, made)
        self._create(row, Golden(made, {}, key, generation))

    def _create(self, row: Row, record: Golden) -> None:
        merged = self.merge.new(self.known.resolved(row.values), self._stamp(row))
        self.known.golden[record.id] = record
        if record.key:
            self.known.keys[record.key] = Key(record.id, record.generation + 1)
        self._keep(row, record.id, merged)

    def _link(self, row: Row, record: str) -> None:
        self.found.links[row.native_id] = record
        self.known.identities[row.native_id] = Identity(record)
        if record not in self.known.snapshots:
            self.known.snapshots[record] = Snapshot(record, row.native_id)
        self.known.snapshots[record].native_id = row.native_id

    def _linked(self, row: Row, identity: Identity) -> None:
        record = self.known.golden.get(identity.id)
        if identity.alias:
            self._succession.alias(row, record)
            return
        if record is None:
            self._first(row, identity.id)
        elif record.tombstone is not None:
            self._revenant(row, record)
        elif not self.known.snapshots[identity.id].seen:
            self._adopt(row, identity.id)
        else:
            self._edit(row, identity.id)

    def _first(self, row: Row, record: str) -> None:
        """A pre-linked row: its golden record begins here."""
        self.known.snapshots.setdefault(record, Snapshot(record, row.native_id))
        key = self.side.key(row.values)
        bearer = self.known.bearer(key)
        if bearer.living is not None:
            self.found.refused.append((row, self._taken(bearer.living)))
        else:
            self._create(row, Golden(record, {}, key, bearer.generation))

    def _adopt(self, row: Row, record: str) -> None:
        values = self.known.resolved(row.values)
        pending = self.known.snapshots[record].pending
        golden = self.known.golden[record]
        if pending:
            base = {name: cell for name, cell in pending.items() if values.get(name) == cell.value}
            rest = {name: value for name, value in values.items() if name not in base}
            merged = self.merge.adopt(golden.fields, rest, self._stamp(row))
            merged.shown.update(base)
        else:
            merged = self.merge.adopt(golden.fields, values, self._stamp(row))
        self._keep(row, record, merged)

    def _edit(self, row: Row, record: str) -> None:
        values = self.known.resolved(row.values)
        snapshot = self.known.snapshots[record]
        shown = self._settled(snapshot, values)
        disputed = self.known.disputes.get(record, ())
        merged = self.merge.edit(self.known.golden[record].fields, shown, values, self._stamp(row), disputed)
        if shown is not snapshot.fields or snapshot.pending is not None or _moved(snapshot, row):
            merged.touched = True
        self._keep(row, record, merged)

    def _settled(self, snapshot: Snapshot, values: Mapping[str, Value]) -> dict[str, Cell]:
        """The snapshot with what an interrupted write turned out to have done, and parents that arrived."""
        shown = snapshot.fields
        for name, cell in (snapshot.pending or {}).items():
            if name in values and values[name] == cell.value:
                shown = {**shown, name: cell}
        for name in self.side.translation.references:
            cell_shown = shown.get(name)
            if cell_shown is not None and cell_shown.value != values.get(name):
                arrived = self.known.arrived(name, cell_shown.value)
                if arrived != cell_shown.value:
                    shown = {**shown, name: cell_shown._replace(value=arrived)}
        return shown

    def _keep(self, row: Row, record: str, merged: Merged) -> None:
        """Keep what came of the merge."""
        self.found.healed.append(row.native_id)
        if not merged.touched:
            return
        if merged.changed and not self._rekeyed(row, record, merged):
            return
        snapshot = self.known.snapshots[record]
        self._see(snapshot, row, merged)
        self.found.snapshots[record] = snapshot
        self.found.clashes += [(record, clash) for clash in merged.clashes]
        if merged.overruled:
            self.found.write_back[record] = None
        if merged.changed:
            self._change(record, merged)
        if self.found.questions.take(record, merged, self.side.system, self.known.disputes.get(record, {})):
            self.found.changed.setdefault(record, [])

    @staticmethod
    def _see(snapshot: Snapshot, row: Row, merged: Merged) -> None:
        snapshot.fields = merged.shown
        snapshot.seen, snapshot.active, snapshot.version = True, row.active, row.version
        snapshot.pending, snapshot.pending_until = None, 0

    def _rekeyed(self, row: Row, record: str, merged: Merged) -> bool:
        """Move the natural key with the values; false where another living record has the new one."""
        golden = self.known.golden[record]
        if golden.fields and not any(name in merged.changed for name in self.side.key_fields):
            return True
        values = {name: merged.golden[name].value for name in self.side.key_fields if name in merged.golden}
        key = self.side.key(values)
        if key == golden.key:
            return True
        bearer = self.known.bearer(key)
        if bearer.living not in (None, record):
            self.found.healed.remove(row.native_id)
            self.found.refused.append((row, self._taken(bearer.living)))
            return False
        if golden.key in self.known.keys:
            self.known.keys[golden.key].living = None
        golden.key, golden.generation = key, max(golden.generation, bearer.generation)
        if key:
            self.known.keys[key] = Key(record, golden.generation + 1)
        return True

    def _taken(self, living: str | None) -> InvalidChange:
        return InvalidChange(
            f"another living {self.side.entity} has the same {' and '.join(self.side.key_fields)}: {living}. "
            "Merge the two, or change one",
            reason="Duplicate",
            field=self.side.key_fields[0],
        )

    def _change(self, record: str, merged: Merged) -> None:
        golden = self.known.golden[record]
        action = "merged" if golden.fields else "arrived"
        golden.fields = merged.golden
        golden.revision += 1
        self.found.golden[record] = golden
        self.found.changed[record] = merged.changed
        self.found.entries.append(
            Entry(
                self.side.entity,
                record,
                self.side.system,
                action,
                ",".join(merged.changed),
                self.sighting.cause,
            )
        )

    # Deletes

    def _gone(self, row: Row, identity: Identity | None) -> None:
        if self.side.is_source:  # what was refused of it is a question no more
            self.found.healed.append(row.native_id)
        if identity is None or identity.alias:
            return
        record = self.known.golden.get(identity.id)
        if record is None:
            self.found.unlinked.append(row.native_id)
        elif record.tombstone is not None:
            self._forget(record.id)
        elif self.side.is_source:
            self._bury(row, record)
        else:
            self._let_go(record.id)
            self.found.unlinked.append(row.native_id)
            self.found.refused.append(
                (row, self._question("DeletedInTarget", f"was deleted in {self.side.system}"))
            )

    def _bury(self, row: Row, record: Golden) -> None:
        winner = self.known.identities.get(row.merged_into) if row.merged_into else None
        stamp = self._stamp(row)
        into = winner.id if winner else row.merged_into and f"{self.side.system}:{row.merged_into}"
        record.tombstone = Tombstone(stamp, self.side.system, into)
        record.revision += 1
        self.found.clashes += self._unseen(record, record.tombstone)
        self.found.questions.end(record.id, self.known.disputes.get(record.id, {}), "deleted")
        self.found.golden[record.id] = record
        self.found.changed[record.id] = []
        if record.key in self.known.keys:
            self.known.keys[record.key] = Key(None, record.generation + 1, stamp)
        self._forget(record.id)
        if winner:
            self.found.aliases[row.native_id] = winner.id
        action = "merged away" if winner else "deleted"
        self.found.entries.append(
            Entry(self.side.entity, record.id, self.side.system, action, None, self.sighting.cause)
        )

    def _unseen(self, record: Golden, tombstone: Tombstone) -> Iterable[tuple[str, Clash]]:
        """Edits elsewhere that whoever deleted the row had not been shown: the delete wins over them."""
        snapshot = self.known.snapshots.get(record.id)
        shown = snapshot.fields if snapshot and snapshot.seen else {}
        dead = Cell(None, tombstone.stamp, tombstone.system)
        for name, cell in record.fields.items():
            if cell.system != self.side.system and name in self.side.translation.fields:
                seen = shown.get(name)
                if seen is None or seen[1:] != cell[1:]:
                    yield record.id, Clash(name, dead, cell, DELETE)

    def _forget(self, record: str) -> None:
        if self.known.snapshots.pop(record, None):
            self.found.dropped.append(record)
        self.found.snapshots.pop(record, None)

    def _let_go(self, record: str) -> None:
        """A follower has deleted it. Where it was brought once, it is not brought again."""
        snapshot = self.known.snapshots.get(record)
        if snapshot is None or not self.side.once:
            self._forget(record)
            return
        snapshot.native_id, snapshot.active, snapshot.fields = None, False, {}
        snapshot.pending, snapshot.pending_until = None, 0
        self.found.snapshots[record] = snapshot

    def _revenant(self, row: Row, record: Golden) -> None:
        """A row whose record is deleted. The delete wins; an edit beside it is a conflict.

        Where its snapshot went while it was read, it may be a picture of before: it is looked at again.
        """
        snapshot = self.known.snapshots.get(record.id)
        tombstone = record.tombstone
        if snapshot is None and self.known.moved > self.sighting.noted:
            self.found.later[row.native_id] = self.now
            return
        if snapshot is None or tombstone is None:
            self.found.refused.append((row, self._question("Undeleted", "lives, but its record was deleted")))
            return
        merged = self.merge.edit(
            record.fields, snapshot.fields, self.known.resolved(row.values), self._stamp(row)
        )
        if not merged.touched and snapshot.seen and not _moved(snapshot, row):
            return
        dead = Cell(None, tombstone.stamp, tombstone.system)
        self.found.clashes += [
            (record.id, Clash(name, dead, merged.shown[name], DELETE))
            for name, value in row.values.items()
            if merged.shown.get(name) != snapshot.fields.get(name)
            and (name in snapshot.fields or value is not None)
        ]
        self._see(snapshot, row, merged)
        self.found.snapshots[record.id] = snapshot
        self.found.write_back[record.id] = None

    def _question(self, reason: str, what: str) -> InvalidChange:
        return question(self.side, reason, what)

    def _stamp(self, row: Row) -> int:
        return min(row.stamp, self.sighting.read_at)


def _moved(snapshot: Snapshot, row: Row) -> bool:
    """What is no field has changed: the row ended or lives again, or it has a version that the next
    conditional write must name, though every value is what it was.
    """
    return snapshot.active != row.active or snapshot.version != row.version
