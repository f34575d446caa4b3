"""What is the LMS's own: parents, unique addresses, versions, inactive rows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.model.change import Verb, Write
from shared.model.errors import Misconfigured, NotYet, Rejected
from tests.rooms.systems import Room, Time, lms, outcome_of

pytestmark = pytest.mark.anyio


async def test_a_deactivated_row_shows_as_inactive_and_a_second_time_is_done(school: Room):
    native_id = await school.create("account")
    write = Write(Verb.DEACTIVATE, "x", {}, native_id)

    for _ in range(2):
        assert (await school.apply("account", write)).outcomes[0].error is None

    (row,), _ = await school.poll()
    assert (row.active, row.deleted) == (False, False)


async def test_deactivating_what_is_gone_is_done_already(school: Room):
    native_id = await school.create("account")
    await school.apply("account", Write(Verb.DELETE, "x", {}, native_id))

    assert (await school.apply("account", Write(Verb.DEACTIVATE, "x", {}, native_id))).outcomes[
        0
    ].error is None


async def test_a_user_of_an_unknown_company_is_rejected_with_the_canonical_field(school: Room):
    applied = await school.apply("contact", school.new("contact", account="999"))

    error = applied.outcomes[0].error
    assert isinstance(error, Rejected)
    assert (error.reason, error.field) == ("unknown_parent", "account")


async def test_an_id_that_is_no_number_is_refused_for_its_record_alone(school: Room):
    parent = await school.create("account")
    wrong = school.new("contact", account="not-a-number")
    right = school.new("contact", account=parent)
    lost = Write(Verb.UPDATE, "x", {"title": "t"}, "not-a-number")

    applied = await school.apply("contact", wrong, right, lost)

    assert isinstance(outcome_of(applied, wrong).error, Rejected)
    assert isinstance(outcome_of(applied, lost).error, Rejected)
    assert outcome_of(applied, right).error is None


async def test_an_address_that_another_has_is_rejected_with_its_field(school: Room):
    parent = await school.create("account")
    await school.create("contact", account=parent, email="ann@example.org")

    applied = await school.apply("contact", school.new("contact", account=parent, email="ANN@example.org"))

    error = applied.outcomes[0].error
    assert isinstance(error, Rejected)
    assert (error.reason, error.field) == ("duplicate_email", "email")
    assert "ann" not in error.description.lower()


async def test_a_company_with_users_is_not_deleted_yet_and_the_reason_says_so(school: Room):
    parent = await school.create("account")
    await school.create("contact", account=parent)

    error = (await school.apply("account", Write(Verb.DELETE, "x", {}, parent))).outcomes[0].error

    assert isinstance(error, NotYet)
    assert error.reason == "has_children"


async def test_a_write_says_the_new_version_which_the_next_may_be_conditional_on(school: Room):
    native_id = await school.create("account", name="One")
    school.time.pass_by(1)
    first = await school.apply("account", Write(Verb.UPDATE, "x", {"name": "Two"}, native_id))
    version = first.outcomes[0].version

    second = await school.apply("account", Write(Verb.UPDATE, "x", {"name": "Three"}, native_id, version))

    assert second.outcomes[0].error is None
    (row,), _ = await school.poll()
    assert row.version == version, "nothing has moved the clock since"


async def test_a_repeated_create_says_so_where_the_patch_that_follows_is_refused(school: Room):
    parent = await school.create("account")
    await school.create("contact", account=parent, email="ann@example.org")
    await school.apply("contact", school.new("contact", "golden-1", account=parent))

    applied = await school.apply(
        "contact", school.new("contact", "golden-1", account=parent, email="ann@example.org")
    )

    error = applied.outcomes[0].error
    assert isinstance(error, Rejected)
    assert error.reason == "duplicate_email"


async def test_a_choice_travels_as_the_systems_own_word_and_reads_back_as_ours(school: Room):
    await school.create("lead", source="Phone Inquiry", rating="Hot")

    assert school.rows("lead")[0]["source"] == "phone"
    (row,), _ = await school.poll(entity="lead")
    assert (row.values["source"], row.values["rating"]) == ("Phone Inquiry", "Hot")


async def test_a_compound_key_is_narrowed_by_what_can_be_searched(school: Room):
    parent = await school.create("account")
    await school.create("contact", account=parent, last_name="Kim", email="a@example.org")
    find = school.connection.target.find

    assert len((await find("contact", [{"email": "A@example.org", "last_name": "KIM"}])).rows) == 1
    assert (await find("contact", [{"email": "a@example.org", "last_name": "Lee"}])).rows == []


async def test_a_key_that_cannot_be_searched_is_a_matter_for_an_operator(school: Room):
    with pytest.raises(Misconfigured, match="number"):
        await school.connection.target.find("account", [{"name": "Acme"}])


async def test_a_number_with_a_comma_finds_no_row_of_another(school: Room):
    await school.create("account", number="A")

    assert (await school.connection.target.find("account", [{"number": "A,B"}])).rows == []


async def test_a_cursor_that_the_system_no_longer_knows_starts_the_run_again(time: Time):
    room = lms(time, page_size="10")
    room.load_accounts([f"Account {number}" for number in range(25)], time.at - timedelta(days=1))
    pages = room.connection.source.changes("account", None)
    first = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]  # a source is an async generator
    cursor = first.watermark.split('"cursor":"')[1].split('"')[0]

    rows, _ = await room.poll(first.watermark.replace(cursor, "unknown"))

    assert len(rows) == 25
    await room.close()


async def test_an_address_that_is_not_the_lms_is_a_matter_for_an_operator(time: Time):
    room = lms(time, url="https://lms.test/elsewhere")

    with pytest.raises(Misconfigured, match="nothing of the LMS"):
        await room.poll()
    await room.close()
