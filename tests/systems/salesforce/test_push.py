"""Salesforce's outbound messages: what is in them, when they are heard, and how long they are repeated."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from local.systems.salesforce.org import ORG_ID
from local.systems.salesforce.push import acknowledged
from tests.systems.receiver import Receiver
from tests.systems.salesforce.desk import ACCOUNT, CONTACT, LEAD, OTHER_ACCOUNT

KEY = "a-key"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUT = "{http://soap.sforce.com/2005/09/outbound}"
SF = "{urn:sobject.enterprise.soap.sforce.com}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
ACK = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>{}</Ack>'
    "</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


def ack(said="true") -> httpx.Response:
    return httpx.Response(200, text=ACK.format(said), headers={"Content-Type": "text/xml"})


@pytest.fixture
def receiver(desk):
    hub = Receiver(ack)
    assert desk.client.post("/_sim/push", json={"url": hub.url, "secret": KEY}).status_code == 204
    return hub


def drained(desk, hub) -> list[httpx.Request]:
    requests: list[httpx.Request] = hub.drain(desk.controlled.courier)
    return requests


def notifications(request) -> list[Element]:
    return list(fromstring(request.content).iter(f"{OUT}Notification"))


def ids(request) -> list[str]:
    return [str(each.findtext(f"{OUT}sObject/{SF}Id")) for each in notifications(request)]


def sobject(notification) -> Element:
    found = notification.find(f"{OUT}sObject")
    assert isinstance(found, Element)
    return found


def fields(notification) -> dict[str, str | None]:
    found = sobject(notification)
    return {each.tag.removeprefix(SF): each.text for each in found}


def edit(desk, key=ACCOUNT, **values):
    assert desk.ask("PATCH", f"sobjects/Account/{key}", values or {"Phone": "1"}).status_code == 204


def pushes(desk):
    return desk.client.get("/_sim/push").json()


def test_an_edited_record_is_told_as_it_is_now(desk, receiver):
    edit(desk, Name="Acme & <Sons>", Phone="+1 555")

    (request,) = drained(desk, receiver)

    (notification,) = notifications(request)
    told = fields(notification)
    assert sobject(notification).get(TYPE) == "sf:Account"
    assert next(iter(told)) == "Id"
    assert (told["Id"], told["Name"], told["Phone"]) == (ACCOUNT, "Acme & <Sons>", "+1 555")
    assert (told["SystemModstamp"], told["IsDeleted"]) == ("2026-03-01T09:00:30.000Z", "false")
    assert str(notification.findtext(f"{OUT}Id")).startswith("04l")


def test_the_envelope_names_the_organization_and_the_key_is_in_the_address(desk, receiver):
    edit(desk)

    (request,) = drained(desk, receiver)

    body = fromstring(request.content).find(f"{SOAP}Body/{OUT}notifications")
    assert body.findtext(f"{OUT}OrganizationId") == ORG_ID
    assert dict(request.url.params) == {"code": KEY}
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"


def test_a_new_record_is_told_and_a_deleted_one_is_not(desk, receiver):
    made = desk.ask("POST", "sobjects/Lead", {"LastName": "Hopper", "Company": "Navy"}).json()["id"]
    desk.ask("DELETE", f"sobjects/Lead/{LEAD}")

    assert [ids(request) for request in drained(desk, receiver)] == [[made]]


def test_a_message_holds_up_to_a_hundred_records_of_one_object(desk, receiver):
    accounts = [{"attributes": {"type": "Account"}, "Name": f"A {number}"} for number in range(150)]
    desk.ask("POST", "composite/sobjects", {"records": accounts})
    desk.ask("PATCH", f"sobjects/Contact/{CONTACT}", {"Phone": "1"})

    messages = drained(desk, receiver)

    assert sorted(len(notifications(each)) for each in messages) == [1, 50, 100]
    assert [{key[:3] for key in ids(each)} for each in messages if len(ids(each)) > 1] == [{"001"}, {"001"}]


def test_every_notification_has_an_id_of_its_own_also_over_the_same_record(desk, receiver):
    edit(desk, Phone="1")
    edit(desk, Phone="2")

    (request,) = drained(desk, receiver)

    told = [each.findtext(f"{OUT}Id") for each in notifications(request)]
    assert len(set(told)) == 2


def test_values_between_two_messages_are_not_told(desk, receiver):
    edit(desk, Phone="1")
    edit(desk, Phone="2")

    (request,) = drained(desk, receiver)

    assert {fields(each)["Phone"] for each in notifications(request)} == {"2"}


def test_what_is_sent_again_is_what_the_record_is_by_then(desk, receiver):
    receiver.answers = [httpx.Response(503)]
    edit(desk, Phone="1")
    (first,) = drained(desk, receiver)
    edit(desk, OTHER_ACCOUNT)
    desk.ask("PATCH", f"sobjects/Account/{ACCOUNT}", {"Phone": "2"})
    drained(desk, receiver)
    desk.clock.advance(10)
    (again,) = drained(desk, receiver)

    before, after = notifications(first)[0], notifications(again)[0]
    assert before.findtext(f"{OUT}Id") == after.findtext(f"{OUT}Id")
    assert (fields(before)["Phone"], fields(after)["Phone"]) == ("1", "2")


def test_an_older_message_may_come_after_a_newer_one(desk, receiver):
    receiver.answers = [httpx.Response(503)]
    edit(desk)
    drained(desk, receiver)
    edit(desk, OTHER_ACCOUNT)
    newer = drained(desk, receiver)
    desk.clock.advance(10)
    older = drained(desk, receiver)

    assert [ids(*newer), ids(*older)] == [[OTHER_ACCOUNT], [ACCOUNT]]


def test_a_record_that_is_gone_by_then_is_left_out(desk, receiver):
    edit(desk)
    edit(desk, OTHER_ACCOUNT)
    desk.ask("DELETE", f"sobjects/Account/{ACCOUNT}")

    assert [ids(request) for request in drained(desk, receiver)] == [[OTHER_ACCOUNT]]


def test_a_message_of_which_nothing_is_left_is_not_sent(desk, receiver):
    edit(desk)
    desk.ask("DELETE", f"sobjects/Account/{ACCOUNT}")

    assert drained(desk, receiver) == []
    assert pushes(desk)["waiting"] == 0


NOT_HEARD = [
    httpx.Response(200),
    ack("false"),
    httpx.Response(200, text="<Ack>true</Ack>"),
    httpx.Response(200, text="no xml"),
    httpx.Response(200, text='<!DOCTYPE a [<!ENTITY b "true">]>' + ACK.format("&b;")),
    httpx.Response(202, text=ACK.format("true")),
    httpx.Response(500, text=ACK.format("true")),
    httpx.ConnectError("nobody there"),
]


@pytest.mark.parametrize("answer", NOT_HEARD, ids=range(len(NOT_HEARD)))
def test_nothing_but_the_acknowledgement_is_heard(desk, receiver, answer):
    receiver.answers = [answer]
    edit(desk)
    drained(desk, receiver)
    desk.clock.advance(10)

    assert len(drained(desk, receiver)) == 1
    assert (pushes(desk)["again"], pushes(desk)["heard"]) == (1, 1)


def test_an_acknowledgement_may_have_blanks_around_it():
    assert acknowledged(ACK.format(" true ").encode())


def test_retries_double_up_to_two_hours_and_end_after_a_day(desk, receiver):
    receiver.answers = [httpx.Response(503)] * 100
    edit(desk)
    drained(desk, receiver)
    seconds = [10 * 2**tries for tries in range(10)] + [7200] * 11
    for wait in seconds:
        desk.clock.advance(wait)
        assert len(drained(desk, receiver)) == 1
    desk.clock.advance(1_000_000)

    assert drained(desk, receiver) == []
    assert sum(seconds) >= 86_400 > sum(seconds[:-1])
    assert pushes(desk)["lost"] == 1


def test_users_are_not_told_of(desk, receiver):
    assert "User" not in desk.system.objects()
    edit(desk)

    assert [ids(request) for request in drained(desk, receiver)] == [[ACCOUNT]]
