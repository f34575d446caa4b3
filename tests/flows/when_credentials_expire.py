"""Our own settings are wrong: the flow pauses and says why, no record is at fault, and it goes on again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.systems.salesforce.objects import STANDARD
from local.systems.salesforce.schema import Schema, SObject
from shared.model.errors import Misconfigured
from shared.model.records import Pause
from tests.flows.office import ACME, Office, to_salesforce, topology
from tests.world import SECRET

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]
PAUSE = 300.0


def pause_of(office: Office, system: str) -> Pause | None:
    return office.world.hub.store.transact_now(lambda tx: tx.paused(system))


def without(name: str, field: str) -> Schema:
    """An org in which nobody has made this field."""
    objects = [
        SObject(each.name, each.prefix, each.plural, dict(each.fields)) for each in STANDARD.objects.values()
    ]
    schema = Schema(objects)
    del schema.objects[name].fields[field]
    return schema


async def test_a_target_that_refuses_our_token_is_paused_with_the_reason_and_no_record_is_at_fault(
    office_with: Open,
):
    office = office_with(settings={"LMS_TOKEN": "expired"})
    office.sales.create("Account", **ACME)

    await office.world.round()

    pause = pause_of(office, "lms")
    assert pause is not None
    assert (pause.reason, pause.until - pause.since) == ("Http401", int(PAUSE * 1e6))
    assert "check the credentials" in pause.description
    assert office.letters() == []


async def test_a_paused_system_is_not_asked_before_its_time(office_with: Open):
    office = office_with(settings={"LMS_TOKEN": "expired"})
    office.sales.create("Account", **ACME)
    await office.world.round()
    office.forget()

    for number in range(4):
        office.sales.create("Account", AccountNumber=f"B-{number}", Name=f"Babbage {number}")
        office.world.time.pass_by(61)
        await office.world.round()

    assert office.requests("lms") == []


async def test_once_the_token_is_right_everything_that_waited_is_delivered(office_with: Open):
    office = office_with(settings={"LMS_TOKEN": "expired"})
    office.sales.create("Account", **ACME)
    for _ in range(20):
        await office.world.round()
        office.world.time.pass_by(PAUSE)
    assert office.world.rows("lms", "companies") == []

    await office.world.restart(LMS_TOKEN=SECRET)
    await office.settle()

    assert office.school.company("A-1")["name"] == "Acme"
    assert pause_of(office, "lms") is None
    assert (office.letters(), office.queued()) == ([], [])


async def test_a_source_that_refuses_our_secret_is_paused_and_goes_on_when_it_takes_it(office_with: Open):
    office = office_with(settings={"SALESFORCE_CLIENT_SECRET": "wrong"})
    office.sales.create("Account", **ACME)
    with pytest.raises(Misconfigured):
        await office.world.poll("salesforce")
    pause = pause_of(office, "salesforce")
    assert pause is not None
    assert (pause.reason, "wrong" in pause.description) == ("invalid_client", False)
    office.forget()
    await office.world.poll("salesforce")
    assert office.requests("salesforce") == []

    await office.world.restart(SALESFORCE_CLIENT_SECRET=SECRET)
    office.world.time.pass_by(PAUSE)
    await office.settle()

    assert office.school.company("A-1")["name"] == "Acme"
    assert pause_of(office, "salesforce") is None


@pytest.mark.parametrize("field", ["Crosswalk_Id__c", "BillingState"])
async def test_a_field_that_the_org_does_not_have_pauses_the_flow_and_is_named(office_with: Open, field: str):
    schema = without("Account", field)
    office = office_with(schema=schema)
    with pytest.raises(Misconfigured):
        await office.world.poll("salesforce")

    pause = pause_of(office, "salesforce")
    assert pause is not None
    assert pause.reason == "SchemaMismatch"
    assert field in pause.description

    schema.objects["Account"].fields[field] = STANDARD.objects["Account"].fields[field]
    office.sales.create("Account", **ACME)
    office.world.time.pass_by(PAUSE)
    await office.settle()
    assert office.school.company("A-1")["name"] == "Acme"


@pytest.mark.parametrize("field", ["Crosswalk_Id__c", "BillingState"])
@pytest.mark.parametrize("company", [{"number": "A-1", "name": "Acme"}, {"name": "Nameless & Sons"}])
async def test_a_field_that_is_missing_where_we_write_is_no_records_fault(
    office_with: Open, field: str, company: dict[str, str]
):
    """Also where nothing is looked up before, for want of a natural key."""
    office = office_with(topology(to_salesforce("account")), schema=without("Account", field))
    office.school.create("companies", **company, state="Bavaria")

    for _ in range(5):
        await office.world.round()
        office.world.time.pass_by(PAUSE)

    pause = pause_of(office, "salesforce")
    assert pause is not None
    assert field in pause.description
    assert office.letters() == []
    assert office.world.rows("salesforce", "Account") == []


async def test_a_session_that_expires_is_renewed_and_nobody_notices(office_with: Open):
    office = office_with(topology(to_salesforce("account")))
    office.school.create("companies", number="A-1", name="Acme")
    await office.settle()
    office.world.time.pass_by(3 * 3600)
    office.school.create("companies", number="A-2", name="Babbage & Co")

    await office.settle()

    assert len(office.world.rows("salesforce", "Account")) == 2
    assert pause_of(office, "salesforce") is None


async def test_one_refused_target_does_not_stop_the_flows_of_others(office_with: Open):
    office = office_with(
        topology(to_salesforce("account"), "entity: contact, from: salesforce, to: lms"),
        settings={"LMS_TOKEN": "expired"},
    )
    office.sales.create("Contact", LastName="Doe")

    await office.world.round(forgiving=True)

    assert pause_of(office, "salesforce") is None
    assert pause_of(office, "lms") is not None
