"""Laws of the estimate: it grows with what is asked, and batches never cost more than each change at once."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from shared.model.budget import Sizes
from shared.pipeline.estimate import Volume, at_once, in_batches

sizes = st.builds(
    Sizes,
    page=st.integers(1, 5_000),
    writes=st.integers(1, 1_000),
    reads=st.integers(1, 2_000),
    bulk=st.sampled_from([0, 2_000]),
    job=st.just(10),
)
volumes = st.builds(
    Volume,
    changes=st.floats(0, 5_000_000),
    freshness=st.integers(1, 7 * 86_400),
    looks=st.booleans(),
)
SALESFORCE = Sizes(2_000, 200, 2_000, 2_000, 10)
LMS = Sizes(1_000, 100, 100)


@given(volumes, sizes, sizes)
def test_batches_never_cost_more_than_each_change_at_once(volume, source, target):
    batches, single = in_batches(volume, source, target), at_once(volume)
    assert batches.source <= single.source
    assert batches.target <= single.target


@given(volumes, sizes, sizes)
def test_twice_the_changes_cost_no_less(volume, source, target):
    twice = replace(volume, changes=volume.changes * 2)
    target = replace(target, bulk=0)  # a job may cost less than the calls just below its threshold
    before, after = in_batches(volume, source, target), in_batches(twice, source, target)

    assert after.source >= before.source
    assert after.target >= before.target
    assert at_once(twice).together >= at_once(volume).together


@given(volumes, sizes, sizes, st.integers(2, 10))
def test_a_freshness_some_times_as_long_costs_no_more(volume, source, target, times):
    """But for what each of the longer intervals rounds up: a page, a look and a write."""
    slower = replace(volume, freshness=volume.freshness * times)
    rounded = 3 * ceil(86_400 / slower.freshness)

    assert (
        in_batches(slower, source, target).together <= in_batches(volume, source, target).together + rounded
    )


@given(volumes, sizes, sizes)
def test_larger_calls_cost_no_more(volume, source, target):
    larger = replace(target, writes=target.writes * 2, reads=target.reads * 2)
    assert in_batches(volume, source, larger).target <= in_batches(volume, source, target).target


def test_a_learned_example():
    """20,000 changes a day, polled every five minutes: 288 polls, and 70 records in each write."""
    found = in_batches(Volume(20_000, 300), LMS, SALESFORCE)

    assert (found.source, found.target, found.staleness) == (288, 576, 300)
    assert at_once(Volume(20_000, 300)).target == 40_000


def test_ten_thousand_in_a_night_are_one_job():
    assert in_batches(Volume(10_000, 86_400, looks=False), LMS, SALESFORCE).target == 10


def test_nothing_to_tell_costs_the_polls_alone():
    assert in_batches(Volume(0, 60), LMS, SALESFORCE).together == 1_440
