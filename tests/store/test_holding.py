"""Whole reads and held rows, on every database."""

from __future__ import annotations

from shared.adapters.store import Store
from shared.model.change import Row
from shared.model.golden import Cell, Snapshot
from shared.model.records import DeadLetter, Held, Waiting

HERE = ("crm", "account")


def know(store: Store, *natives: str) -> int:
    """Rows that the hub knows; returns the place in the order of snapshots."""
    snapshots = [
        Snapshot(f"{native:0>36}", native, {"name": Cell(native, 1, "crm")}, seen=True) for native in natives
    ]
    store.transact_now(lambda tx: tx.put_snapshots(*HERE, snapshots))
    return store.transact_now(lambda tx: tx.moved(*HERE))


def waiting(store: Store) -> list[Waiting]:
    return store.transact_now(lambda tx: tx.waiting_rows(*HERE))


def released(store: Store, cause: str = "poll") -> list[Held]:
    store.transact_now(lambda tx: tx.release_rows(*HERE, cause))
    return store.transact_now(lambda tx: tx.released_rows(*HERE, 100))


def test_what_a_whole_read_does_not_show_is_held_as_deleted(store: Store):
    noted = know(store, "a", "b", "c")
    store.transact_now(lambda tx: tx.begin_census(*HERE, noted, 5))
    store.transact_now(lambda tx: tx.enrol(*HERE, ["a"]))
    store.transact_now(lambda tx: tx.enrol(*HERE, ["a", "c"]))

    assert store.transact_now(lambda tx: tx.census(*HERE)) == (noted, 5)
    store.transact_now(lambda tx: tx.end_census(*HERE, noted, 5))

    assert store.transact_now(lambda tx: tx.census(*HERE)) is None
    assert released(store) == [Held(Row("b", {}, 5, deleted=True), noted, "poll")]


def test_what_moved_while_the_whole_was_read_is_not_taken_for_deleted(store: Store):
    noted = know(store, "old")
    store.transact_now(lambda tx: tx.begin_census(*HERE, noted, 5))
    know(store, "made meanwhile")
    store.transact_now(lambda tx: tx.end_census(*HERE, noted, 5))

    assert [held.row.native_id for held in released(store)] == ["old"]


def test_a_whole_read_looks_at_its_own_system_and_entity_only(store: Store):
    noted = know(store, "a")
    others = [Snapshot("x", "x"), Snapshot("y", None)]
    store.transact_now(lambda tx: tx.put_snapshots("lms", "account", others))
    store.transact_now(lambda tx: tx.put_snapshots("crm", "contact", others))
    store.transact_now(lambda tx: tx.begin_census(*HERE, noted, 5))
    store.transact_now(lambda tx: tx.end_census(*HERE, noted, 5))

    assert store.transact_now(lambda tx: tx.waiting_rows()) == [Waiting("crm", "account", deletes=1)]
    assert store.transact_now(lambda tx: tx.living(*HERE)) == 1


def test_a_whole_read_that_begins_anew_forgets_what_the_first_had_shown(store: Store):
    noted = know(store, "a")
    store.transact_now(lambda tx: tx.begin_census(*HERE, noted, 5))
    store.transact_now(lambda tx: tx.enrol(*HERE, ["a"]))
    store.transact_now(lambda tx: tx.begin_census(*HERE, noted, 6))
    store.transact_now(lambda tx: tx.end_census(*HERE, noted, 6))

    assert waiting(store) == [Waiting(*HERE, deletes=1)]


def test_a_held_row_comes_back_as_it_was(store: Store):
    row = Row("a", {"name": None, "open": True, "half": 0.5}, 7, active=False, version="v", external_id="g")
    store.transact_now(lambda tx: tx.hold(*HERE, [row, Row("b", {}, 8, deleted=True, merged_into="a")], 3))

    assert store.transact_now(lambda tx: tx.holding(*HERE))
    assert waiting(store) == [Waiting(*HERE, deletes=1, blanks=1)]
    assert [held.row for held in released(store)] == [row, Row("b", {}, 8, deleted=True, merged_into="a")]


def test_a_row_that_is_held_again_is_replaced_and_stays_released(store: Store):
    store.transact_now(lambda tx: tx.hold(*HERE, [Row("a", {"name": None}, 7)], 3))
    store.transact_now(lambda tx: tx.release_rows(*HERE, "approved"))
    store.transact_now(lambda tx: tx.hold(*HERE, [Row("a", {}, 9, deleted=True)], 4))

    assert waiting(store) == []
    assert store.transact_now(lambda tx: tx.released_rows(*HERE, 9)) == [
        Held(Row("a", {}, 9, deleted=True), 4, "approved")
    ]


def test_rows_are_released_run_by_run(store: Store):
    store.transact_now(lambda tx: tx.hold(*HERE, [Row("b", {}, 7), Row("c", {}, 7)], 4))
    store.transact_now(lambda tx: tx.hold(*HERE, [Row("a", {}, 7)], 5))

    assert [held.row.native_id for held in released(store)] == ["b", "c"]
    store.transact_now(lambda tx: tx.let_go(*HERE, ["b", "c", "never"]))
    assert [held.row.native_id for held in released(store)] == ["a"]


def test_what_waits_is_discarded_and_what_is_released_is_not(store: Store):
    store.transact_now(lambda tx: tx.hold(*HERE, [Row("a", {}, 7)], 3))
    store.transact_now(lambda tx: tx.release_rows(*HERE, "approved"))
    store.transact_now(lambda tx: tx.hold(*HERE, [Row("b", {}, 7)], 3))

    assert store.transact_now(lambda tx: tx.discard_rows(*HERE)) == 1
    assert [held.row.native_id for held in released(store)] == ["a"]


def test_rows_that_were_refused_for_a_reason_are_looked_at_again(store: Store):
    letters = [
        DeadLetter(f"{number:036}", target, "account", record, "crm", reason, "d")
        for number, (target, record, reason) in enumerate(
            [
                ("hub", "crm:1", "Duplicate"),
                ("hub", "crm:2", "Required"),
                ("hub", "lms:3", "Duplicate"),
                ("lms", "crm:4", "Duplicate"),
            ]
        )
    ]
    store.transact_now(lambda tx: tx.put_dead_letters(letters, 1))
    store.transact_now(lambda tx: tx.recheck_refused(*HERE, "Duplicate", 9, 100))

    assert store.transact_now(lambda tx: tx.rechecks(*HERE, 9, 100)) == ["1"]
