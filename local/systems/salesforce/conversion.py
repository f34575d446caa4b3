"""Conversion: a lead becomes a contact of an account, as a sales person does it in the browser.

```
  account   the one that is named; else a living one of that name; else a new one
  contact   the one that is named, whose empty fields are filled; else a new one
  lead      read-only from then on, with the ids of both; what refers to it goes on referring to it
```
"""

from typing import Final

from local.systems.salesforce.call import Answer
from local.systems.salesforce.errors import Refusal, not_found
from local.systems.salesforce.org import Org
from local.systems.salesforce.schema import SObject
from local.systems.salesforce.writer import Writer, object_of
from local.systems.system import Row

_CONTACT: Final = ("LastName", "FirstName", "Salutation", "Email", "Title", "Phone", "LeadSource")
_OURS: Final = "Crosswalk_Id__c"
"""Names one record, so that no other gets it."""


def convert(org: Org, writer: Writer, body: Row) -> Answer:
    """`{"lead"[, "account", "contact"]}`: all of it, or nothing."""
    with org.transaction() as transaction:
        try:
            return _Conversion(org, writer, body).done()
        except Refusal:
            transaction.roll_back()
            raise


class _Conversion:
    def __init__(self, org: Org, writer: Writer, body: Row) -> None:
        self._writer, self._body = writer, body
        self._lead, self._account, self._contact = (
            object_of(org, name) for name in ("Lead", "Account", "Contact")
        )
        self._accounts = org.table(self._account).written

    def done(self) -> Answer:
        writer = self._writer
        lead = writer.living(self._lead, writer.key_of(self._lead, self._body.get("lead")))
        if lead["IsConverted"]:
            raise not_found("The lead has been converted already")
        account = self._named(self._account, "account") or self._of_that_name(lead) or self._new(lead)
        contact = self._met(lead, account)
        writer.mark_converted(self._lead, lead, account, contact)
        made = {"leadId": lead["Id"], "accountId": account, "contactId": contact}
        return Answer(200, {**made, "success": True})

    def _named(self, sobject: SObject, what: str) -> str | None:
        if self._body.get(what) is None:
            return None
        return str(self._writer.living(sobject, self._writer.key_of(sobject, self._body[what]))["Id"])

    def _of_that_name(self, lead: Row) -> str | None:
        name = lead["Company"].lower()
        found = (row for row in self._accounts.values() if not row["IsDeleted"])
        return next((row["Id"] for row in found if row["Name"].lower() == name), None)

    def _new(self, lead: Row) -> str:
        return self._writer.create(self._account, {"Name": lead["Company"], "Phone": lead.get("Phone")})

    def _met(self, lead: Row, account: str) -> str:
        custom = [name for name in self._contact.fields if name.endswith("__c") and name != _OURS]
        values = {name: lead.get(name) for name in (*_CONTACT, *custom)}
        key = self._named(self._contact, "contact")
        if key is None:
            return self._writer.create(self._contact, {**values, "AccountId": account})
        row = self._writer.living(self._contact, key)
        empty = {name: value for name, value in values.items() if row.get(name) is None}
        self._writer.update(self._contact, key, empty)
        return key
