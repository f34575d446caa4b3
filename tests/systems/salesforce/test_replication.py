from __future__ import annotations

from datetime import timedelta

import pytest

from tests.systems.salesforce.desk import CONTACT, LONER, OTHER_CONTACT, error, stocked


def asked(desk, what, start, end):
    return desk.ask("GET", f"sobjects/Contact/{what}/", params={"start": start, "end": end})


def test_updated_names_the_living_rows_of_whole_minutes(desk):
    desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"LastName": "X"})
    desk.ask("DELETE", f"sobjects/Contact/{LONER}")
    desk.clock.advance(60)
    desk.ask("PATCH", f"sobjects/Contact/{OTHER_CONTACT}", {"LastName": "Y"})
    body = asked(desk, "updated", "2026-03-01T09:00:59+00:00", "2026-03-01T09:01:59+00:00").json()
    assert body == {"ids": [CONTACT], "latestDateCovered": "2026-03-01T09:01:00.000+0000"}


def test_deleted_names_the_rows_in_the_recycle_bin(desk):
    desk.ask("DELETE", f"sobjects/Contact/{LONER}")
    desk.clock.advance(60)
    body = asked(desk, "deleted", "2026-03-01T09:00:00Z", "2026-03-01T09:05:00Z").json()
    assert body["deletedRecords"] == [{"id": LONER, "deletedDate": "2026-03-01T09:00:30.000+0000"}]
    assert body["earliestDateAvailable"] == "2026-02-14T09:01:00.000+0000"


def test_what_is_covered_never_reaches_past_open_transactions():
    desk = stocked(replication_lag=timedelta(minutes=5))
    body = asked(desk, "updated", "2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z").json()
    assert body["latestDateCovered"] == "2026-03-01T08:55:00.000+0000"


@pytest.mark.parametrize(
    "what, start, end, code",
    [
        ("updated", "2026-01-29T09:00:00Z", "2026-03-01T09:00:00Z", "INVALID_REPLICATION_DATE"),
        ("deleted", "2026-02-13T09:00:00Z", "2026-03-01T09:00:00Z", "INVALID_REPLICATION_DATE"),
        ("updated", "2026-03-01T09:00:10Z", "2026-03-01T09:00:50Z", "INVALID_REPLICATION_DATE"),
        ("updated", "2026-03-01T00:00:00:", "2026-03-01T09:00:00Z", "MALFORMED_QUERY"),
        ("updated", "", "2026-03-01T09:00:00Z", "MALFORMED_QUERY"),
    ],
)
def test_a_window_that_is_too_old_empty_or_no_time_is_refused(desk, what, start, end, code):
    assert error(asked(desk, what, start, end))[:2] == (400, code)
