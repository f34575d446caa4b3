"""Bad records: each a dead letter with reason, field and target, and none of the others waits for it."""

from __future__ import annotations

import pytest

from tests.flows.office import ACME, ADA, Office

pytestmark = pytest.mark.anyio

LEAD = {"LastName": "Turing", "Company": "Bombe", "Email": "alan@bombe.example"}


async def test_a_value_that_the_target_has_no_room_for_is_a_dead_letter_for_that_target(office: Office):
    account = office.sales.create("Account", **{**ACME, "Name": "A" * 101})

    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.entity, letter.record) == ("lms", "account", office.golden_id(account))
    assert (letter.reason, letter.field) == ("TooLong", "name")
    assert "100 characters, this has 101" in letter.description
    assert office.writes() == []


async def test_a_choice_that_the_target_does_not_know_is_a_dead_letter(office: Office):
    office.sales.create("Lead", LeadSource="Billboard", **LEAD)

    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.reason, letter.field) == ("lms", "NotAChoice", "source")
    assert "Billboard" not in letter.description


async def test_a_row_that_the_entity_refuses_is_a_dead_letter_at_the_hub(office: Office):
    lead = office.sales.create("Lead", **LEAD)
    office.sales.force(lead, Email="alan@localhost")

    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.record) == ("hub", f"salesforce:{lead}")
    assert (letter.reason, letter.field) == ("BadFormat", "email")
    assert office.changes() == []


async def test_a_record_keeps_its_last_good_values_while_its_row_is_refused(office: Office):
    lead = office.sales.create("Lead", **LEAD)
    await office.settle()
    office.forget()

    office.sales.force(lead, Email="alan@localhost", LastName="Mathison")
    await office.settle()

    assert office.writes() == []
    assert office.school.lead("alan@bombe.example")["last_name"] == "Turing"


async def test_a_row_that_is_refused_again_for_the_same_is_no_news(office: Office):
    office.sales.force(office.sales.create("Lead", **LEAD), Email="alan@localhost")
    await office.settle()
    office.forget()

    for _ in range(3):
        await office.settle()

    assert office.world.sent == []
    assert office.letter().times == 1


@pytest.mark.parametrize(
    "bad, good",
    [
        ({"Email": "alan@localhost"}, {"Email": "alan@bombe.example"}),
        ({"Company": "B" * 101}, {"Company": "Bombe"}),
        ({"LeadSource": "Billboard"}, {"LeadSource": "Web"}),
    ],
)
async def test_a_dead_letter_closes_itself_once_its_record_is_mended(office: Office, bad, good):
    lead = office.sales.create("Lead", **LEAD)
    office.sales.force(lead, **bad)
    await office.settle()
    assert len(office.letters()) == 1

    office.sales.change(lead, **good)
    await office.settle()

    assert office.letters() == []
    assert office.closed_dead_letters() == 1
    assert office.school.lead("alan@bombe.example")["company_name"] == "Bombe"


async def test_a_mandatory_field_that_is_missing_is_named(office: Office):
    office.sales.create("Contact", **ADA)

    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.reason, letter.field) == ("lms", "Required", "account")


async def test_204_bad_records_in_50_batches_are_204_dead_letters_and_all_others_are_delivered(
    office: Office,
):
    """The LMS refuses them inside answers that say 200."""
    accounts = [f"A-{number}" for number in range(5_000)]
    rows = [{"AccountNumber": number, "Name": f"Acme {number}"} for number in accounts]
    office.sales.load("Account", rows)
    office.world.fault("lms", "reject_records", count=204, share=0.06, seed=11)

    await office.settle()

    calls = office.world.calls("lms")
    assert [(call["status"], call["records"]) for call in calls] == [(200, 100)] * 50
    letters = office.letters()
    assert len(letters) == len({letter.record for letter in letters}) == len(office.queued()) == 204
    assert {(letter.target, letter.entity, letter.reason) for letter in letters} == {
        ("lms", "account", "rejected")
    }
    assert all(letter.field for letter in letters)
    delivered = {row["number"] for row in office.world.rows("lms", "companies")}
    assert len(delivered) == 4_796
    assert (office.tally("account", "created"), office.tally("account", "dead_lettered")) == (4_796, 204)

    office.forget()
    office.sales.change_all("Account", "AccountNumber", set(accounts) - delivered, Phone="+49 731 204")
    await office.settle()

    assert (office.letters(), office.closed_dead_letters()) == ([], 204)
    assert len(office.written()) == 204
    assert {row["number"] for row in office.world.rows("lms", "companies")} == set(accounts)


async def test_one_poison_record_among_many_costs_the_others_nothing(office: Office):
    office.sales.load("Account", [{"AccountNumber": f"A-{n}", "Name": f"Acme {n}"} for n in range(999)])
    office.sales.create("Account", AccountNumber="A-X", Name="Poison " * 20)

    await office.world.round()

    assert len(office.world.rows("lms", "companies")) == 999
    assert len(office.writes()) == 10
    assert len(office.letters()) == 1
