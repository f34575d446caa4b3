"""How Salesforce pushes: outbound messages, in SOAP, to whoever acknowledges them.

```
  a record is created or edited ─> notification ─> up to 100 of one object ─> POST url?code=KEY ─> Ack true?
```

- Heard is a 200 whose SOAP body says `<Ack>true</Ack>`, within 60 s; a plain 200 is a failure like any other.
- What was not heard is sent again, at ever longer distances up to two hours, for a day; then it is dropped.
  A notification keeps its id, so that who hears it twice can tell. It may come after what is newer.
- A message holds the record as it is when it is sent, not as it was when it was edited: between two messages
  values may have come and gone. A record that is gone by then is left out.
- Deletes are not said: no workflow runs on them.
- A message has no signature. A key in the address is the usual proof, beside the id of the organization.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from local.systems.push.manner import Message, Notice, Target, within
from local.systems.push.standing import Again, Heard, Lost, Verdict
from local.systems.rows import Written
from local.systems.salesforce.ids import record_id
from local.systems.salesforce.org import ORG_ID, Org
from local.systems.salesforce.schema import Field, SObject
from local.systems.system import Row

PATIENCE: Final = 60.0
FIRST: Final = 10.0
LONGEST: Final = 2 * 3600.0
GIVEN_UP: Final = 24 * 3600.0
"""Seconds before the first retry, between two at most, and after which a message is dropped."""
OUTBOUND: Final = "http://soap.sforce.com/2005/09/outbound"
ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_SILENT: Final = frozenset({"User"})
_HEADERS: Final = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
_ACK: Final = f"{{{ENVELOPE}}}Body/{{{OUTBOUND}}}notificationsResponse/{{{OUTBOUND}}}Ack"


class SalesforceManner:
    target = Target
    together = 100

    def __init__(self, org: Org, next_number: Callable[[], int]) -> None:
        self._org = org
        self._next_number = next_number
        self._actions = {name: record_id("04k", place) for place, name in enumerate(org.schema.objects, 1)}

    def new_id(self) -> str:
        return self._notification()

    def notices(self, written: Sequence[Written], _: Target) -> list[Notice]:
        return [
            Notice(each.key, group=each.table, id=self._notification())
            for each in written
            if each.table in self._actions and each.table not in _SILENT
            if each.after is not None and not each.after["IsDeleted"]
        ]

    def request(self, message: Message, target: Target, _: datetime) -> httpx.Request | None:
        told = [text for notice in message.notices if (text := self._told(notice))]
        if not told:
            return None
        url = httpx.URL(target.url).copy_merge_params({"code": target.secret})
        body = self._envelope(message.notices[0].group, told).encode()
        return httpx.Request("POST", url, headers=_HEADERS, content=body, extensions=within(PATIENCE))

    def verdict(self, message: Message, answer: httpx.Response | None, at: datetime) -> Verdict:
        if answer is not None and answer.status_code == httpx.codes.OK and acknowledged(answer.content):
            return Heard()
        if (at - message.made).total_seconds() >= GIVEN_UP:
            return Lost()
        return Again(min(LONGEST, FIRST * 2 ** (message.tries - 1)))

    def _notification(self) -> str:
        return record_id("04l", self._next_number())

    # The message

    def _envelope(self, name: str, told: Sequence[str]) -> str:
        soap = f"https://org.my.salesforce.example/services/Soap/{{}}/62.0/{ORG_ID[:15]}"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
            f'<notifications xmlns="{OUTBOUND}"><OrganizationId>{ORG_ID}</OrganizationId>'
            f'<ActionId>{self._actions[name]}</ActionId><SessionId xsi:nil="true"/>'
            f"<EnterpriseUrl>{soap.format('c')}</EnterpriseUrl><PartnerUrl>{soap.format('u')}</PartnerUrl>"
            f"{''.join(told)}</notifications></soapenv:Body></soapenv:Envelope>"
        )

    def _told(self, notice: Notice) -> str:
        """Nothing of a record that is gone."""
        sobject = self._org.schema.objects[notice.group]
        row = self._org.table(sobject).written.get(notice.key)
        if row is None or row["IsDeleted"]:
            return ""
        fields = "".join(_elements(sobject, row))
        return (
            f"<Notification><Id>{notice.id}</Id>"
            f'<sObject xsi:type="sf:{sobject.name}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
            f"{fields}</sObject></Notification>"
        )


def _elements(sobject: SObject, row: Row) -> Iterator[str]:
    """The id first, the others by their names, as in the WSDL; a field without a value is not there."""
    others = sorted(name for name in row if name in sobject.fields and name != "Id")
    for name in ("Id", *others):
        yield f"<sf:{name}>{escape(_text(sobject.fields[name], row[name]))}</sf:{name}>"


def _text(field: Field, value: Any) -> str:
    """As XML Schema writes it, without what XML cannot hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if field.type == "datetime":
        return text.replace("+0000", "Z")
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")


def acknowledged(body: bytes) -> bool:
    """Whether it is the SOAP answer that says so."""
    try:
        ack = fromstring(body, forbid_dtd=True).find(_ACK)
    except (ParseError, DefusedXmlException, ValueError):
        return False
    return ack is not None and (ack.text or "").strip() == "true"
