"""Throttled, locked, broken, cut off: in the end every record is right, once, with no dead letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.model.errors import Unavailable
from tests.flows.office import ACME, Office, to_salesforce, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]
COUNT = 120

TROUBLE: dict[str, dict[str, Any]] = {
    "throttled": {"kind": "throttle", "count": 5, "seconds": 17},
    "throttled now and then": {"kind": "throttle", "count": 5, "share": 0.5, "seconds": 3},
    "an error of the server": {"kind": "error", "count": 5},
    "records locked": {"kind": "lock", "count": 70, "share": 0.4},
    "no answer, nothing done": {"kind": "drop", "count": 5},
    "no answer, though it was done": {"kind": "drop_after_write", "count": 3},
    "no answer now and then": {"kind": "drop_after_write", "count": 6, "share": 0.5, "seed": 3},
    "slower than the patience of a client": {"kind": "slow", "count": 2, "seconds": 1_000},
    "the session at an end": {"kind": "expire_session", "count": 1},
}
TROUBLE_OF_SALESFORCE = {**TROUBLE, "unavailable": {"kind": "unavailable", "count": 5}}

TROUBLE_OF_WRITES = {"records locked", "no answer, though it was done", "no answer now and then"}


def fill(office: Office) -> None:
    for number in range(COUNT):
        account = office.sales.create("Account", AccountNumber=f"A-{number}", Name=f"Acme {number}")
        email = f"doe{number}@acme.example"
        office.sales.create("Contact", AccountId=account, LastName=f"Doe {number}", Email=email)


def assert_delivered(office: Office) -> None:
    companies = {row["id"]: row["number"] for row in office.world.rows("lms", "companies")}
    assert sorted(companies.values()) == sorted(f"A-{number}" for number in range(COUNT))
    users = [
        (row["last_name"], companies[row["company_id"]]) for row in office.world.rows("lms", "company-users")
    ]
    assert sorted(users) == sorted((f"Doe {number}", f"A-{number}") for number in range(COUNT))
    assert office.world.dead_letters() == []
    assert office.queued() == []


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_with_the_lms_in_trouble_every_record_arrives_once(office: Office, trouble: str):
    fill(office)
    office.world.fault("lms", **TROUBLE[trouble])

    await office.settle()

    assert_delivered(office)
    assert office.world.struck("lms") > 0
    for entity in ("account", "contact"):  # what was made and not answered is found again, and unchanged
        assert office.tally(entity, "created") + office.tally(entity, "unchanged") == COUNT


@pytest.mark.parametrize("trouble", sorted(TROUBLE_OF_SALESFORCE.keys() - TROUBLE_OF_WRITES))
async def test_with_salesforce_in_trouble_while_it_is_read_every_record_arrives_once(
    office: Office, trouble: str
):
    fill(office)
    office.world.fault("salesforce", **TROUBLE_OF_SALESFORCE[trouble])

    await office.settle(forgiving=True)

    assert_delivered(office)
    assert office.world.struck("salesforce") > 0


@pytest.mark.parametrize("trouble", TROUBLE_OF_SALESFORCE)
async def test_with_salesforce_in_trouble_while_it_is_written_every_record_arrives_once(
    office_with: Open, trouble: str
):
    office = office_with(topology(to_salesforce("account"), to_salesforce("contact")))
    for number in range(COUNT):
        company = office.school.create("companies", number=f"A-{number}", name=f"Acme {number}")
        names = {"last_name": f"Doe {number}", "email": f"doe{number}@acme.example"}
        office.school.create("company-users", company_id=company, **names)
    office.world.fault("salesforce", **TROUBLE_OF_SALESFORCE[trouble])

    await office.settle()

    accounts = {row["Id"]: row["AccountNumber"] for row in office.world.rows("salesforce", "Account")}
    assert sorted(accounts.values()) == sorted(f"A-{number}" for number in range(COUNT))
    contacts = [
        (row["LastName"], accounts[row["AccountId"]]) for row in office.world.rows("salesforce", "Contact")
    ]
    assert sorted(contacts) == sorted((f"Doe {number}", f"A-{number}") for number in range(COUNT))
    assert office.world.dead_letters() == []
    assert office.world.struck("salesforce") > 0


async def test_a_record_that_fails_for_a_time_delays_no_other(office: Office):
    fill(office)
    office.world.fault("lms", "lock", match='"A-60"', count=7)
    before = office.world.time.at

    await office.world.round()

    assert office.world.time.at == before
    assert len(office.world.rows("lms", "companies")) == COUNT - 1
    assert len(office.world.rows("lms", "company-users")) == COUNT - 1

    await office.world.settle()
    assert_delivered(office)


async def test_a_throttled_system_is_left_alone_for_as_long_as_it_asks(office: Office):
    office.sales.create("Account", **ACME)
    office.world.fault("lms", "throttle", count=1, method="POST", seconds=600)
    await office.world.round()
    office.forget()

    for _ in range(9):
        office.world.time.pass_by(60)
        await office.world.round()
    assert office.requests("lms") == []

    await office.world.settle()
    assert office.school.company("A-1")["name"] == "Acme"


async def test_an_error_that_outlives_all_patience_is_a_dead_letter_with_its_reason(office: Office):
    account = office.sales.create("Account", **ACME)
    office.world.fault("lms", "lock")

    await office.settle()

    letter = office.letter()
    assert (letter.target, letter.record) == ("lms", office.golden_id(account))
    assert letter.reason == "unavailable"


async def test_after_such_a_dead_letter_the_next_change_brings_the_record_and_closes_it(office: Office):
    account = office.sales.create("Account", **ACME)
    office.world.fault("lms", "lock")
    await office.settle()

    office.world.mend("lms")
    office.sales.change(account, BillingCity="Bonn")
    await office.settle()

    assert office.letters() == []
    assert office.school.company("A-1")["city"] == "Bonn"


async def test_while_the_bus_is_away_changes_wait_in_the_outbox(office: Office):
    office.sales.create("Account", **ACME)
    office.bus.before = bus_away
    await office.world.poll("salesforce")
    assert (await office.world.deliver("lms"), office.world.waiting()) == (0, 1)

    office.bus.before = None
    await office.world.hub.outbox.publish()
    await office.world.settle()

    assert office.school.company("A-1")["name"] == "Acme"


def bus_away() -> None:
    raise Unavailable("the bus does not answer")
