"""Pre-linking: records that both systems have are linked before the first run, from what staff know of them.

    report row ─> find the target's row: by its id, else by natural key, else by name
               ─> linked        one golden id for both, no value moved: the first run then updates
                  unknown       the target has no such row; it is reported, and never made here
                  duplicate     two rows of the report, or two of the target, meet
                  conflicting   one of the two is linked with another record already

A link is written for both systems with a snapshot that nobody has seen yet, so that the first delivery looks
at the target's row before it writes. Everything is decided and written in one transaction; saying it twice
changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.model.golden import Golden, Snapshot, Value
from shared.model.keys import golden_id, keyless_id, natural_key
from shared.model.records import Identity, Key
from shared.pipeline.ports import Connection
from shared.topology import Topology

Rest = tuple[tuple[str, Value], ...]
"""What a candidate says beside its key: (field, value)."""


class Status(StrEnum):
    """What became of a row of the report."""

    LINKED = "linked"
    ALREADY = "already linked"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of a report: a record of the source, and what it may be found by in the target.

    `values` are canonical; those outside the natural key (a name) count only where the key finds nothing.
    """

    line: int
    source_id: str
    target_id: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it, and why."""

    candidate: Candidate
    status: Status
    why: str = ""
    target_id: str | None = None
    record: str | None = None


class Refusal(Exception):
    """Why a candidate is not linked."""

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass(frozen=True, slots=True)
class Prelink:
    """Links records of one entity, of `source`, with rows of the connected target."""

    topology: Topology
    store: Store
    source: str
    connection: Connection
    entity: str

    async def run(self, candidates: Sequence[Candidate], *, dry_run: bool) -> list[Result]:
        """One result for each candidate, in their order. Raises Transient or Misconfigured."""
        sightings = Sightings(self.connection, self.entity, self._key())
        await sightings.look(candidates)
        matched = [self._match(sightings, candidate) for candidate in candidates]
        apart = _apart(matched)
        return await self.store.transact(lambda tx: self._link(tx, apart, dry_run=dry_run))

    def _key(self) -> tuple[str, ...]:
        return self.topology.entities[self.entity].key

    @staticmethod
    def _match(sightings: Sightings, candidate: Candidate) -> Result:
        try:
            return Result(candidate, Status.LINKED, target_id=sightings.of(candidate))
        except Refusal as refusal:
            return Result(candidate, refusal.status, refusal.why)

    # Decide and write

    def _link(self, tx: Transaction, matched: Sequence[Result], *, dry_run: bool) -> list[Result]:
        known = self._known(tx, [result for result in matched if result.status is Status.LINKED])
        results = [known.decide(result) if result.status is Status.LINKED else result for result in matched]
        if not dry_run:
            self._write(tx, [result for result in results if result.status is Status.LINKED])
        return results

    def _known(self, tx: Transaction, matched: Sequence[Result]) -> Known:
        target, entity = self.connection.system, self.entity
        keys = {id(m.candidate): natural_key(self._key(), m.candidate.values) for m in matched}
        bearers = tx.by_key(entity, [key for key in keys.values() if key])
        here = tx.identities(self.source, entity, [m.candidate.source_id for m in matched])
        there = tx.identities(target, entity, [m.target_id for m in matched if m.target_id])
        ids = [identity.id for identity in (*here.values(), *there.values())]
        ids += [bearer.living for bearer in bearers.values() if bearer.living]
        ids += [golden_id(entity, key, bearers.get(key, Key()).generation) for key in keys.values() if key]
        return Known(
            self.source,
            target,
            entity,
            keys,
            bearers,
            here,
            there,
            tx.golden(entity, ids),
            tx.snapshots(self.source, entity, ids),
            tx.snapshots(target, entity, ids),
        )

    def _write(self, tx: Transaction, linked: Sequence[Result]) -> None:
        """Links of both sides, and a snapshot where there is none yet."""
        natives = (
            (self.source, {str(r.record): r.candidate.source_id for r in linked}),
            (self.connection.system, {str(r.record): str(r.target_id) for r in linked}),
        )
        for system, by_record in natives:
            tx.link(system, self.entity, {native: record for record, native in by_record.items()})
            known = tx.snapshots(system, self.entity, by_record)
            fresh = [Snapshot(record, native) for record, native in by_record.items() if record not in known]
            tx.put_snapshots(system, self.entity, fresh)


@dataclass(slots=True)
class Known:
    """What the store knows of both sides; `taken` are the records that candidates before this one got."""

    source: str
    target: str
    entity: str
    keys: Mapping[int, str | None]
    bearers: Mapping[str, Key]
    here: Mapping[str, Identity]
    there: Mapping[str, Identity]
    golden: Mapping[str, Golden]
    snapshots_here: Mapping[str, Snapshot]
    snapshots_there: Mapping[str, Snapshot]
    taken: dict[str, int] = field(default_factory=dict)

    def decide(self, result: Result) -> Result:
        """The record that both are to be linked with, or why not."""
        candidate, target_id = result.candidate, str(result.target_id)
        here, there = self.here.get(candidate.source_id), self.there.get(target_id)
        try:
            if here and there and here.id == there.id:
                return Result(candidate, Status.ALREADY, "", target_id, here.id)
            record = self._record(candidate, here, there)
            self._free(record, candidate, target_id)
        except Refusal as refusal:
            return Result(candidate, refusal.status, refusal.why, target_id)
        self.taken[record] = candidate.line
        return Result(candidate, Status.LINKED, "", target_id, record)

    def _record(self, candidate: Candidate, here: Identity | None, there: Identity | None) -> str:
        if here and there:
            raise Refusal(Status.CONFLICTING, "both are linked already, with two different records")
        for system, identity in ((self.source, here), (self.target, there)):
            if identity and identity.alias:
                raise Refusal(Status.CONFLICTING, f"the {system} row was merged into another one")
            if identity:
                return identity.id
        return self._by_key(candidate)

    def _by_key(self, candidate: Candidate) -> str:
        key = self.keys[id(candidate)]
        keyless = keyless_id(self.entity, self.source, candidate.source_id)
        if key is None:
            return keyless
        bearer = self.bearers.get(key, Key())
        made = golden_id(self.entity, key, bearer.generation)
        return bearer.living or (keyless if made in self.golden else made)

    def _free(self, record: str, candidate: Candidate, target_id: str) -> None:
        """Raises Refusal where either side of the record is somebody else."""
        if record in self.taken:
            line = self.taken[record]
            raise Refusal(Status.DUPLICATE, f"names the same record as line {line}")
        tombstone = self.golden[record].tombstone if record in self.golden else None
        if tombstone is not None:
            raise Refusal(Status.CONFLICTING, f"the record was deleted in {tombstone.system}")
        for system, snapshots, native in (
            (self.source, self.snapshots_here, candidate.source_id),
            (self.target, self.snapshots_there, target_id),
        ):
            snapshot = snapshots.get(record)
            if snapshot and snapshot.native_id != native:
                other = snapshot.native_id or "a row that is being made"
                raise Refusal(Status.CONFLICTING, f"the record is linked with {system} {other}")


class Sightings:
    """The target's rows that candidates may mean, asked for many at a time."""

    def __init__(self, connection: Connection, entity: str, key: tuple[str, ...]) -> None:
        self._connection, self._entity, self._key = connection, entity, key
        self._ids: set[str] = set()
        self._by_key: dict[str, list[str]] = defaultdict(list)
        self._by_rest: dict[Rest, list[Row]] = defaultdict(list)

    async def look(self, candidates: Sequence[Candidate]) -> None:
        """By id, by key, and by the rest where those find nothing."""
        target = self._connection.target
        named = [each.target_id for each in candidates if each.target_id]
        if named:
            self._ids = {row.native_id for row in (await target.read(self._entity, named)).rows}
        keyed = [each for each in candidates if not each.target_id and self._natural(each.values)]
        if keyed:
            asked = [{name: each.values[name] for name in self._key} for each in keyed]
            for row in (await target.find(self._entity, asked)).rows:
                self._by_key[self._natural(row.values) or ""].append(row.native_id)
        left = [
            each for each in candidates if not each.target_id and self._rest(each) and not self._found(each)
        ]
        if left:
            await self._scan(frozenset(map(self._rest, left)))

    def of(self, candidate: Candidate) -> str:
        """The one row that the candidate means. Raises Refusal."""
        if candidate.target_id:
            if candidate.target_id in self._ids:
                return candidate.target_id
            raise self._unknown(f"has no row {candidate.target_id}")
        return self._only(self._found(candidate) or self._named(candidate))

    def _only(self, natives: Sequence[str]) -> str:
        if not natives:
            raise self._unknown("has no such row")
        if len(natives) > 1:
            rows = ", ".join(sorted(natives))
            raise Refusal(Status.DUPLICATE, f"{len(natives)} rows of {self._connection.system} match: {rows}")
        return natives[0]

    def _found(self, candidate: Candidate) -> list[str]:
        key = self._natural(candidate.values)
        return self._by_key[key] if key else []

    def _named(self, candidate: Candidate) -> list[str]:
        """Rows found by the rest alone: one that has a key of its own, which differs, is another record."""
        rows = self._by_rest.get(self._rest(candidate), [])
        key = self._natural(candidate.values)
        free = [row.native_id for row in rows if not (key and self._natural(row.values))]
        if rows and not free:
            fields = " and ".join(self._key)
            raise Refusal(
                Status.CONFLICTING, f"{self._connection.system} {rows[0].native_id} has another {fields}"
            )
        return free

    async def _scan(self, wanted: frozenset[Rest]) -> None:
        """Read all rows: a target is searched by key only."""
        shapes = {tuple(name for name, _ in rest) for rest in wanted}
        async for page in self._connection.source.changes(self._entity, None):
            for row in page.rows:
                rests = (tuple((name, row.values.get(name)) for name in names) for names in shapes)
                for rest in wanted.intersection(rests):
                    self._by_rest[rest].append(row)

    def _rest(self, candidate: Candidate) -> Rest:
        names = sorted(name for name in candidate.values if name not in self._key and candidate.values[name])
        return tuple((name, candidate.values[name]) for name in names)

    def _natural(self, values: Mapping[str, Value]) -> str | None:
        return natural_key(self._key, values) if self._key else None

    def _unknown(self, what: str) -> Refusal:
        return Refusal(Status.UNKNOWN, f"{self._connection.system} {what}")


def _apart(matched: Sequence[Result]) -> list[Result]:
    """Candidates that meet one another are nobody's: none of them is linked."""
    by_source: dict[str, list[int]] = defaultdict(list)
    by_target: dict[str | None, list[int]] = defaultdict(list)
    for result in matched:
        by_source[result.candidate.source_id].append(result.candidate.line)
        by_target[result.target_id].append(result.candidate.line)
    return [
        _alone(result, by_source[result.candidate.source_id], by_target[result.target_id])
        for result in matched
    ]


def _alone(result: Result, same_source: Sequence[int], same_target: Sequence[int]) -> Result:
    if len(same_source) > 1:
        lines, what = same_source, "name the same record"
    elif result.target_id and len(same_target) > 1:
        lines, what = same_target, f"mean the same row {result.target_id}"
    else:
        return result
    why = f"lines {', '.join(map(str, lines))} {what}"
    return Result(result.candidate, Status.DUPLICATE, why, result.target_id)
