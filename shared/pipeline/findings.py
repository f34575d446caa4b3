"""What came of a page of rows: filled row by row, written at once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.adapters.store.transaction import Transaction
from shared.model.change import ChangeSet, Message, Row
from shared.model.errors import IntegrationError
from shared.model.golden import Golden, Snapshot
from shared.model.merge import Clash
from shared.model.records import DeadLetter, Entry
from shared.pipeline import messages
from shared.pipeline.attached import Attached
from shared.pipeline.disputes import Questions
from shared.pipeline.orphans import Orphans
from shared.pipeline.side import Side, Sighting

HUB = "hub"


@dataclass(slots=True)
class Findings:
    """What is to be written, by golden id or native id."""

    golden: dict[str, Golden] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    moved: dict[str, None] = field(default_factory=dict)
    unlinked: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    write_back: dict[str, None] = field(default_factory=dict)
    clashes: list[tuple[str, Clash]] = field(default_factory=list)
    refused: list[tuple[Row, IntegrationError]] = field(default_factory=list)
    later: dict[str, int] = field(default_factory=dict)
    healed: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    questions: Questions = field(default_factory=Questions)

    def write(self, tx: Transaction, side: Side, sighting: Sighting, now: int) -> None:
        """All of it, in a few statements."""
        dead = [record for record in self.golden.values() if record.tombstone]
        tx.put_golden(side.entity, dead)
        tx.put_golden(side.entity, [record for record in self.golden.values() if not record.tombstone])
        tx.drop_snapshots(side.system, side.entity, self.dropped)
        tx.put_snapshots(side.system, side.entity, list(self.snapshots.values()))
        tx.unlink(side.system, side.entity, self.unlinked)
        tx.link(side.system, side.entity, self.links)
        tx.link(side.system, side.entity, self.aliases, alias=True)
        asked = self.questions.write(tx, side, now)
        tx.clash(side.entity, self.clashes, now)
        if not sighting.looked:
            tx.recheck(side.system, side.entity, self.later)
        tx.enter(self.entries, now)
        fresh = self._refuse(tx, side, now)
        tx.post([*self._change_sets(side, sighting, now), *map(messages.dead_letter_message, fresh), *asked])
        tx.count(self._tally(side, fresh))
        orphans = Orphans(side.topology, side.system, side.ids)
        orphans.reunite(tx, side.entity, self.links.values(), now)
        Attached(side.system, orphans).follow(tx, side.entity, self.moved, now)
        self._adopt_children(tx, side, now)

    def _adopt_children(self, tx: Transaction, side: Side, now: int) -> None:
        """Children of a row that has joined another record have that one's parent from now on."""
        names = [f"{side.system}:{native}" for native in self.aliases] if side.joins else []
        for system in side.topology.systems if names else ():
            Orphans(side.topology, system, side.ids).called(tx, side.entity, names, now)

    def _refuse(self, tx: Transaction, side: Side, now: int) -> list[DeadLetter]:
        """Dead letters for rows that the hub refuses; one that was refused just so before is not news."""
        healed = (f"{side.system}:{native}" for native in self.healed)
        tx.close_dead_letters(HUB, side.entity, healed, now, "applied")
        if not self.refused:
            return []
        letters = [_letter(side, row, error) for row, error in self.refused]
        known = tx.open_dead_letters(HUB, side.entity, [letter.record for letter in letters])
        fresh = [letter for letter in letters if known.get(letter.record, "") != letter.digest]
        tx.put_dead_letters(fresh, now)
        return fresh

    def _change_sets(self, side: Side, sighting: Sighting, now: int) -> Iterable[Message]:
        if side.is_source and self.changed:
            yield from self._messages(side, list(self.changed), sighting, now, None)
        if self.write_back and not sighting.looked and side.is_target:
            yield from self._messages(side, list(self.write_back), sighting, now, side.system)

    def _messages(
        self, side: Side, ids: list[str], sighting: Sighting, now: int, target: str | None
    ) -> Iterable[Message]:
        cause = sighting.cause if target is None else "write-back"
        for part in messages.parts(ids):
            names = sorted({name for record in part for name in self.changed.get(record, ())})
            change = ChangeSet(side.entity, side.system, part, target, cause, since=now, fields=tuple(names))
            yield messages.encode(change, side.ids())

    def _tally(self, side: Side, fresh: Sequence[DeadLetter]) -> Mapping[tuple[str, str, str, str], int]:
        """Every system that this one's records reach is to look at them, whatever flows lead there."""
        count: Counter[tuple[str, str, str, str]] = Counter()
        for target in side.topology.systems:
            if target == side.system or side.system not in side.topology.reach(target, side.entity):
                continue
            here = (side.entity, side.system, target)
            count[(*here, "read")] += len(self.changed) + len(fresh)
            count[(*here, "dead_lettered")] += len(fresh)
        return count


def _letter(side: Side, row: Row, error: IntegrationError) -> DeadLetter:
    content = repr((sorted(row.values.items()), error.reason, error.field))
    return DeadLetter(
        side.ids(),
        HUB,
        side.entity,
        f"{side.system}:{row.native_id}",
        side.system,
        error.reason,
        error.description,
        error.field,
        hashlib.sha256(content.encode()).hexdigest(),
    )
