"""Open conflicts: the fields of which an operator has yet to say whose value stays.

    opened      an edit met another, neither in knowledge of the other; both systems keep what they show
    replaced    a system that had its say in it says something else: its latest word counts
    agreed      a system shows golden's value again: its word is taken back
    superseded  golden went another way, by one who has more to say
    deleted     the record is no more
    kept, lost, value   what an operator decided (`mending`)

While one of a record's fields is disputed, a dead letter of the target `operator` says so.
An entity that asks nobody costs no statement; where the topology no longer asks, nobody is bound any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.adapters.store.transaction import Transaction
from shared.model.change import Message
from shared.model.golden import OPERATOR, Golden
from shared.model.merge import Merged
from shared.model.records import ConflictEntry, DeadLetter
from shared.pipeline import messages
from shared.pipeline.side import Side
from shared.topology import Topology

Disputes = dict[str, list[ConflictEntry]]
"""Field → what is said against golden's value, each system once. Of one record."""


def disputes(tx: Transaction, topology: Topology, entity: str, ids: Iterable[str]) -> dict[str, Disputes]:
    """What is open of these records."""
    found: dict[str, Disputes] = {}
    if topology.asks(entity):
        rules = topology.rules(entity)
        for conflict in tx.open_conflicts(entity, ids):
            if rules[conflict.clash.field].asks:
                found.setdefault(conflict.record, {}).setdefault(conflict.clash.field, []).append(conflict)
    return found


def mark(tx: Transaction, topology: Topology, entity: str, records: Mapping[str, Golden]) -> None:
    """Let the records say which of their fields are disputed."""
    for record, fields in disputes(tx, topology, entity, records).items():
        records[record].disputed = frozenset(fields)


@dataclass(slots=True)
class Questions:
    """What a page of rows opened and settled: filled record by record, written at once."""

    opened: dict[str, str] = field(default_factory=dict)
    settled: dict[str, str] = field(default_factory=dict)
    ended: dict[str, None] = field(default_factory=dict)

    def take(self, record: str, merged: Merged, system: str, open_now: Disputes) -> bool:
        """What came of a row; whether it ended a dispute, so that golden's value may travel again."""
        if not (merged.clashes or open_now):
            return False
        said = {clash.field: "replaced" for clash in merged.clashes if clash.open}
        self.opened |= {record: next(iter(said))} if said else {}
        if not open_now:
            return False
        for name, how in (dict.fromkeys(merged.agreed, "agreed") | said).items():
            self._settle(open_now, name, how, system)
        for name in merged.changed:
            self._settle(open_now, name, "superseded")
        over = [name for name, against in open_now.items() if not against and name not in said]
        for name in over:
            del open_now[name]
        if not open_now:
            self.ended[record] = None
        return bool(over)

    def end(self, record: str, open_now: Disputes, how: str) -> None:
        """None of a record's fields is disputed any more."""
        for name in open_now:
            self._settle(open_now, name, how)
        if open_now:
            self.ended[record] = None

    def _settle(self, open_now: Disputes, name: str, how: str, system: str | None = None) -> None:
        against = open_now.get(name, [])
        done = [each for each in against if system in (None, each.clash.lost.system)]
        self.settled |= {conflict.id: how for conflict in done}
        against[:] = [each for each in against if each not in done]

    def write(self, tx: Transaction, side: Side, now: int) -> list[Message]:
        """Before the clashes of the page are; returns what operators are told."""
        tx.settle_conflicts(self.settled, now)
        tx.close_dead_letters(OPERATOR, side.entity, self.ended, now, "settled")
        if not self.opened:
            return []
        told = tx.open_dead_letters(OPERATOR, side.entity, self.opened)
        letters = [_letter(side, record, name) for record, name in self.opened.items() if record not in told]
        tx.put_dead_letters(letters, now)
        return [messages.dead_letter_message(letter) for letter in letters]


def _letter(side: Side, record: str, name: str) -> DeadLetter:
    return DeadLetter(
        side.ids(),
        OPERATOR,
        side.entity,
        record,
        side.system,
        reason="Undecided",
        description=f"two systems gave {side.entity}.{name} different values, neither knowing of the other: "
        "say which one stays; until then each system keeps its own",
        field=name,
    )
