"""Who a row is by now: one that goes on under another native id, and a second one of the same record.

heir     a lead became a contact, or a row of a follower was merged into another: the record goes along,
         the old id is its alias, and whoever is below it is looked at (`attached`)
alias    a row that is the record's no more: nobody asks what it says, unless it says who it is
join     a second row with the record's natural key, where the entity takes the two for one
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.model.change import Row
from shared.model.errors import InvalidChange
from shared.model.golden import Golden, Snapshot
from shared.model.records import Entry, Identity
from shared.pipeline.findings import Findings
from shared.pipeline.known import Known
from shared.pipeline.side import Side


def question(side: Side, reason: str, what: str) -> InvalidChange:
    return InvalidChange(f"the {side.entity} {what}: a person has to decide", reason=reason)


@dataclass(frozen=True, slots=True)
class Succession:
    """What a page's rows say of who they are."""

    side: Side
    known: Known
    found: Findings
    cause: str

    def join(self, row: Row, living: str) -> None:
        """The same record a second time: its children are the record's, its values are not asked."""
        self.found.healed.append(row.native_id)
        self._leave(row.native_id, living)
        self._note(living, "joined")

    def _leave(self, native_id: str, record: str) -> None:
        """This native id names the record from now on, and is not where it lives."""
        self.found.aliases[native_id] = record
        self.known.identities[native_id] = Identity(record, alias=True)

    def _note(self, record: str, action: str) -> None:
        side = self.side
        self.found.entries.append(Entry(side.entity, record, side.system, action, None, self.cause))

    def alias(self, row: Row, record: Golden | None) -> None:
        """What it says counts no more; but who says that it is somebody else is asked."""
        same = record is not None and record.key == self.side.key(row.values)
        if row.became or (self.side.joins and same):
            self.found.healed.append(row.native_id)
        else:
            self.found.refused.append(
                (row, question(self.side, "AliasChanged", "was merged into another row"))
            )

    def heir(self, row: Row, identity: Identity) -> str | None:
        """The native id under which the record goes on: of what it became, or of the winner of a merge where
        the record is not this system's to end.
        """
        if identity.alias:
            return None
        heir = row.became or (None if self.side.is_source else row.merged_into)
        return heir if heir and (row.became or self._free(heir, identity.id)) else None

    def _free(self, native_id: str, record: str) -> bool:
        other = self.known.identities.get(native_id)
        return other is None or other.id == record

    def go_on(self, row: Row, record: str, heir: str) -> None:
        if not self._free(heir, record):
            self.found.refused.append(
                (row, question(self.side, "BecameAnother", "became what another is already"))
            )
            return
        snapshot = self.known.snapshots.setdefault(record, Snapshot(record))
        snapshot.native_id, snapshot.seen = heir, False
        snapshot.pending, snapshot.pending_until = None, 0
        self.found.snapshots[record] = snapshot
        self.found.links[heir] = record
        self.known.identities[heir] = Identity(record)
        self._leave(row.native_id, record)
        self.found.healed.append(row.native_id)
        self.found.moved[record] = None
        if not self.side.once:
            self.found.write_back[record] = None
        self._note(record, "went on")
