"""The orders by number: what they give, and that what is dead costs nothing twice."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from local.servicebus.engine.lines import SLACK, Deadlines, NumberOrder, ReadyLine
from tests.servicebus.engine.desk import START


class Counted(set[int]):
    """Counts how often it is asked."""

    asked = 0

    def __contains__(self, number: object) -> bool:
        self.asked += 1
        return super().__contains__(number)


def test_taking_from_a_line_costs_the_same_at_any_depth():
    for depth in (10, 10_000):
        live = Counted(range(depth))
        line = ReadyLine(live)
        for number in range(depth):
            line.append(number)
        for number in range(5):
            assert line.pop() == number
        assert live.asked <= 5 * 2


def test_looking_for_a_place_in_an_order_costs_the_same_at_any_depth():
    for depth in (10, 10_000):
        live = Counted(range(depth))
        order = NumberOrder(live)
        for number in range(depth):
            order.append(number)
        found = order.after(depth // 2)
        assert [next(found) for _ in range(3)] == [depth // 2 + n for n in range(3)]
        assert live.asked <= 3 + 1


def test_the_dead_at_the_front_are_passed_once():
    live = Counted(range(1000))
    order = NumberOrder(live)
    for number in range(1000):
        order.append(number)
    for number in range(500):
        live.remove(number)
        order.one_left()
    assert next(order.after(0)) == 500
    live.asked = 0
    assert next(order.after(0)) == 500
    assert live.asked <= 2


@given(
    st.lists(st.tuples(st.sampled_from(["append", "pop", "back", "die"]), st.integers(0, 50)), max_size=80)
)
def test_a_line_gives_the_lowest_living_number_that_is_in_it(steps):
    live: set[int] = set()
    waiting: set[int] = set()
    taken: list[int] = []
    line = ReadyLine(live)
    for number, (step, pick) in enumerate(steps):
        if step == "append":
            live.add(number)
            waiting.add(number)
            line.append(number)
        elif step == "pop":
            expected = min(waiting, default=None)
            assert line.pop() == expected
            if expected is not None:
                waiting.remove(expected)
                taken.append(expected)
        elif step == "back" and taken:
            back = taken.pop(pick % len(taken))
            if back in live:
                waiting.add(back)
                line.give_back(back)
        elif step == "die" and live:
            gone = sorted(live)[pick % len(live)]
            live.discard(gone)
            waiting.discard(gone)
        assert line.first() == min(waiting, default=None)


@given(st.lists(st.integers(0, 30), max_size=60), st.data())
def test_an_order_gives_the_living_from_any_start(gaps, data):
    live: set[int] = set()
    order = NumberOrder(live)
    number = 0
    for gap in gaps:
        number += gap + 1
        live.add(number)
        order.append(number)
        if live and data.draw(st.booleans()):
            live.remove(data.draw(st.sampled_from(sorted(live))))
            order.one_left()
        start = data.draw(st.integers(0, number + 1))
        assert list(order.after(start)) == sorted(one for one in live if one >= start)


def test_deadlines_come_in_order_and_only_if_they_still_hold():
    ends = {n: START + timedelta(seconds=n) for n in (3, 1, 2)}
    deadlines = Deadlines(ends, lambda key, when: ends.get(key) == when)
    for key, when in ends.items():
        deadlines.add(when, key)
    ends[1] = START + timedelta(seconds=9)
    deadlines.add(ends[1], 1)
    del ends[2]
    assert deadlines.first() == ends[3]
    assert [key for _, key in deadlines.passed(START + timedelta(seconds=20))] == [3, 1]


def test_deadlines_that_no_longer_hold_do_not_pile_up():
    live: dict[int, None] = {}
    lookups = 0

    def is_current(key: int, _: object) -> bool:
        nonlocal lookups
        lookups += 1
        return key in live

    deadlines = Deadlines(live, is_current)
    deadlines.add(START, 0)
    for number in range(1, 10_000):
        live[number] = None
        deadlines.add(START + timedelta(days=number), number)
        del live[number]
    before = lookups
    assert deadlines.first() is None
    assert lookups - before <= SLACK + 2
