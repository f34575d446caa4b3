"""The order of cells: whichever way edits arrive, the same cell stays."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.merging import cells, identical, rules


@given(rules, cells, cells)
def test_any_two_cells_have_one_greater(rule, one, other):
    assert identical(rule.greater(one, other), rule.greater(other, one))


@given(rules, cells, cells, cells)
def test_the_order_of_cells_is_transitive(rule, one, two, three):
    if rule.greater(one, two) is one and rule.greater(two, three) is two:
        assert identical(rule.greater(one, three), one)


@given(rules, st.lists(cells, min_size=1, max_size=5))
def test_the_order_of_arrival_makes_no_difference(rule, arrived):
    ends = {repr(reduce(rule.greater, order)) for order in permutations(arrived)}
    assert len(ends) == 1


@given(rules, st.lists(cells, min_size=1, max_size=4), st.data())
def test_what_arrives_again_makes_no_difference(rule, arrived, data):
    again = data.draw(st.lists(st.sampled_from(arrived), max_size=4))
    assert identical(reduce(rule.greater, [*arrived, *again]), reduce(rule.greater, arrived))


@given(rules, cells, cells)
def test_an_owners_cell_stays_whatever_its_stamp(rule, one, other):
    if one.system == rule.owner != other.system:
        assert rule.greater(one, other) is one


@given(rules, cells, cells)
def test_a_source_beats_who_only_follows_unless_that_one_owns_the_field(rule, one, other):
    if rule.sources is not None and one.system in rule.sources - {other.system}:
        follows = other.system not in rule.sources and other.system != rule.owner
        assert not follows or rule.greater(one, other) is one


@given(rules, cells, cells)
def test_of_two_who_have_the_same_say_the_newer_stays(rule, one, other):
    if rule.say(one.system) == rule.say(other.system) and one.stamp > other.stamp:
        assert rule.greater(one, other) is one
