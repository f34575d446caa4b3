"""What the store promises, method by method, on every database."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from shared.adapters.store import Store
from shared.model.change import Message
from shared.model.errors import Unavailable
from shared.model.golden import Cell, Golden, Snapshot, Tombstone
from shared.model.merge import Clash
from shared.model.records import DeadLetter, Entry, Identity

ODD = "Zoë 'O\"Neil' \\ \u2028 😀 %s :x"
CELLS = {"name": Cell(ODD, 2**52, "crm"), "size": Cell(3, 1, "lms"), "half": Cell(0.5, 1, "lms")}
CELLS |= {"open": Cell(True, 1, "crm"), "none": Cell(None, 0, "crm")}


def golden(number: int, key: str | None = None, **more) -> Golden:
    return Golden(f"{number:036}", dict(CELLS), key, **more)


def put(store: Store, *records: Golden) -> None:
    store.transact_now(lambda tx: tx.put_golden("account", records))


# Identities


def test_a_native_id_names_one_record_per_system_and_entity(store: Store):
    store.transact_now(lambda tx: tx.link("crm", "account", {"a": "1", "b": "2"}))
    assert store.transact_now(lambda tx: tx.identities("crm", "account", ["a", "b", "c"])) == {
        "a": Identity("1"),
        "b": Identity("2"),
    }
    assert not store.transact_now(lambda tx: tx.identities("lms", "account", ["a"]))
    assert not store.transact_now(lambda tx: tx.identities("crm", "contact", ["a"]))


def test_a_link_is_replaced_marked_as_an_alias_and_taken_away(store: Store):
    store.transact_now(lambda tx: tx.link("crm", "account", {"a": "1", "b": "1"}))
    store.transact_now(lambda tx: tx.link("crm", "account", {"a": "2"}, alias=True))
    store.transact_now(lambda tx: tx.unlink("crm", "account", ["b", "never"]))
    found = store.transact_now(lambda tx: tx.identities("crm", "account", ["a", "b"]))
    assert found == {"a": Identity("2", alias=True)}


# Golden records


def test_a_golden_record_comes_back_as_it_was_put(store: Store):
    living = golden(1, "k1", generation=2, revision=7)
    dead = golden(2, "k2", tombstone=Tombstone(5, "crm", "salesforce:0018d0000000001AAA"))
    put(store, living, dead)
    found = store.transact_now(lambda tx: tx.golden("account", [living.id, dead.id, "nobody"]))
    assert found == {living.id: living, dead.id: dead}
    assert [type(cell.value) for cell in found[living.id].fields.values()] == [
        str,
        int,
        float,
        bool,
        type(None),
    ]


def test_two_living_records_cannot_have_one_key_and_any_number_of_dead_ones_can(store: Store):
    put(store, golden(1, "k", tombstone=Tombstone(5, "crm")), golden(2, "k", tombstone=Tombstone(6, "crm")))
    put(store, golden(3, "k", generation=1))
    with pytest.raises((IntegrityError, Unavailable)):
        put(store, golden(4, "k"))
    key = store.transact_now(lambda tx: tx.by_key("account", ["k"]))["k"]
    assert (key.living, key.generation, key.buried) == (golden(3).id, 2, 6)


def test_any_number_of_living_records_have_no_key(store: Store):
    put(store, golden(1), golden(2))
    assert not store.transact_now(lambda tx: tx.by_key("account", ["k"]))


def test_a_key_moves_from_one_record_to_another_in_one_transaction(store: Store):
    put(store, golden(1, "k1"), golden(2, "k2"))
    put(store, golden(1, "k3"), golden(2, "k1"))
    found = store.transact_now(lambda tx: tx.by_key("account", ["k1", "k2", "k3"]))
    assert {key: each.living for key, each in found.items()} == {"k1": golden(2).id, "k3": golden(1).id}


def test_of_a_record_written_again_and_again_in_one_transaction_the_last_counts(store: Store):
    """Its key goes and comes back; a row that was written may lie somewhere else."""
    put(store, golden(1, "k1"))

    def work(tx) -> None:
        for revision, key in enumerate(("k1", "k2", "k1", "k1"), 2):
            tx.golden("account", [golden(1).id])
            tx.put_golden("account", [golden(1, "k0", revision=0)])
            tx.put_golden("account", [golden(1, key, revision=revision)])

    store.transact_now(work)
    found = store.transact_now(lambda tx: tx.golden("account", [golden(1).id]))[golden(1).id]
    assert (found.key, found.revision) == ("k1", 5)


def test_more_records_than_one_statement_names_come_back(store: Store):
    many = [golden(number, f"k{number}") for number in range(11_000)]
    put(store, *many)
    found = store.transact_now(lambda tx: tx.golden("account", [each.id for each in many]))
    assert len(found) == len(many)
    assert (
        len(store.transact_now(lambda tx: tx.by_key("account", [str(each.key) for each in many]))) == 11_000
    )


# Snapshots


def snapshot(number: int = 1, **more) -> Snapshot:
    return Snapshot(f"{number:036}", f"native {number}", dict(CELLS), seen=True, version="v1", **more)


def seen(store: Store, number: int = 1) -> Snapshot | None:
    found = store.transact_now(lambda tx: tx.snapshots("crm", "account", [f"{number:036}"]))
    return found.get(f"{number:036}")


def test_a_snapshot_comes_back_as_it_was_put_with_its_place_in_the_order(store: Store):
    kept = snapshot(
        pending={"name": CELLS["name"]}, pending_until=2**52, active=False, writes={"name": [ODD, None, 2]}
    )
    store.transact_now(lambda tx: tx.put_snapshots("crm", "account", [kept]))
    assert seen(store) == kept
    assert kept.moved == store.transact_now(lambda tx: tx.moved("crm", "account")) == 1


def test_each_change_of_snapshots_moves_the_order_of_its_own_system_and_entity(store: Store):
    store.transact_now(lambda tx: tx.put_snapshots("crm", "account", [snapshot(1)]))
    store.transact_now(lambda tx: tx.put_snapshots("crm", "account", [snapshot(2)]))
    store.transact_now(lambda tx: tx.put_snapshots("crm", "account", [snapshot(1)]))
    ids = [snapshot(1).id, snapshot(2).id]
    found = store.transact_now(lambda tx: tx.snapshots("crm", "account", ids))
    assert [found[each].moved for each in ids] == [3, 2]
    assert store.transact_now(lambda tx: tx.moved("lms", "account")) == 0


def test_a_claim_is_seen_and_leaves_what_the_system_showed(store: Store):
    store.transact_now(lambda tx: tx.put_snapshots("crm", "account", [snapshot()]))
    claimed = replace(snapshot(), pending={"name": CELLS["name"]}, pending_until=77)
    fresh = Snapshot(f"{2:036}", pending={}, pending_until=78)
    store.transact_now(lambda tx: tx.claim("crm", "account", [claimed, fresh]))
    ids = [claimed.id, fresh.id, "nobody"]
    assert store.transact_now(lambda tx: tx.claims("crm", "account", ids)) == {claimed.id: 77, fresh.id: 78}
    held = seen(store)
    assert held is not None
    assert (held.pending, held.fields, held.native_id) == (claimed.pending, CELLS, "native 1")
    assert store.transact_now(lambda tx: tx.moved("crm", "account")) == 2


def test_of_a_snapshot_written_again_and_again_in_one_transaction_the_last_counts(store: Store):
    store.transact_now(lambda tx: tx.put_snapshots("crm", "account", [snapshot()]))

    def work(tx) -> None:
        for native_id in ("a", "b"):
            tx.snapshots("crm", "account", [snapshot().id])
            tx.claim("crm", "account", [snapshot(pending=dict(CELLS), pending_until=9)])
            tx.put_snapshots("crm", "account", [replace(snapshot(), native_id=native_id)])
            tx.put_snapshots("crm", "account", [replace(snapshot(), native_id=f"{native_id}{native_id}")])

    store.transact_now(work)
    found = seen(store)
    assert found is not None
    assert (found.native_id, found.pending) == ("bb", None)


def test_native_ids_are_found_by_golden_id_where_there_is_one(store: Store):
    linked, unlinked = snapshot(1), replace(snapshot(2), native_id=None)
    store.transact_now(lambda tx: tx.put_snapshots("crm", "account", [linked, unlinked]))
    found = store.transact_now(lambda tx: tx.natives("crm", "account", [linked.id, unlinked.id, "nobody"]))
    assert found == {linked.id: "native 1"}
    store.transact_now(lambda tx: tx.drop_snapshots("crm", "account", [linked.id]))
    assert seen(store, 1) is None
    assert seen(store, 2) is not None


# Reading on


def test_a_watermark_is_kept_with_the_time_of_its_poll(store: Store):
    assert store.transact_now(lambda tx: tx.watermark("crm", "account")) == (None, 0)
    store.transact_now(lambda tx: tx.put_watermark("crm", "account", "a", 1))
    store.transact_now(lambda tx: tx.put_watermark("crm", "account", "b", 2))
    assert store.transact_now(lambda tx: tx.watermark("crm", "account")) == ("b", 2)


def test_rows_to_be_looked_at_again_stay_noted_until_they_were(store: Store):
    store.transact_now(lambda tx: tx.recheck("crm", "account", {"a": 5, "b": 9, "c": 5}))
    due = store.transact_now(lambda tx: tx.rechecks("crm", "account", 5, 10))
    assert sorted(due) == ["a", "c"]
    assert store.transact_now(lambda tx: tx.under_way()) == 3
    store.transact_now(lambda tx: tx.rechecked("crm", "account", ["a", "b"]))
    assert store.transact_now(lambda tx: tx.rechecks("crm", "account", 99, 10)) == ["c"]


# Sending


def message(number: int, **more) -> Message:
    return Message("changes", f"{number:036}", ODD.encode(), {"entity": ODD, "n": number}, **more)


def test_messages_wait_in_the_order_in_which_they_were_posted(store: Store):
    sent = [message(number, due=number or None) for number in range(5)]
    store.transact_now(lambda tx: tx.post(sent[:2]))
    store.transact_now(lambda tx: tx.post(sent[2:]))
    waiting = store.transact_now(lambda tx: tx.posted(3))
    assert [posted.message for posted in waiting] == sent[:3]
    store.transact_now(lambda tx: tx.sent(waiting))
    assert [posted.message for posted in store.transact_now(lambda tx: tx.posted(9))] == sent[3:]
    assert store.transact_now(lambda tx: tx.waiting()) == 2


def test_what_two_publishers_have_both_sent_takes_nothing_with_it_that_was_posted_meanwhile(store: Store):
    """The second one forgets last, when the place in the outbox may be another message's."""
    first, later = message(1), message(2)
    store.transact_now(lambda tx: tx.post([first]))
    twice = [store.transact_now(lambda tx: tx.posted(9)) for _ in range(2)]
    store.transact_now(lambda tx: tx.sent(twice[0]))
    store.transact_now(lambda tx: tx.post([later]))

    store.transact_now(lambda tx: tx.sent(twice[1]))

    assert [posted.message for posted in store.transact_now(lambda tx: tx.posted(9))] == [later]


def test_what_a_failed_transaction_posted_is_not_there(store: Store):
    def work(tx) -> None:
        tx.post([message(1)])
        tx.put_watermark("crm", "account", "moved", 1)
        raise LookupError

    with pytest.raises(LookupError):
        store.transact_now(work)
    assert store.transact_now(lambda tx: tx.waiting()) == 0
    assert store.transact_now(lambda tx: tx.watermark("crm", "account")) == (None, 0)


# Claims on work


def test_a_lease_is_held_kept_lost_and_given_back(store: Store):
    def lease(holder: str, now: int) -> bool:
        return store.transact_now(lambda tx: tx.lease("poll", holder, now, now + 10))

    assert lease("one", 0)
    assert not lease("two", 9)
    assert lease("one", 9)
    assert lease("two", 19)
    store.transact_now(lambda tx: tx.release("poll", "one"))
    assert not lease("one", 20)
    store.transact_now(lambda tx: tx.release("poll", "two"))
    assert lease("one", 20)


def test_a_pause_keeps_when_it_began_and_ends(store: Store):
    store.transact_now(lambda tx: tx.pause("crm", "Http401", "a", 1, 10))
    store.transact_now(lambda tx: tx.pause("crm", "Http403", "b", 5, 20))
    paused = store.transact_now(lambda tx: tx.paused("crm"))
    assert paused is not None
    assert (paused.reason, paused.since, paused.until) == ("Http403", 1, 20)
    store.transact_now(lambda tx: tx.resume("crm"))
    assert store.transact_now(lambda tx: tx.paused("crm")) is None


# What people look at


def test_the_same_two_cells_clash_once(store: Store):
    one = Clash("name", CELLS["name"], CELLS["size"])
    swapped = Clash("name", CELLS["size"], CELLS["name"])
    store.transact_now(
        lambda tx: tx.clash("account", [("1", one), ("1", one), ("1", swapped), ("2", one)], 5)
    )
    store.transact_now(lambda tx: tx.clash("account", [("1", one)], 6))
    found = store.transact_now(lambda tx: tx.conflicts("account"))
    assert sorted(found) == [("1", one), ("2", one)]


def test_an_open_conflict_waits_until_it_is_settled(store: Store):
    asked = Clash("name", CELLS["name"], CELLS["size"], "ask")
    ruled = Clash("size", CELLS["size"], CELLS["name"], "rank")
    store.transact_now(lambda tx: tx.clash("account", [("1", asked), ("1", ruled), ("2", asked)], 5))
    (found,) = store.transact_now(lambda tx: tx.open_conflicts("account", ["1"]))
    assert (found.record, found.clash, found.open, found.at) == ("1", asked, True, 5)
    assert store.transact_now(lambda tx: tx.open_conflicts("contact", ["1"])) == []

    store.transact_now(lambda tx: tx.settle_conflicts({found.id: "lost"}, 9))
    assert store.transact_now(lambda tx: tx.open_conflicts("account", ["1"])) == []
    settled = store.transact_now(lambda tx: tx.conflict(found.id))
    assert settled is not None
    assert (settled.open, settled.settled_at, settled.resolution) == (False, 9, "lost")
    assert [each.record for each in store.transact_now(lambda tx: tx.latest_conflicts(9))] == ["2"]
    every = store.transact_now(lambda tx: tx.latest_conflicts(9, open_only=False))
    assert len(every) == 3
    assert store.transact_now(lambda tx: tx.conflict("nobody's")) is None


def letter(number: int, **more) -> DeadLetter:
    record = more.pop("record", "record")
    return DeadLetter(f"{number:036}", "lms", "account", record, "crm", "TooLong", ODD, "name", **more)


def test_a_dead_letter_is_open_until_its_record_went_through(store: Store):
    store.transact_now(lambda tx: tx.put_dead_letters([letter(1, digest="d1")], 5))
    store.transact_now(lambda tx: tx.put_dead_letters([letter(2, digest="d2"), letter(3, record="b")], 6))
    opened = {each.record: each for each in store.transact_now(lambda tx: tx.dead_letters())}
    assert (opened["record"].id, opened["record"].times, opened["record"].opened_at) == (letter(1).id, 2, 5)
    digests = store.transact_now(lambda tx: tx.open_dead_letters("lms", "account", ["record", "b", "c"]))
    assert digests == {"record": "d2", "b": None}
    store.transact_now(lambda tx: tx.close_dead_letters("lms", "account", ["record", "c"], 7, "applied"))
    assert [each.record for each in store.transact_now(lambda tx: tx.dead_letters())] == ["b"]
    store.transact_now(lambda tx: tx.put_dead_letters([letter(4)], 8))
    every = store.transact_now(lambda tx: tx.dead_letters(open_only=False))
    assert sorted(
        (each.record, each.closed_at) for each in every if each.record == "record" and each.closed_at
    ) == [("record", 7)]
    assert len(every) == 3


def test_the_same_record_twice_in_one_batch_is_one_dead_letter(store: Store):
    store.transact_now(lambda tx: tx.put_dead_letters([letter(1), letter(2)], 5))
    (kept,) = store.transact_now(lambda tx: tx.dead_letters())
    assert kept.times == 2


def test_tallies_add_up(store: Store):
    flow = ("account", "crm", "lms")
    store.transact_now(lambda tx: tx.count({(*flow, "read"): 3, (*flow, "parked"): 1, (*flow, "calls"): 0}))
    store.transact_now(lambda tx: tx.count({(*flow, "read"): 2, (*flow, "parked"): -1}))
    assert store.transact_now(lambda tx: tx.tallies()) == {flow: {"read": 5, "parked": 0}}


def test_a_records_history_is_told_in_order(store: Store):
    entries = [Entry("account", "1", "crm", action, "name", "poll", None) for action in ("arrived", "merged")]
    store.transact_now(lambda tx: tx.enter([*entries, Entry("account", "2", "crm", "arrived")], 5))
    told = store.transact_now(lambda tx: tx.history("account", "1"))
    assert told == [each._replace(at=5) for each in entries]


def test_nothing_to_do_is_done(store: Store):
    def nothing(tx) -> None:
        tx.link("crm", "account", {})
        tx.unlink("crm", "account", [])
        tx.put_golden("account", [])
        tx.put_snapshots("crm", "account", [])
        tx.claim("crm", "account", [])
        tx.drop_snapshots("crm", "account", [])
        tx.recheck("crm", "account", {})
        tx.rechecked("crm", "account", [])
        tx.post([])
        tx.sent([])
        tx.clash("account", [], 1)
        tx.put_dead_letters([], 1)
        tx.close_dead_letters("lms", "account", [], 1, "applied")
        tx.count({})
        tx.enter([], 1)

    store.transact_now(nothing)
    assert store.transact_now(lambda tx: tx.moved("crm", "account")) == 0
