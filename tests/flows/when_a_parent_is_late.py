"""Contacts whose account has not come: waited for, for as long as the flow says, and delaying nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flows.office import ACME, ADA, Office, to_lms, to_salesforce, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]
HOUR = 3600.0
LATE = 240.0


async def late_account(office: Office, seconds: float) -> str:
    """An account that a long transaction of Salesforce shows only later; its contact is there at once."""
    office.world.systems["salesforce"].system.rows.hold(office.world.time.after(seconds))
    account = office.sales.create("Account", **ACME)
    office.world.systems["salesforce"].system.rows.hold(None)
    office.sales.create("Contact", AccountId=account, **ADA)
    return account


async def test_a_late_parent_is_waited_for(office: Office):
    await late_account(office, LATE)
    await office.world.round()
    assert office.world.rows("lms", "company-users") == []
    assert office.tally("contact", "parked") == 1

    await office.world.settle()

    user, company = office.school.user("ada@acme.example"), office.school.company("A-1")
    assert user["company_id"] == company["id"]
    assert office.letters() == []
    assert (office.tally("contact", "parked"), office.tally("contact", "created")) == (0, 1)


async def test_others_are_not_delayed_by_who_waits(office: Office):
    await late_account(office, LATE)
    account = office.sales.create("Account", AccountNumber="A-2", Name="Babbage & Co")
    for number in range(20):
        office.sales.create(
            "Contact", AccountId=account, LastName="Doe", Email=f"doe{number}@babbage.example"
        )
    before = office.world.time.at

    await office.world.round()

    assert len(office.world.rows("lms", "company-users")) == 20
    assert office.world.time.at == before


async def test_a_parent_that_never_comes_is_a_dead_letter_after_the_flows_patience(office_with: Open):
    office = office_with(topology(to_lms("account"), to_lms("contact", "parent_wait: 2h")))
    await late_account(office, 100 * HOUR)
    began = office.world.time.micros()

    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.entity) == ("lms", "contact")
    assert (letter.reason, letter.field) == ("ParentMissing", "account")
    assert 2 * HOUR <= (letter.opened_at - began) / 1e6 <= 2.5 * HOUR
    assert office.tally("contact", "parked") == 0
    assert office.writes() == []


async def test_a_child_that_was_given_up_goes_through_once_its_parent_is_there_and_it_is_touched(
    office_with: Open,
):
    office = office_with(topology(to_lms("account"), to_lms("contact", "parent_wait: 2m")))
    account = office.sales.create("Account", **{**ACME, "Name": "A" * 101})
    contact = office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    assert sorted(letter.reason for letter in office.letters()) == ["ParentMissing", "TooLong"]

    office.sales.change(account, Name="Acme")
    office.sales.change(contact, Title="Analyst")
    await office.settle()

    assert office.letters() == []
    assert office.school.user("ada@acme.example")["company_id"] == office.school.company("A-1")["id"]


async def test_told_to_reject_the_hub_waits_for_no_parent(office_with: Open):
    office = office_with(topology(to_lms("account"), to_lms("contact", "missing_parent: reject")))
    await late_account(office, LATE)

    await office.world.round()

    assert (office.letter().reason, office.letter().field) == ("ParentMissing", "account")


async def test_told_to_leave_the_field_empty_the_hub_creates_the_child_without_parent(office_with: Open):
    office = office_with(topology(to_salesforce("contact", "missing_parent: leave-empty")))
    company = office.school.create("companies", number="A-1", name="Acme")
    office.school.create("company-users", company_id=company, last_name="Byron", email="byron@acme.example")

    await office.settle()

    (contact,) = office.world.rows("salesforce", "Contact")
    assert (contact["LastName"], contact.get("AccountId")) == ("Byron", None)
    assert office.letters() == []


async def test_left_empty_where_the_target_insists_on_a_parent_it_is_a_dead_letter(office_with: Open):
    office = office_with(topology(to_lms("account"), to_lms("contact", "missing_parent: leave-empty")))
    await late_account(office, LATE)

    await office.world.round()

    assert (office.letter().reason, office.letter().field) == ("Required", "account")
