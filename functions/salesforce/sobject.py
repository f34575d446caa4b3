"""An entity as an object of the org: its table, the columns beside it, and ids.

SObject     one object: rows of it are read and written as its table says
OfPerson    an object whose rows belong to a person, by one of two columns

    canonical `learner` = 003…  <──>  Contact__c = 003…   Lead__c = null
    canonical `learner` = 00Q…  <──>  Contact__c = null   Lead__c = 00Q…
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from shared.model.errors import IntegrationError
from shared.model.field import Field
from shared.model.golden import Value
from shared.model.translation import Translation

SUFFIX_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

EXTERNAL_ID = "Crosswalk_Id__c"
"""The custom field that holds the hub's own id: text of 36, external id, unique."""


def long_id(native_id: str) -> str:
    """The 18 characters of an id that may have come with 15, as reports and formulas show it.

    The short form tells ids apart by case alone. Three more characters say, for each five, which are
    capitals.
    """
    if len(native_id) != 15:
        return native_id
    chunks = (native_id[start : start + 5] for start in (0, 5, 10))
    return native_id + "".join(SUFFIX_ALPHABET[_capitals(chunk)] for chunk in chunks)


def _capitals(chunk: str) -> int:
    return sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z")


MERGED = ("MasterRecordId",)
"""The column in which an object that people may merge names the winner."""


class SObject(Translation):
    """One entity in one object.

    `beside` are the columns that are read with those of the table. Where an entity lives in several objects,
    `prefix` begins the ids of this one, and `living` says which of its rows count when one is searched.
    """

    def __init__(
        self,
        entity: str,
        native: str,
        table: Sequence[Field],
        *,
        beside: tuple[str, ...] = (),
        prefix: str = "",
        living: str = "",
    ) -> None:
        super().__init__("Salesforce", entity, native, table)
        merged = () if native.endswith("__c") else MERGED
        self.beside = (*merged, *beside)
        self.prefix, self.living = prefix, living


class OfPerson(SObject):
    """An object whose rows refer to a lead or to a contact, whichever the person is."""

    PERSON = "Contact__c or Lead__c"
    COLUMNS: ClassVar[Mapping[str, str]] = {"003": "Contact__c", "00Q": "Lead__c"}
    """The prefix of a person's id → the column that holds it."""

    def __init__(self, entity: str, native: str, table: Sequence[Field]) -> None:
        super().__init__(entity, native, table)
        plain = [each for each in self.natives if each != self.PERSON]
        self.natives = (*plain, *self.COLUMNS.values())
        self.shifting = frozenset({str(super().canonical_of(self.PERSON))})

    def to_canonical(self, wire: Mapping[str, Any]) -> tuple[dict[str, Value], IntegrationError | None]:
        person = next((wire[each] for each in self.COLUMNS.values() if wire.get(each)), None)
        return super().to_canonical({**wire, self.PERSON: person})

    def from_canonical(self, values: Mapping[str, Value]) -> dict[str, Any]:
        wire = super().from_canonical(values)
        if self.PERSON in wire:
            person = wire.pop(self.PERSON)
            wire |= {
                column: person if str(person).startswith(prefix) else None
                for prefix, column in self.COLUMNS.items()
            }
        return wire

    def canonical_of(self, native: str) -> str | None:
        return super().canonical_of(self.PERSON if native in self.COLUMNS.values() else native)
