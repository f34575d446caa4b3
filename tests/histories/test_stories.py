"""Short stories that once went wrong. Each was found by a seed, and cut down to what it needs."""

from __future__ import annotations

import pytest

from tests.histories.history import (
    Create,
    Cut,
    Delete,
    Deliver,
    Edit,
    Fault,
    Happening,
    History,
    MergeRows,
    Poll,
)
from tests.histories.invariants import Violation
from tests.histories.play import play
from tests.histories.stage import Setting
from tests.histories.topologies import topology

COMPANY = {"name": "Aurora", "phone": "1", "website": "a.example", "number": "N1"}


def told(
    shape: str, *happenings: Happening, delete: str = "propagate", guard: str = "read", calm: bool = False
) -> Violation | None:
    """What such a story violates, if anything."""
    return play(History(Setting(1, topology(shape, delete, guard), page_size=50), happenings, calm))


def company(**values: str | None) -> Create:
    return Create(0.0, "salesforce", "account", "aurora", {**COMPANY, **values})


def test_a_create_whose_answer_was_lost_is_found_and_ended_when_its_record_is_deleted():
    assert not told(
        "two-way",
        company(),
        Fault(1.0, "lms", "drop_after_write", 2),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
        Edit(61.0, "lms", "account", "aurora", {"phone": "2"}),
        Delete(1.0, "salesforce", "account", "aurora"),
    )


def test_a_create_that_never_arrived_is_forgotten_when_its_record_is_deleted():
    assert not told(
        "one-way",
        company(),
        Fault(1.0, "lms", "drop", 2, 1.0),
        Poll(61.0, "salesforce"),
        Cut(0.0, 0, 8),
        Deliver(0.0, "lms"),
        Delete(1.0, "salesforce", "account", "aurora"),
    )


def test_a_repeated_create_empties_what_was_cleared_after_the_first():
    assert not told(
        "one-way",
        company(),
        Poll(61.0, "salesforce"),
        Edit(0.0, "salesforce", "account", "aurora", {"number": None, "phone": None}),
        Fault(1.0, "lms", "drop_after_write", 1),
        Deliver(0.0, "lms"),
    )


def test_a_row_that_we_made_and_that_was_merged_away_before_it_was_ever_polled_is_merged():
    """Deleted rows are read from the first poll on: the hub knows rows that it has made."""
    assert not told(
        "two-way",
        Create(0.0, "lms", "account", "loser", {**COMPANY, "number": None}),
        Poll(0.3, "lms"),
        Deliver(0.9, "salesforce"),
        company(),
        MergeRows(400.0, "account", "aurora", "loser"),
        Poll(400.0, "salesforce"),
    )


def test_a_row_that_we_made_and_that_was_deleted_before_it_was_ever_polled_is_deleted():
    assert not told(
        "two-way",
        company(),
        Poll(0.3, "salesforce"),
        Deliver(0.9, "lms"),
        Delete(400.0, "lms", "account", "aurora"),
        Poll(400.0, "lms"),
    )


def test_a_row_that_was_merged_away_is_no_delete_elsewhere_even_where_deletes_propagate():
    assert not told(
        "two-way",
        Create(0.0, "lms", "account", "loser", {**COMPANY, "number": "N2"}),
        Poll(61.0, "lms"),
        company(),
        Deliver(0.0, "salesforce"),
        MergeRows(130.0, "account", "aurora", "loser"),
    )


def test_an_edit_that_nobody_had_polled_when_its_record_was_deleted_is_a_conflict():
    assert not told(
        "two-way",
        company(),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
        Poll(61.0, "lms"),
        Edit(1.0, "lms", "account", "aurora", {"phone": "2"}),
        Delete(1.0, "salesforce", "account", "aurora"),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
    )


def test_an_edit_that_had_not_reached_who_deleted_its_record_is_a_conflict():
    assert not told(
        "two-way",
        company(),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
        Edit(61.0, "lms", "account", "aurora", {"phone": "2"}),
        Poll(61.0, "lms"),
        Delete(1.0, "salesforce", "account", "aurora"),
    )


def test_an_overruled_edit_is_written_back_and_is_a_conflict():
    assert not told(
        "two-way",
        company(),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
        Poll(61.0, "lms"),
        Edit(1.0, "lms", "account", "aurora", {"name": "Borealis"}),
    )


def test_a_delete_in_a_system_that_only_follows_stays_a_question():
    assert not told(
        "watched",
        company(),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
        Poll(0.0, "lms"),
        Delete(130.0, "lms", "account", "aurora"),
    )


def test_messages_of_two_sources_in_one_batch_are_counted_for_each():
    assert not told(
        "watched",
        company(),
        Poll(61.0, "salesforce"),
        Deliver(1.0, "lms"),
        Edit(0.0, "lms", "account", "aurora", {"city": "Bergen"}),
        Delete(61.0, "salesforce", "account", "aurora"),
        calm=True,
    )


@pytest.mark.parametrize("guard", ["read", "conditional"])
def test_a_write_does_not_bury_an_edit_that_nobody_has_polled(guard: str):
    assert not told(
        "two-way",
        company(),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
        Poll(61.0, "lms"),
        Edit(1.0, "lms", "account", "aurora", {"phone": "2"}),
        Edit(1.0, "salesforce", "account", "aurora", {"phone": "3"}),
        Poll(61.0, "salesforce"),
        Deliver(0.0, "lms"),
        guard=guard,
    )


def test_what_travels_through_another_system_is_counted_as_read_for_where_it_ends():
    assert not told("trade", Create(0.0, "erp", "account", "aurora", COMPANY), calm=True)
