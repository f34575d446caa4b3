"""What a lead gets that is made of a learner, besides what the learner said.

    LeadSource     Training: by this it is told from the leads that sales found
    RecordTypeId   of the record type that the audience's name stands for
    OwnerId        of the user whom a setting names; without one it is the user that we log in as

The org's assignment rules are not asked: who owns a lead is said here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from functions.salesforce.schema import Schema
from shared.model.change import Outcome
from shared.model.errors import Misconfigured

SOURCE = "Training"
UNASSIGNED = {"Sforce-Auto-Assign": "false"}

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Registration:
    schema: Schema
    owner: str | None

    async def completed(self, native: str, records: Sequence[Record]) -> list[Record]:
        """Raises Misconfigured where the org lacks a record type."""
        types = await self.schema.record_types(native)
        if missing := {record["RecordTypeId"] for record in records} - types.keys():
            self.schema.forget(native)
            raise _no_type(native, missing)
        same = {"LeadSource": SOURCE, **({"OwnerId": self.owner} if self.owner else {})}
        return [{**record, **same, "RecordTypeId": types[record["RecordTypeId"]]} for record in records]


def _no_type(native: str, names: Collection[str]) -> Misconfigured:
    return Misconfigured(
        f"Salesforce has no record type {' and '.join(sorted(names))} of {native} that our user may use:"
        " create it, or change RECORD_TYPES in translate.py",
        reason="NoRecordType",
        field="audience",
    )


def judged(outcome: Outcome) -> Outcome:
    """An owner who is refused is a wrong setting, and no learner's fault."""
    if outcome.error is None or outcome.error.field != "OwnerId":
        return outcome
    return replace(
        outcome,
        error=Misconfigured(
            "Salesforce takes no lead for the user whom the variable ending in _LEAD_OWNER names",
            reason="NoSuchOwner",
        ),
    )
