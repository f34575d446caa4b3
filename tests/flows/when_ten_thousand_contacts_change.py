"""Many changes at once: the fewest calls that the target offers, and in them what changed, no more."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from local.systems.lms import Lms
from local.systems.lms.stamp import stamp
from shared.pipeline.messages import decode
from tests.flows.office import Office, to_salesforce, topology

pytestmark = pytest.mark.anyio

COUNT = 10_000
EMPTY = dict.fromkeys(("external_id", "first_name", "title"))


def email(number: int) -> str:
    return f"doe{number}@acme.example"


def users(office: Office, phone: str) -> None:
    """All users of the LMS, with this phone, as somebody left them just now."""
    at = stamp(office.world.time.at)
    lms = office.world.systems["lms"].system
    assert isinstance(lms, Lms)
    lms.load("company-users", ({**user(number, at), "phone": phone} for number in range(1, COUNT + 1)))


def user(number: int, at: str) -> dict[str, Any]:
    names = {"last_name": f"Doe {number}", "email": email(number)}
    stamps = {"status": "active", "created_at": at, "updated_at": at}
    return {"id": number, "company_id": 1, **EMPTY, **names, **stamps}


def of_ten_thousand(office_with: Callable[..., Office], bulk: int) -> Office:
    """Ten thousand users of the LMS, each with a contact in Salesforce that lacks the phone. From `bulk` on
    it is told in one job.
    """
    flow = to_salesforce("contact", "missing_parent: leave-empty")
    contacts = topology(flow, contact="{key: [email], owner: lms}")
    office = office_with(contacts, settings={"SALESFORCE_BULK_THRESHOLD": str(bulk)})
    rows = ({"LastName": f"Doe {number}", "Email": email(number)} for number in range(1, COUNT + 1))
    office.sales.load("Contact", rows)
    users(office, "+49 731 1")
    return office


@pytest.fixture
def office(office_with: Callable[..., Office]) -> Office:
    return of_ten_thousand(office_with, COUNT)


async def test_fifty_calls_by_collections_and_ten_by_bulk_with_the_key_and_the_changed_field(office: Office):
    await office.world.poll("lms")
    assert [len(_ids(message.body)) for message in office.changes()] == [1_000] * 10
    assert await office.world.deliver("salesforce") == 10, "one batch of messages for the handler"

    writes = office.writes("salesforce")
    assert len(writes) == 50
    assert {path for path, _ in writes} == {"PATCH /services/data/v62.0/composite/sobjects"}
    assert all(
        record.keys() == {"attributes", "Id", "Phone"} and record["attributes"] == {"type": "Contact"}
        for record in office.written("salesforce")
    )
    assert all(body.keys() == {"allOrNone", "records"} for _, body in writes)
    assert_phones(office, "+49 731 1")

    await office.world.restart()
    office.forget()
    office.world.time.pass_by(61)
    users(office, "+49 731 2")
    await office.world.poll("lms")
    await office.world.deliver("salesforce")

    calls = [each for each in office.requests("salesforce") if not each.url.path.endswith("/token")]
    assert len(calls) <= 10
    (upload,) = [body for path, body in office.writes("salesforce") if path.startswith("PUT")]
    header, *lines = csv.reader(io.StringIO(upload))
    assert header == ["Id", "Phone"]
    assert len({key for key, _ in lines}) == len(lines) == COUNT
    assert {phone for _, phone in lines} == {"+49 731 2"}
    assert_phones(office, "+49 731 2")
    assert office.world.dead_letters() == []


@pytest.mark.parametrize("bulk, early", [(COUNT, False), (1_000_000, True)])
async def test_what_a_poll_finds_leaves_before_its_end_unless_it_goes_in_one_job(
    office_with: Callable[..., Office], bulk: int, early: bool
):
    office = of_ten_thousand(office_with, bulk)
    left: list[int] = []
    office.world.wires["lms"].before = lambda _: left.append(len(office.changes()))

    await office.world.poll("lms")

    assert any(left) is early, "while it still asked for pages"
    assert [len(_ids(message.body)) for message in office.changes()] == [1_000] * 10


def assert_phones(office: Office, phone: str) -> None:
    phones = [row["Phone"] for row in office.world.rows("salesforce", "Contact")]
    assert (len(phones), set(phones)) == (COUNT, {phone})


def _ids(body: bytes) -> tuple[str, ...]:
    return decode(body).ids
