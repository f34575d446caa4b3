"""Accounts, contacts and leads of Salesforce, as the LMS comes to hold them."""

from __future__ import annotations

import pytest

from tests.flows.office import ACME, ADA, Office

pytestmark = pytest.mark.anyio

ACME_THERE = {"number": "A-1", "name": "Acme", "phone": "+49 731 1", "city": "Ulm"}
LEAD = {"FirstName": "Alan", "LastName": "Turing", "Company": "Bombe", "Email": "alan@bombe.example"}


async def test_a_company_that_is_missing_is_created_and_populated(office: Office):
    account = office.sales.create("Account", **ACME)

    await office.settle()

    company = office.school.company("A-1")
    assert {name: company[name] for name in ACME_THERE} == ACME_THERE
    assert (company["external_id"], company["status"]) == (office.golden_id(account), "active")
    assert office.written() == [{"external_id": office.golden_id(account), **ACME_THERE}]


async def test_an_identical_company_is_linked_and_not_written(office: Office):
    office.school.create("companies", **ACME_THERE)
    office.sales.create("Account", **ACME)

    await office.settle()

    assert office.writes() == []
    assert office.tally("account", "unchanged") == 1


async def test_a_different_company_is_sent_what_differs_and_nothing_else(office: Office):
    number = office.school.create(
        "companies", **{**ACME_THERE, "phone": "+49 731 999"}, website="acme.example"
    )
    office.sales.create("Account", **ACME)

    await office.settle()

    assert office.written() == [{"id": number, "phone": "+49 731 1", "website": None}]
    assert office.school.company("A-1")["phone"] == "+49 731 1"


async def test_a_change_sends_the_key_and_the_changed_field(office: Office):
    account = office.sales.create("Account", **ACME)
    await office.settle()
    office.forget()

    office.sales.change(account, BillingCity="Berlin")
    await office.settle()

    company = office.school.company("A-1")
    assert office.writes() == [
        ("PATCH /api/v1/companies/batch", {"records": [{"id": company["id"], "city": "Berlin"}]})
    ]
    assert company["city"] == "Berlin"


async def test_a_field_that_sales_empties_is_emptied(office: Office):
    account = office.sales.create("Account", **ACME)
    await office.settle()

    office.sales.change(account, Phone=None)
    await office.settle()

    assert office.school.company("A-1")["phone"] is None


async def test_a_touch_that_changes_nothing_writes_nothing_and_says_nothing(office: Office):
    account = office.sales.create("Account", **ACME)
    await office.settle()
    office.forget()

    office.sales.change(account, BillingCity="Ulm")
    await office.settle()

    assert (office.writes(), office.world.sent) == ([], [])


async def test_a_value_that_reads_the_same_in_the_lms_is_no_difference(office: Office):
    """The LMS trims, and keeps addresses in lower case."""
    account = office.sales.create("Account", **ACME)
    contact = office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    office.forget()

    office.sales.change(contact, Email="ADA@acme.example")
    await office.settle()

    assert office.writes() == []
    assert len(office.changes()) == 1


async def test_the_company_comes_before_its_users(office: Office):
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", AccountId=account, **ADA)

    await office.settle()

    assert [path for path, _ in office.writes()] == [
        "POST /api/v1/companies/batch",
        "POST /api/v1/company-users/batch",
    ]
    user = office.school.user("ada@acme.example")
    assert user["company_id"] == office.school.company("A-1")["id"]
    assert (user["first_name"], user["last_name"], user["title"]) == ("Ada", "Lovelace", "Countess")


async def test_an_identical_user_is_linked_and_not_written(office: Office):
    company = office.school.create("companies", **ACME_THERE)
    names = {"first_name": "Ada", "last_name": "Lovelace", "title": "Countess"}
    office.school.create("company-users", company_id=company, email="ada@acme.example", **names)
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", AccountId=account, **ADA)

    await office.settle()

    assert office.writes() == []


async def test_a_different_user_is_sent_what_differs(office: Office):
    account = office.sales.create("Account", **ACME)
    contact = office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    office.forget()

    office.sales.change(contact, LastName="King")
    await office.settle()

    assert office.written() == [{"id": office.school.user("ada@acme.example")["id"], "last_name": "King"}]


async def test_a_user_moves_with_its_contact_to_another_company(office: Office):
    first = office.sales.create("Account", **ACME)
    second = office.sales.create("Account", AccountNumber="A-2", Name="Babbage & Co")
    contact = office.sales.create("Contact", AccountId=first, **ADA)
    await office.settle()
    office.forget()

    office.sales.change(contact, AccountId=second)
    await office.settle()

    user, company = office.school.user("ada@acme.example"), office.school.company("A-2")
    assert office.written() == [{"id": user["id"], "company_id": company["id"]}]


async def test_leads_come_along_as_a_third_category(office: Office):
    lead = office.sales.create("Lead", LeadSource="Phone Inquiry", Rating="Hot", **LEAD)
    await office.settle()
    office.forget()

    office.sales.change(lead, Rating="Cold")
    await office.settle()

    row = office.school.lead("alan@bombe.example")
    assert (row["company_name"], row["source"], row["rating"]) == ("Bombe", "phone", "cold")
    assert office.written() == [{"id": row["id"], "rating": "cold"}]


async def test_a_record_without_a_natural_key_is_created_once(office: Office):
    account = office.sales.create("Account", Name="Nameless & Sons")
    await office.settle()

    office.sales.change(account, BillingCity="Ulm")
    await office.settle()

    (company,) = office.world.rows("lms", "companies")
    assert (company["name"], company["city"]) == ("Nameless & Sons", "Ulm")


async def test_the_next_run_over_unchanged_rows_writes_nothing_and_publishes_nothing(office: Office):
    for number in range(30):
        account = office.sales.create("Account", AccountNumber=f"A-{number}", Name=f"Acme {number}")
        office.sales.create("Contact", AccountId=account, LastName="Doe", Email=f"doe{number}@acme.example")
        office.sales.create("Lead", LastName="Roe", Company="Roe", Email=f"roe{number}@roe.example")
    await office.settle()
    assert len(office.written()) == 90
    office.forget()

    await office.settle()

    assert office.world.calls("lms") == []
    assert office.world.sent == []
    assert len(office.requests("salesforce")) == 3, "one question for each entity"
