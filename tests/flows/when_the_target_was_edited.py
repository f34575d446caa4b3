"""Somebody edits in the LMS what Salesforce owns: Salesforce wins, sooner or later as the flow says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flows.office import ACME, Office, to_lms, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]


async def edited(office: Office, **values: str | None) -> int:
    """A company as the hub left it, and then somebody's edit in the LMS."""
    office.sales.create("Account", **ACME)
    await office.settle()
    number = int(office.school.company("A-1")["id"])
    office.forget()
    office.world.time.pass_by(10)
    office.school.change("companies", number, **values)
    return number


async def test_a_watched_target_is_put_right_without_any_change_in_salesforce(office_with: Open):
    office = office_with(topology(to_lms("account", "watch: true")))
    number = await edited(office, phone="+49 731 999", city="Bonn")

    await office.settle()

    assert office.written() == [{"id": number, "phone": "+49 731 1", "city": "Ulm"}]
    assert office.school.company("A-1")["phone"] == "+49 731 1"


async def test_what_is_put_right_stays_and_is_written_once(office_with: Open):
    office = office_with(topology(to_lms("account", "watch: true")))
    await edited(office, phone="+49 731 999")

    for _ in range(3):
        await office.settle()

    assert len(office.written()) == 1


async def test_the_edit_that_lost_is_kept_as_a_conflict(office_with: Open):
    office = office_with(topology(to_lms("account", "watch: true")))
    await edited(office, phone="+49 731 999")

    await office.settle()

    ((_, clash),) = office.world.hub.store.transact_now(lambda tx: tx.conflicts("account"))
    assert (clash.field, clash.lost.value, clash.lost.system) == ("phone", "+49 731 999", "lms")
    assert (clash.kept.value, clash.kept.system) == ("+49 731 1", "salesforce")


async def test_a_field_that_only_the_lms_fills_is_emptied_again(office_with: Open):
    """Salesforce owns the field, and there it is empty."""
    office = office_with(topology(to_lms("account", "watch: true")))
    number = await edited(office, website="acme.example")

    await office.settle()

    assert office.written() == [{"id": number, "website": None}]


async def test_unwatched_a_guarded_flow_puts_everything_right_at_the_next_change(office_with: Open):
    office = office_with(topology(to_lms("account", "guard: read")))
    number = await edited(office, phone="+49 731 999")
    account = office.world.rows("salesforce", "Account")[0]["Id"]

    office.sales.change(account, BillingCity="Bonn")
    await office.settle()

    (record,) = office.written()
    assert record == {"id": number, "phone": "+49 731 1", "city": "Bonn"}


async def test_unwatched_and_unguarded_the_field_is_overwritten_when_it_changes_in_salesforce(
    office: Office,
):
    """The hub has not seen the edit; it sends what changed, and nothing else."""
    number = await edited(office, phone="+49 731 999", city="Bonn")
    account = office.world.rows("salesforce", "Account")[0]["Id"]

    office.sales.change(account, Phone="+49 731 2")
    await office.settle()

    assert office.written() == [{"id": number, "phone": "+49 731 2"}]
    company = office.school.company("A-1")
    assert (company["phone"], company["city"]) == ("+49 731 2", "Bonn")


async def test_a_row_that_was_deleted_in_the_lms_is_a_question_and_is_not_made_again(office: Office):
    number = await edited(office, phone=None)
    office.school.delete("companies", number)
    account = office.world.rows("salesforce", "Account")[0]["Id"]

    office.sales.change(account, Phone="+49 731 2")
    await office.settle()

    assert office.world.rows("lms", "companies") == []
    letter = office.letter()
    assert (letter.target, letter.reason) == ("hub", "DeletedInTarget")
    assert letter.record == f"lms:{number}"
