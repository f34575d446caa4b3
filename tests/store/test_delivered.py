"""Deliveries at a door, on every database."""

from __future__ import annotations

from shared.adapters.store import Store


def times(store: Store, sender: str, delivery: str) -> list[int]:
    return sorted(store.transact_now(lambda tx: tx.deliveries(sender, delivery)))


def note(store: Store, delivery: str, sent: int, until: int) -> None:
    store.transact_now(lambda tx: tx.note_delivery("lms", delivery, sent, until))


def test_a_delivery_is_known_by_its_sender_and_every_time_of_sending(store: Store, other: Store):
    for sent in (10, 20, 20):
        note(store, "a", sent, 100)

    assert times(other, "lms", "a") == [10, 20]
    assert times(other, "academy", "a") == times(other, "lms", "b") == []


def test_what_has_expired_is_forgotten_and_the_rest_is_kept(store: Store):
    note(store, "old", 1, 99)
    note(store, "new", 1, 100)
    store.transact_now(lambda tx: tx.forget_deliveries(100))

    assert (times(store, "lms", "old"), times(store, "lms", "new")) == ([], [1])
