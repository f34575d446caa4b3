"""Laws of the budget's rule: who may call when calls get short, and that nothing flips to and fro."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.model.budget import DAY
from shared.pipeline.budget import SLOTS, STRETCHED, Books, course, reopens, spare
from shared.priority import Priority

HOUR = DAY // 24
SLOT = DAY // SLOTS
NOW = 100 * DAY

calls = st.lists(st.tuples(st.integers(0, SLOTS), st.integers(1, 3_000)), max_size=30)
spendings = st.fixed_dictionaries(dict.fromkeys(Priority, calls))
classes = st.sampled_from(list(Priority))


def books(
    spent: Mapping[Priority, Sequence[tuple[int, int]]] | None = None, others: int = 0, limit: int = 100_000
) -> Books:
    """`spent` holds how many slots ago some calls were made."""
    slots = {
        priority: [(NOW - NOW % SLOT - ago * SLOT, number) for ago, number in dict(made).items()]
        for priority, made in (spent or {}).items()
    }
    return Books(limit, 0.2, DAY, others, slots)


def even(number: int) -> list[tuple[int, int]]:
    """So many calls, evenly over the day."""
    return [(ago, number // SLOTS) for ago in range(SLOTS)]


def test_with_much_left_every_class_is_as_fresh_as_its_flows_say():
    ordinary = books({Priority.HIGH: even(10_000), Priority.LOW: even(10_000)}, others=20_000)

    assert [course(ordinary, priority, NOW).stretch for priority in Priority] == [1, 1, 1]


def test_when_it_gets_short_the_lower_classes_wait_first():
    short = books({Priority.HIGH: even(30_000), Priority.LOW: even(25_000)}, others=20_000)

    high, normal, low = (course(short, priority, NOW) for priority in Priority)

    assert (high.stretch, high.closed) == (1.0, False)
    assert low.closed
    assert normal.stretch >= high.stretch


def test_people_are_left_their_reserve_by_the_highest_class_too():
    assert course(books(others=80_000), Priority.HIGH, NOW).closed


def test_a_burst_of_the_high_class_is_kept_room_for_before_it_is_over():
    calm = books({Priority.HIGH: even(20_000)}, others=20_000)
    burst = books({Priority.HIGH: [*even(20_000), (0, 2_000), (1, 2_000)]}, others=20_000)

    assert spare(calm, Priority.LOW, NOW) - spare(burst, Priority.LOW, NOW) > 10_000


@given(spendings, st.integers(0, 100_000))
def test_a_higher_class_may_spare_no_less(spent, others):
    known = books(spent, others)
    high, normal, low = (spare(known, priority, NOW) for priority in Priority)
    assert high >= normal >= low


@given(spendings, st.integers(0, 100_000), classes, classes)
def test_a_call_more_leaves_no_more_to_spare(spent, others, spender, priority):
    more = {**spent, spender: [*spent[spender], (SLOTS + 1, 0)]}
    dearer = dict(more[spender])
    dearer[0] = dearer.get(0, 0) + 1
    before = spare(books(spent, others), priority, NOW)

    assert spare(books({**spent, spender: list(dearer.items())}, others), priority, NOW) <= before


@given(spendings, st.integers(0, 79_000), classes)
@example({Priority.HIGH: [(4, 1_485)], Priority.NORMAL: [], Priority.LOW: []}, 0, Priority.NORMAL)
def test_a_little_time_changes_a_little(spent, others, priority):
    """Nothing jumps when a slot of calls leaves, or an hour ends: within a second a hundredth of a slot's."""
    known = books(spent, others)
    largest = 1 + sum(max((number for _, number in made), default=0) for made in spent.values())
    before, after = (spare(known, priority, at) for at in (NOW + SLOT - 1, NOW + SLOT - 1 + SLOT // 1_000))

    assert abs(after - before) <= largest * 0.01


@given(spendings, st.integers(0, 79_000), classes)
def test_all_is_ordinary_again_a_day_later(spent, others, priority):
    later = NOW + DAY + 2 * SLOT
    resting = course(books(spent, others=0), priority, later)
    assert resting.ordinary


@given(spendings, st.integers(0, 100_000), classes)
def test_a_course_is_bounded(spent, others, priority):
    found = course(books(spent, others), priority, NOW)
    assert 1.0 <= found.stretch <= STRETCHED
    assert not found.closed or NOW < found.closed_until <= NOW + SLOT


def test_a_closed_class_is_told_when_it_reopens():
    spent = {Priority.LOW: [(80, 75_000)]}
    closed = books(spent)
    assert course(closed, Priority.LOW, NOW).closed

    at = reopens(closed, Priority.LOW, NOW)

    assert not course(closed, Priority.LOW, at).closed
    assert at - NOW == pytest.approx(17 * SLOT, abs=2 * SLOT)


def test_after_a_refusal_the_high_class_tries_first():
    held = Books(100_000, 0.2, DAY, 0, {}, held_until=NOW + 1)

    until = [course(held, priority, NOW).closed_until for priority in Priority]

    assert until == sorted(set(until))
    assert course(held, Priority.HIGH, until[0]).ordinary


def test_a_system_that_says_nothing_of_its_limit_is_not_limited():
    assert course(Books(0, 0.2, DAY, 0, {}), Priority.LOW, NOW).ordinary
