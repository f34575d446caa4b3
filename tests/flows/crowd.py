"""A thousand edits by the people of two systems, some of one field between the same two polls.

    edit       both sides, field by field; nobody sees what the other side does before the hub has worked
    work       polls and deliveries in an order of one seed, some at once; messages come twice, late, shuffled
    settle     until all is quiet; an operator decides what a person is asked
    expect     what the policy says must stand, who must be written to, and what is a conflict

Expectation knows nothing of the hub: it looks at both rows as people left them, and at their times. Which
two systems they are is said by `sides`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from shared.adapters.store.transaction import Transaction
from shared.model.records import ConflictEntry
from shared.pipeline.mending import Mended, Mending
from tests.flows.sides import FIELDS, Place, Sides
from tests.world import World

POLICIES = ("owner", "newest", "rank", "ask")
Met = tuple[Place, frozenset[Any]]
"""Where edits met, and what they said."""


def policy_text(policy: str, owner: str) -> str:
    if policy == "owner":
        return f"{{key: [number], owner: {owner}}}"
    return f"{{key: [number], conflict: {policy}}}"


@dataclass(frozen=True, slots=True)
class Size:
    companies: int = 120
    edits: int = 1_000
    intervals: int = 4


@dataclass
class Expected:
    """What has to come of one interval; and what may, where the owner's edit is seen after another's."""

    values: dict[Place, Any] = field(default_factory=dict)
    asked: dict[Place, tuple[Any, Any]] = field(default_factory=dict)
    writes: Counter[tuple[str, Place]] = field(default_factory=Counter)
    clashes: Counter[Met] = field(default_factory=Counter)
    may_write: Counter[tuple[str, Place]] = field(default_factory=Counter)
    may_clash: Counter[Met] = field(default_factory=Counter)


@dataclass
class Crowd:
    """The people of two systems, and the hub between them. Of an owned field the first one is the owner."""

    sides: Sides
    policy: str
    random: Random
    size: Size = field(default_factory=Size)
    records: dict[str, int] = field(default_factory=dict)
    conflicts: int = 0

    @property
    def world(self) -> World:
        return self.sides.world

    async def play(self) -> None:
        """All of it; raises AssertionError where something is not as the policy says."""
        await self._begin()
        for _ in range(self.size.intervals):
            first, second = self.sides.names
            before = self.sides.shown(first)
            assert before == self.sides.shown(second)
            self._edit(self.size.edits // self.size.intervals)
            expected = self._expect(before, self.sides.shown(first), self.sides.shown(second))
            await self._work()
            await self.sides.settle()
            await self._decide(expected)
            self._check(expected)

    async def _begin(self) -> None:
        await self.sides.begin(self.size.companies)
        self.records = {record: company for company, record in enumerate(self.sides.records())}

    # People

    def _edit(self, count: int) -> None:
        self.sides.forget()
        for number in range(count):
            self.world.time.pass_by(1)
            company, name = self.random.randrange(self.size.companies), self.random.choice(FIELDS)
            value = self.random.choice(("", "same", "other")) if number % 8 == 0 else f"{name} {number}"
            self.sides.set(self.random.choice(self.sides.names), company, name, value or None)

    # What has to come of it

    def _expect(
        self, before: dict[Place, Any], first: dict[Place, Any], second: dict[Place, Any]
    ) -> Expected:
        expected, (one, other) = Expected(), self.sides.names
        ours, others = self.sides.times(one), self.sides.times(other)
        for place, old in before.items():
            mine, theirs = first[place], second[place]
            newer = others[place[0]] > ours[place[0]]
            self._expect_one(expected, place, (old, mine, theirs), theirs_newer=newer)
        return expected

    def _expect_one(
        self, expected: Expected, place: Place, values: tuple[Any, Any, Any], *, theirs_newer: bool
    ) -> None:
        old, mine, theirs = values
        if self.policy == "owner":
            self._expect_owned(expected, place, values)
            return
        both = mine not in (old, theirs) and theirs != old
        if both:
            expected.clashes[place, frozenset((mine, theirs))] += 1
        if both and self.policy == "ask":
            expected.asked[place] = (mine, theirs)
            return
        expected.values[place] = self._stays(values, both=both, theirs_newer=theirs_newer)
        self._expect_writes(expected, place, (mine, theirs))

    def _expect_owned(self, expected: Expected, place: Place, values: tuple[Any, Any, Any]) -> None:
        """The owner's value stays. Before it is seen, the other may be given the old one back."""
        old, mine, theirs = values
        expected.values[place] = mine
        self._expect_writes(expected, place, (mine, theirs))
        if theirs == old:
            return
        (expected.may_clash if mine == theirs else expected.clashes)[place, frozenset((theirs,))] += 1
        if mine != old:
            expected.may_write[self.sides.names[1], place] += 2 if mine == theirs else 1

    def _stays(self, values: tuple[Any, Any, Any], *, both: bool, theirs_newer: bool) -> Any:
        old, mine, theirs = values
        if not both:
            return mine if mine != old else theirs
        return theirs if self.policy == "newest" and theirs_newer else mine

    def _expect_writes(self, expected: Expected, place: Place, shown: tuple[Any, Any]) -> None:
        for side, value in zip(self.sides.names, shown, strict=True):
            if value != expected.values[place]:
                expected.writes[side, place] += 1

    # The hub

    async def _work(self) -> None:
        steps: list[Callable[[], Awaitable[object]]] = []
        for side in self.sides.names:
            steps += [partial(self._poll, side)] * 3 + [partial(self._deliver, side)] * 6
        self.random.shuffle(steps)
        while steps:
            together = [steps.pop() for _ in range(min(len(steps), self.random.randrange(1, 4)))]
            await asyncio.gather(*(step() for step in together))
            self.world.time.pass_by(self.random.choice((0.0, 0.5, 7.0)))

    async def _poll(self, side: str) -> None:
        await self.world.hub.polling(side).poll("account")

    async def _deliver(self, side: str) -> None:
        """Some messages, shuffled, some of them twice; and now and then they all come again."""
        broker, address = self.world.broker, f"changes/Subscriptions/{side}"
        batch = broker.receive(address, self.random.randrange(1, 5))
        bodies = [each.message.body for each in batch]
        bodies += self.random.sample(bodies, self.random.randrange(len(bodies) + 1))
        self.random.shuffle(bodies)
        if bodies:
            await self.world.hub.delivery(side).deliver(bodies)
        settle = broker.abandon if self.random.random() < 0.3 else broker.complete
        for each in batch:
            assert each.lock_token is not None
            settle(address, each.lock_token)

    async def _decide(self, expected: Expected) -> None:
        """An operator answers what was asked, one way or the other."""
        hub = self.world.hub
        mending = Mending(hub.topology, hub.clock, hub.ids)
        found = [each for each in self._in_table() if each.open]
        places = {self._place(each): each for each in found}
        assert {*map(self._met, found)} == {(place, frozenset(met)) for place, met in expected.asked.items()}
        assert len(places) == len(found)
        for place, conflict in places.items():
            keep = self.random.choice(("kept", "lost"))
            clash = conflict.clash
            hub.store.transact_now(partial(_decided, mending, conflict.id, keep))
            expected.values[place] = clash.kept.value if keep == "kept" else clash.lost.value
            self._expect_writes(expected, place, expected.asked[place])
        await self.sides.settle()

    # What came of it

    def _check(self, expected: Expected) -> None:
        for side in self.sides.names:
            assert self.sides.shown(side) == expected.values
        self._check_golden(expected)
        written = self._written()
        assert expected.writes <= written <= expected.writes + expected.may_write
        table = self._in_table()
        clashes = Counter(map(self._met, table[self.conflicts :]))
        assert expected.clashes <= clashes <= expected.clashes + expected.may_clash
        self.conflicts = len(table)
        assert self.world.dead_letters() == []

    def _check_golden(self, expected: Expected) -> None:
        golden = self.world.hub.store.transact_now(lambda tx: tx.golden("account", self.records))
        for record, company in self.records.items():
            for name in FIELDS:
                assert golden[record].fields[name].value == expected.values[company, name]

    def _written(self) -> Counter[tuple[str, Place]]:
        """Every field that was sent to a system, as often as it was."""
        return Counter((side, place) for side in self.sides.names for place in self.sides.written(side))

    def _in_table(self) -> list[ConflictEntry]:
        """Oldest first."""
        store = self.world.hub.store
        found = store.transact_now(lambda tx: tx.latest_conflicts(100_000, open_only=False))
        return found[::-1]

    def _place(self, conflict: ConflictEntry) -> Place:
        return self.records[conflict.record], conflict.clash.field

    def _met(self, conflict: ConflictEntry) -> Met:
        """Where it was, and the values that met; of an owned field the one that lost."""
        kept, lost = conflict.clash.kept.value, conflict.clash.lost.value
        return self._place(conflict), frozenset((lost,) if self.policy == "owner" else (kept, lost))


def _decided(mending: Mending, conflict: str, keep: str, tx: Transaction) -> None:
    assert isinstance(mending.decide(tx, conflict, keep, "ada"), Mended)
