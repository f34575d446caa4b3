"""What each vendor's system posts, in the shapes that they document."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest

from functions.dataverse.push import FORMATS as DATAVERSE
from functions.salesforce.push import formats
from shared.model.change import Row
from tests.push.doors import KEY, body, keyed, pointer, said

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
XML = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

# Dataverse

ROW = "a8f3b1c2-0d4e-4f5a-8b6c-7d8e9f0a1b2c"
CONTEXT: dict[str, Any] = {
    "BusinessUnitId": "e2b9dd65-d5b8-e711-8122-000d3aa2331c",
    "CorrelationId": "69af9b41-6d3a-4b21-9cf6-1f29a9b06b2a",
    "Depth": 1,
    "InitiatingUserId": "75df116d-d9da-e711-8122-000d3aa2331c",
    "InputParameters": [
        {
            "key": "Target",
            "value": {
                "__type": "Entity:http://schemas.microsoft.com/xrm/2011/Contracts",
                "Attributes": [{"key": "name", "value": "Acme"}, {"key": "accountid", "value": ROW}],
                "EntityState": None,
                "FormattedValues": [],
                "Id": ROW,
                "KeyAttributes": [],
                "LogicalName": "account",
                "RelatedEntities": [],
                "RowVersion": None,
            },
        }
    ],
    "IsExecutingOffline": False,
    "IsInTransaction": False,
    "IsolationMode": 1,
    "MessageName": "Update",
    "Mode": 1,
    "OperationCreatedOn": "/Date(1506409448000-0700)/",
    "OperationId": "4af10637-4ea2-e711-8122-000d3aa2331c",
    "OrganizationId": "4ef5b371-e89d-4d68-b8ee-6ba5d4a51ea6",
    "OrganizationName": "org",
    "OutputParameters": [],
    "ParentContext": None,
    "PostEntityImages": [],
    "PreEntityImages": [],
    "PrimaryEntityId": ROW,
    "PrimaryEntityName": "account",
    "RequestId": "fdf51d6a-1b5a-4f5c-8c5e-8a5a5c2f1e1d",
    "SecondaryEntityName": "none",
    "SharedVariables": [],
    "Stage": 40,
    "UserId": "75df116d-d9da-e711-8122-000d3aa2331c",
}
TRIMMED = ("ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages")
"""What Dataverse leaves out over 256 KB."""


async def from_dataverse(**changed: Any) -> Any:
    crm = keyed(DATAVERSE)
    content = {name: value for name, value in (CONTEXT | changed).items() if value != "left out"}
    return await crm.post(
        orjson.dumps(content), JSON | {"x-ms-dynamics-entity-name": "account"}, code=KEY
    ), crm.queue


async def test_dataverse_says_which_row_and_nothing_of_it_is_read():
    answer, queue = await from_dataverse()
    (event,) = queue.events

    assert answer.status == 202
    assert (event.entity, event.native_id, event.row) == ("account", ROW, None)


async def test_a_context_that_was_trimmed_still_names_its_row():
    answer, queue = await from_dataverse(**dict.fromkeys(TRIMMED, "left out"))

    assert (answer.status, queue.events[0].native_id) == (202, ROW)


async def test_a_delete_in_dataverse_has_the_time_of_its_operation():
    reference = {"__type": "EntityReference:x", "Id": ROW, "KeyAttributes": [], "LogicalName": "account"}
    _, queue = await from_dataverse(
        MessageName="Delete", InputParameters=[{"key": "Target", "value": reference}]
    )

    assert queue.events[0].row == Row(ROW, {}, 1_506_409_448_000_000, deleted=True)


async def test_a_retry_of_dataverse_is_the_same_event_and_the_next_edit_another():
    one, again, other = [
        (await from_dataverse(**changed))[1].events[0].id
        for changed in ({}, {}, {"OperationId": "00000000-0000-0000-0000-000000000000"})
    ]

    assert one == again != other


async def test_ids_of_dataverse_are_as_the_web_api_shows_them():
    _, queue = await from_dataverse(PrimaryEntityId=f"{{{ROW.upper()}}}")

    assert queue.events[0].native_id == ROW


async def test_a_table_that_the_hub_does_not_know_is_no_reason_to_fail_a_users_save():
    answer, queue = await from_dataverse(PrimaryEntityName="task")

    assert (answer.status, queue.events) == (202, [])
    assert len(said(answer)["ignored"]) == 1


@pytest.mark.parametrize(
    "name,value",
    [
        ("PrimaryEntityId", "x"),
        ("PrimaryEntityId", "left out"),
        ("PrimaryEntityName", 5),
        ("MessageName", ""),
        ("OperationCreatedOn", "2017-09-26"),
        ("OperationCreatedOn", "/Date(99999999999999999999)/"),
        ("CorrelationId", {"a": 1}),
        ("RequestId", "x" * 65),
    ],
)
async def test_a_context_that_is_not_as_documented_is_pointed_at(name, value):
    answer, queue = await from_dataverse(**{name: value})

    assert (pointer(answer), queue.events) == (f"#/{name}", [])


# Salesforce

ORG = "00D5c000000abcDEAQ"
NOTIFICATION = """<Notification><Id>04l5c00000{number:05}AAA</Id>
  <sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.{flavour}.soap.sforce.com">
    <sf:Id>{native}</sf:Id><sf:LastName>Möller &amp; Co</sf:LastName></sObject></Notification>"""
MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">
  <OrganizationId>{org}</OrganizationId><ActionId>04k5c0000004CFTAA2</ActionId><SessionId xsi:nil="true"/>
  <EnterpriseUrl>https://example.my.salesforce.com/services/Soap/c/62.0/x</EnterpriseUrl>
  <PartnerUrl>https://example.my.salesforce.com/services/Soap/u/62.0/x</PartnerUrl>
  {notifications}</notifications></soapenv:Body></soapenv:Envelope>"""
CONTACT = "0035c00002abcDEAAY"


def message(*natives: str, org: str = ORG, kind: str = "Contact", flavour: str = "enterprise") -> bytes:
    inner = [
        NOTIFICATION.format(number=number, kind=kind, native=native, flavour=flavour)
        for number, native in enumerate(natives)
    ]
    return MESSAGE.format(org=org, notifications="".join(inner)).encode()


async def from_salesforce(content: bytes, organization: str | None = None, *, away: bool = False) -> Any:
    org = keyed(formats(organization))
    org.queue.away = away
    return await org.post(content, XML, code=KEY), org.queue


def acknowledged(answer: Any) -> bool:
    """As Salesforce reads it."""
    path = (
        "{http://schemas.xmlsoap.org/soap/envelope/}Body/{http://soap.sforce.com/2005/09/outbound}notificationsResponse"
        "/{http://soap.sforce.com/2005/09/outbound}Ack"
    )
    return answer.status == 200 and ET.fromstring(answer.body).findtext(path) == "true"


async def test_salesforce_is_given_its_ack_once_the_broker_has_every_notification():
    answer, queue = await from_salesforce(message(*[CONTACT] * 100))

    assert acknowledged(answer)
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert [(event.entity, event.native_id) for event in queue.events] == [("contact", CONTACT)] * 100
    assert len({event.id for event in queue.events}) == 100


async def test_without_the_broker_there_is_no_ack_and_salesforce_sends_again():
    answer, _ = await from_salesforce(message(CONTACT), away=True)

    assert answer.status == 503
    assert b"Ack" not in answer.body


async def test_short_ids_are_made_long_and_both_flavours_of_wsdl_are_read():
    for flavour in ("enterprise", "partner"):
        _, queue = await from_salesforce(message("0035c00002abcDE", flavour=flavour))
        assert [event.native_id for event in queue.events] == ["0035c00002abcDEAAY"]


@pytest.mark.parametrize("named", [ORG, ORG[:15]])
async def test_messages_of_another_org_are_refused(named):
    ours, _ = await from_salesforce(message(CONTACT), named)
    theirs, queue = await from_salesforce(message(CONTACT, org="00D5c000000abcEEAQ"), named)

    assert acknowledged(ours)
    assert (theirs.status, queue.events) == (403, [])


async def test_an_object_that_the_hub_does_not_know_is_acknowledged():
    answer, queue = await from_salesforce(message(CONTACT, kind="Case"))

    assert acknowledged(answer)
    assert queue.events == []


AT = "#/Envelope/Body/notifications"


@pytest.mark.parametrize(
    "content,where",
    [
        (message(), AT),
        (message(*[CONTACT] * 101), AT),
        (message("x"), f"{AT}/Notification/1/sObject/Id"),
        (message(CONTACT, "../../x"), f"{AT}/Notification/2/sObject/Id"),
        (message(CONTACT).replace(b"04l5c", b""), None),
        (message(CONTACT).replace(b"sObject", b"other"), f"{AT}/Notification/1/sObject"),
        (b"<a/>", AT),
        (b"", "#"),
        (b"{}", "#"),
        (message(CONTACT)[:-20], "#"),
        (b"<a>" * 33 + b"</a>" * 33, "#"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "#"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "#"),
        (b'<?xml version="1.0" encoding="utf-99"?><a/>', "#"),
        (b'<?xml version="1.0" encoding="utf-32"?><a/>', "#"),
        (b"\xff\xfe<\x00a", "#"),
    ],
)
async def test_what_is_no_outbound_message_is_refused_and_not_acknowledged(content, where):
    answer, queue = await from_salesforce(content)

    if where is None:  # a shorter id of the notification is an id too
        assert answer.status == 200
    else:
        assert (pointer(answer), queue.events) == (where, [])


# The LMS


async def from_lms(content: Any, **headers: str) -> Any:
    lms = keyed()
    return await lms.post(body(content), JSON | headers, code=KEY), lms.queue


@pytest.mark.parametrize(
    "kind,entity",
    [
        ("company.updated", "account"),
        ("companies.created", "account"),
        ("company_user.created", "contact"),
        ("company-users.deleted", "contact"),
        ("lead.created", "lead"),
    ],
)
async def test_the_lms_names_what_it_is_about(kind, entity):
    _, queue = await from_lms({"type": kind, "id": 17, "updated_at": "2026-01-31T12:00:00.5Z"})
    (event,) = queue.events

    assert (event.entity, event.native_id) == (entity, "17")
    assert (event.row is not None and event.row.stamp == 1_769_860_800_500_000) == kind.endswith("deleted")


async def test_the_lms_may_put_it_into_an_envelope():
    inner = {"id": "17", "name": "Acme"}
    _, queue = await from_lms({"type": "company.updated", "timestamp": "2026-01-31T12:00:00Z", "data": inner})

    assert [(event.entity, event.native_id, event.row) for event in queue.events] == [("account", "17", None)]


async def test_one_delivery_is_one_event_whatever_its_time():
    content = {"type": "lead.updated", "id": 1, "updated_at": "2026-01-31T12:00:00Z"}
    named = [(await from_lms(content, **{"webhook-id": "m"}))[1].events[0].id for _ in range(2)]
    plain = [
        (await from_lms({**content, "updated_at": f"2026-01-3{day}T00:00:00Z"}))[1].events[0].id
        for day in (0, 1)
    ]

    assert len(set(named)) == 1
    assert len(set(plain)) == 2


async def test_what_the_lms_tells_of_courses_is_ignored():
    answer, queue = await from_lms(
        {"type": "course.completed", "id": 1, "updated_at": "2026-01-31T12:00:00Z"}
    )

    assert (answer.status, queue.events) == (202, [])
    assert said(answer)["ids"] == []


@pytest.mark.parametrize(
    "changed,where",
    [
        ({"type": None}, "#/type"),
        ({"id": None}, "#/id"),
        ({"id": True}, "#/id"),
        ({"id": 1.5}, "#/id"),
        ({"id": "1' OR 1"}, "#/id"),
        ({"id": 10**19}, "#/id"),
        ({"updated_at": 5}, "#/updated_at"),
        ({"data": []}, "#/data"),
        ({"data": {}}, "#/data/id"),
    ],
)
async def test_what_the_lms_would_not_send_is_pointed_at(changed, where):
    content = {"type": "lead.updated", "id": 17, "updated_at": "2026-01-31T12:00:00Z"} | changed
    answer, queue = await from_lms({name: value for name, value in content.items() if value is not None})

    assert (pointer(answer), queue.events) == (where, [])
