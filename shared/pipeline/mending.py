"""Mending: an operator says what a field's value is, and it goes to all systems.

    mend      a change by the system `operator`: stamped now, in knowledge of the cell that the operator saw
    decide    the same, of a conflict: the value that was kept, the one that lost, or another

It may write a field that a system owns, and settles what was open about the field. Where golden has moved on
since, nothing is written: the mend is superseded, and whoever asked for it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.adapters.store.transaction import Transaction
from shared.model.change import ChangeSet
from shared.model.errors import InvalidChange
from shared.model.golden import OPERATOR, Cell, Golden, Value
from shared.model.keys import natural_key
from shared.model.records import Entry, Key
from shared.pipeline import messages
from shared.pipeline.disputes import disputes
from shared.pipeline.ports import Clock
from shared.topology import Topology


@dataclass(frozen=True, slots=True)
class Mend:
    """What a field is to be. `base` is the cell that the operator saw there, `by` is their name."""

    entity: str
    record: str
    field: str
    value: Value
    base: Cell | None
    by: str
    how: str = "mended"


@dataclass(frozen=True, slots=True)
class Mended:
    """It stands, and is on its way to every system."""

    cell: Cell


@dataclass(frozen=True, slots=True)
class Discarded:
    """Nothing was written, and why: superseded, deleted or unknown."""

    reason: str
    description: str


@dataclass(frozen=True, slots=True)
class Mending:
    """What operators do to golden records."""

    topology: Topology
    clock: Clock
    ids: Callable[[], str]

    def mend(self, tx: Transaction, mend: Mend) -> Mended | Discarded:
        """Raises InvalidChange where the entity does not take the value."""
        record = tx.golden(mend.entity, [mend.record]).get(mend.record)
        if (discarded := _outdated(record, mend)) or record is None:
            return discarded or Discarded("Unknown", "the hub has no such record")
        self._check(record, mend)
        now = self.clock()
        cell = Cell(mend.value, max(now, mend.base.stamp + 1 if mend.base else now), OPERATOR)
        record.fields = {**record.fields, mend.field: cell}
        record.revision += 1
        self._rekey(tx, mend.entity, record)
        tx.put_golden(mend.entity, [record])
        tx.enter([Entry(mend.entity, record.id, OPERATOR, mend.how, mend.field, mend.by)], now)
        self._settle(tx, mend, now)
        self._tell(tx, mend, now)
        return Mended(cell)

    def decide(
        self, tx: Transaction, conflict_id: str, keep: str, by: str, value: Value = None
    ) -> Mended | Discarded:
        """Keep the value that was `kept`, the one that `lost`, or (`value`) another.

        A conflict that a rule has settled can be decided too, as long as nothing has changed since.
        """
        conflict = tx.conflict(conflict_id)
        if conflict is None:
            return Discarded("Unknown", f"there is no conflict {conflict_id}")
        clash = conflict.clash
        chosen = {"kept": clash.kept.value, "lost": clash.lost.value}.get(keep, value)
        mend = Mend(conflict.entity, conflict.record, clash.field, chosen, clash.kept, by, "decided")
        done = self.mend(tx, mend)
        if isinstance(done, Mended) or conflict.open:
            how = keep if isinstance(done, Mended) else done.reason.lower()
            tx.settle_conflicts({conflict.id: how}, self.clock())
        if isinstance(done, Discarded) and conflict.open:
            self._tell(tx, mend, self.clock())
        return done

    def _check(self, record: Golden, mend: Mend) -> None:
        """The entity takes the value; what else may be wrong with the record is not the operator's."""
        values = {name: cell.value for name, cell in record.fields.items()} | {mend.field: mend.value}
        try:
            self.topology.entity(mend.entity).check(values)
        except InvalidChange as refused:
            if refused.field == mend.field:
                raise

    def _rekey(self, tx: Transaction, entity: str, record: Golden) -> None:
        """The natural key moves with its fields, unless another living record has the new one."""
        names = self.topology.entities[entity].key
        key = natural_key(names, {name: cell.value for name, cell in record.fields.items()})
        if key == record.key:
            return
        bearer = tx.by_key(entity, [key]).get(key, Key()) if key else Key()
        if bearer.living not in (None, record.id):
            raise InvalidChange(
                f"another living {entity} has the same {' and '.join(names)}: {bearer.living}",
                reason="Duplicate",
                field=names[0],
            )
        record.key, record.generation = key, max(record.generation, bearer.generation)

    def _settle(self, tx: Transaction, mend: Mend, now: int) -> None:
        """Nothing is open about the field any more."""
        open_now = disputes(tx, self.topology, mend.entity, [mend.record]).get(mend.record, {})
        tx.settle_conflicts({conflict.id: mend.how for conflict in open_now.pop(mend.field, [])}, now)
        if not open_now:
            tx.close_dead_letters(OPERATOR, mend.entity, [mend.record], now, mend.how)

    def _tell(self, tx: Transaction, mend: Mend, now: int) -> None:
        change = ChangeSet(
            mend.entity, OPERATOR, (mend.record,), cause="mend", since=now, fields=(mend.field,)
        )
        tx.post([messages.encode(change, self.ids())])
        targets = {flow.target for flow in self.topology.flows if flow.entity == mend.entity}
        tx.count({(mend.entity, OPERATOR, target, "read"): 1 for target in targets})


def _outdated(record: Golden | None, mend: Mend) -> Discarded | None:
    """Why golden is not any more what the operator saw."""
    if record is None or record.tombstone is not None:
        return Discarded("Deleted", f"the {mend.entity} was deleted")
    if record.fields.get(mend.field) != mend.base:
        return Discarded(
            "Superseded", f"{mend.entity}.{mend.field} has been changed since: look at it again, then decide"
        )
    return None
