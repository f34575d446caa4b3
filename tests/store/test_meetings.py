"""Two processes that write at once: whoever came second runs again, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.model.errors import Misconfigured, Unavailable
from shared.model.golden import Cell, Golden, Snapshot
from shared.model.keys import golden_id
from shared.model.records import Entry

ROUNDS = 20


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
