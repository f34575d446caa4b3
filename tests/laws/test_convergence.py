"""Whatever people do in three systems, and in whatever order the hub sees and tells it, all end equal.

Through the real detection, on one store in memory, in which each story has a record of its own. A system is a
value with a time; the hub sees it (a poll), and puts it right where its snapshot differs from golden (a
delivery, which looks first, as a guard does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.model.golden import Cell, Golden, Value
from shared.model.records import ConflictEntry
from shared.pipeline.detection import detect
from shared.pipeline.disputes import mark
from shared.pipeline.mending import Mending
from shared.pipeline.side import Side, Sighting
from shared.topology import Topology
from shared.topology_file import parse
from tests import stores
from tests.plain import Plain

POLICIES = ("{owner: one}", "{conflict: newest}", "{conflict: rank}", "{conflict: ask}")
SYSTEMS = ("one", "two", "three")
FIELD = "phone"
LATE = 10_000


@cache
def topology(policy: str) -> Topology:
    flows = "\n".join(
        f"  - {{entity: account, from: {source}, to: {target}, guard: read}}"
        for source, target in permutations(SYSTEMS, 2)
    )
    return parse(f"""
systems:
  one: {{kind: lms, rank: 3}}
  two: {{kind: lms, rank: 2}}
  three: {{kind: lms, rank: 1}}
entities:
  account: {{key: [number], fields: {{{FIELD}: {policy}}}}}
flows:
{flows}
""")


@dataclass
class Desk:
    """Three systems with one row each of one record, and the hub's memory of them."""

    policy: str
    store: Store
    label: str
    values: dict[str, Value] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, "0"))
    stamps: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, 1))
    now: int = LATE

    def __post_init__(self) -> None:
        self.topology = topology(self.policy)
        for system in SYSTEMS:
            self.poll(system)

    def edit(self, system: str, value: Value, stamp: int) -> None:
        """Somebody's edit; a row's time never goes back."""
        if value != self.values[system]:
            self.values[system] = value
            self.stamps[system] = max(stamp, self.stamps[system] + 1)

    def poll(self, system: str) -> None:
        values = {"number": self.label, "name": "A", FIELD: self.values[system]}
        row = Row(f"{system}-{self.label}", values, self.stamps[system])
        side = Side(self.topology, system, "account", Plain(), new_id)
        self.store.transact_now(lambda tx: detect(tx, side, Sighting([row], LATE, 1 << 40), self.now))

    def deliver(self, system: str) -> None:
        """Look, then write what differs."""
        self.poll(system)
        golden = self.golden()
        snapshot = self.store.transact_now(lambda tx: tx.snapshots(system, "account", [golden.id]))[golden.id]
        cell = golden.fields[FIELD]
        if FIELD in golden.disputed or snapshot.fields[FIELD].value == cell.value:
            return
        self.values[system] = cell.value
        self.stamps[system] += 1
        snapshot.fields[FIELD] = cell
        self.store.transact_now(lambda tx: tx.put_snapshots(system, "account", [snapshot]))

    def decide(self, keep: str) -> None:
        mending = Mending(self.topology, lambda: self.now, new_id)
        for conflict in self.open():
            self.store.transact_now(lambda tx, each=conflict.id: mending.decide(tx, each, keep, "ada"))  # type: ignore[misc]

    def settle(self) -> None:
        for keep in ("lost", "kept"):
            for system in SYSTEMS:
                self.poll(system)
            self.decide(keep)
            for system in SYSTEMS:
                self.deliver(system)

    def golden(self) -> Golden:
        native = f"one-{self.label}"

        def ask(tx: Transaction) -> Golden:
            identity = tx.identities("one", "account", [native])[native]
            records = tx.golden("account", [identity.id])
            mark(tx, self.topology, "account", records)
            return records[identity.id]

        return self.store.transact_now(ask)

    def open(self) -> list[ConflictEntry]:
        record = self.golden().id
        return self.store.transact_now(lambda tx: tx.open_conflicts("account", [record]))


labels = count(1)
numbers = count(1)


def new_id() -> str:
    return f"00000000-0000-4000-8000-{next(numbers):012d}"


store = cache(stores.fresh)


def opened(policy: str) -> Desk:
    return Desk(policy, store(), f"N{next(labels)}")


edits = st.builds(
    lambda system, value, stamp: ("edit", system, value, stamp),
    st.sampled_from(SYSTEMS),
    st.sampled_from(("a", "b", "c", None)),
    st.integers(2, 60),
)
work = st.tuples(st.sampled_from(("poll", "deliver")), st.sampled_from(SYSTEMS))
decisions = st.tuples(st.just("decide"), st.sampled_from(("kept", "lost")))
histories = st.lists(st.one_of(edits, edits, work, work, work, decisions), max_size=12)


def play(policy: str, history: Sequence[tuple[str, ...]]) -> Desk:
    desk = opened(policy)
    for name, *arguments in history:
        getattr(desk, name)(*arguments)
    desk.settle()
    return desk


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=12, deadline=None)
@given(history=histories)
def test_all_end_equal(policy: str, history: Sequence[tuple[str, ...]]):
    desk = play(policy, history)
    cell = desk.golden().fields[FIELD]
    assert dict.fromkeys(SYSTEMS, cell.value) == desk.values
    assert not desk.golden().disputed
    assert desk.open() == []
    before = desk.golden()
    desk.settle()
    assert desk.golden() == before


@pytest.mark.parametrize("policy", POLICIES[:3])
@settings(max_examples=3, deadline=None)
@given(
    made=st.lists(st.integers(2, 9), min_size=3, max_size=3),
    told=st.lists(st.sampled_from(SYSTEMS), max_size=3),
)
def test_in_whatever_order_edits_arrive_that_knew_nothing_of_each_other_the_same_one_stays(
    policy: str, made: Sequence[int], told: Sequence[str]
):
    """With some of them seen twice. Two who say the same are one edit: the one that was seen first."""
    ends = set()
    for order in permutations(SYSTEMS):
        desk = opened(policy)
        for system, stamp in zip(SYSTEMS, made, strict=True):
            desk.edit(system, system, stamp)
        for system in (*order, *told):
            desk.poll(system)
        desk.settle()
        ends.add(desk.golden().fields[FIELD].value)
    assert len(ends) == 1


def test_of_such_edits_the_highest_rank_stays_or_the_newest_or_the_owners():
    stays = {}
    for policy in POLICIES[:3]:
        desk = opened(policy)
        for system, stamp in (("one", 5), ("two", 7), ("three", 9)):
            desk.edit(system, system, stamp)
        desk.settle()
        stays[policy] = desk.golden().fields[FIELD]
    assert stays == {
        "{owner: one}": Cell("one", 5, "one"),
        "{conflict: newest}": Cell("three", 9, "three"),
        "{conflict: rank}": Cell("one", 5, "one"),
    }
