"""What an object is: fields with a type, a length and flags, read from a compact table.

One line for a field (`objects.py` holds the tables):

```
  Name         type and length   flags        | values of a picklist, or the object referred to
  LastName     string 80         required
  Salutation   picklist 40       restricted   | Mr.; Ms.; Mrs.
  AccountId    reference         indexed      | Account
```

Flags: `required` (a create without it is refused), `default` (never null; the server fills it), `system`
(read-only, never null), `read` (read-only), `create` (no update), `update` (no create), `restricted` (a
picklist that takes its own values only), `external` (external id), `lookup` (idLookup), `unique`, `indexed`
(found without a scan), `numbered` (a name that the org makes: the value with a number behind it).
A number's second figure is its scale: `double 16 2`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

TEXTS: Final = frozenset({"string", "textarea", "phone", "url", "email", "picklist"})
NUMBERS: Final = frozenset({"int", "double", "currency"})
IDS: Final = frozenset({"id", "reference"})
_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Field:
    """One column of an object."""

    name: str
    type: str
    length: int
    flags: frozenset[str]
    values: tuple[str, ...]
    scale: int = 0

    @cached_property
    def label(self) -> str:
        words = _WORDS.findall(self.name.removesuffix("__c").replace("_", " "))
        return " ".join("ID" if word == "Id" else word for word in words)

    @cached_property
    def nillable(self) -> bool:
        return not self.flags & {"required", "default", "system"}

    @cached_property
    def createable(self) -> bool:
        return not self.flags & {"read", "system", "update"}

    @cached_property
    def updateable(self) -> bool:
        return not self.flags & {"read", "system", "create"}

    @cached_property
    def restricted(self) -> bool:
        return "restricted" in self.flags

    @cached_property
    def external(self) -> bool:
        return "external" in self.flags

    @cached_property
    def finds(self) -> bool:
        """Whether a record can be named by this field's value."""
        return bool(self.flags & {"external", "lookup"})

    @cached_property
    def unique(self) -> bool:
        return "unique" in self.flags

    @cached_property
    def indexed(self) -> bool:
        return bool(self.flags & {"external", "lookup", "unique", "indexed"}) and self.type != "id"

    @cached_property
    def filterable(self) -> bool:
        return self.type != "address" and not (self.type == "textarea" and self.length > 255)

    @cached_property
    def relationship(self) -> str | None:
        """The name under which the record referred to is reached: AccountId -> Account."""
        if self.type != "reference":
            return None
        return (
            self.name.removesuffix("__c") + "__r"
            if self.name.endswith("__c")
            else self.name.removesuffix("Id")
        )

    @cached_property
    def parts(self) -> dict[str, str]:
        """Of a compound address: its keys and the fields that hold them."""
        stem = self.name.removesuffix("Address")
        return {part[0].lower() + part[1:]: stem + part for part in ADDRESS_PARTS}


ADDRESS_PARTS: Final = (
    "City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street",
)  # fmt: skip


@dataclass(frozen=True)
class SObject:
    """One object: its prefix of ids and its fields by name."""

    name: str
    prefix: str
    plural: str
    fields: dict[str, Field]

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        return {name.lower(): field for name, field in self.fields.items()}

    @cached_property
    def relationships(self) -> dict[str, Field]:
        """Relationship name in lower case to the reference field behind it."""
        found = {field.relationship: field for field in self.fields.values() if field.relationship}
        return {name.lower(): field for name, field in found.items()}

    @cached_property
    def required(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if "required" in field.flags)

    @cached_property
    def references(self) -> dict[str, Field]:
        return {name: field for name, field in self.fields.items() if field.type == "reference"}

    @cached_property
    def is_custom(self) -> bool:
        return self.name.endswith("__c")

    @cached_property
    def numbered(self) -> str | None:
        """What the org writes before the number that it names a new record by."""
        name = self.fields.get("Name")
        return name.values[0] if name and "numbered" in name.flags else None

    @cached_property
    def has_person(self) -> bool:
        """Whether its Name is made of a first and a last name."""
        return "FirstName" in self.fields

    @cached_property
    def unique(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.unique)

    @cached_property
    def indexed(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.indexed)

    @cached_property
    def booleans(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.type == "boolean")

    def field(self, name: str) -> Field | None:
        """A field by its name, in any case."""
        return self.fields.get(name) or self.by_lower.get(name.lower())


class Schema:
    """The objects of one org, found by name in any case or by the prefix of an id."""

    def __init__(self, objects: list[SObject]) -> None:
        self.objects = {each.name: each for each in objects}
        self._by_lower = {each.name.lower(): each for each in objects}
        self._by_prefix = {each.prefix: each for each in objects}

    def object(self, name: str) -> SObject | None:
        return self._by_lower.get(name.lower())

    def of_id(self, record: str) -> SObject | None:
        return self._by_prefix.get(record[:3])

    def without(self, *names: str) -> "Schema":
        """The same org, lacking these objects, or fields such as `Lead.Crosswalk_Id__c`."""
        objects = [each for each in self.objects.values() if each.name not in names]
        return Schema([_lacking(each, names) for each in objects])

    def referring(self, name: str) -> Iterator[tuple[SObject, Field]]:
        """The custom objects with a field that refers to this one."""
        for sobject in self.objects.values():
            for field in sobject.references.values():
                if sobject.is_custom and name in field.values:
                    yield sobject, field


def _lacking(sobject: SObject, names: tuple[str, ...]) -> SObject:
    kept = {name: field for name, field in sobject.fields.items() if f"{sobject.name}.{name}" not in names}
    return SObject(sobject.name, sobject.prefix, sobject.plural, kept)


def parse_object(name: str, prefix: str, plural: str, table: str) -> SObject:
    """An object from its table."""
    fields = [_parse_field(line) for line in table.splitlines() if line.strip()]
    return SObject(name, prefix, plural, {field.name: field for field in fields})


def _parse_field(line: str) -> Field:
    left, _, right = line.partition("|")
    name, kind, *rest = left.split()
    length = int(rest.pop(0)) if rest and rest[0].isdigit() else 18 * (kind in IDS)
    scale = int(rest.pop(0)) if rest and rest[0].isdigit() else 2 * (kind == "currency")
    values = tuple(value.strip() for value in right.split(";") if value.strip())
    return Field(name, kind, length, frozenset(rest) - {"-"}, values, scale)
