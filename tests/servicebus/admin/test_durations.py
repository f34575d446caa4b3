from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.servicebus import durations


@pytest.mark.parametrize(
    "text,length",
    [
        ("PT1M", timedelta(minutes=1)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("P2W", timedelta(weeks=2)),
        ("-PT1S", timedelta(seconds=-1)),
        (durations.FOREVER, None),
        ("P10675199D", None),
    ],
)
def test_a_duration_is_read(text: str, length: timedelta | None):
    assert durations.parse(text) == length


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1M", "PT1.5M", "P1Y", "P1M", "PT1M "])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match=r"duration|length"):
        durations.parse(text)


@given(st.none() | st.timedeltas(timedelta(0), timedelta(days=10**6)))
def test_what_is_said_can_be_read(length: timedelta | None):
    assert durations.parse(durations.say(length)) == length
