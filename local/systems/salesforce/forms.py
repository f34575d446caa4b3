"""What a caller may write into an object: names to stored values, before anything is looked up.

Names match in any case. A parent may be named by its external id in place of its own:
`{"Account": {"Crosswalk_Id__c": "c-1"}}` stands for `AccountId`.
"""

from typing import Any, Final

from local.systems.salesforce.errors import ApiError, Refusal, no_such_column
from local.systems.salesforce.org import Org
from local.systems.salesforce.schema import Field, SObject
from local.systems.salesforce.values import Taker, taker
from local.systems.system import Row

_NO_FIELDS: Final = frozenset({"attributes", "Id", "id"})
"""Not written: what the record is, and which one. Who must not name an id has been refused before."""


class Form:
    """One object's form, for creates and for updates."""

    def __init__(self, org: Org, sobject: SObject) -> None:
        self._org = org
        self._sobject = sobject
        takers = {field.name: taker(field) for field in sobject.fields.values()}
        self._creates = {name: take for name, take in takers.items() if sobject.fields[name].createable}
        self._updates = {name: take for name, take in takers.items() if sobject.fields[name].updateable}
        self._never_null = [
            field.name for field in sobject.fields.values() if not field.nillable and field.updateable
        ]

    def create(self, raw: Row) -> Row:
        values = self._take(raw, self._creates)
        self._require([field.name for field in self._sobject.required if values.get(field.name) is None])
        return values

    def update(self, raw: Row) -> Row:
        values = self._take(raw, self._updates)
        self._require([name for name in self._never_null if name in values and values[name] is None])
        return values

    def _require(self, missing: list[str]) -> None:
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise Refusal("REQUIRED_FIELD_MISSING", message, tuple(missing))

    def _take(self, raw: Row, takers: dict[str, Taker]) -> Row:
        values: Row = {}
        for name, value in raw.items():
            take = takers.get(name)
            if take is not None:
                values[name] = take(value)
            elif name not in _NO_FIELDS:
                target, taken = self._rarer(name, value, takers)
                values[target] = taken
        return values

    def _rarer(self, name: str, value: Any, takers: dict[str, Taker]) -> tuple[str, Any]:
        """A name in other capitals, a parent named by its external id, or a fault."""
        field = self._sobject.field(name)
        if field is None:
            return self._parent(name, value)
        if field.name not in takers:
            raise _not_writeable(field)
        return field.name, takers[field.name](value)

    def _parent(self, name: str, value: Any) -> tuple[str, str | None]:
        reference = self._sobject.relationships.get(name.lower())
        if reference is None:
            raise no_such_column(name, self._sobject.name)
        if value is None:
            return reference.name, None
        keys = (
            {key: each for key, each in value.items() if key != "attributes"}
            if isinstance(value, dict)
            else {}
        )
        if len(keys) != 1:
            raise ApiError(400, "INVALID_FIELD", f"Exactly one external id field is needed for {name}")
        ((key, wanted),) = keys.items()
        return reference.name, self._found_parent(reference, key, wanted)

    def _found_parent(self, reference: Field, key: str, wanted: Any) -> str:
        parent = self._org.schema.objects[reference.values[0]]
        field = parent.field(key)
        if field is None or not field.finds or not isinstance(wanted, str):
            raise no_such_column(key, parent.name)
        found = self._org.table(parent).find(field.name, wanted)
        if len(found) == 1:
            return found[0]
        reason = f"Foreign key external ID: {wanted} not found for field {field.name} in entity {parent.name}"
        raise Refusal("INVALID_FIELD", reason)


def _not_writeable(field: Field) -> Refusal:
    message = (
        f"Unable to create/update fields: {field.name}. Please check the security settings of this field "
        "and verify that it is read/write for your profile or permission set."
    )
    return Refusal("INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
