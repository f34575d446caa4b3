"""Two processes that write at once: whoever came second runs again, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy.exc import DBAPIError

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.change import Row
from shared.model.errors import Misconfigured, Unavailable
from shared.model.golden import Cell, Golden, Snapshot
from shared.model.keys import golden_id
from shared.model.records import Entry
from shared.pipeline.detection import detect
from shared.pipeline.side import Side, Sighting
from shared.topology_file import parse
from shared.wiring import new_id
from tests.plain import Plain

ROUNDS = 20

TWO = parse("""
systems:
  one: {kind: lms, rank: 1}
  two: {kind: lms, rank: 2}
entities:
  account: {key: [number], fields: {name: {owner: one}, phone: {owner: two}}}
flows:
  - {entity: account, from: one, to: two, guard: read}
  - {entity: account, from: two, to: one, guard: read}
""")


def at_once(stores: Sequence[Store], work: Callable[[Store, int], None]) -> None:
    """The same work in each store, round by round, all beginning a round together."""
    barrier = Barrier(len(stores))

    def run(store: Store) -> None:
        for number in range(ROUNDS):
            barrier.wait(60)
            work(store, number)

    with ThreadPoolExecutor(len(stores)) as pool:
        for done in [pool.submit(run, store) for store in stores]:
            done.result()


def test_no_update_of_one_record_is_lost(store: Store, other: Store):
    def add(tx: Transaction) -> None:
        record = tx.golden("account", ["1"]).get("1", Golden("1", {}))
        count = int(record.revision) + 1
        tx.put_golden("account", [Golden("1", {"n": Cell(count, count, "crm")}, revision=count)])

    at_once([store, other], lambda each, _: each.transact_now(add))
    record = store.transact_now(lambda tx: tx.golden("account", ["1"]))["1"]
    assert (record.revision, record.fields["n"].value) == (2 * ROUNDS, 2 * ROUNDS)


def test_places_in_the_order_of_snapshots_are_given_once(store: Store, other: Store):
    places: list[int] = []

    def write(each: Store, number: int) -> None:
        kept = Snapshot(f"{id(each)} {number}")
        each.transact_now(lambda tx: tx.put_snapshots("crm", "account", [kept]))
        places.append(kept.moved)

    at_once([store, other], write)
    assert sorted(places) == list(range(1, 2 * ROUNDS + 1))


def test_two_who_meet_a_new_key_make_one_record(store: Store, other: Store):
    def make(tx: Transaction, key: str) -> None:
        bearer = tx.by_key("account", [key]).get(key)
        if bearer is None or bearer.living is None:
            tx.put_golden("account", [Golden(golden_id("account", key), {}, key, revision=1)])

    at_once([store, other], lambda each, number: each.transact_now(lambda tx: make(tx, f"k{number}")))
    keys = [f"k{number}" for number in range(ROUNDS)]
    found = store.transact_now(lambda tx: tx.by_key("account", keys))
    assert {key: each.living for key, each in found.items()} == {
        key: golden_id("account", key) for key in keys
    }


def test_of_two_who_ask_for_a_lease_one_has_it(store: Store, other: Store):
    had: list[int] = []

    def ask(each: Store, number: int) -> None:
        if each.transact_now(lambda tx: tx.lease(f"poll {number}", str(id(each)), 0, 10)):
            had.append(number)

    at_once([store, other], ask)
    assert sorted(had) == list(range(ROUNDS))


def test_tallies_of_two_add_up(store: Store, other: Store):
    flow = ("account", "crm", "lms", "read")
    at_once([store, other], lambda each, _: each.transact_now(lambda tx: tx.count({flow: 1})))
    assert store.transact_now(lambda tx: tx.tallies())[flow[:3]] == {"read": 2 * ROUNDS}


def test_polls_of_two_systems_lose_nothing_of_each_other(store: Store, other: Store):
    """Both merge the same records at once, each with a field of its own to say."""
    said = {"one": "name", "two": "phone"}
    systems = dict(zip((id(store), id(other)), said, strict=True))
    numbers = [str(number) for number in range(1, 21)]

    def poll(each: Store, turn: int) -> None:
        system = systems[id(each)]
        values = {"name": "", "phone": "", said[system]: f"{system} {turn}"}
        rows = [Row(number, {"number": number, **values}, turn + 1) for number in numbers]
        side = Side(TWO, system, "account", Plain(), new_id)
        each.transact_now(lambda tx: detect(tx, side, Sighting(rows, turn + 1, 1 << 40), turn + 1))

    at_once([store, other], poll)

    with_ids = store.read_now(lambda tx: tx.identities("one", "account", numbers))
    records = store.read_now(lambda tx: tx.golden("account", [each.id for each in with_ids.values()]))
    last = {"name": f"one {ROUNDS - 1}", "phone": f"two {ROUNDS - 1}"}
    assert len(records) == len(numbers)
    for record in records.values():
        assert {name: record.fields[name].value for name in last} == last
        told = store.read_now(lambda tx, one=record.id: tx.history("account", one))  # type: ignore[misc]
        assert record.revision == len(told)


# What one reads while another writes


def revise(tx: Transaction) -> int:
    """One more revision of record 1; returns which."""
    record = tx.golden("account", ["1"]).get("1", Golden("1", {}))
    record.revision += 1
    tx.put_golden("account", [record])
    return record.revision


def show(tx: Transaction) -> int:
    """What crm shows of record 1, seen once more; returns how often before."""
    snapshot = tx.snapshots("crm", "account", ["1"]).get("1", Snapshot("1"))
    seen = snapshot.fields["n"].value if snapshot.fields else 0
    snapshot.fields = {"n": Cell(int(str(seen)) + 1, 0, "crm")}
    tx.put_snapshots("crm", "account", [snapshot])
    return int(str(seen)) + 1


def settle_claim(tx: Transaction) -> int:
    """Confirm a write for as long as its claim stands."""
    held = tx.claims("crm", "account", ["1"]).get("1", 0)
    tx.put_snapshots("crm", "account", [Snapshot("1", "a", seen=True)] if held else [])
    return held


def relink(tx: Transaction) -> int:
    """Native id a names the next record."""
    found = tx.identities("crm", "account", ["a"]).get("a")
    number = int(found.id) + 1 if found else 1
    tx.link("crm", "account", {"a": str(number)})
    return number


@pytest.mark.parametrize("work", [revise, show, relink])
def test_what_another_changed_since_it_was_read_is_read_again(store: Store, other: Store, work):
    seen: list[int] = []

    def meets(tx: Transaction) -> None:
        tx.golden("account", ["1"]), tx.snapshots("crm", "account", ["1"])
        tx.identities("crm", "account", ["a"])
        if not seen:
            seen.append(other.transact_now(work))
        seen.append(work(tx))

    store.transact_now(meets)
    assert seen[0] == 1
    assert seen[-1] == 2
    assert store.transact_now(work) == 3


def test_a_claim_that_was_given_up_meanwhile_is_not_settled(store: Store, other: Store):
    claimed = Snapshot("1", pending={"n": Cell(1, 0, "crm")}, pending_until=7)
    store.transact_now(lambda tx: tx.claim("crm", "account", [claimed]))
    found: list[int] = []

    def settle(tx: Transaction) -> None:
        tx.claims("crm", "account", ["1"])
        if not found:
            found.append(-1)
            other.transact_now(lambda inner: inner.drop_snapshots("crm", "account", ["1"]))
        found.append(settle_claim(tx))

    store.transact_now(settle)
    assert found[-1] == 0
    assert not store.read_now(lambda tx: tx.snapshots("crm", "account", ["1"]))


def test_who_changes_something_else_is_not_in_the_way(store: Store, other: Store):
    """As a poll of one system and a handler of another, while each decides."""
    times: list[int] = []

    def merge(tx: Transaction) -> None:
        times.append(len(tx.golden("account", ["1"])) + len(tx.snapshots("crm", "account", ["1"])))
        if len(times) == 1:
            other.transact_now(lambda inner: inner.put_snapshots("lms", "account", [Snapshot("1")]))
        tx.put_golden("account", [Golden("1", {}, revision=1)])
        tx.put_snapshots("crm", "account", [Snapshot("1")])

    store.transact_now(merge)
    assert times == [0]


def test_records_of_before_and_of_now_are_not_seen_together(store: Store, other: Store):
    """Golden is never behind a snapshot, for both are written together; and so are they read."""
    written: list[int] = []
    seen: list[tuple[int, int]] = []

    def look(tx: Transaction) -> None:
        golden = tx.golden("account", ["1"])
        if not written:
            written.append(other.transact_now(lambda inner: revise(inner) + show(inner)))
        tx.watermark("crm", "account")
        seen.append((len(golden), len(tx.snapshots("crm", "account", ["1"]))))

    store.transact_now(look)
    assert seen in ([(1, 1)], [(0, 0)])


def test_work_that_is_done_again_leaves_nothing_of_its_first_time(store: Store, other: Store):
    times: list[str] = []

    def work(tx: Transaction) -> None:
        tx.golden("account", ["1"])
        times.append("tried")
        tx.put_watermark("crm", "account", f"time {len(times)}", len(times))
        tx.enter([Entry("account", "1", "crm", "merged")], len(times))
        revise(tx)

    def first(tx: Transaction) -> None:
        tx.golden("account", ["1"])
        if not times:
            other.transact_now(revise)
        work(tx)

    store.transact_now(first)
    assert store.read_now(lambda tx: tx.watermark("crm", "account")) == (f"time {len(times)}", len(times))
    assert [entry.at for entry in store.read_now(lambda tx: tx.history("account", "1"))] == [len(times)]
    assert len(times) == 2


def test_who_only_reads_does_not_wait_for_who_writes(store: Store, other: Store):
    def write(tx: Transaction) -> int:
        tx.put_watermark("crm", "account", "new", 1)
        return other.read_now(lambda inner: inner.watermark("crm", "account")[1])

    assert store.transact_now(write) == 0
    assert other.read_now(lambda tx: tx.watermark("crm", "account")) == ("new", 1)


def test_who_only_reads_cannot_write(store: Store):
    with pytest.raises(DBAPIError):
        store.read_now(lambda tx: tx.put_watermark("crm", "account", "new", 1))
    assert store.read_now(lambda tx: tx.watermark("crm", "account")) == (None, 0)
    store.transact_now(lambda tx: tx.put_watermark("crm", "account", "new", 1))
    assert store.read_now(lambda tx: tx.watermark("crm", "account")) == ("new", 1)


@pytest.mark.anyio
async def test_who_waits_for_who_writes_lets_others_work(store: Store, other: Store):
    writing, done = Event(), Event()

    def long(tx: Transaction) -> None:
        tx.count({("account", "crm", "lms", "read"): 1})
        writing.set()
        assert done.wait(60)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.transact_now, long)
        assert writing.wait(60)
        second = asyncio.create_task(
            other.transact(lambda tx: tx.count({("account", "crm", "lms", "read"): 1}))
        )
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not second.done()
        done.set()
        await second
        first.result()
    assert other.read_now(lambda tx: tx.tallies())[("account", "crm", "lms")] == {"read": 2}


@pytest.mark.anyio
async def test_work_gives_its_result(store: Store):
    assert await store.transact(lambda tx: tx.waiting()) == 0


def test_a_database_that_does_not_answer_is_unavailable():
    for away in ("sqlite:////no/such/folder/hub.sqlite", "postgresql+psycopg://nobody@127.0.0.1:1/none"):
        store = Store(away)
        with pytest.raises(Unavailable):
            store.transact_now(lambda tx: tx.waiting())
        store.close()


def test_an_address_that_is_none_is_refused_with_what_to_write():
    with pytest.raises(Misconfigured, match="sqlite:///path"):
        Store("what is this")


def test_two_who_write_into_the_ledger_do_not_wait_for_each_other(url: str, store: Store):
    if not url.startswith("postgresql"):
        pytest.skip("SQLite has one writer at a time, whatever is written")
    other = Store(url)
    entry = Entry("account", "1", "crm", "merged")

    def first(tx: Transaction) -> None:
        tx.enter([entry], 1)
        other.transact_now(lambda inner: inner.enter([entry], 2))  # while the first is not committed

    store.transact_now(first)
    other.close()
    assert len(store.transact_now(lambda tx: tx.history("account", "1"))) == 2
