"""What the store knows of the rows of a page, loaded for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.model.golden import Golden, Snapshot, Value
from shared.model.keys import golden_id, keyless_id
from shared.model.records import Identity, Key
from shared.pipeline.disputes import Disputes, disputes
from shared.pipeline.side import Side


@dataclass(frozen=True, slots=True)
class Known:
    """Identities by native id; records, snapshots, disputes by golden id; bearers of natural keys; parents.

    It is kept true while the page is worked through: what one row makes, the next one finds.
    """

    side: Side
    identities: dict[str, Identity]
    golden: dict[str, Golden]
    snapshots: dict[str, Snapshot]
    keys: dict[str, Key]
    parents: dict[str, dict[str, Identity]]
    disputes: dict[str, Disputes]
    moved: int = 0
    """The last place in the order of snapshots; known only where a record of the page is dead."""

    def bearer(self, key: str | None) -> Key:
        """Who has this natural key; nobody where there is none."""
        return self.keys.get(key, Key()) if key else Key()

    def candidate(self, row: Row) -> str:
        """The id that this row's record gets, if it is new."""
        key = self.side.key(row.values)
        if key is None:
            return keyless_id(self.side.entity, self.side.system, row.native_id)
        return golden_id(self.side.entity, key, self.keys[key].generation if key in self.keys else 0)

    def resolved(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """The values that are taken, with references as golden ids (or `system:native id` while the parent is
        unknown, or shows under an id that it has left).
        """
        if self.side.once:
            return {}
        if not self.side.translation.references:
            return values
        resolved = dict(values)
        for name, entity in self.side.translation.references.items():
            native = values.get(name)
            if isinstance(native, str):
                parent = self.parents[entity].get(native)
                left = parent and parent.alias and name in self.side.translation.shifting
                resolved[name] = parent.id if parent and not left else f"{self.side.system}:{native}"
        return resolved

    def arrived(self, name: str, value: Value) -> Value:
        """A reference kept as `system:native id`, as a golden id if its parent has come meanwhile."""
        system, _, native = str(value).partition(":")
        if not native or system != self.side.system:
            return value
        parent = self.parents[self.side.translation.references[name]].get(native)
        return parent.id if parent else value


def learn(tx: Transaction, side: Side, rows: Sequence[Row]) -> Known:
    """Load it: a few statements, however many rows."""
    natives = [row.native_id for row in rows]
    natives += [row.merged_into for row in rows if row.merged_into]
    natives += [row.became for row in rows if row.became]
    identities = tx.identities(side.system, side.entity, natives)
    ids = [identity.id for identity in identities.values()]
    golden = tx.golden(side.entity, ids)
    keys = tx.by_key(side.entity, _new_keys(side, rows, identities, golden))
    moved = tx.moved(side.system, side.entity) if _any_dead(golden) else 0
    known = Known(side, identities, golden, {}, keys, _parents(tx, side, rows), {}, moved)
    more = [key.living for key in keys.values() if key.living]
    more += [row.external_id for row in rows if row.external_id]
    more += [known.candidate(row) for row in rows if row.native_id not in identities]
    golden.update(tx.golden(side.entity, set(more) - golden.keys()))
    known.disputes.update(disputes(tx, side.topology, side.entity, golden))
    known.snapshots.update(tx.snapshots(side.system, side.entity, [*ids, *more]))
    return known


def _any_dead(golden: Mapping[str, Golden]) -> bool:
    return any(record.tombstone for record in golden.values())


def _new_keys(
    side: Side, rows: Sequence[Row], identities: Mapping[str, Identity], golden: Mapping[str, Golden]
) -> list[str]:
    """The natural keys that rows have and their records do not: of new rows, and of edited keys."""
    found = []
    for row in rows:
        identity = identities.get(row.native_id)
        record = golden.get(identity.id) if identity else None
        if record and record.key and _bears(record, row, side.key_fields):
            continue
        key = None if row.deleted else side.key(row.values)
        if key and (record is None or record.tombstone or record.key != key):
            found.append(key)
    return found


def _bears(record: Golden, row: Row, key: Sequence[str]) -> bool:
    """Whether a living record's key is made of the very values that the row has: mostly so, and soon seen."""
    cells, values = record.fields, row.values
    return record.tombstone is None and all(
        name in cells and cells[name].value == values.get(name) for name in key
    )


def _parents(tx: Transaction, side: Side, rows: Sequence[Row]) -> dict[str, dict[str, Identity]]:
    """Parent entity → native id → identity, for every reference in the page."""
    named: dict[str, set[str]] = {}
    for name, entity in side.translation.references.items():
        values = (row.values.get(name) for row in rows)
        named.setdefault(entity, set()).update(value for value in values if isinstance(value, str))
    return {entity: tx.identities(side.system, entity, natives) for entity, natives in named.items()}
