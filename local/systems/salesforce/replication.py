"""What changed and what was deleted between two times: /sobjects/X/updated and /sobjects/X/deleted.

Both cut start and end to the minute, and answer how far they can vouch for (`latestDateCovered`): the next
call starts there.
"""

from datetime import datetime, timedelta
from typing import Final

from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.errors import ApiError
from local.systems.salesforce.org import Org
from local.systems.salesforce.schema import SObject
from local.systems.salesforce.stamps import days, minute, parse, stamp

_UPDATED_WINDOW: Final = days(30)
_DELETED_WINDOW: Final = days(15)


class Replication:
    def __init__(self, org: Org, lag: timedelta) -> None:
        self._org = org
        self._lag = lag

    def updated(self, call: Call, sobject: SObject) -> Answer:
        start, end = self._window(call, _UPDATED_WINDOW)
        ids = [key for key, row in self._between(sobject, start, end) if not row["IsDeleted"]]
        return Answer(200, {"ids": ids, "latestDateCovered": self._covered(end)}, records=len(ids))

    def deleted(self, call: Call, sobject: SObject) -> Answer:
        start, end = self._window(call, _DELETED_WINDOW)
        gone = [
            {"id": key, "deletedDate": row["SystemModstamp"]}
            for key, row in self._between(sobject, start, end)
            if row["IsDeleted"]
        ]
        body = {
            "deletedRecords": gone,
            "earliestDateAvailable": stamp(minute(self._org.now() - _DELETED_WINDOW)),
            "latestDateCovered": self._covered(end),
        }
        return Answer(200, body, records=len(gone))

    def _between(
        self, sobject: SObject, start: datetime, end: datetime
    ) -> list[tuple[str, dict[str, object]]]:
        table, last = self._org.table(sobject), stamp(end)
        rows = table.seen
        found = []
        for moment, key in table.by_stamp.since(stamp(start)):
            if moment >= last:
                break
            found.append((key, rows[key]))
        return found

    def _covered(self, end: datetime) -> str:
        """Not later than what no open transaction can still come before."""
        return stamp(minute(min(end, self._org.now() - self._lag)))

    def _window(self, call: Call, longest: timedelta) -> tuple[datetime, datetime]:
        start, end = self._moment(call, "start"), self._moment(call, "end")
        if start >= end:
            raise _invalid_date("startDate before endDate")
        if start < minute(self._org.now()) - longest:
            raise _invalid_date(f"startDate cannot be more than {longest.days} days ago")
        return start, end

    def _moment(self, call: Call, name: str) -> datetime:
        moment = parse(call.params.get(name, "").replace(" ", "+"))
        if moment is None:
            raise ApiError(400, "MALFORMED_QUERY", f"{name} has to be a date and time with an offset")
        return minute(moment)


def _invalid_date(reason: str) -> ApiError:
    return ApiError(400, "INVALID_REPLICATION_DATE", reason)
