"""NCRONTAB, the schedules of timer functions: six fields, the second first, in UTC.

    {second} {minute} {hour} {day} {month} {day of week}

It differs from crontab in more than the sixth field: a day must match both the day of the month and the day
of the week, Sunday is 0 and never 7, and there is no `L`, `#`, `?` or `@hourly`. What crontab allows and
NCRONTAB does not is refused.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from croniter import croniter
from croniter.croniter import CroniterError

from local.host.errors import Refusal

_EXAMPLE = "write six fields, the second first, such as '0 */5 * * * *' for every five minutes"
_FIELD = re.compile(r"[0-9A-Za-z*,/\-]+")
_MONTHS = frozenset(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
_DAYS = frozenset(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
_NAMES_IN_FIELD = (frozenset[str](),) * 4 + (_MONTHS, _DAYS)
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    expression: str

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        schedule = cls(" ".join(_checked_fields(text)))
        try:
            schedule.after(_ANY_DAY)
        except (CroniterError, ValueError) as error:
            raise Refusal(
                f"the schedule {text!r} never comes or is out of range ({error}); {_EXAMPLE}"
            ) from error
        return schedule

    def after(self, moment: datetime) -> datetime:
        """The first time of the schedule that is later than the moment."""
        times = croniter(self.expression, moment, day_or=False, second_at_beginning=True)
        following: datetime = times.get_next(datetime)
        return following


def _checked_fields(text: str) -> list[str]:
    fields = text.split()
    if len(fields) == 1 and ":" in text:
        raise Refusal(f"the schedule {text!r} is a time span, which only some hosting plans know; {_EXAMPLE}")
    if len(fields) == 5:
        raise Refusal(f"the schedule {text!r} lacks the seconds; write '0 {' '.join(fields)}'")
    if len(fields) != 6:
        raise Refusal(f"the schedule {text!r} has {len(fields)} fields; {_EXAMPLE}")
    for field, names in zip(fields, _NAMES_IN_FIELD, strict=True):
        _check_field(text, field, names)
    if "7" in re.findall(r"\d+", fields[5].partition("/")[0]):
        raise Refusal(f"the schedule {text!r} calls a day of the week 7; Sunday is 0")
    return fields


def _check_field(text: str, field: str, names: frozenset[str]) -> None:
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", field)}
    if not _FIELD.fullmatch(field) or not words <= names:
        raise Refusal(f"the schedule {text!r} has a field {field!r} that NCRONTAB does not know; {_EXAMPLE}")
