from datetime import UTC, datetime

import pytest

from local.host.errors import Refusal
from local.host.schedule import Schedule

MONDAY_NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression,following",
    [
        ("*/5 * * * * *", datetime(2026, 1, 5, 12, 0, 5, tzinfo=UTC)),
        ("0 */5 * * * *", datetime(2026, 1, 5, 12, 5, tzinfo=UTC)),
        ("30 15 3 * * *", datetime(2026, 1, 6, 3, 15, 30, tzinfo=UTC)),
        ("0 0 9 * * MON-FRI", datetime(2026, 1, 6, 9, 0, tzinfo=UTC)),
        ("0 0 0 29 Feb *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 9 * * 0", datetime(2026, 1, 11, 9, 0, tzinfo=UTC)),
    ],
)
def test_the_second_comes_first_and_the_next_time_is_later_than_now(expression, following):
    assert Schedule.parse(expression).after(MONDAY_NOON) == following


def test_a_day_must_match_both_the_month_and_the_week():
    """Crontab would take either; in 2026 the first 13th that is a Friday is in February."""
    assert Schedule.parse("0 0 0 13 * FRI").after(MONDAY_NOON) == datetime(2026, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "text,remedy",
    [
        ("*/5 * * * *", "write '0 */5 * * * *'"),
        ("00:05:00", "time span"),
        ("", "0 fields"),
        ("0 0 0 * * * *", "7 fields"),
        ("0 99 * * * *", "out of range"),
        ("0 0 0 30 2 *", "never comes"),
        ("0 0 0 L * *", "'L'"),
        ("0 0 0 * * 5#2", "'5#2'"),
        ("0 0 0 ? * *", "'?'"),
        ("0 0 0 * * 7", "Sunday is 0"),
        ("0 0 MON * * *", "'MON'"),
        ("*/0.5 * * * * *", "'*/0.5'"),
        ("0 0 0 @ * *", "'@'"),
    ],
)
def test_what_ncrontab_does_not_know_is_refused_with_what_to_write(text, remedy):
    with pytest.raises(Refusal) as refused:
        Schedule.parse(text)
    assert remedy in str(refused.value)
