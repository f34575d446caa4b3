"""What an org must have for our tables, and whether it has it.

    columns    of a table: every field with its type and length, and the external id
    check      an object is asked to describe itself once in a process, before it is first read or written:
               what is missing, of another type or too short is Misconfigured, all of it at once

A field that our user has no right to is missing too: Salesforce does not show it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.salesforce.client import Client
from functions.salesforce.sobject import EXTERNAL_ID, OfPerson, SObject
from shared.model.errors import Misconfigured, Rejected
from shared.model.field import Field, Kind

PRECISION = 18
"""Digits of a number, those behind the point among them."""

TYPES: Mapping[Kind, frozenset[str]] = {
    Kind.TEXT: frozenset({"string", "textarea", "phone", "url", "email", "picklist", "combobox"}),
    Kind.CHOICE: frozenset({"picklist", "reference"}),
    Kind.AMOUNT: frozenset({"double", "currency", "percent"}),
    Kind.FLAG: frozenset({"boolean"}),
    Kind.DAY: frozenset({"date"}),
    Kind.REFERENCE: frozenset({"reference"}),
}
"""What a field of each kind may be in an org."""

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One field that an object must have; `refers` is the object that it points at."""

    sobject: str
    name: str
    kind: Kind
    length: int = 0
    scale: int = 0
    refers: str | None = None
    external: bool = False

    @property
    def is_custom(self) -> bool:
        return self.name.endswith("__c")

    def __str__(self) -> str:
        return f"{self.sobject}.{self.name} ({self.what})"

    @property
    def what(self) -> str:
        """Its type, in words."""
        match self.kind:
            case Kind.TEXT:
                return f"text of {self.length}{', external id, unique' if self.external else ''}"
            case Kind.AMOUNT:
                return f"number with {self.scale} decimals"
            case Kind.REFERENCE:
                return f"lookup to {self.refers}" if self.refers else "lookup"
            case _:
                return str(self.kind.value)

    def wrong(self, found: Described | None) -> str | None:
        """What is wrong with the field that is there, if it is not as it must be."""
        return "is missing" if found is None else next(self._differences(found), None)

    def _differences(self, found: Described) -> Iterator[str]:
        if found.get("type") not in TYPES[self.kind]:
            yield f"is of type {found.get('type')}"
        if self.kind is Kind.TEXT and found.get("length", 0) < self.length:
            yield f"holds {found.get('length', 0)} characters"
        if self.kind is Kind.AMOUNT and found.get("scale", 0) < self.scale:
            yield f"holds {found.get('scale', 0)} decimals"
        if self.external and not (found.get("externalId") and found.get("unique")):
            yield "is no unique external id"
        if self.refers and self.refers not in found.get("referenceTo", ()):
            yield f"does not refer to {self.refers}"


def columns(sobject: SObject, objects: Mapping[str, SObject]) -> Iterator[Column]:
    """What an object must have; `objects` says which one an entity that is referred to is."""
    yield Column(sobject.native, EXTERNAL_ID, Kind.TEXT, 36, external=True)
    for field in sobject.table:
        if field.native == OfPerson.PERSON:
            pointing = {"Contact__c": "Contact", "Lead__c": "Lead"}
            yield from (
                Column(sobject.native, name, Kind.REFERENCE, refers=refers)
                for name, refers in pointing.items()
            )
        else:
            yield _column(sobject.native, field, objects)


def _column(native: str, field: Field, objects: Mapping[str, SObject]) -> Column:
    refers = objects[field.references].native if field.references else None
    length, scale = field.longest or 0, field.scale or 0
    return Column(native, field.native, field.kind, length, scale, refers)


def needed(sobjects: Iterable[SObject], objects: Mapping[str, SObject]) -> list[Column]:
    """What an org must have for all of these, each field once."""
    found: dict[tuple[str, str], Column] = {}
    for sobject in sobjects:
        for column in columns(sobject, objects):
            known = found.setdefault((column.sobject, column.name), column)
            if column.length > known.length:
                found[column.sobject, column.name] = column
    return sorted(found.values(), key=lambda column: (column.sobject, not column.is_custom))


class Schema:
    """One org, as far as it has described itself."""

    def __init__(self, client: Client, objects: Mapping[str, SObject]) -> None:
        self._client, self._objects = client, objects
        self._described: dict[str, Described] = {}
        self._right: set[tuple[str, str]] = set()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def check(self, sobject: SObject) -> None:
        """Raises Misconfigured with everything that the object lacks for this table."""
        here = (sobject.native, sobject.entity)
        if here in self._right:
            return
        described = await self._describe(sobject.native)
        wrong = _wrong(list(columns(sobject, self._objects)), described)
        if wrong:
            self.forget(sobject.native)
            raise Misconfigured(
                f"Salesforce lacks what our tables need: {'; '.join(wrong.values())}. Create it, and give our"
                " user the right to it: python -m local schema salesforce prints all",
                reason="SchemaMismatch",
                field=next(iter(wrong)),
            )
        self._right.add(here)

    def forget(self, native: str) -> None:
        """Somebody mends the object: it is to be asked again."""
        self._described.pop(native, None)

    async def record_types(self, native: str) -> Mapping[str, str]:
        """The name that developers give to a record type → its id, of those that our user may use."""
        described = await self._describe(native)
        return {
            each["developerName"]: each["recordTypeId"]
            for each in described.get("recordTypeInfos", ())
            if each.get("available")
        }

    async def _describe(self, native: str) -> Described:
        async with self._locks[native]:
            if native not in self._described:
                self._described[native] = await self._asked(native)
            return self._described[native]

    async def _asked(self, native: str) -> Described:
        """An object that is not there has no fields."""
        try:
            answer = await self._client.call("GET", f"/sobjects/{native}/describe")
        except Rejected as error:
            if error.reason != "NOT_FOUND":
                raise
            return {}
        body: Described = answer.json(dict)
        return body


def _wrong(wanted: Sequence[Column], described: Described) -> dict[str, str]:
    """Name → what is wrong with it."""
    if not described:
        return {wanted[0].sobject: f"the object {wanted[0].sobject} is missing"}
    fields = {each["name"]: each for each in described.get("fields", ())}
    found = ((column, column.wrong(fields.get(column.name))) for column in wanted)
    return {column.name: f"{column} {what}" for column, what in found if what}
