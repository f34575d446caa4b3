"""One row meets a golden record: what is an echo, what an edit, what a conflict, and who is told."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.model.golden import OPERATOR, Arbiter, Cell, FieldRule
from shared.model.merge import Merge
from tests.laws.merging import SYSTEMS, VALUES, cells, rules, stamps, systems, values

FIELD = "phone"


def folded(_field, value):
    return value.lower() if isinstance(value, str) else value


def merge(system: str, rule: FieldRule) -> Merge:
    return Merge(system, {FIELD: rule}, folded)


pairs = st.sampled_from(list(permutations(SYSTEMS, 2)))
differing = st.sampled_from(
    [
        (held, other)
        for held, other in product(VALUES, VALUES)
        if held is not None and folded("", held) != other
    ]
)
edits = st.tuples(systems, rules, cells, cells, values, stamps)


def met(system, rule, theirs, base, value, stamp):
    """An edit of one field, by who last saw `base`, where golden says `theirs`."""
    return merge(system, rule).edit({FIELD: theirs}, {FIELD: base}, {FIELD: value}, stamp)


@given(edits)
def test_a_row_that_shows_what_its_snapshot_shows_touches_nothing(given_edit):
    system, rule, theirs, base, _, stamp = given_edit
    merged = met(system, rule, theirs, base, base.value, stamp)
    assert not merged.touched
    assert (merged.changed, merged.overruled, merged.clashes) == ([], [], [])


@given(edits)
def test_a_row_that_shows_golden_in_the_systems_own_form_is_an_echo(given_edit):
    system, rule, theirs, base, _, stamp = given_edit
    echo = folded(FIELD, theirs.value)
    assume(not _equal(base.value, echo))
    merged = met(system, rule, theirs, base, echo, stamp)
    assert merged.golden == {FIELD: theirs}
    assert merged.shown == {FIELD: Cell(echo, theirs.stamp, theirs.system)}
    assert not merged.clashes


@given(edits)
def test_merging_the_same_row_again_does_nothing(given_edit):
    system, rule, theirs, base, value, stamp = given_edit
    once = met(system, rule, theirs, base, value, stamp)
    again = merge(system, rule).edit(once.golden, once.shown, {FIELD: value}, stamp)
    assert not again.touched


@given(edits)
def test_golden_only_ever_gets_greater_where_the_newest_wins(given_edit):
    system, rule, theirs, base, value, stamp = given_edit
    rule = replace(rule, arbiter=Arbiter.NEWEST)
    kept = met(system, rule, theirs, base, value, stamp).golden[FIELD]
    assert rule.greater(kept, theirs) is kept


@given(edits)
def test_a_lesser_cell_replaces_golden_only_where_its_editor_knew_golden(given_edit):
    system, rule, theirs, base, value, stamp = given_edit
    merged = met(system, rule, theirs, base, value, stamp)
    if rule.greater(merged.golden[FIELD], theirs) is not merged.golden[FIELD]:
        assert rule.say(system) == rule.say(theirs.system)
        assert not merged.clashes


@given(edits)
def test_where_a_person_is_to_say_both_values_stay_and_nobody_is_told_otherwise(given_edit):
    system, rule, theirs, base, value, stamp = given_edit
    merged = met(system, replace(rule, arbiter=Arbiter.ASK), theirs, base, value, stamp)
    for clash in (clash for clash in merged.clashes if clash.open):
        assert (clash.kept, clash.lost) == (theirs, merged.shown[FIELD])
        assert merged.golden == {FIELD: theirs}
        assert (merged.changed, merged.overruled) == ([], [])


@given(edits)
def test_an_edit_of_a_disputed_field_joins_the_dispute_whatever_its_editor_knew(given_edit):
    system, rule, theirs, _, value, stamp = given_edit
    rule = replace(rule, arbiter=Arbiter.ASK, owner=None, sources=None)
    shown = {FIELD: theirs}
    merged = merge(system, rule).edit({FIELD: theirs}, shown, {FIELD: value}, stamp, {FIELD})
    if not (_equal(theirs.value, value) or folded(FIELD, theirs.value) == value):
        assert [clash.open for clash in merged.clashes] == [True]


@given(edits)
def test_an_edit_made_after_seeing_a_value_beats_it_whatever_the_clocks_say(given_edit):
    system, rule, theirs, _, value, stamp = given_edit
    assume(rule.say(system) >= rule.say(theirs.system))
    assume(not _equal(theirs.value, value) and folded(FIELD, theirs.value) != value)
    merged = met(system, rule, theirs, theirs, value, stamp)
    assert merged.golden[FIELD].value == value
    assert merged.golden[FIELD].system == system
    assert not merged.clashes


@given(edits)
def test_no_cell_goes_without_a_word(given_edit):
    """Whichever of golden's cell and the edit's goes: who put the other one there had seen it, or it is kept
    as a conflict.
    """
    system, rule, theirs, base, value, stamp = given_edit
    merged = met(system, rule, theirs, base, value, stamp)
    mine = merged.shown[FIELD]
    if not merged.touched or mine[1:] == theirs[1:]:
        return
    lost = theirs if merged.changed else mine
    seen = merged.changed and (base[1:] == theirs[1:] or base.value == theirs.value)
    assert seen or [clash.lost for clash in merged.clashes] == [lost]
    assert not (seen and merged.clashes)


@given(edits)
def test_who_does_not_hold_goldens_value_is_told(given_edit):
    system, rule, theirs, base, given, stamp = given_edit
    value = folded(FIELD, given)  # what a system shows is in its own form
    merged = met(system, rule, theirs, base, value, stamp)
    if merged.touched and not any(clash.open for clash in merged.clashes):
        holds = folded(FIELD, merged.golden[FIELD].value) == value
        assert (FIELD in merged.overruled) != holds


@given(rules, pairs, differing, stamps, stamps)
def test_a_first_sight_fills_what_is_empty_and_wins_nothing_from_a_value(rule, pair, differ, old, stamp):
    (system, other), (held, value) = pair, differ
    rule = replace(rule, owner=None if rule.owner == system else rule.owner)
    theirs = Cell(held, old, other)
    merged = merge(system, rule).adopt({FIELD: theirs}, {FIELD: value}, stamp)
    assert merged.golden == {FIELD: theirs}
    assert merged.overruled == [FIELD]
    assert [clash.lost.value for clash in merged.clashes] == [value]


@given(rules, systems, values, stamps)
def test_a_first_sight_of_what_nobody_has_is_taken(rule, system, value, stamp):
    merged = merge(system, rule).adopt({}, {FIELD: value}, stamp)
    assert merged.golden == merged.shown == {FIELD: Cell(value, stamp, system)}
    assert not merged.clashes


@given(rules, pairs, differing, stamps, stamps)
def test_an_owners_first_sight_wins_and_says_what_it_replaced(rule, pair, differ, old, stamp):
    (owner, other), (held, value) = pair, differ
    other = "web" if other == OPERATOR else other
    assume(owner != other)
    theirs = Cell(held, old, other)
    merged = merge(owner, replace(rule, owner=owner)).adopt({FIELD: theirs}, {FIELD: value}, stamp)
    assert merged.golden[FIELD].value == value
    assert [clash.lost for clash in merged.clashes] == [theirs]


@given(st.lists(st.tuples(systems, values, stamps), min_size=1, max_size=6), rules)
def test_the_arguments_are_left_as_they_were(rows, rule):
    golden, shown = {FIELD: Cell("a", 1, "crm")}, {FIELD: Cell("a", 1, "crm")}
    for system, value, stamp in rows:
        merge(system, rule).edit(golden, shown, {FIELD: value}, stamp)
        merge(system, rule).adopt(golden, {FIELD: value}, stamp)
    assert golden == shown == {FIELD: Cell("a", 1, "crm")}


def _equal(one, other):
    return one == other and type(one) is type(other)
