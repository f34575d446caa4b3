"""People register at the school, buy and learn; sales finds them in Salesforce, each once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.systems.salesforce.objects import STANDARD
from shared.model.records import Pause
from tests.flows.office import LEADS_DUE, Office
from tests.world import with_training

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]
ADA = {"last_name": "Lovelace", "first_name": "Ada", "email": "ada@acme.example", "company_name": "Acme"}


@pytest.fixture
def office(office_with: Open) -> Office:
    """Both ways between Salesforce and the LMS."""
    return office_with(with_training())


def register(office: Office, number: str = "L-1", audience: str = "customer", **values: Any) -> int:
    return office.school.create("learners", **{**ADA, "number": number, "audience": audience, **values})


def buy(office: Office, learner: int, number: str = "P-1") -> int:
    order = {"course": "Analysis", "quantity": 2, "amount": "199.50", "currency": "EUR", "state": "paid"}
    return office.school.create(
        "purchases", number=number, learner_id=learner, purchased_on="2026-01-30", **order
    )


def finish(office: Office, learner: int, number: str = "R-1", outcome: str = "passed") -> int:
    result = {"course": "Analysis", "outcome": outcome, "grade": "1.30", "completed_on": "2026-01-31"}
    return office.school.create("results", number=number, learner_id=learner, **result)


def meet(office: Office, last_name: str, email: str) -> str:
    """A contact of a company, as the school wants them."""
    account = office.sales.create("Account", Name="Acme")
    return office.sales.create("Contact", LastName=last_name, Email=email, AccountId=account)


async def paused_by(office: Office) -> Pause:
    """Why Salesforce is left alone, once it was tried."""
    for _ in range(2):
        office.world.time.pass_by(LEADS_DUE)
        await office.world.round(forgiving=True)
    paused = office.world.hub.store.transact_now(lambda tx: tx.paused("salesforce"))
    assert paused is not None
    return paused


def rows(office: Office, name: str) -> list[dict[str, Any]]:
    return office.world.rows("salesforce", name)


def persons(office: Office, name: str) -> list[tuple[str | None, str | None]]:
    """Whose the rows are: lead and contact of each, by number."""
    found = sorted(rows(office, name), key=lambda row: row["Number__c"])
    return [(row.get("Lead__c"), row.get("Contact__c")) for row in found]


# Registrations


async def test_who_registers_becomes_a_lead_of_the_audiences_record_type_owned_by_the_one_who_logs_in(
    office: Office,
):
    register(office, "L-1", "partner")

    await office.settle()

    (lead,) = rows(office, "Lead")
    types = {row["Id"]: row["DeveloperName"] for row in rows(office, "RecordType")}
    assert (lead["LastName"], lead["Company"], lead["Email"]) == ("Lovelace", "Acme", "ada@acme.example")
    assert (lead["LeadSource"], lead["Learner_Number__c"]) == ("Training", "L-1")
    assert types[lead["RecordTypeId"]] == "Partner"
    assert lead["OwnerId"] == lead["CreatedById"]
    assert office.letters() == []


async def test_a_lead_that_came_from_the_school_is_no_prospect_for_the_school(office: Office):
    register(office)
    await office.settle()
    office.sales.create("Lead", LastName="Babbage", Company="Engines", Email="b@engines.example")

    await office.settle()

    assert [row["email"] for row in office.world.rows("lms", "leads")] == ["b@engines.example"]


async def test_who_registers_twice_is_one_lead_and_buys_as_one_person(office: Office):
    first = register(office)
    await office.settle()
    second = register(office, "L-2", email="ADA@Acme.example")
    buy(office, first, "P-1")
    buy(office, second, "P-2")

    await office.settle()

    (lead,) = rows(office, "Lead")
    assert persons(office, "Training_Purchase__c") == [(lead["Id"], None)] * 2
    assert office.letters() == []


async def test_who_leaves_and_registers_again_is_still_one_lead(office: Office):
    first = register(office)
    await office.settle()
    office.school.delete("learners", first)
    await office.settle()

    buy(office, register(office, "L-2"))
    await office.settle()

    (lead,) = rows(office, "Lead")
    assert persons(office, "Training_Purchase__c") == [(lead["Id"], None)]
    assert office.letters() == []


async def test_staff_are_no_leads_and_what_they_learn_stays_at_school(office: Office):
    employee = register(office, audience="staff")
    buy(office, employee)
    finish(office, employee)

    await office.settle()

    assert (
        rows(office, "Lead") == rows(office, "Training_Purchase__c") == rows(office, "Course_Result__c") == []
    )
    assert office.letters() == []
    assert office.tally("course_result", "parked", "lms", "salesforce") == 0


async def test_who_is_a_contact_already_is_found_whatever_the_case_and_is_left_as_they_are(office: Office):
    contact = office.sales.create("Contact", LastName="King", Email="Ada@ACME.example")
    buy(office, register(office))
    office.forget()

    await office.settle()

    assert rows(office, "Lead") == []
    assert persons(office, "Training_Purchase__c") == [(None, contact)]
    assert office.sales.row(contact)["LastName"] == "King"
    assert len(office.writes("salesforce")) == 1


async def test_a_contact_counts_before_a_lead_and_a_converted_lead_does_not(office: Office):
    office.sales.create("Lead", LastName="Lovelace", Company="Acme", Email=ADA["email"])
    contact = office.sales.create("Contact", LastName="Lovelace", Email=ADA["email"])
    converted = office.sales.create("Lead", LastName="Byron", Company="Acme", Email="byron@acme.example")
    office.sales.convert(converted)
    office.sales.change(rows(office, "Contact")[1]["Id"], Email="other@acme.example")

    buy(office, register(office), "P-1")
    buy(office, register(office, "L-2", email="byron@acme.example"), "P-2")
    await office.settle()

    (new,) = [row["Id"] for row in rows(office, "Lead") if row.get("LeadSource") == "Training"]
    assert persons(office, "Training_Purchase__c") == [(None, contact), (new, None)]


async def test_two_contacts_with_one_address_are_a_question(office: Office):
    for name in ("Ada", "Augusta"):
        office.sales.create("Contact", LastName=name, Email=ADA["email"])
    buy(office, register(office))

    await office.settle()

    (letter,) = [each for each in office.letters() if each.target == "salesforce"]
    assert (letter.entity, letter.reason) == ("learner", "AmbiguousMatch")
    assert rows(office, "Lead") == rows(office, "Training_Purchase__c") == []


async def test_a_person_is_sales_own_once_there(office: Office):
    learner = register(office)
    await office.settle()
    (lead,) = rows(office, "Lead")
    office.sales.change(lead["Id"], LastName="King", Email="none-of-yours@acme.example")
    office.forget()

    office.school.change("learners", learner, phone="+44 20 7")
    await office.settle()

    assert office.writes("salesforce") == []
    assert office.world.hub.store.transact_now(lambda tx: tx.conflicts("learner")) == []
    assert office.letters() == []


async def test_a_lead_that_sales_deletes_is_a_question_and_is_not_made_again(office: Office):
    learner = register(office)
    await office.settle()
    office.sales.delete(rows(office, "Lead")[0]["Id"])
    await office.settle()

    office.school.change("learners", learner, phone="+44 20 7")
    buy(office, learner)
    await office.settle()

    assert rows(office, "Lead") == rows(office, "Training_Purchase__c") == []
    assert office.letter().reason == "DeletedInTarget"


async def test_the_owner_is_the_one_that_a_setting_names_and_no_assignment_rule_says_otherwise(
    office_with: Open,
):
    owner, robot = "0055c0000000007AAA", "0055c0000000008AAA"
    office = office_with(with_training(), settings={"SALESFORCE_LEAD_OWNER": owner}, lead_assignment=robot)
    office.sales.load("User", [_user(owner), _user(robot)])
    register(office)

    await office.settle()

    assert [row["OwnerId"] for row in rows(office, "Lead")] == [owner]


async def test_an_owner_whom_the_org_does_not_know_is_a_wrong_setting(office_with: Open):
    office = office_with(with_training(), settings={"SALESFORCE_LEAD_OWNER": "0055c0000000007AAA"})
    register(office)

    paused = await paused_by(office)

    assert paused.reason == "NoSuchOwner"
    assert office.letters() == []


def _user(key: str) -> dict[str, Any]:
    return {"Id": key, "Username": f"{key}@x.example", "LastName": "U", "Email": "u@x.example", "Alias": "u"}


# Purchases and results


async def test_purchases_and_results_are_the_learners(office: Office):
    learner = register(office)
    buy(office, learner)
    finish(office, learner)

    await office.settle()

    (lead,), (purchase,), (result,) = (
        rows(office, name) for name in ("Lead", "Training_Purchase__c", "Course_Result__c")
    )
    assert purchase["Lead__c"] == result["Lead__c"] == lead["Id"]
    assert (purchase["Amount__c"], purchase["Quantity__c"], purchase["Currency__c"]) == (199.5, 2, "EUR")
    assert (purchase["Status__c"], purchase["Purchased_On__c"]) == ("paid", "2026-01-30")
    assert (result["Status__c"], result["Grade__c"]) == ("passed", 1.3)


async def test_a_change_of_a_result_is_all_that_is_sent_of_it(office: Office):
    learner = register(office)
    result = finish(office, learner, outcome="in_progress")
    await office.settle()
    office.forget()

    office.school.change("results", result, outcome="passed")
    await office.settle()

    (record,) = office.written("salesforce")
    assert record.keys() - {"attributes", "Id"} == {"Status__c"}


async def test_a_purchase_that_arrives_before_its_learner_goes_through_when_the_learner_comes(office: Office):
    await office.settle()
    learner = register(office)
    buy(office, learner)
    await office.world.hub.polling("lms").poll("training_purchase")
    await office.world.deliver("salesforce")
    assert rows(office, "Training_Purchase__c") == []

    await office.settle()

    (lead,) = rows(office, "Lead")
    assert persons(office, "Training_Purchase__c") == [(lead["Id"], None)]
    assert office.letters() == []


# Conversion


async def test_a_lead_is_converted_between_two_results_and_both_are_the_contacts(office: Office):
    learner = register(office)
    finish(office, learner, "R-1")
    await office.settle()
    (lead,) = rows(office, "Lead")
    assert persons(office, "Course_Result__c") == [(lead["Id"], None)]

    contact = office.sales.convert(lead["Id"])
    finish(office, learner, "R-2")
    await office.settle()

    assert persons(office, "Course_Result__c") == [(None, contact)] * 2
    assert office.letters() == []
    assert office.tally("course_result", "parked", "lms", "salesforce") == 0


async def test_a_lead_may_be_converted_into_a_contact_that_is_there(office: Office):
    learner = register(office)
    buy(office, learner)
    await office.settle()
    contact = meet(office, "Lovelace", "ada@home.example")

    office.sales.convert(rows(office, "Lead")[0]["Id"], contact=contact)
    await office.settle()

    assert persons(office, "Training_Purchase__c") == [(None, contact)]
    assert office.letters() == []


async def test_a_result_that_meets_a_conversion_which_no_poll_has_seen_waits_for_the_poll(office: Office):
    learner = register(office)
    await office.settle()
    finish(office, learner)
    await office.world.hub.polling("lms").poll("course_result")
    contact = office.sales.convert(rows(office, "Lead")[0]["Id"])

    await office.world.deliver("salesforce")
    assert rows(office, "Course_Result__c") == []
    await office.settle()

    assert persons(office, "Course_Result__c") == [(None, contact)]
    assert office.letters() == []


async def test_a_lead_that_is_converted_while_its_result_is_being_written_takes_the_result_along(
    office: Office,
):
    """The result is written with the lead; before that is noted, the lead is a contact."""
    learner = register(office)
    await office.settle()
    (lead,) = rows(office, "Lead")
    finish(office, learner)
    await office.world.hub.polling("lms").poll("course_result")
    converted: list[str] = []

    async def convert_behind_the_write() -> None:
        converted.append(office.sales.convert(lead["Id"]))
        office.world.time.pass_by(1)
        await office.world.hub.polling("salesforce").poll("learner")

    office.world.wires["salesforce"].behind = convert_behind_the_write
    await office.world.deliver("salesforce")
    await office.settle()

    assert persons(office, "Course_Result__c") == [(None, converted[0])]
    assert office.letters() == []


async def test_contacts_that_are_merged_keep_what_their_people_learnt(office: Office):
    learner = register(office)
    loser, winner = (meet(office, "Lovelace", email) for email in (ADA["email"], "ada@home.example"))
    buy(office, learner, "P-1")
    await office.settle()

    office.sales.merge(winner, loser)
    await office.settle()
    buy(office, learner, "P-2")
    await office.settle()

    assert persons(office, "Training_Purchase__c") == [(None, winner)] * 2
    assert office.letters() == []


async def test_two_learners_whose_leads_become_one_contact_are_a_question(office: Office):
    register(office)
    register(office, "L-2", email="byron@acme.example")
    await office.settle()
    one, two = rows(office, "Lead")
    contact = office.sales.convert(one["Id"])
    await office.settle()

    office.sales.convert(two["Id"], contact=contact)
    await office.settle()

    assert office.letter().reason == "BecameAnother"


# What the org must have


@pytest.mark.parametrize(
    "lacking, said",
    [
        ("Training_Purchase__c", "the object Training_Purchase__c is missing"),
        ("Lead.Learner_Number__c", "Lead.Learner_Number__c (text of 40) is missing"),
        (
            "Training_Purchase__c.Amount__c",
            "Training_Purchase__c.Amount__c (number with 2 decimals) is missing",
        ),
    ],
)
async def test_an_org_that_lacks_a_field_is_paused_and_says_what_to_create(
    office_with: Open, lacking: str, said: str
):
    office = office_with(with_training(), schema=STANDARD.without(lacking))
    buy(office, register(office))

    paused = await paused_by(office)

    assert paused.reason == "SchemaMismatch"
    assert said in paused.description
    assert office.letters() == []


async def test_an_org_without_a_record_type_says_which(office_with: Open):
    office = office_with(with_training())
    (partner,) = [row for row in rows(office, "RecordType") if row["DeveloperName"] == "Partner"]
    office.sales.load("RecordType", [{**partner, "IsActive": False}])
    register(office, audience="partner")

    paused = await paused_by(office)

    assert paused.reason == "NoRecordType"
    assert "record type Partner of Lead" in paused.description
