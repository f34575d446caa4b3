"""What a flow brings, and what not: records outside of its terms, and their children."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from shared.model.records import Orphan
from shared.pipeline.orphans import Orphans
from tests.flows.office import ACME, ADA, Office, to_lms, to_salesforce, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]
DAY = 86_400

GERMAN = to_lms("account", "only: {country: [DE, AT]}")
HERE = {**ACME, "BillingCountry": "DE"}
ABROAD = {"AccountNumber": "B-1", "Name": "Babbage & Co", "BillingCountry": "GB"}


def companies(office: Office) -> list[str]:
    return sorted(row["number"] for row in office.world.rows("lms", "companies"))


def nothing_is_missing(office: Office) -> bool:
    """Every record that was read has come to its end."""
    ends = ("created", "updated", "unchanged", "deactivated", "dead_lettered", "parked")
    return all(
        counted.get("read", 0) == sum(counted.get(end, 0) for end in ends)
        for counted in office.world.tallies().values()
    )


# Terms


async def test_only_records_with_one_of_the_values_are_brought(office_with: Open):
    office = office_with(topology(GERMAN))
    office.sales.create("Account", **HERE)
    office.sales.create("Account", **ABROAD)
    office.sales.create("Account", AccountNumber="C-1", Name="Nowhere")

    await office.settle()

    assert companies(office) == ["A-1"]
    assert office.letters() == []
    assert nothing_is_missing(office)


async def test_a_record_is_brought_once_it_meets_the_terms(office_with: Open):
    office = office_with(topology(GERMAN))
    account = office.sales.create("Account", **ABROAD)
    await office.settle()

    office.sales.change(account, BillingCountry="at")
    await office.settle()

    assert companies(office) == ["B-1"]


async def test_a_record_that_was_brought_is_kept_up_to_date_whatever_it_says_by_then(office_with: Open):
    office = office_with(topology(GERMAN))
    account = office.sales.create("Account", **HERE)
    await office.settle()

    office.sales.change(account, BillingCountry="GB", Phone="+44 20 1")
    await office.settle()

    assert office.school.company("A-1")["phone"] == "+44 20 1"


async def test_what_nobody_has_touched_for_long_is_not_brought(office_with: Open):
    office = office_with(topology(to_lms("account", "recent: 180d")))
    old = office.sales.create("Account", **ACME)
    office.world.time.pass_by(181 * DAY)
    office.sales.create("Account", **ABROAD)

    await office.settle()
    assert companies(office) == ["B-1"]

    office.sales.change(old, Phone="+49 731 2")
    await office.settle()
    assert companies(office) == ["A-1", "B-1"]


# Parents outside


async def test_a_child_brings_its_parent_along_and_no_other(office_with: Open):
    office = office_with(topology(GERMAN, to_lms("contact")))
    account = office.sales.create("Account", **ABROAD)
    office.sales.create("Account", AccountNumber="C-1", Name="Childless")
    office.sales.create("Contact", AccountId=account, **ADA)

    await office.settle()

    assert companies(office) == ["B-1"]
    assert office.school.user("ada@acme.example")["company_id"] == office.school.company("B-1")["id"]
    assert office.letters() == []
    assert nothing_is_missing(office)


async def test_what_was_brought_along_is_kept_up_to_date(office_with: Open):
    office = office_with(topology(GERMAN, to_lms("contact")))
    account = office.sales.create("Account", **ABROAD)
    office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()

    office.sales.change(account, Phone="+44 20 1")
    await office.settle()

    assert office.school.company("B-1")["phone"] == "+44 20 1"


async def test_a_parent_is_brought_along_though_the_target_is_away_at_first(office_with: Open):
    office = office_with(topology(GERMAN, to_lms("contact")))
    account = office.sales.create("Account", **ABROAD)
    office.sales.create("Contact", AccountId=account, **ADA)
    office.world.fault("lms", "error", path="/api/v1/companies", count=3)

    await office.settle()

    assert companies(office) == ["B-1"]
    assert office.letters() == []


async def test_told_to_wait_the_hub_leaves_a_child_out_without_a_word(office_with: Open):
    office = office_with(topology(GERMAN, to_lms("contact", "missing_parent: wait")))
    account = office.sales.create("Account", **ABROAD)
    office.sales.create("Contact", AccountId=account, **ADA)

    await office.settle()

    assert office.writes() == []
    assert (office.letters(), office.tally("contact", "parked")) == ([], 0)
    assert nothing_is_missing(office)


async def test_a_child_that_was_left_out_comes_with_its_parent(office_with: Open):
    office = office_with(topology(GERMAN, to_lms("contact", "missing_parent: wait")))
    account = office.sales.create("Account", **ABROAD)
    for number in range(3):
        office.sales.create("Contact", AccountId=account, LastName="Doe", Email=f"doe{number}@b.example")
    await office.settle()

    office.sales.change(account, BillingCountry="DE")
    await office.settle()

    users = office.world.rows("lms", "company-users")
    assert [user["company_id"] for user in users] == [office.school.company("B-1")["id"]] * 3
    assert nothing_is_missing(office)


async def test_a_child_that_was_there_before_its_parent_was_known_comes_with_it(office_with: Open):
    """Its golden record names the parent by its id in the source."""
    office = office_with(topology(to_lms("account"), to_lms("contact", "missing_parent: wait")))
    office.world.systems["salesforce"].system.rows.hold(office.world.time.after(240))
    account = office.sales.create("Account", **ACME)
    office.world.systems["salesforce"].system.rows.hold(None)
    office.sales.create("Contact", AccountId=account, **ADA)
    await office.world.round()
    assert office.world.rows("lms", "company-users") == []

    await office.settle()

    assert office.school.user("ada@acme.example")["company_id"] == office.school.company("A-1")["id"]


async def test_a_field_that_was_left_empty_is_filled_when_the_parent_comes(office_with: Open):
    office = office_with(
        topology(
            to_salesforce("account", "only: {country: [DE]}"),
            to_salesforce("contact", "missing_parent: leave-empty"),
            account="{key: [number], owner: lms}",
            contact="{key: [email], owner: lms}",
        )
    )
    company = office.school.create("companies", number="A-1", name="Acme", country="GB")
    office.school.create("company-users", company_id=company, last_name="Byron", email="byron@acme.example")
    await office.settle()
    assert contact(office).get("AccountId") is None

    office.school.change("companies", company, country="DE")
    await office.settle()

    (account,) = office.world.rows("salesforce", "Account")
    assert contact(office)["AccountId"] == account["Id"]
    assert office.letters() == []


async def test_a_child_that_was_rejected_goes_through_when_its_parent_comes(office_with: Open):
    office = office_with(topology(GERMAN, to_lms("contact", "missing_parent: reject")))
    account = office.sales.create("Account", **ABROAD)
    office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    assert office.letter().reason == "ParentMissing"

    office.sales.change(account, BillingCountry="DE")
    await office.settle()

    assert office.letters() == []
    assert office.school.user("ada@acme.example")["company_id"] == office.school.company("B-1")["id"]


async def test_a_child_that_was_given_up_goes_through_when_its_parent_is_mended(office_with: Open):
    office = office_with(topology(to_lms("account"), to_lms("contact", "parent_wait: 2m")))
    account = office.sales.create("Account", **{**ACME, "Name": "A" * 101})
    office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    assert sorted(letter.reason for letter in office.letters()) == ["ParentMissing", "TooLong"]

    office.sales.change(account, Name="Acme")
    await office.settle()

    assert office.letters() == []
    assert office.school.user("ada@acme.example")["company_id"] == office.school.company("A-1")["id"]


# A parent that comes while its child is settled


@pytest.mark.parametrize("by", ["golden id", "native id"])
async def test_who_is_noted_when_the_parent_has_just_come_is_looked_at_at_once(office: Office, by: str):
    """The child was planned without the parent, which another handler made before the child was settled."""
    account = office.sales.create("Account", **ACME)
    contact = office.sales.create("Contact", AccountId=account, **ADA)
    await office.settle()
    office.forget()
    parent = office.golden_id(account) if by == "golden id" else f"salesforce:{account}"
    child = Orphan("contact", office.golden_id(contact), "salesforce", "account", parent)
    orphans = Orphans(office.world.topology, "lms", lambda: str(UUID(int=1)))

    office.world.hub.store.transact_now(lambda tx: orphans.note(tx, [child], office.world.time.micros()))
    await office.world.hub.outbox.publish()

    (message,) = office.changes()
    assert message.properties["target"] == "lms"
    assert child.id.encode() in message.body
    left = office.world.hub.store.transact_now(lambda tx: tx.any_orphans("lms", "account"))
    assert not left


def contact(office: Office) -> dict[str, Any]:
    (row,) = office.world.rows("salesforce", "Contact")
    return row
