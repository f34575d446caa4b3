"""The order of cells: whichever way edits arrive, the same cell stays."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from shared.model.golden import OPERATOR, Arbiter
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
    if one.system == rule.owner and other.system not in (rule.owner, OPERATOR):
        assert rule.greater(one, other) is one


@given(rules, cells, cells)
def test_a_source_beats_who_only_follows_unless_that_one_owns_the_field(rule, one, other):
    if rule.sources is not None and one.system in rule.sources - {other.system}:
        owners = () if rule.owner is None else (rule.owner, OPERATOR)
        follows = other.system not in rule.sources and other.system not in owners
        assert not follows or rule.greater(one, other) is one


@given(rules, cells, cells)
def test_an_operator_has_as_much_say_as_the_owner_and_else_as_much_as_a_source(rule, one, other):
    if one.system == OPERATOR and rule.owner == other.system != OPERATOR:
        assert rule.say(one.system) == rule.say(other.system)


@given(rules, cells, cells)
def test_of_two_who_have_the_same_say_the_newer_stays_where_rank_does_not_decide(rule, one, other):
    rule = replace(rule, arbiter=Arbiter.NEWEST if rule.arbiter is Arbiter.RANK else rule.arbiter)
    if rule.say(one.system) == rule.say(other.system) and one.stamp > other.stamp:
        assert rule.greater(one, other) is one


@given(rules, cells, cells)
def test_where_rank_decides_the_higher_stays_whatever_the_stamps(rule, one, other):
    rule = replace(rule, arbiter=Arbiter.RANK)
    higher = rule.rank.get(one.system, 0) > rule.rank.get(other.system, 0)
    if rule.say(one.system) == rule.say(other.system) and higher:
        assert rule.greater(one, other) is one
