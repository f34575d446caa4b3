"""Some hundreds of seeds each time; `python -m benchmarks.histories` plays any number of them."""

from __future__ import annotations

import pytest

from tests.histories.history import Happening, History, Poll, Together, written
from tests.histories.seeds import story
from tests.histories.shrink import shrunk
from tests.histories.stage import Setting

SEEDS = {"first": 180, "second": 30}
PUSHED = 30
CHUNK = 10
CHUNKS = [(company, first) for company, seeds in SEEDS.items() for first in range(0, seeds, CHUNK)]


@pytest.mark.parametrize("company, first", CHUNKS)
def test_whatever_happens_all_settles_and_nothing_is_lost(company: str, first: int):
    for seed in range(first, first + CHUNK):
        told = story(seed, company)
        assert told is None, told


@pytest.mark.parametrize("first", range(0, PUSHED, CHUNK))
def test_the_same_holds_where_systems_push_late_twice_and_not_all(first: int):
    for seed in range(first, first + CHUNK):
        told = story(seed, pushes=True)
        assert told is None, told


@pytest.mark.parametrize("seed", [786, 968, 1193, 1436])
def test_what_polls_cannot_see_is_nobodys_loss(seed: int):
    """An edit put back before the next poll; a child that went with its parent unseen; a key that was given
    up where nobody had looked yet, and taken elsewhere.
    """
    told = story(seed, "second")
    assert told is None, told


def test_a_seed_writes_the_same_history_each_time():
    assert written(7) == written(7)
    assert written(7).told() != written(8).told()


def test_a_failing_history_is_cut_down_to_what_it_needs():
    fatal = Poll(5.0, "lms")
    many: list[Happening] = [Poll(0.0, "salesforce", number) for number in range(20)]
    many[12] = Together(1.0, (Poll(0.0, "salesforce"), fatal, Poll(0.0, "salesforce")))
    history = History(Setting(0, ""), tuple(many))

    def fails(shorter: History) -> bool:
        return any(isinstance(each, Together) and fatal in each.happenings for each in shorter.happenings)

    assert shrunk(history, fails).happenings == (Together(1.0, (fatal,)),)
