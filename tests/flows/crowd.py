"""A thousand edits by the people of two systems, some of one field between the same two polls.

    edit       both sides, field by field; nobody sees what the other side does before the hub has worked
    work       polls and deliveries in an order of one seed, some at once; messages come twice, late, shuffled
    settle     until all is quiet; an operator decides what a person is asked
    expect     what the policy says must stand, who must be written to, and what is a conflict

Expectation knows nothing of the hub: it looks at both rows as people left them, and at their times.
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
from tests.flows.office import Office
from tests.flows.two_sides import two_way

FIELDS = {"Phone": "phone", "Website": "website", "BillingCity": "city"}
"""What Salesforce calls them, and what the LMS does."""

POLICIES = ("owner", "newest", "rank", "ask")
SIDES = ("salesforce", "lms")

Place = tuple[int, str]
"""A company and a field, as the LMS calls it."""

Met = tuple[Place, frozenset[Any]]
"""Where edits met, and what they said."""


def policy_text(policy: str) -> str:
    if policy == "owner":
        return "{key: [number], owner: salesforce}"
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
    """The two systems, their people, and the hub between them."""

    office: Office
    policy: str
    random: Random
    size: Size = field(default_factory=Size)
    keys: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    conflicts: int = 0

    async def play(self) -> None:
        """All of it; raises AssertionError where something is not as the policy says."""
        await self._begin()
        for _ in range(self.size.intervals):
            before = self._shown("salesforce")
            assert before == self._shown("lms")
            self._edit(self.size.edits // self.size.intervals)
            expected = self._expect(before, self._shown("salesforce"), self._shown("lms"))
            await self._work()
            await self.office.settle()
            await self._decide(expected)
            self._check(expected)

    async def _begin(self) -> None:
        companies = range(self.size.companies)
        rows = [{"Name": f"Company {each}", "AccountNumber": f"N{each}"} for each in companies]
        self.keys = [self.office.sales.create("Account", **row) for row in rows]
        await self.office.settle()
        await self.office.settle()
        found = {row["number"]: row["id"] for row in self.office.world.rows("lms", "companies")}
        self.numbers = [found[f"N{each}"] for each in companies]
        self.records = {self.office.golden_id(key): company for company, key in enumerate(self.keys)}

    # People

    def _edit(self, count: int) -> None:
        self.office.forget()
        for number in range(count):
            self.office.world.time.pass_by(1)
            company, name = self.random.randrange(self.size.companies), self.random.choice(list(FIELDS))
            value = self.random.choice(("", "same", "other")) if number % 8 == 0 else f"{name} {number}"
            self._set(self.random.choice(SIDES), company, name, value or None)

    def _set(self, side: str, company: int, name: str, value: str | None) -> None:
        if side == "salesforce":
            self.office.sales.change(self.keys[company], **{name: value})
        else:
            self.office.school.change("companies", self.numbers[company], **{FIELDS[name]: value})

    def _shown(self, side: str) -> dict[Place, Any]:
        if side == "lms":
            rows = {row["id"]: row for row in self.office.world.rows("lms", "companies")}
            return {
                (company, name): rows[number][name]
                for company, number in enumerate(self.numbers)
                for name in FIELDS.values()
            }
        rows = {row["Id"]: row for row in self.office.world.rows("salesforce", "Account")}
        return {
            (company, FIELDS[name]): rows[key].get(name)
            for company, key in enumerate(self.keys)
            for name in FIELDS
        }

    def _times(self) -> dict[tuple[str, int], str]:
        """When each row was last changed, as comparable text."""
        sales = {row["Id"]: row["SystemModstamp"] for row in self.office.world.rows("salesforce", "Account")}
        school = {row["id"]: row["updated_at"] for row in self.office.world.rows("lms", "companies")}
        return {
            **{("salesforce", company): sales[key][:19] for company, key in enumerate(self.keys)},
            **{("lms", company): school[number][:19] for company, number in enumerate(self.numbers)},
        }

    # What has to come of it

    def _expect(
        self, before: dict[Place, Any], sales: dict[Place, Any], school: dict[Place, Any]
    ) -> Expected:
        expected, times = Expected(), self._times()
        for place, old in before.items():
            mine, theirs = sales[place], school[place]
            newer = "lms" if times["lms", place[0]] > times["salesforce", place[0]] else "salesforce"
            self._expect_one(expected, place, (old, mine, theirs), newer)
        return expected

    def _expect_one(self, expected: Expected, place: Place, values: tuple[Any, Any, Any], newer: str) -> None:
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
        expected.values[place] = self._stays(values, newer, both=both)
        self._expect_writes(expected, place, (mine, theirs))

    def _expect_owned(self, expected: Expected, place: Place, values: tuple[Any, Any, Any]) -> None:
        """Salesforce's value stays. Before it is seen, the LMS may be given the old one back."""
        old, mine, theirs = values
        expected.values[place] = mine
        self._expect_writes(expected, place, (mine, theirs))
        if theirs == old:
            return
        (expected.may_clash if mine == theirs else expected.clashes)[place, frozenset((theirs,))] += 1
        if mine != old:
            expected.may_write["lms", place] += 2 if mine == theirs else 1

    def _stays(self, values: tuple[Any, Any, Any], newer: str, *, both: bool) -> Any:
        old, mine, theirs = values
        if not both:
            return mine if mine != old else theirs
        return theirs if self.policy == "newest" and newer == "lms" else mine

    def _expect_writes(self, expected: Expected, place: Place, shown: tuple[Any, Any]) -> None:
        for side, value in zip(SIDES, shown, strict=True):
            if value != expected.values[place]:
                expected.writes[side, place] += 1

    # The hub

    async def _work(self) -> None:
        steps: list[Callable[[], Awaitable[object]]] = []
        for side in SIDES:
            steps += [partial(self._poll, side)] * 3 + [partial(self._deliver, side)] * 6
        self.random.shuffle(steps)
        while steps:
            together = [steps.pop() for _ in range(min(len(steps), self.random.randrange(1, 4)))]
            await asyncio.gather(*(step() for step in together))
            self.office.world.time.pass_by(self.random.choice((0.0, 0.5, 7.0)))

    async def _poll(self, side: str) -> None:
        await self.office.world.hub.polling(side).poll("account")

    async def _deliver(self, side: str) -> None:
        """Some messages, shuffled, some of them twice; and now and then they all come again."""
        broker, address = self.office.world.broker, f"changes/Subscriptions/{side}"
        batch = broker.receive(address, self.random.randrange(1, 5))
        bodies = [each.message.body for each in batch]
        bodies += self.random.sample(bodies, self.random.randrange(len(bodies) + 1))
        self.random.shuffle(bodies)
        if bodies:
            await self.office.world.hub.delivery(side).deliver(bodies)
        settle = broker.abandon if self.random.random() < 0.3 else broker.complete
        for each in batch:
            assert each.lock_token is not None
            settle(address, each.lock_token)

    async def _decide(self, expected: Expected) -> None:
        """An operator answers what was asked, one way or the other."""
        hub = self.office.world.hub
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
        await self.office.settle()

    # What came of it

    def _check(self, expected: Expected) -> None:
        for side in SIDES:
            assert self._shown(side) == expected.values
        self._check_golden(expected)
        written = self._written()
        assert expected.writes <= written <= expected.writes + expected.may_write
        table = self._in_table()
        clashes = Counter(map(self._met, table[self.conflicts :]))
        assert expected.clashes <= clashes <= expected.clashes + expected.may_clash
        self.conflicts = len(table)
        assert self.office.letters() == []

    def _check_golden(self, expected: Expected) -> None:
        golden = self.office.world.hub.store.transact_now(lambda tx: tx.golden("account", self.records))
        for record, company in self.records.items():
            for name in FIELDS.values():
                assert golden[record].fields[name].value == expected.values[company, name]

    def _written(self) -> Counter[tuple[str, Place]]:
        """Every field that was sent to a system, as often as it was."""
        found: Counter[tuple[str, Place]] = Counter()
        companies = {
            str(key): company for each in (self.keys, self.numbers) for company, key in enumerate(each)
        }
        for side in SIDES:
            for record in self.office.written(side):
                company = companies[str(record.get("Id") or record["id"])]
                found.update((side, (company, FIELDS.get(name, name))) for name in record if _is_field(name))
        return found

    def _in_table(self) -> list[ConflictEntry]:
        """Oldest first."""
        store = self.office.world.hub.store
        found = store.transact_now(lambda tx: tx.latest_conflicts(100_000, open_only=False))
        return found[::-1]

    def _place(self, conflict: ConflictEntry) -> Place:
        return self.records[conflict.record], conflict.clash.field

    def _met(self, conflict: ConflictEntry) -> Met:
        """Where it was, and the values that met; of an owned field the one that lost."""
        kept, lost = conflict.clash.kept.value, conflict.clash.lost.value
        return self._place(conflict), frozenset((lost,) if self.policy == "owner" else (kept, lost))


def crowd(office_with: Callable[..., Office], policy: str, seed: int, size: Size | None = None) -> Crowd:
    office = office_with(two_way(policy_text(policy)), seed=seed)
    return Crowd(office, policy, Random(seed), size or Size())


def _decided(mending: Mending, conflict: str, keep: str, tx: Transaction) -> None:
    assert isinstance(mending.decide(tx, conflict, keep, "ada"), Mended)


def _is_field(name: str) -> bool:
    return name in FIELDS or name in FIELDS.values()
