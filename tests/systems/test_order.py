"""The indexes: they answer as a search through all rows would, whatever was written in which order."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from local.systems.order import Finder, Order

KEYS = st.sampled_from("abcdef")
VALUES = st.none() | st.integers(0, 5)
WRITES = st.lists(st.tuples(KEYS, VALUES))


def value_of(row):
    return row["value"]


def written(index, writes):
    """Writes into an index; gives what a dictionary holds after the same writes."""
    model = {}
    for key, value in writes:
        index.note(key, {"value": value})
        model[key] = value
    return {key: value for key, value in model.items() if value is not None}


@given(WRITES, st.integers(0, 6), KEYS)
def test_an_order_gives_each_row_once_in_its_latest_place(writes, value, key):
    order = Order(value_of)
    expected = sorted((value, key) for key, value in written(order, writes).items())
    assert list(order) == expected
    assert list(order.since(value)) == [entry for entry in expected if entry[0] >= value]
    assert list(order.after(value, key)) == [entry for entry in expected if entry > (value, key)]


@given(WRITES, WRITES)
def test_an_order_stays_right_when_it_is_read_between_writes(before, after):
    order = Order(value_of)
    written(order, before)
    list(order)
    expected = written(order, before + after)
    assert list(order) == sorted((value, key) for key, value in expected.items())


def test_an_order_sweeps_out_what_has_moved_on():
    order = Order(value_of)
    for value, key in itertools.product(range(1000), "abc"):
        order.note(key, {"value": value})
    assert list(order.since(0)) == [(999, "a"), (999, "b"), (999, "c")]
    assert len(order._entries) == 3  # that memory does not grow is seen nowhere else


@given(WRITES, st.integers(0, 6))
def test_a_finder_finds_all_rows_of_a_value_and_no_other(writes, value):
    finder = Finder(value_of)
    model = written(finder, writes)
    assert finder.find(value) == sorted(key for key, held in model.items() if held == value)


def test_a_row_that_is_gone_is_found_no_more():
    order, finder = Order(value_of), Finder(value_of)
    for index in (order, finder):
        index.note("a", {"value": 1})
        index.note("a", None)
        index.note("never there", None)
    assert list(order) == []
    assert finder.find(1) == []
