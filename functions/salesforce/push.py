"""What Salesforce pushes: outbound messages, SOAP with up to a hundred notifications.

    <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
      <OrganizationId>00D…</OrganizationId>
      <Notification><Id>04l…</Id><sObject xsi:type="sf:Contact"><sf:Id>003…</sf:Id>…</sObject></Notification>

Quirks
- It goes on for a day, at growing intervals, until it reads `<Ack>true</Ack>`: a 200 without it is a failure.
- They come out of order and more than once, and hold what the rule's author ticked: the row is read.
- Nothing is sent of a delete; the poll finds those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from functions.salesforce.translate import TRANSLATIONS, long_id
from shared.model.event import Event
from shared.push import parse
from shared.push.cloudevents import CloudEvents
from shared.push.exchange import Reading, Request, Response, Told, malformed, refuse
from shared.push.formats import Formats

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
SOBJECT = "{urn:sobject.enterprise.soap.sforce.com}"
PARTNER = "{urn:sobject.partner.soap.sforce.com}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
MOST = 100
ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")
AT = "#/Envelope/Body/notifications"
ENTITIES = {translation.native: entity for entity, translation in TRANSLATIONS.items()}

ACK = Response(
    200,
    {"Content-Type": "text/xml; charset=utf-8"},
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>",
)


def formats(organization: str | None) -> Formats:
    """Those of one org; `organization` is its id, where messages of others are to be refused."""
    own = long_id(organization) if organization else None
    return Formats(CloudEvents(TRANSLATIONS, key), {"text/xml": lambda request: read(request, own)})


def read(request: Request, organization: str | None = None) -> Reading:
    found = parse.xml_of(request.body).find(f"{SOAP}Body/{OUTBOUND}notifications")
    if found is None:
        raise malformed("no outbound message", AT)
    if organization and key(found.findtext(f"{OUTBOUND}OrganizationId", "")) != organization:
        raise refuse(403)
    return Reading(tuple(_told(found)), ACK)


def _told(found: Element) -> Iterator[Told]:
    notifications = found.findall(f"{OUTBOUND}Notification")
    if not 1 <= len(notifications) <= MOST:
        raise malformed(f"not 1 to {MOST} notifications", AT)
    for place, each in enumerate(notifications, 1):
        yield _notification(each, f"{AT}/Notification/{place}")


def _notification(element: Element, at: str) -> Told:
    sent = parse.line(element.findtext(f"{OUTBOUND}Id", ""), f"{at}/Id", 18)
    record = element.find(f"{OUTBOUND}sObject")
    if record is None:
        raise malformed("missing", f"{at}/sObject")
    native_id = key(record.findtext(f"{SOBJECT}Id") or record.findtext(f"{PARTNER}Id") or "")
    if native_id is None:
        raise malformed("missing, or no id of Salesforce", f"{at}/sObject/Id")
    entity = ENTITIES.get(record.get(TYPE, "").rpartition(":")[2])
    return Told(sent, Event(sent, entity, native_id) if entity else None)


def key(native_id: str) -> str | None:
    return long_id(native_id) if ID.fullmatch(native_id) else None
