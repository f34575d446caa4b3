"""The brake: a run that would delete or empty more rows than its envelope stops before the first of them.

    sift       rows that delete their record, or empty a field of it, are set aside; the others are merged
    weigh      at the end their number is known: they may go on, or they wait and one dead letter says so
    release    what may go on is merged, a chunk at a time
    approve    a person lets go on what waits; `discard` has it forgotten. The next poll obeys

What is set aside is written down in the transaction that moves the watermark, and leaves in the one that
merges it: a crash loses nothing. While something waits, later runs add to it, renew it, and take out what
they find living and filled. A run of one page is weighed before it is merged, so it sets nothing aside.
What a handler learns of a row that it was about to write does not come by here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.model.golden import Cell, Golden, Snapshot
from shared.model.records import DeadLetter, Entry, Waiting
from shared.pipeline import messages
from shared.pipeline.detection import Sift, detect
from shared.pipeline.findings import HUB, Findings
from shared.pipeline.known import Known
from shared.pipeline.side import Side, Sighting

CHUNK = 1_000
"""Held rows that are merged together."""

DUPLICATES = 1_000
"""Rows refused for their natural key that are looked at again, where deletes may have made it free."""


@dataclass
class Brake:
    """The brake of one run. `holding` says that there may be something to weigh at its end."""

    side: Side
    holding: bool = False

    # Set aside

    def sift(self, tx: Transaction, sighting: Sighting, *, alone: bool = False) -> Sift:
        """Leaves the rows that may be merged. `alone`: these are all rows of the run, so weigh them now."""

        def sifted(known: Known, rows: list[Row]) -> list[Row]:
            drains = {row.native_id: row for row in rows if self._drains(row, known)}
            if alone and len(drains) <= self._allowed(tx, len(drains)):
                return rows
            self._hold(tx, list(drains.values()), sighting)
            rest = [row for row in rows if row.native_id not in drains]
            if self.holding:
                tx.let_go(*self._here, [row.native_id for row in rest])
            return rest

        return sifted

    def _hold(self, tx: Transaction, rows: list[Row], sighting: Sighting) -> None:
        if rows:
            self.holding = True
            seen = [replace(row, stamp=min(row.stamp, sighting.read_at)) for row in rows]
            tx.hold(*self._here, seen, sighting.noted)

    def _drains(self, row: Row, known: Known) -> bool:
        """Whether it takes something away that the hub holds."""
        if not row.deleted and (row.refused or None not in row.values.values()):
            return False
        identity = known.identities.get(row.native_id)
        record = known.golden.get(identity.id) if identity and not identity.alias else None
        if record is None or record.tombstone:
            return False
        return row.deleted or self._empties(row, record, known.snapshots.get(record.id))

    def _empties(self, row: Row, record: Golden, snapshot: Snapshot | None) -> bool:
        """Whether a field in which its word counts was filled, there and in golden, and is empty now."""
        if snapshot is None or not snapshot.seen:
            return False
        return any(
            value is None
            and name in self._ours
            and _filled(snapshot.fields.get(name))
            and _filled(record.fields.get(name))
            for name, value in row.values.items()
        )

    @cached_property
    def _ours(self) -> frozenset[str]:
        """The fields in which this system's word counts: in others its value is overruled."""
        if not self.side.is_source:
            return frozenset()
        system, rules = self.side.system, self.side.topology.rules(self.side.entity)
        return frozenset(name for name, rule in rules.items() if rule.owner in (None, system))

    @property
    def _here(self) -> tuple[str, str]:
        return self.side.system, self.side.entity

    # Weigh

    def weigh(self, tx: Transaction, now: int) -> None:
        """What was set aside may go on, or waits for a person."""
        for waiting in tx.waiting_rows(*self._here):
            allowed = self._allowed(tx, waiting.rows)
            if waiting.rows > allowed:
                self._tell(tx, waiting, allowed, now)
                return
        tx.release_rows(*self._here, "poll")
        _close(tx, *self._here, "applied", now)

    def _allowed(self, tx: Transaction, rows: int) -> int:
        """How many rows may go on. The table is counted only where that can matter."""
        envelopes = self.side.topology.envelopes(*self._here)
        least = min(envelope.records for envelope in envelopes)
        if rows <= least:
            return least
        size = tx.living(*self._here)
        return min(envelope.allows(size) for envelope in envelopes)

    def _tell(self, tx: Transaction, waiting: Waiting, allowed: int, now: int) -> None:
        """One dead letter, however often the run comes again; its numbers are the latest."""
        system, entity = self._here
        digest = _numbers(waiting)
        known = tx.open_dead_letters(HUB, entity, [system])
        if known.get(system, "") == digest:
            return
        letter = DeadLetter(
            self.side.ids(),
            HUB,
            entity,
            system,
            system,
            reason="EnvelopeExceeded",
            description=_description(waiting, allowed),
            digest=digest,
        )
        tx.put_dead_letters([letter], now)
        if system not in known:
            tx.post([messages.dead_letter_message(letter)])
            tx.enter([Entry(entity, system, system, "held", digest, "poll")], now)

    # Release

    def release(self, tx: Transaction, now: int) -> Findings | None:
        """Merge a chunk of what may go on; None where nothing is left of it."""
        held = tx.released_rows(*self._here, CHUNK)
        if not held:
            return None
        rows = [each.row for each in held]
        tx.let_go(*self._here, [row.native_id for row in rows])
        cause = held[0].released or "poll"
        found = detect(tx, self.side, Sighting(rows, now, held[0].noted, cause), now)
        if any(row.deleted for row in rows):
            tx.recheck_refused(*self._here, "Duplicate", now, DUPLICATES)
        return found


def _filled(cell: Cell | None) -> bool:
    return cell is not None and cell.value is not None


def _numbers(waiting: Waiting) -> str:
    return f"{waiting.deletes} deleted, {waiting.blanks} emptied"


def _description(waiting: Waiting, allowed: int) -> str:
    where = f"{waiting.system} {waiting.entity}"
    return (
        f"{waiting.system} no longer has so many rows of {waiting.entity}, or fields of them: "
        f"{_numbers(waiting)}. One run may do {allowed}, so none of them was done; all else goes on. "
        f"If it is right: held approve {where}. If not, mend the source and: held discard {where}"
    )


# What a person says


def approve(tx: Transaction, system: str, entity: str, who: str, now: int) -> int:
    """What waits may go on: the next poll merges it. Returns how many rows."""
    return _decide(tx, system, entity, tx.release_rows(system, entity, "approved"), ("approved", who), now)


def discard(tx: Transaction, system: str, entity: str, who: str, now: int) -> int:
    """What waits is forgotten, until a row changes again or the next whole read. Returns how many rows."""
    return _decide(tx, system, entity, tx.discard_rows(system, entity), ("discarded", who), now)


def _decide(tx: Transaction, system: str, entity: str, rows: int, how: tuple[str, str], now: int) -> int:
    action, who = how
    if rows:
        _close(tx, system, entity, action, now)
        tx.enter([Entry(entity, system, system, action, f"{rows} rows", who[:64])], now)
    return rows


def _close(tx: Transaction, system: str, entity: str, how: str, now: int) -> None:
    tx.close_dead_letters(HUB, entity, [system], now, how)
