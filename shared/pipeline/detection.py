"""Detection: a page of rows becomes golden records, snapshots and one change set, in one transaction.

    known?      native id → golden record; else natural key → a living record; else a new one
    moved?      a row whose snapshot changed since the poll began is left out, and looked at again
    pending?    what a handler was writing is settled by what the row shows
    merge       the fields that differ go into golden (`shared.model.merge`)
    write       golden, snapshots, links, conflicts, dead letters, the ledger, and the outbox

Golden is never behind a snapshot, for both are written together. Everything is loaded and written for the
whole page: a page costs some fifteen statements, however many rows it has.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.adapters.store.transaction import Transaction
from shared.model.change import ChangeSet, Message, Row
from shared.model.errors import IntegrationError, InvalidChange
from shared.model.golden import Cell, Golden, Snapshot, Tombstone, Value
from shared.model.keys import golden_id, keyless_id, natural_key
from shared.model.merge import Clash, Merge, Merged
from shared.model.records import DeadLetter, Entry, Identity, Key
from shared.pipeline import messages
from shared.pipeline.ports import Translation
from shared.topology import Topology

HUB = "hub"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Rows as a system showed them, and the place in the order of snapshots when reading began.

    `looked` says that the target's own handler asked: it goes on to write, and needs no message for that.
    """

    rows: Sequence[Row]
    read_at: int
    noted: int
    cause: str = "poll"
    looked: bool = False


@dataclass(slots=True)
class Findings:
    """What is to be written for a page. Filled row by row, written at once."""

    golden: dict[str, Golden] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    unlinked: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    write_back: dict[str, None] = field(default_factory=dict)
    clashes: list[tuple[str, Clash]] = field(default_factory=list)
    refused: list[tuple[Row, IntegrationError]] = field(default_factory=list)
    later: dict[str, int] = field(default_factory=dict)
    healed: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Known:
    """What the store knows of the rows of a page."""

    identities: dict[str, Identity]
    golden: dict[str, Golden]
    snapshots: dict[str, Snapshot]
    keys: dict[str, Key]
    parents: dict[str, dict[str, Identity]]


@dataclass(frozen=True, slots=True)
class Detection:
    """Detects changes of one entity in one system."""

    topology: Topology
    system: str
    entity: str
    translation: Translation
    ids: Callable[[], str]

    def detect(self, tx: Transaction, sighting: Sighting, now: int) -> Findings:
        """Merge the rows; the caller moves the watermark in the same transaction."""
        sighting = replace(sighting, read_at=min(sighting.read_at, now))  # a clock that is ahead wins nothing
        found = Findings()
        known = self._known(tx, sighting.rows)
        for row in sorted(sighting.rows, key=lambda row: row.merged_into is not None):
            self._row(known, found, row, sighting, now)  # the winner of a merge before those who lost
        self._write(tx, found, sighting, now)
        return found

    @property
    def _is_source(self) -> bool:
        return bool(self.topology.flows_from(self.system, self.entity))

    # What is known

    def _known(self, tx: Transaction, rows: Sequence[Row]) -> Known:
        natives = [row.native_id for row in rows]
        natives += [row.merged_into for row in rows if row.merged_into]
        identities = tx.identities(self.system, self.entity, natives)
        ids = [identity.id for identity in identities.values()]
        golden = tx.golden(self.entity, ids)
        keys = tx.by_key(self.entity, self._new_keys(rows, identities, golden))
        more = [key.living for key in keys.values() if key.living]
        more += [row.external_id for row in rows if row.external_id]
        more += [self._candidate(row, keys) for row in rows if row.native_id not in identities]
        golden |= tx.golden(self.entity, set(more) - golden.keys())
        snapshots = tx.snapshots(self.system, self.entity, [*ids, *more])
        return Known(identities, golden, snapshots, keys, self._parents(tx, rows))

    def _new_keys(
        self, rows: Sequence[Row], identities: Mapping[str, Identity], golden: Mapping[str, Golden]
    ) -> list[str]:
        """The natural keys that rows have and their records do not: of new rows, and of edited keys."""
        found = []
        for row in rows:
            key = None if row.deleted else self._key(row.values)
            identity = identities.get(row.native_id)
            record = golden.get(identity.id) if identity else None
            if key and (record is None or record.key != key):
                found.append(key)
        return found

    def _key(self, values: Mapping[str, Value]) -> str | None:
        return natural_key(self.topology.entities[self.entity].key, values)

    def _parents(self, tx: Transaction, rows: Sequence[Row]) -> dict[str, dict[str, Identity]]:
        """Parent entity → native id → identity, for every reference in the page."""
        named: dict[str, set[str]] = {}
        for name, entity in self.translation.references.items():
            values = (row.values.get(name) for row in rows)
            named.setdefault(entity, set()).update(value for value in values if isinstance(value, str))
        return {entity: tx.identities(self.system, entity, natives) for entity, natives in named.items()}

    # One row

    def _row(self, known: Known, found: Findings, row: Row, sighting: Sighting, now: int) -> None:
        identity = known.identities.get(row.native_id)
        snapshot = known.snapshots.get(identity.id) if identity else None
        if row.deleted:  # whatever is being written to it: that write finds it gone
            self._gone(known, found, row, identity, sighting)
        elif snapshot and self._busy(snapshot, sighting, now):
            found.later[row.native_id] = max(snapshot.pending_until, now)
        elif row.refused:
            found.refused.append((row, row.refused))
        elif identity is None:
            self._unknown(known, found, row, sighting, now)
        else:
            self._linked(known, found, row, identity, sighting)

    @staticmethod
    def _busy(snapshot: Snapshot, sighting: Sighting, now: int) -> bool:
        """A write is under way, or was done since reading began: the row may be older than we know."""
        claimed = snapshot.pending is not None and snapshot.pending_until > now
        return claimed or snapshot.moved > sighting.noted

    def _unknown(self, known: Known, found: Findings, row: Row, sighting: Sighting, now: int) -> None:
        key = self._key(row.values)
        bearer = known.keys.get(key, Key()) if key else Key()
        made = known.golden.get(row.external_id) if row.external_id else None
        living = made.id if made else bearer.living
        if made and made.tombstone:
            self._stillborn(known, found, row, made, sighting, now)
        elif living is None and bearer.buried > row.stamp:
            found.refused.append(
                (row, self._question("DeletedElsewhere", "is older than a delete of its like"))
            )
        elif living is None:
            if self._is_source:  # what only a follower has is its own affair, until a source has it too
                self._new(known, found, row, key, bearer.generation, sighting)
        else:
            self._match(known, found, row, living, sighting, now)

    def _stillborn(
        self, known: Known, found: Findings, row: Row, record: Golden, sighting: Sighting, now: int
    ) -> None:
        """A row that a create of ours made, and whose record was deleted meanwhile."""
        snapshot = known.snapshots.get(record.id)
        if snapshot is None or snapshot.native_id is not None:
            found.refused.append((row, self._question("Undeleted", "lives, but its record was deleted")))
        elif self._busy(snapshot, sighting, now):
            found.later[row.native_id] = max(snapshot.pending_until, now)
        else:
            self._link(known, found, row, record.id)
            snapshot.fields = dict(snapshot.pending or {})
            self._revenant(known, found, row, record, sighting)

    def _match(
        self, known: Known, found: Findings, row: Row, living: str, sighting: Sighting, now: int
    ) -> None:
        snapshot = known.snapshots.get(living)
        if snapshot is None or snapshot.native_id in (None, row.native_id):
            if snapshot and self._busy(snapshot, sighting, now):
                found.later[row.native_id] = max(snapshot.pending_until, now)
                return
            self._link(known, found, row, living)
            self._adopt(known, found, row, living, sighting)
        else:
            found.refused.append((row, self._taken(f"{self.system} {snapshot.native_id}")))

    def _candidate(self, row: Row, keys: Mapping[str, Key]) -> str:
        """The id that this row's record gets, if it is new."""
        key = self._key(row.values)
        if key is None:
            return keyless_id(self.entity, self.system, row.native_id)
        return golden_id(self.entity, key, keys[key].generation if key in keys else 0)

    def _new(
        self, known: Known, found: Findings, row: Row, key: str | None, generation: int, sighting: Sighting
    ) -> None:
        made = self._candidate(row, known.keys)
        if made in known.golden:  # its first bearer lives on under another key
            made = self.ids()
        self._link(known, found, row, made)
        self._create(known, found, row, Golden(made, {}, key, generation), sighting)

    def _create(self, known: Known, found: Findings, row: Row, record: Golden, sighting: Sighting) -> None:
        merged = self._merge().new(self._resolved(known, row.values), self._stamp(row, sighting))
        known.golden[record.id] = record
        if record.key:
            known.keys[record.key] = Key(record.id, record.generation + 1)
        self._take(known, found, row, record.id, merged, sighting)

    def _link(self, known: Known, found: Findings, row: Row, record: str) -> None:
        found.links[row.native_id] = record
        known.identities[row.native_id] = Identity(record)
        if record not in known.snapshots:
            known.snapshots[record] = Snapshot(record, row.native_id)
        known.snapshots[record].native_id = row.native_id

    def _linked(
        self, known: Known, found: Findings, row: Row, identity: Identity, sighting: Sighting
    ) -> None:
        if identity.alias:
            found.refused.append((row, self._question("AliasChanged", "was merged into another row")))
            return
        record = known.golden.get(identity.id)
        if record is None:
            self._first(known, found, row, identity.id, sighting)
        elif record.tombstone is not None:
            self._revenant(known, found, row, record, sighting)
        elif not known.snapshots[identity.id].seen:
            self._adopt(known, found, row, identity.id, sighting)
        else:
            self._edit(known, found, row, identity.id, sighting)

    def _first(self, known: Known, found: Findings, row: Row, record: str, sighting: Sighting) -> None:
        """A pre-linked row: its golden record begins here."""
        known.snapshots.setdefault(record, Snapshot(record, row.native_id))
        key = self._key(row.values)
        bearer = known.keys.get(key, Key()) if key else Key()
        if bearer.living is not None:
            found.refused.append((row, self._taken(bearer.living)))
        else:
            self._create(known, found, row, Golden(record, {}, key, bearer.generation), sighting)

    def _adopt(self, known: Known, found: Findings, row: Row, record: str, sighting: Sighting) -> None:
        values = self._resolved(known, row.values)
        pending = known.snapshots[record].pending
        golden = known.golden[record]
        if pending:
            base = {name: cell for name, cell in pending.items() if values.get(name) == cell.value}
            rest = {name: value for name, value in values.items() if name not in base}
            merged = self._merge().adopt(golden.fields, rest, self._stamp(row, sighting))
            merged.shown.update(base)
        else:
            merged = self._merge().adopt(golden.fields, values, self._stamp(row, sighting))
        self._take(known, found, row, record, merged, sighting)

    def _edit(self, known: Known, found: Findings, row: Row, record: str, sighting: Sighting) -> None:
        values = self._resolved(known, row.values)
        snapshot = known.snapshots[record]
        shown = self._settled(known, snapshot, values)
        merged = self._merge().edit(known.golden[record].fields, shown, values, self._stamp(row, sighting))
        if shown is not snapshot.fields or snapshot.pending is not None or snapshot.active != row.active:
            merged.touched = True
        self._take(known, found, row, record, merged, sighting)

    def _settled(self, known: Known, snapshot: Snapshot, values: Mapping[str, Value]) -> dict[str, Cell]:
        """The snapshot with what an interrupted write turned out to have done, and parents that arrived."""
        shown = snapshot.fields
        for name, cell in (snapshot.pending or {}).items():
            if name in values and values[name] == cell.value:
                shown = {**shown, name: cell}
        for name in self.translation.references:
            cell_shown = shown.get(name)
            if cell_shown is not None and cell_shown.value != values.get(name):
                arrived = self._arrived(known, name, cell_shown.value)
                if arrived != cell_shown.value:
                    shown = {**shown, name: cell_shown._replace(value=arrived)}
        return shown

    def _take(
        self, known: Known, found: Findings, row: Row, record: str, merged: Merged, sighting: Sighting
    ) -> None:
        """Keep what came of the merge."""
        found.healed.append(row.native_id)
        if not merged.touched:
            return
        if merged.changed and not self._rekeyed(known, found, row, record, merged):
            return
        snapshot = known.snapshots[record]
        self._see(snapshot, row, merged)
        found.snapshots[record] = snapshot
        found.clashes += [(record, clash) for clash in merged.clashes]
        if merged.overruled:
            found.write_back[record] = None
        if merged.changed:
            self._change(known, found, record, merged, sighting)

    @staticmethod
    def _see(snapshot: Snapshot, row: Row, merged: Merged) -> None:
        snapshot.fields = merged.shown
        snapshot.seen, snapshot.active, snapshot.version = True, row.active, row.version
        snapshot.pending, snapshot.pending_until = None, 0

    def _rekeyed(self, known: Known, found: Findings, row: Row, record: str, merged: Merged) -> bool:
        """Move the natural key with the values; false where another living record has the new one."""
        golden = known.golden[record]
        values = {name: merged.golden[name].value for name in self._key_fields() if name in merged.golden}
        key = self._key(values)
        if key == golden.key:
            return True
        bearer = known.keys.get(key, Key()) if key else Key()
        if bearer.living not in (None, record):
            found.healed.remove(row.native_id)
            found.refused.append((row, self._taken(bearer.living)))
            return False
        if golden.key in known.keys:
            known.keys[golden.key].living = None
        golden.key, golden.generation = key, max(golden.generation, bearer.generation)
        if key:
            known.keys[key] = Key(record, golden.generation + 1)
        return True

    def _taken(self, living: str | None) -> InvalidChange:
        return InvalidChange(
            f"another living {self.entity} has the same {' and '.join(self._key_fields())}: {living}. "
            "Merge the two, or change one",
            reason="Duplicate",
            field=self._key_fields()[0],
        )

    def _key_fields(self) -> tuple[str, ...]:
        return self.topology.entities[self.entity].key

    def _change(self, known: Known, found: Findings, record: str, merged: Merged, sighting: Sighting) -> None:
        golden = known.golden[record]
        action = "merged" if golden.fields else "arrived"
        golden.fields = merged.golden
        golden.revision += 1
        found.golden[record] = golden
        found.changed[record] = merged.changed
        found.entries.append(
            Entry(self.entity, record, self.system, action, ",".join(merged.changed), sighting.cause)
        )

    # Deletes

    def _gone(
        self, known: Known, found: Findings, row: Row, identity: Identity | None, sighting: Sighting
    ) -> None:
        if self.topology.flows_from(self.system, self.entity):  # what was refused of it is a question no more
            found.healed.append(row.native_id)
        if identity is None or identity.alias:
            return
        record = known.golden.get(identity.id)
        if record is None:
            found.unlinked.append(row.native_id)
        elif record.tombstone is not None:
            self._forget(known, found, record.id)
        elif self._is_source:
            self._bury(known, found, row, record, sighting)
        else:
            self._forget(known, found, record.id)
            found.unlinked.append(row.native_id)
            found.refused.append((row, self._question("DeletedInTarget", f"was deleted in {self.system}")))

    def _bury(self, known: Known, found: Findings, row: Row, record: Golden, sighting: Sighting) -> None:
        winner = known.identities.get(row.merged_into) if row.merged_into else None
        stamp = self._stamp(row, sighting)
        into = winner.id if winner else row.merged_into and f"{self.system}:{row.merged_into}"
        record.tombstone = Tombstone(stamp, self.system, into)
        record.revision += 1
        found.clashes += self._unseen(known, record, record.tombstone)
        found.golden[record.id] = record
        found.changed[record.id] = []
        if record.key in known.keys:
            known.keys[record.key] = Key(None, record.generation + 1, stamp)
        self._forget(known, found, record.id)
        if winner:
            found.aliases[row.native_id] = winner.id
        action = "merged away" if winner else "deleted"
        found.entries.append(Entry(self.entity, record.id, self.system, action, None, sighting.cause))

    def _unseen(self, known: Known, record: Golden, tombstone: Tombstone) -> Iterable[tuple[str, Clash]]:
        """Edits elsewhere that whoever deleted the row had not been shown: the delete wins over them."""
        snapshot = known.snapshots.get(record.id)
        shown = snapshot.fields if snapshot and snapshot.seen else {}
        dead = Cell(None, tombstone.stamp, tombstone.system)
        for name, cell in record.fields.items():
            if cell.system != self.system and name in self.translation.fields:
                seen = shown.get(name)
                if seen is None or seen[1:] != cell[1:]:
                    yield record.id, Clash(name, dead, cell)

    @staticmethod
    def _forget(known: Known, found: Findings, record: str) -> None:
        if known.snapshots.pop(record, None):
            found.dropped.append(record)
        found.snapshots.pop(record, None)

    def _revenant(self, known: Known, found: Findings, row: Row, record: Golden, sighting: Sighting) -> None:
        """A row whose record is deleted. The delete wins; an edit beside it is a conflict."""
        snapshot = known.snapshots.get(record.id)
        tombstone = record.tombstone
        if snapshot is None or tombstone is None:
            found.refused.append((row, self._question("Undeleted", "lives, but its record was deleted")))
            return
        merged = self._merge().edit(
            record.fields, snapshot.fields, self._resolved(known, row.values), self._stamp(row, sighting)
        )
        if not merged.touched and snapshot.active == row.active and snapshot.seen:
            return
        dead = Cell(None, tombstone.stamp, tombstone.system)
        found.clashes += [
            (record.id, Clash(name, dead, merged.shown[name]))
            for name, value in row.values.items()
            if merged.shown.get(name) != snapshot.fields.get(name)
            and (name in snapshot.fields or value is not None)
        ]
        self._see(snapshot, row, merged)
        found.snapshots[record.id] = snapshot
        found.write_back[record.id] = None

    def _question(self, reason: str, what: str) -> InvalidChange:
        return InvalidChange(f"the {self.entity} {what}: a person has to decide", reason=reason)

    # Values

    def _merge(self) -> Merge:
        return Merge(self.system, self.topology.rules(self.entity), self._normal)

    def _normal(self, name: str, value: Value) -> Value:
        if name in self.translation.references:
            return value
        try:
            return self.translation.normal(name, value)
        except IntegrationError:
            return value

    @staticmethod
    def _stamp(row: Row, sighting: Sighting) -> int:
        return min(row.stamp, sighting.read_at)

    def _resolved(self, known: Known, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """The values, with references as golden ids (or `system:native id` while the parent is unknown)."""
        if not self.translation.references:
            return values
        resolved = dict(values)
        for name, entity in self.translation.references.items():
            native = values.get(name)
            if isinstance(native, str):
                parent = known.parents[entity].get(native)
                resolved[name] = parent.id if parent else f"{self.system}:{native}"
        return resolved

    def _arrived(self, known: Known, name: str, value: Value) -> Value:
        """A reference kept as `system:native id`, as a golden id if its parent has come meanwhile."""
        system, _, native = str(value).partition(":")
        if not native or system != self.system:
            return value
        parent = known.parents[self.translation.references[name]].get(native)
        return parent.id if parent else value

    # Writing

    def _write(self, tx: Transaction, found: Findings, sighting: Sighting, now: int) -> None:
        dead = [record for record in found.golden.values() if record.tombstone]
        tx.put_golden(self.entity, dead)
        tx.put_golden(self.entity, [record for record in found.golden.values() if not record.tombstone])
        tx.drop_snapshots(self.system, self.entity, found.dropped)
        tx.put_snapshots(self.system, self.entity, list(found.snapshots.values()))
        tx.unlink(self.system, self.entity, found.unlinked)
        tx.link(self.system, self.entity, found.links)
        tx.link(self.system, self.entity, found.aliases, alias=True)
        tx.clash(self.entity, found.clashes, now)
        if not sighting.looked:
            tx.recheck(self.system, self.entity, found.later)
        tx.enter(found.entries, now)
        fresh = self._refuse(tx, found, now)
        tx.post([*self._change_sets(found, sighting, now), *map(messages.dead_letter_message, fresh)])
        tx.count(self._tally(found, fresh))

    def _refuse(self, tx: Transaction, found: Findings, now: int) -> list[DeadLetter]:
        """Dead letters for rows that the hub refuses; one that was refused just so before is not news."""
        healed = [f"{self.system}:{native}" for native in found.healed]
        tx.close_dead_letters(HUB, self.entity, healed, now, "applied")
        if not found.refused:
            return []
        letters = [self._letter(row, error) for row, error in found.refused]
        known = tx.open_dead_letters(HUB, self.entity, [letter.record for letter in letters])
        fresh = [letter for letter in letters if known.get(letter.record, "") != letter.digest]
        tx.put_dead_letters(fresh, now)
        return fresh

    def _letter(self, row: Row, error: IntegrationError) -> DeadLetter:
        content = repr((sorted(row.values.items()), error.reason, error.field))
        return DeadLetter(
            self.ids(),
            HUB,
            self.entity,
            f"{self.system}:{row.native_id}",
            self.system,
            error.reason,
            error.description,
            error.field,
            hashlib.sha256(content.encode()).hexdigest(),
        )

    def _change_sets(self, found: Findings, sighting: Sighting, now: int) -> Iterable[Message]:
        if self.topology.flows_from(self.system, self.entity) and found.changed:
            yield from self._messages(list(found.changed), found, sighting, now, None)
        if found.write_back and not sighting.looked and self.topology.flows_to(self.system, self.entity):
            yield from self._messages(list(found.write_back), found, sighting, now, self.system)

    def _messages(
        self, ids: list[str], found: Findings, sighting: Sighting, now: int, target: str | None
    ) -> Iterable[Message]:
        cause = sighting.cause if target is None else "write-back"
        for part in messages.parts(ids):
            names = sorted({name for record in part for name in found.changed.get(record, ())})
            change = ChangeSet(self.entity, self.system, part, target, cause, since=now, fields=tuple(names))
            yield messages.encode(change, self.ids())

    def _tally(self, found: Findings, fresh: Sequence[DeadLetter]) -> Mapping[tuple[str, str, str, str], int]:
        count: Counter[tuple[str, str, str, str]] = Counter()
        for flow in self.topology.flows_from(self.system, self.entity):
            here = (self.entity, self.system, flow.target)
            count[(*here, "read")] += len(found.changed) + len(fresh)
            count[(*here, "dead_lettered")] += len(fresh)
        return count
