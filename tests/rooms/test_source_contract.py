"""What every room's source keeps: nothing is lost, nothing comes twice beyond the overlap."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.salesforce.refusals import EXHAUSTED
from shared.model.change import Verb, Write
from shared.model.errors import InvalidChange, Misconfigured, Throttled, Unavailable
from tests.rooms.every import EVERY
from tests.rooms.systems import Room, Time

pytestmark = pytest.mark.anyio

HOUR = 3600
OVERLAP = 300


async def test_a_poll_with_nothing_to_say_yields_one_empty_page(room: Room):
    pages = await room.pages()

    assert [page.rows for page in pages] == [[]]
    assert pages[0].read_at == room.time.micros()
    assert pages[0].last


async def test_the_first_poll_says_what_is_gone_or_shows_all_that_lives(room: Room):
    """The hub may have made a row before the first poll."""
    gone = await room.create("account", name="Gone")
    kept = await room.create("account", name="Kept")
    await room.apply("account", Write(Verb.DELETE, "x", {}, gone))

    pages = await room.pages()

    rows = [row for page in pages for row in page.rows]
    assert [(row.native_id, row.values["name"]) for row in rows if not row.deleted] == [(kept, "Kept")]
    said = [row.native_id for row in rows if row.deleted] == [gone]
    shown = all(page.whole for page in pages) and pages[0].first and pages[-1].last
    assert said or shown


async def test_the_next_poll_brings_what_has_changed_since(room: Room):
    await room.create("account", name="Old")
    _, watermark = await room.poll()
    room.time.pass_by(HOUR)
    _, watermark = await room.poll(watermark)
    room.time.pass_by(HOUR)
    await room.create("account", name="New")

    rows, watermark = await room.poll(watermark)

    assert [row.values["name"] for row in rows] == ["New"]
    room.time.pass_by(HOUR)
    _, watermark = await room.poll(watermark)
    assert await room.poll(watermark) == ([], watermark)


async def test_a_deleted_row_arrives_as_deleted(room: Room):
    native_id = await room.create("account")
    _, watermark = await room.poll()
    before = room.time.micros()
    room.time.pass_by(HOUR)
    await room.apply("account", Write(Verb.DELETE, "x", {}, native_id))

    rows, _ = await room.poll(watermark)

    ended = room.time.micros() if room.dates_deletes else before
    assert [(row.native_id, row.deleted, row.stamp) for row in rows] == [(native_id, True, ended)]


async def test_fifteen_thousand_rows_of_one_instant_all_arrive_each_once(room: Room):
    room.load_accounts([f"Account {number}" for number in range(15_001)])

    pages = await room.pages()

    ids = [row.native_id for page in pages for row in page.rows]
    assert len(ids) == len(set(ids)) == 15_001
    assert len(pages) > 3
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


async def test_rows_that_become_visible_late_with_older_stamps_arrive(room: Room):
    _, watermark = await room.poll()
    room.time.pass_by(HOUR)
    room.fault("late", seconds=OVERLAP - 20)
    late = [room.new("account", name=f"Late {number}") for number in range(500)]
    await room.apply("account", *late)
    room.mend()
    room.time.pass_by(OVERLAP - 30)
    await room.create("account", name="Seen before them")

    first, watermark = await room.poll(watermark)
    room.time.pass_by(20)
    second, _ = await room.poll(watermark)

    seen = ["Seen before them"] if room.overlaps else []  # or it is kept back until all before it is there
    assert [row.values["name"] for row in first] == seen
    names = [str(row.values["name"]) for row in second if row.values["name"] != "Seen before them"]
    assert sorted(names) == sorted(str(write.values["name"]) for write in late)
    assert "Seen before them" in [row.values["name"] for row in first + second]


@pytest.mark.parametrize("kind", EVERY)
async def test_a_run_that_is_broken_off_goes_on_and_loses_nothing_behind_its_back(kind: str, time: Time):
    """A row that turns up behind the place where the run stopped belongs to the poll after it."""
    room = EVERY[kind](time, page_size="10")
    room.load_accounts([f"Account {number}" for number in range(25)], time.at - timedelta(days=1))
    pages = room.connection.source.changes("account", None)
    broken_off = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]  # a source is an async generator
    behind = time.at - timedelta(seconds=OVERLAP - 1)
    time.pass_by(HOUR)
    room.load_accounts(["Late"], behind, start=900)

    rest, watermark = await room.poll(broken_off.watermark)
    after, _ = await room.poll(watermark)

    names = [row.values["name"] for row in broken_off.rows + rest]
    assert set(names) >= {f"Account {number}" for number in range(25)}
    assert "Late" in [row.values["name"] for row in rest + after]
    await room.close()


async def test_a_row_dated_in_the_future_does_not_blind_the_next_poll(room: Room):
    room.load_accounts(["From the future"], room.time.at + timedelta(days=365))
    _, watermark = await room.poll()
    room.time.pass_by(HOUR)
    await room.create("account", name="Of today")

    rows, _ = await room.poll(watermark)

    assert "Of today" in [row.values["name"] for row in rows]


async def test_values_are_trimmed_and_nothing_is_none(room: Room):
    room.load_accounts(["  Zoë\u00a0 "])

    (row,), _ = await room.poll()

    assert row.values["name"] == "Zoë"
    assert row.values["phone"] is None
    assert set(row.values) == room.connection.translations["account"].fields


async def test_a_row_carries_its_own_time_which_no_page_is_behind(room: Room):
    room.load_accounts(["Then"], room.time.at - timedelta(days=1))

    (page,) = await room.pages()

    assert page.rows[0].stamp == room.time.micros() - 86_400_000_000
    assert page.read_at == room.time.micros()


async def test_a_reference_holds_the_native_id_of_the_parent(room: Room):
    parent = await room.create("account")
    await room.create("contact", account=parent)

    (row,), _ = await room.poll(entity="contact")

    assert row.values["account"] == parent
    assert row.refused is None


async def test_a_row_that_the_entity_refuses_says_so_and_holds_nobody_up(room: Room):
    room.load_accounts(["\u00a0", "Fine"])

    rows, _ = await room.poll()

    refused, fine = sorted(rows, key=lambda row: row.refused is None)
    assert isinstance(refused.refused, InvalidChange)
    assert refused.refused.field == "name"
    assert (fine.refused, fine.values["name"]) == (None, "Fine")


async def test_rows_are_read_by_id_and_a_row_that_is_gone_is_absent(room: Room):
    here, gone = await room.create("account", name="Here"), await room.create("account")
    await room.apply("account", Write(Verb.DELETE, "x", {}, gone))

    page = await room.connection.source.read("account", [gone, here, "no-such-id", here])

    assert [(row.native_id, row.values["name"]) for row in page.rows] == [(here, "Here")]


async def test_reading_no_rows_asks_nobody(room: Room):
    assert (await room.connection.source.read("account", [])).rows == []
    assert room.wire.requests == []


@pytest.mark.parametrize("kind", ["drop", "error"])
async def test_a_reading_that_fails_for_a_moment_is_tried_again(api: Room, kind: str):
    await api.create("account", name="Patience")
    api.fault(kind, method="GET", count=2)

    rows, _ = await api.poll()

    assert [row.values["name"] for row in rows] == ["Patience"]


async def test_a_reading_that_goes_on_failing_is_unavailable(api: Room):
    api.fault("drop", method="GET")

    with pytest.raises(Unavailable) as raised:
        await api.poll()

    assert raised.value.reason == "Dropped"
    assert len([each for each in api.wire.requests if each.method == "GET"]) == 3


async def test_a_throttled_poll_says_so_and_is_not_tried_again(api: Room):
    await api.poll()
    api.wire.requests.clear()
    api.fault("throttle", seconds=17)

    with pytest.raises(Throttled) as raised:
        await api.poll()

    assert len(api.wire.requests) == 1
    assert raised.value.retry_after == (17 if api.tells_when else EXHAUSTED)


async def test_a_watermark_of_another_system_is_a_matter_for_an_operator(room: Room):
    with pytest.raises(Misconfigured, match="clear it"):
        await room.poll("919042!08/22/2017")
