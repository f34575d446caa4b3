"""Records that wait for a parent, on every database."""

from __future__ import annotations

from shared.adapters.store import Store
from shared.model.records import Orphan

LINE = Orphan("order_line", "1" * 36, "crm", "order", "2" * 36)
OTHER = Orphan("order_line", "3" * 36, "crm", "order", "crm:7")
INVOICE = Orphan("invoice", "4" * 36, "crm", "order", "2" * 36)


def of(store: Store, *parents: str) -> list[Orphan]:
    found = store.transact_now(lambda tx: tx.orphans_of("erp", "order", parents))
    return sorted(found, key=lambda each: each.entity)


def test_those_who_wait_for_a_parent_are_found_by_it(store: Store):
    store.transact_now(lambda tx: tx.note_orphans("erp", [LINE, OTHER, INVOICE]))

    assert of(store, "2" * 36) == [INVOICE, LINE]
    assert of(store, "crm:7") == [OTHER]
    assert of(store, "nobody") == []


def test_whoever_is_noted_twice_waits_once(store: Store):
    for _ in range(2):
        store.transact_now(lambda tx: tx.note_orphans("erp", [LINE]))

    assert of(store, "2" * 36) == [LINE]


def test_who_is_forgotten_waits_no_more_and_others_do(store: Store):
    store.transact_now(lambda tx: tx.note_orphans("erp", [LINE, INVOICE]))
    store.transact_now(lambda tx: tx.forget_orphans("erp", [LINE]))

    assert of(store, "2" * 36) == [INVOICE]


def test_whether_anybody_waits_is_asked_for_one_system_and_entity(store: Store):
    store.transact_now(lambda tx: tx.note_orphans("erp", [LINE]))

    asked = [("erp", "order"), ("erp", "account"), ("crm", "order")]
    found = store.transact_now(lambda tx: [tx.any_orphans(*each) for each in asked])

    assert found == [True, False, False]


def test_those_below_a_parent_are_found_by_it_once(store: Store):
    for _ in range(2):
        store.transact_now(lambda tx: tx.note_attached("erp", [LINE, INVOICE]))

    found = store.transact_now(lambda tx: tx.attached_to("erp", "order", ["2" * 36, "nobody"]))
    assert sorted(found, key=lambda each: each.entity) == [INVOICE, LINE]
    assert store.transact_now(lambda tx: tx.attached_to("crm", "order", ["2" * 36])) == []
    assert not store.transact_now(lambda tx: tx.any_orphans("erp", "order"))
