"""Two rows of Salesforce with one natural key, and keys that are edited."""

from __future__ import annotations

import pytest

from tests.flows.office import ACME, ADA, Office

pytestmark = pytest.mark.anyio


async def two_adas(office: Office) -> tuple[str, str]:
    account = office.sales.create("Account", **ACME)
    first = office.sales.create("Contact", AccountId=account, **ADA)
    office.world.time.pass_by(5)
    second = office.sales.create("Contact", AccountId=account, **{**ADA, "FirstName": "Augusta"})
    await office.settle()
    return first, second


async def test_the_second_is_a_dead_letter_at_the_hub_that_names_the_key(office: Office):
    _, second = await two_adas(office)

    letter = office.letter()
    assert (letter.target, letter.record) == ("hub", f"salesforce:{second}")
    assert (letter.reason, letter.field) == ("Duplicate", "email")
    assert office.school.user("ada@acme.example")["first_name"] == "Ada"


async def test_once_its_key_is_another_it_is_delivered_and_the_dead_letter_closes(office: Office):
    _, second = await two_adas(office)

    office.sales.change(second, Email="augusta@acme.example")
    await office.settle()

    assert office.letters() == []
    assert office.school.user("augusta@acme.example")["first_name"] == "Augusta"
    assert office.school.user("ada@acme.example")["first_name"] == "Ada"


async def test_merged_in_salesforce_the_two_are_one_and_the_dead_letter_closes(office: Office):
    first, second = await two_adas(office)
    office.forget()

    office.sales.merge(first, second)
    await office.settle()

    assert office.letters() == []
    assert office.school.user("ada@acme.example")["status"] == "active"
    assert office.writes() == []


async def test_the_key_is_compared_without_case_and_blanks(office: Office):
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", AccountId=account, **ADA)
    office.sales.create("Contact", AccountId=account, LastName="King", Email="ADA@ACME.example")

    await office.settle()

    assert office.letter().reason == "Duplicate"


async def test_an_edited_key_renames_the_record_and_makes_no_second_one(office: Office):
    account = office.sales.create("Account", **ACME)
    contact = office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    before = office.golden_id(contact)
    office.forget()

    office.sales.change(contact, Email="ada@lovelace.example")
    await office.settle()

    user = office.school.user("ada@lovelace.example")
    assert office.written() == [{"id": user["id"], "email": "ada@lovelace.example"}]
    assert office.golden_id(contact) == before
    assert len(office.world.rows("lms", "company-users")) == 1


async def test_a_key_that_was_left_is_free_for_another(office: Office):
    account = office.sales.create("Account", **ACME)
    first = office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    office.sales.change(first, Email="ada@lovelace.example")
    await office.settle()

    office.sales.create("Contact", AccountId=account, LastName="Byron", Email="ada@acme.example")
    await office.settle()

    assert office.letters() == []
    assert office.school.user("ada@acme.example")["last_name"] == "Byron"
    assert office.school.user("ada@lovelace.example")["last_name"] == "Lovelace"


async def test_an_edit_onto_a_key_that_another_has_is_refused_and_the_record_keeps_its_own(office: Office):
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", AccountId=account, **ADA)
    second = office.sales.create("Contact", AccountId=account, LastName="Byron", Email="byron@acme.example")
    await office.settle()
    office.forget()

    office.sales.change(second, Email="ada@acme.example")
    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.record, letter.reason) == ("hub", f"salesforce:{second}", "Duplicate")
    assert office.writes() == []
    assert office.school.user("byron@acme.example")["last_name"] == "Byron"
