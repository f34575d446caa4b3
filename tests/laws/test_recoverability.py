"""What follows an error, as a table: one line for each kind, at each point of a policy's patience."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.errors import (
    Conflict,
    Defect,
    Exhausted,
    Gone,
    IntegrationError,
    InvalidChange,
    Misconfigured,
    NotYet,
    Permanent,
    Rejected,
    Throttled,
    Transient,
    Unavailable,
    Untranslatable,
)
from shared.pipeline.recoverability import DeadLetter, Hold, Pause, Policy, RetryAt, decide, named

POLICY = Policy(first=2.0, longest=60.0, attempts=5, bug_attempts=3, parent_wait=100.0, pause=300.0)
EARLY, LATE = 0.0, 101.0

#   error                                        attempt  age    what follows
TABLE = [
    (Unavailable("away"),                        0,       EARLY, RetryAt(2.0)),
    (Unavailable("away"),                        3,       LATE,  RetryAt(16.0)),
    (Unavailable("away"),                        5,       EARLY, DeadLetter),
    (Conflict("moved"),                          1,       EARLY, RetryAt(4.0)),
    (Throttled("slowly", retry_after=40.0),      0,       EARLY, RetryAt(45.0)),
    (Throttled("slowly", retry_after=1.0),       2,       EARLY, RetryAt(8.0)),
    (Throttled("slowly"),                        1,       EARLY, RetryAt(4.0)),
    (Throttled("slowly", retry_after=40.0),      5,       EARLY, DeadLetter),
    (Exhausted("used up", retry_after=900.0),    0,       EARLY, Hold(900.0)),
    (Exhausted("used up"),                       99,      LATE,  Hold(60.0)),
    (NotYet("no parent"),                        0,       EARLY, RetryAt(2.0)),
    (NotYet("no parent"),                        90,      99.0,  RetryAt(2.0)),
    (NotYet("no parent"),                        3,       90.0,  RetryAt(10.0)),
    (NotYet("no parent"),                        0,       LATE,  DeadLetter),
    (InvalidChange("no name", field="name"),     0,       EARLY, DeadLetter),
    (Untranslatable("too long", field="name"),   0,       EARLY, DeadLetter),
    (Rejected("a rule of theirs"),               0,       EARLY, DeadLetter),
    (Gone("not there"),                          0,       EARLY, DeadLetter),
    (Permanent("no"),                            0,       EARLY, DeadLetter),
    (Misconfigured("HTTP 401"),                  0,       EARLY, Pause),
    (Misconfigured("HTTP 401"),                  99,      LATE,  Pause),
    (Defect("ours"),                             2,       LATE,  RetryAt(8.0)),
    (Defect("ours"),                             3,       EARLY, DeadLetter),
]  # fmt: skip


@pytest.mark.parametrize("error, attempt, age, follows", TABLE)
def test_what_follows_an_error(error, attempt, age, follows):
    decision = decide(error, attempt, age, POLICY, 0.5)
    if isinstance(follows, RetryAt | Hold):
        assert decision == follows
    else:
        assert isinstance(decision, follows)
        assert decision.error is error


def test_what_nobody_expected_is_a_defect_that_says_where_and_quotes_no_value():
    try:
        dict[str, str]()["ada@example.org"]
    except KeyError as error:
        defect = named(error)
    assert isinstance(defect, Defect)
    assert "KeyError" in defect.description
    assert "test_recoverability.py" in defect.description
    assert "ada" not in defect.description


errors = st.sampled_from([error for error, *_ in TABLE])


@given(errors, st.integers(0, 10_000), st.floats(0, 1e9), st.floats(0, 1, exclude_max=True))
def test_patience_ends_with_the_attempts_or_the_wait(error, attempt, age, luck):
    decision = decide(error, attempt, age, POLICY, luck)
    if isinstance(error, Exhausted):
        assert isinstance(decision, Hold), "it may be a day, and no try is counted"
    elif isinstance(error, Transient) and attempt >= POLICY.attempts:
        assert decision == DeadLetter(error)
    if isinstance(error, NotYet) and age >= (POLICY.parent_wait or 0.0):
        assert decision == DeadLetter(error)


@given(errors, st.integers(0, 10_000), st.floats(0, 100), st.floats(0, 1, exclude_max=True))
def test_a_retry_is_never_at_once_and_never_later_than_the_longest_wait(error, attempt, age, luck):
    decision = decide(error, attempt, age, POLICY, luck)
    if isinstance(decision, RetryAt) and not (isinstance(error, Throttled) and error.retry_after):
        assert POLICY.first / 2 <= decision.delay <= POLICY.longest * 1.5


def test_every_error_of_the_model_has_a_decision():
    kinds = {IntegrationError}
    while more := {kind for each in kinds for kind in each.__subclasses__()} - kinds:
        kinds |= more
    assert all(decide(kind("what"), 0, 0.0, POLICY, 0.0) for kind in kinds)
