"""A row goes away in Salesforce: deactivated in the LMS, deleted, or left, as the flow says; or merged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flows.office import ACME, ADA, Office, to_lms, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]


def policy(name: str) -> str:
    return topology(to_lms("account", f"delete: {name}"), to_lms("contact", f"delete: {name}"))


async def acme(office: Office) -> tuple[str, str]:
    """An account and its contact, delivered; nothing counted so far."""
    account = office.sales.create("Account", **ACME)
    contact = office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    office.forget()
    return account, contact


async def test_by_default_the_user_is_deactivated_and_keeps_its_values(office: Office):
    _, contact = await acme(office)

    office.sales.delete(contact)
    await office.settle()

    user = office.school.user("ada@acme.example")
    assert office.written() == [{"id": user["id"], "status": "inactive"}]
    assert (user["status"], user["last_name"]) == ("inactive", "Lovelace")
    assert office.tally("contact", "deactivated") == 1


async def test_an_account_takes_its_contacts_along(office: Office):
    account, _ = await acme(office)

    office.sales.delete(account)
    await office.settle()

    assert office.school.company("A-1")["status"] == "inactive"
    assert office.school.user("ada@acme.example")["status"] == "inactive"
    assert len(office.written()) == 2


async def test_a_delete_is_done_once(office: Office):
    account, _ = await acme(office)
    office.sales.delete(account)
    await office.settle()
    office.forget()

    for _ in range(3):
        await office.settle()

    assert (office.writes(), office.world.sent) == ([], [])


async def test_propagated_it_is_deleted(office_with: Open):
    office = office_with(policy("propagate"))
    _, contact = await acme(office)
    user = office.school.user("ada@acme.example")["id"]

    office.sales.delete(contact)
    await office.settle()

    assert office.writes() == [("POST /api/v1/company-users/batch-delete", {"ids": [user]})]
    assert office.world.rows("lms", "company-users") == []


async def test_propagated_an_account_goes_after_its_contacts(office_with: Open):
    """The LMS deletes no company that has users."""
    office = office_with(policy("propagate"))
    account, _ = await acme(office)

    office.sales.delete(account)
    await office.settle()

    assert office.letters() == []
    assert office.world.rows("lms", "company-users") == []
    assert office.world.rows("lms", "companies") == []


async def test_a_company_that_keeps_users_of_its_own_is_a_dead_letter_in_the_end(office_with: Open):
    office = office_with(policy("propagate"))
    account, _ = await acme(office)
    company = office.school.company("A-1")["id"]
    office.school.create("company-users", company_id=company, last_name="Longago")

    office.sales.delete(account)
    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.entity, letter.reason) == ("lms", "account", "has_children")


async def test_ignored_nothing_is_done(office_with: Open):
    office = office_with(policy("ignore"))
    account, _ = await acme(office)

    office.sales.delete(account)
    await office.settle()

    assert office.writes() == []
    assert office.school.company("A-1")["status"] == "active"
    assert office.school.user("ada@acme.example")["status"] == "active"


async def test_a_record_that_never_arrived_is_not_made_to_be_deactivated(office: Office):
    account = office.sales.create("Account", **ACME)
    await office.world.poll("salesforce")
    office.sales.delete(account)
    await office.settle()

    assert office.world.rows("lms", "companies") == []
    assert office.writes() == []


async def test_a_delete_wins_over_an_edit_in_the_lms(office_with: Open):
    office = office_with(topology(to_lms("account", "watch: true"), to_lms("contact", "watch: true")))
    account, _ = await acme(office)
    number = office.school.company("A-1")["id"]

    office.sales.delete(account)
    office.school.change("companies", number, phone="+49 731 999", status="active")
    await office.settle()

    assert office.school.company("A-1")["status"] == "inactive"


async def test_of_two_merged_accounts_the_loser_is_deactivated_and_its_users_move(office_with: Open):
    """A merge is no delete, whatever the policy for deletes."""
    office = office_with(policy("propagate"))
    loser, _ = await acme(office)
    winner = office.sales.create("Account", AccountNumber="A-2", Name="Acme Holding")
    await office.settle()
    office.forget()

    office.sales.merge(winner, loser)
    await office.settle()

    kept, lost = office.school.company("A-2"), office.school.company("A-1")
    assert (kept["status"], lost["status"]) == ("active", "inactive")
    assert office.school.user("ada@acme.example")["company_id"] == kept["id"]
    assert sorted(map(sorted, office.written())) == [["company_id", "id"], ["id", "status"]]


async def test_the_losers_row_is_the_winners_from_then_on(office: Office):
    loser, _ = await acme(office)
    winner = office.sales.create("Account", AccountNumber="A-2", Name="Acme Holding")
    await office.settle()

    office.sales.merge(winner, loser)
    await office.settle()

    assert office.golden_id(loser) == office.golden_id(winner)


async def test_a_key_that_is_used_again_after_a_delete_names_a_new_record(office_with: Open):
    office = office_with(policy("propagate"))
    account, contact = await acme(office)
    before = office.golden_id(contact)
    office.sales.delete(contact)
    await office.settle()
    office.forget()

    again = office.sales.create("Contact", AccountId=account, **{**ADA, "FirstName": "Augusta"})
    await office.settle()

    assert office.golden_id(again) != before
    user = office.school.user("ada@acme.example")
    assert (user["external_id"], user["first_name"]) == (office.golden_id(again), "Augusta")
    assert office.letters() == []


async def test_a_key_whose_first_bearer_is_only_deactivated_is_still_taken_in_the_lms(office: Office):
    """It refuses two users with one address: a person decides."""
    account, contact = await acme(office)
    office.sales.delete(contact)
    await office.settle()

    office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.reason, letter.field) == ("lms", "duplicate_email", "email")
