"""When a run has settled, and when it is given up."""

from local.up.settling import Settling
from local.up.store_view import Seen, since
from local.up.work_view import Work

FLOW = ("account", "salesforce", "lms")
POLLED = ("salesforce", "account")


def seen(poll, *, read=5, outbox=0):
    return Seen({FLOW: {"read": read}}, {POLLED: poll}, outbox)


def looked(settling, *looks):
    for at, look in enumerate(looks):
        settling.see(look, float(at))
    return settling.polled_through()


def test_polls_have_come_to_their_end_when_three_have_begun_with_nothing_new():
    assert not looked(Settling(100, 60.0), seen(101), seen(102))
    assert looked(Settling(100, 60.0), seen(101), seen(102), seen(103))


def test_one_poll_seen_often_is_one_poll():
    assert not looked(Settling(100, 60.0), *[seen(101)] * 5)


def test_polls_of_a_run_before_do_not_count():
    assert not looked(Settling(103, 60.0), seen(101), seen(102), seen(103))


def test_a_row_that_was_found_begins_the_count_again():
    assert not looked(Settling(100, 60.0), seen(101), seen(102), seen(103, read=6), seen(104, read=6))


def test_a_message_in_the_outbox_begins_the_count_again():
    assert not looked(Settling(100, 60.0), seen(101), seen(102), seen(103, outbox=1), seen(104))


def test_quiet_is_what_two_looks_in_a_row_found_quiet():
    settling = Settling(100, 60.0)
    assert [settling.quiet(), settling.quiet()] == [False, True]
    settling.disturb()
    assert [settling.quiet(), settling.quiet()] == [False, True]


def test_who_works_in_the_systems_is_waited_for_and_so_is_what_comes_of_it():
    settling = Settling(100, 60.0)
    looks = [Work(0, ("2 quotes",)), None, Work(2, ()), Work(2, ()), Work(0, ())]
    assert [settling.idle(work) for work in looks] == [False, False, False, True, False]
    assert Settling(100, 60.0).idle(Work(0, ())), "nobody has ever done anything"


def test_it_is_given_up_after_so_long_without_progress_or_ten_times_that_with_it():
    settling = Settling(100, 60.0)
    settling.see(seen(101), 0.0)
    assert (settling.given_up(60.0), settling.given_up(61.0)) == (False, True)
    for minute in range(1, 11):
        settling.see(seen(101, read=5 + minute), minute * 60.0)
        assert not settling.given_up(minute * 60.0)
    assert settling.given_up(601.0)


def test_a_run_counts_what_was_counted_since_it_began():
    before = {FLOW: {"read": 5, "parked": 2}}
    now = {FLOW: {"read": 7, "parked": 0, "created": 1}, ("lead", "a", "b"): {"read": 1}}
    assert since(before, now) == {
        FLOW: {"read": 2, "parked": -2, "created": 1},
        ("lead", "a", "b"): {"read": 1},
    }
