"""Creates, updates and deletes one record at a time, refusing what the org refuses.

```
  faults ─> form (names, types, lengths, required) ─> parents ─> unique values ─> duplicate rule ─> row
```

A `Refusal` is raised for the one record; what it means for the others is the caller's affair.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from local.systems.faults import record_fault
from local.systems.salesforce.call import Call
from local.systems.salesforce.errors import ApiError, Refusal, deleted
from local.systems.salesforce.forms import Form
from local.systems.salesforce.ids import canonical
from local.systems.salesforce.org import USER_ID, Org, audit
from local.systems.salesforce.schema import Field, SObject
from local.systems.salesforce.stamps import stamp
from local.systems.system import Row

_BINNED: Final[Row] = {"IsDeleted": True}
_NAME_PARTS: Final = frozenset({"FirstName", "LastName"})


class Forms:
    """The forms of all objects; the duplicate rules, object to the field that must not repeat; and whom the
    org assigns new leads to.
    """

    def __init__(self, org: Org, duplicate_rules: Mapping[str, str], lead_assignment: str | None) -> None:
        self.org = org
        self.duplicate_rules = duplicate_rules
        self.lead_assignment = lead_assignment
        self._forms = {name: Form(org, sobject) for name, sobject in org.schema.objects.items()}

    def of(self, sobject: SObject) -> Form:
        return self._forms[sobject.name]


class Writer:
    """The writes of one call: one time, one client."""

    def __init__(self, forms: Forms, call: Call) -> None:
        self.org = forms.org
        self._forms = forms
        self._call = call
        self._now = stamp(forms.org.now())
        self._faulty = bool(call.request.extensions.get("faults"))
        self._touch: Row = {
            "LastModifiedDate": self._now,
            "LastModifiedById": USER_ID,
            "SystemModstamp": self._now,
            "_client": call.client,
        }

    def create(self, sobject: SObject, raw: Row) -> str:
        """The new record's id."""
        self._strike(raw, "these records")
        values = self._forms.of(sobject).create(raw)
        self._check(sobject, values, None)
        key = self.org.new_id(sobject)
        said = {name: value for name, value in values.items() if value is not None}
        made = {**defaults(sobject), **self._numbered(sobject), **audit(self._now)}
        self._put(sobject, made, {**said, **self._assigned(sobject), "Id": key})
        return key

    def update(self, sobject: SObject, key: str, raw: Row) -> None:
        """Changes a record; a change that changes nothing moves its stamp all the same."""
        self._strike(raw, key)
        row = self.living(sobject, key)
        values = self._forms.of(sobject).update(raw)
        if row.get("IsConverted"):
            raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        self._check(sobject, values, key)
        self._put(sobject, row, values)

    def _numbered(self, sobject: SObject) -> Row:
        if sobject.numbered is None:
            return {}
        return {"Name": f"{sobject.numbered}-{self.org.rows.count(f'{sobject.name} name'):06}"}

    def _assigned(self, sobject: SObject) -> Row:
        """An active assignment rule is asked for every new lead, whatever owner was named."""
        owner = self._forms.lead_assignment
        unasked = self._call.header("Sforce-Auto-Assign").lower() == "false"
        return {} if sobject.name != "Lead" or owner is None or unasked else {"OwnerId": owner}

    def delete(self, sobject: SObject, key: str) -> None:
        """Moves a record to the recycle bin, an account together with its contacts; what else referred to it
        does so no more.
        """
        self._strike({"Id": key}, key)
        row = self.living(sobject, key)
        for child, child_key in self._children(sobject, key):
            self._put(child, self.org.table(child).written[child_key], _BINNED)
        self._point(sobject, key, None)
        self._put(sobject, row, _BINNED)

    def merge(self, sobject: SObject, winner: str, loser: str) -> None:
        """The loser goes to the bin with the winner's name on it; its contacts move over."""
        row = self.living(sobject, loser)
        if winner == loser:
            raise Refusal("INVALID_ID_FIELD", "a record cannot be merged into itself")
        self._put(sobject, self.living(sobject, winner), {})
        for child, child_key in self._children(sobject, loser):
            self._put(child, self.org.table(child).written[child_key], {"AccountId": winner})
        self._point(sobject, loser, winner)
        self._put(sobject, row, {"MasterRecordId": winner, "IsDeleted": True})

    def _point(self, sobject: SObject, key: str, other: str | None) -> None:
        """What refers to a record refers to another one, or to none."""
        for child, field in self.org.schema.referring(sobject.name):
            table = self.org.table(child)
            for child_key in table.find(field.name, key):
                self._put(child, table.written[child_key], {field.name: other})

    def mark_converted(self, lead: SObject, row: Row, account: str, contact: str) -> None:
        """What conversion writes on a lead."""
        values = {
            "IsConverted": True,
            "ConvertedAccountId": account,
            "ConvertedContactId": contact,
            "ConvertedDate": self._now[:10],
            "Status": "Closed - Converted",
        }
        self._put(lead, row, values)

    def living(self, sobject: SObject, key: str) -> Row:
        row = self.org.table(sobject).written.get(key)
        if row is None:
            raise _no_such_record()
        if row["IsDeleted"]:
            raise deleted()
        return row

    def key_of(self, sobject: SObject, text: object) -> str:
        """The 18 character id of a record that the caller names."""
        key = canonical(text) if isinstance(text, str) else None
        if key is None or not key.startswith(sobject.prefix):
            raise Refusal("MALFORMED_ID", f"{sobject.name} ID: id value of incorrect type: {text}", ("Id",))
        return key

    def _strike(self, raw: Row, named: str) -> None:
        fault = record_fault(self._call.request, raw) if self._faulty else None
        if fault is not None and fault.kind == "lock":
            reason = f"unable to obtain exclusive access to this record or 1 records: {named}"
            raise Refusal("UNABLE_TO_LOCK_ROW", reason)
        if fault is not None:
            raise Refusal(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", "A validation rule of this org refused the record"
            )

    def _put(self, sobject: SObject, before: Row, values: Row) -> None:
        """Writes a row as it was, with these values; what is null is left out."""
        row = {**before, **values, **self._touch}
        for name in [name for name, value in values.items() if value is None]:
            del row[name]
        if sobject.has_person and not values.keys().isdisjoint(_NAME_PARTS):
            row["Name"] = full_name(row)
        self.org.put(sobject, row)

    def _children(self, sobject: SObject, key: str) -> Iterator[tuple[SObject, str]]:
        contacts = self.org.schema.object("Contact")
        if sobject.name == "Account" and contacts is not None:
            yield from ((contacts, child) for child in self.org.table(contacts).find("AccountId", key))

    def _check(self, sobject: SObject, values: Row, key: str | None) -> None:
        """What depends on other records."""
        for name in sobject.references.keys() & values.keys():
            if values[name] is not None:
                self._check_parent(sobject, sobject.references[name], values[name])
        for field in sobject.unique:
            others = self._others(sobject, field.name, values, key)
            if others:
                message = (
                    f"duplicate value found: {field.name} duplicates value on record with id: {others[0]}"
                )
                raise Refusal("DUPLICATE_VALUE", message)
        self._check_duplicate_rule(sobject, values, key)

    def _check_parent(self, sobject: SObject, reference: Field, parent: str) -> None:
        wanted, named = self.org.schema.objects[reference.values[0]], (reference.name,)
        if not parent.startswith(wanted.prefix):
            message = f"{reference.label}: id value of incorrect type: {parent}"
            raise Refusal("FIELD_INTEGRITY_EXCEPTION", message, named)
        row = self.org.table(wanted).written.get(parent)
        if row is None:
            raise _no_such_record(named)
        if row["IsDeleted"]:
            raise deleted(named)
        if row.get("IsConverted"):
            raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", named)
        if row.get("SobjectType", sobject.name) != sobject.name:
            raise _no_such_record(named)

    def _others(self, sobject: SObject, field: str, values: Row, key: str | None) -> list[str]:
        value = values.get(field)
        found = [] if value is None else self.org.table(sobject).find(field, value)
        return [other for other in found if other != key]

    def _check_duplicate_rule(self, sobject: SObject, values: Row, key: str | None) -> None:
        field = self._forms.duplicate_rules.get(sobject.name)
        if field is None or self._call.option("Sforce-Duplicate-Rule-Header", "allowSave") == "true":
            return
        others = self._others(sobject, field, values, key)
        if others:
            extra = {"duplicateResult": _duplicate_result(sobject.name, others)}
            raise Refusal("DUPLICATES_DETECTED", "Use one of these records?", extra=extra)


def _no_such_record(fields: tuple[str, ...] = ()) -> Refusal:
    return Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields)


def object_of(org: Org, name: object) -> SObject:
    """The object that a record's `attributes.type` names."""
    sobject = org.schema.object(name) if isinstance(name, str) else None
    if sobject is None:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


def defaults(sobject: SObject) -> Row:
    """What a new row holds where the caller says nothing."""
    row: Row = {field.name: False for field in sobject.booleans}
    if "OwnerId" in sobject.fields:
        row["OwnerId"] = USER_ID
    if "Status" in sobject.fields:
        row["Status"] = sobject.fields["Status"].values[0]
    return row


def full_name(row: Row) -> str:
    return " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)


def _duplicate_result(name: str, others: list[str]) -> Row:
    matches = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": name}, "Id": other},
        }
        for other in others
    ]
    result = {
        "entityType": name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": matches,
        "rule": f"Standard_{name}_Match_Rule",
        "size": len(matches),
        "success": True,
    }
    return {
        "allowSave": True,
        "duplicateRule": f"Standard_{name}_Duplicate_Rule",
        "duplicateRuleEntityType": name,
        "errorMessage": "Use one of these records?",
        "matchResults": [result],
    }
