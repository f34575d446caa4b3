"""What the simulated systems push, as the rooms read it: both are ours, so both are held to one story."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import httpx
import pytest

from functions.dataverse.push import FORMATS as DATAVERSE
from functions.lms.push import FORMATS as LMS
from functions.salesforce.push import ACK, formats
from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.lms.push import LmsManner
from local.systems.rows import Rows
from local.systems.salesforce.org import ORG_ID
from local.systems.salesforce.push import acknowledged
from local.systems.transport import SyncSystemTransport
from shared.model.event import Event
from shared.push.exchange import Request
from shared.push.formats import Formats
from tests.systems.clock import StillClock
from tests.systems.dataverse.desk import ACCOUNT, OTHER_ACCOUNT
from tests.systems.dataverse.desk import stocked as environment
from tests.systems.receiver import Receiver
from tests.systems.salesforce.desk import ACCOUNT as COMPANY
from tests.systems.salesforce.desk import CONTACT
from tests.systems.salesforce.desk import stocked as org

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def events(formats: Formats, requests: list[httpx.Request]) -> list[Event]:
    found = []
    for sent in requests:
        request = Request.of(sent.method, sent.headers, dict(sent.url.params), sent.content)
        reader = formats.reader(request)
        assert reader is not None, request.media_type
        found += reader(request).events
    return found


def told(events: list[Event]) -> list[tuple[str, str, bool]]:
    return [(each.entity, each.native_id, bool(each.row and each.row.deleted)) for each in events]


def subscribed(client: httpx.Client) -> Receiver:
    hub = Receiver()
    assert client.post("/_sim/push", json={"url": hub.url, "secret": SECRET}).status_code == 204
    return hub


def test_dataverse_tells_of_rows_and_of_those_that_are_gone():
    desk = environment()
    hub = subscribed(desk.client)
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"telephone1": "1"})
    desk.ask("DELETE", f"accounts({OTHER_ACCOUNT})")

    assert told(events(DATAVERSE, hub.drain(desk.controlled.courier))) == [
        ("account", ACCOUNT, False),
        ("account", OTHER_ACCOUNT, True),
    ]


def test_dataverses_retry_is_the_same_event():
    desk = environment()
    hub = subscribed(desk.client)
    hub.answers = [httpx.Response(503)]
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"telephone1": "1"})
    first = events(DATAVERSE, hub.drain(desk.controlled.courier))
    desk.clock.advance(1)

    assert [each.id for each in first] == [
        each.id for each in events(DATAVERSE, hub.drain(desk.controlled.courier))
    ]


def test_salesforce_tells_of_each_record_of_a_message():
    desk = org()
    hub = subscribed(desk.client)
    desk.ask("PATCH", f"sobjects/Account/{COMPANY}", {"Phone": "1"})
    desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"Phone": "1"})

    assert told(events(formats(ORG_ID), hub.drain(desk.controlled.courier))) == [
        ("account", COMPANY, False),
        ("contact", CONTACT, False),
    ]


def test_salesforce_takes_the_rooms_acknowledgement():
    assert acknowledged(ACK.body)


@pytest.fixture
def lms() -> Iterator[tuple[Controlled, httpx.Client]]:
    random = Random(1)
    manner = LmsManner(lambda: f"{random.getrandbits(64):x}")
    system = Controlled(Lms(Rows(), StillClock(), "t"), StillClock(), manner=manner)
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(
        transport=SyncSystemTransport(system), base_url="http://lms", headers=headers
    ) as client:
        yield system, client


def test_the_lms_tells_of_every_kind_of_row_whatever_has_happened(lms):
    system, client = lms
    hub = subscribed(client)
    company = client.post("/api/v1/companies", json={"name": "Acme"}).json()["id"]
    user = client.post(
        "/api/v1/company-users", json={"company_id": company, "last_name": "Ray", "email": "r@acme.example"}
    ).json()["id"]
    lead = client.post("/api/v1/leads", json={"last_name": "Fox", "company_name": "Fox"}).json()["id"]
    client.patch(f"/api/v1/leads/{lead}", json={"status": "inactive"})
    client.delete(f"/api/v1/leads/{lead}")

    assert told(events(LMS, hub.drain(system.courier))) == [
        ("account", str(company), False),
        ("contact", str(user), False),
        ("lead", str(lead), False),
        ("lead", str(lead), False),
        ("lead", str(lead), False),
        ("lead", str(lead), True),
    ]
