"""Rows that both systems had before the hub came: linked beforehand by staff, or found by their keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.pipeline.prelink import Candidate, Prelink, Status
from tests.flows.office import ACME, ADA, Office, to_salesforce, topology

pytestmark = pytest.mark.anyio


async def link(office: Office, salesforce: str, lms: int) -> None:
    """What staff do before the first run, for one account."""
    hub = office.world.hub
    prelink = Prelink(hub.topology, hub.store, "salesforce", hub.connections["lms"], "account")
    (result,) = await prelink.run([Candidate(1, salesforce, str(lms))], dry_run=False)
    assert result.status is Status.LINKED
    office.forget()


async def test_a_linked_company_takes_salesforces_values_whatever_its_number(office: Office):
    number = office.school.create(
        "companies", number="OLD-7", name="ACME Inc.", phone="+49 731 1", city="Ulm"
    )
    await link(office, office.sales.create("Account", **ACME), number)

    await office.settle()

    assert office.written() == [{"id": number, "number": "A-1", "name": "Acme"}]
    assert len(office.world.rows("lms", "companies")) == 1


async def test_a_linked_company_that_is_identical_is_not_written(office: Office):
    number = office.school.create("companies", number="A-1", name="Acme", phone="+49 731 1", city="Ulm")
    await link(office, office.sales.create("Account", **ACME), number)

    await office.settle()

    assert office.writes() == []


async def test_what_the_lms_held_otherwise_is_kept_as_a_conflict(office: Office):
    number = office.school.create("companies", number="A-1", name="ACME Inc.", phone="+49 731 1", city="Ulm")
    await link(office, office.sales.create("Account", **ACME), number)

    await office.settle()

    ((_, clash),) = office.world.hub.store.transact_now(lambda tx: tx.conflicts("account"))
    assert clash.field == "name"
    assert (clash.kept.value, clash.kept.system) == ("Acme", "salesforce")
    assert (clash.lost.value, clash.lost.system) == ("ACME Inc.", "lms")


async def test_rows_that_only_the_lms_has_are_left_alone(office: Office):
    office.school.create("companies", number="OLD-7", name="Longago Works")
    office.sales.create("Account", **ACME)

    await office.settle()

    assert [row["name"] for row in office.world.rows("lms", "companies")] == ["Longago Works", "Acme"]
    assert office.tally("account", "created") == 1


async def test_links_are_kept_by_the_hub_and_need_no_second_linking(office: Office):
    number = office.school.create("companies", number="OLD-7", name="ACME Inc.")
    account = office.sales.create("Account", **ACME)
    await link(office, account, number)
    await office.settle()
    office.forget()

    office.sales.change(account, AccountNumber="A-2")
    await office.settle()

    assert office.written() == [{"id": number, "number": "A-2"}]


async def test_a_user_is_found_by_address_in_any_case(office: Office):
    company = office.school.create("companies", number="A-1", name="Acme", phone="+49 731 1", city="Ulm")
    names = {"first_name": "Ada", "last_name": "Lovelace", "title": "Countess"}
    office.school.create("company-users", company_id=company, email="ada@acme.example", **names)
    account = office.sales.create("Account", **ACME)
    office.sales.create("Contact", AccountId=account, **{**ADA, "Email": "ADA@Acme.Example"})

    await office.settle()

    assert office.writes() == []


async def test_two_candidates_are_a_question_and_never_a_guess(office_with: Callable[..., Office]):
    """Salesforce lets two contacts share an address; the hub must not pick one of them."""
    office = office_with(topology(to_salesforce("contact", "missing_parent: leave-empty")))
    for name in ("Lovelace", "Byron"):
        office.sales.create("Contact", LastName=name, Email="ada@acme.example")
    company = office.school.create("companies", number="A-1", name="Acme")
    office.school.create("company-users", company_id=company, last_name="King", email="ada@acme.example")

    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.reason, letter.field) == ("salesforce", "AmbiguousMatch", "email")
    assert office.writes("salesforce") == []
