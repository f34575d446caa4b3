"""People at work in a system, through its own API, and a record of what each saw when they wrote.

    act     what somebody did to one row: the row before and after, as canonical values

People meet no faults and cost no calls: their requests go past the control plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import orjson

from functions.lms.translate import TRANSLATIONS as LMS
from functions.salesforce.translate import TRANSLATIONS as SALESFORCE
from shared.model.golden import Value
from shared.model.translation import Translation
from tests.histories.stage import Stage
from tests.world import SECRET

ROOMS: Mapping[str, Mapping[str, Translation]] = {"salesforce": SALESFORCE, "lms": LMS}
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: `before` is what they saw; `after` is None where the row went away."""

    number: int
    system: str
    entity: str
    native_id: str
    before: Values | None
    after: Values | None

    def edits(self) -> list[tuple[str, Value]]:
        """The fields that were given another value, references aside."""
        after, before = self.after or {}, self.before or {}
        plain = (name for name in after if name not in ROOMS[self.system][self.entity].references)
        return [(name, after[name]) for name in plain if after[name] != before.get(name)]


@dataclass
class People:
    """All who work in the systems of a stage. A label names a row by who made it, whatever its ids are."""

    stage: Stage
    acts: list[Act] = field(default_factory=list)
    labels: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    # What they do; each says whether the system let them

    def create(self, system: str, entity: str, label: str, values: Values, parent: str | None) -> bool:
        wire = self._wire(system, entity, values, parent)
        answer = self._ask(system, "POST", self._path(system, entity), wire)
        if not answer.is_success:
            return False
        native = str(answer.json()["id"])
        self.labels[label] = (system, entity, native)
        self._note(system, entity, native, None)
        return True

    def edit(
        self, system: str, entity: str, label: str, values: Values, parent: str | None, late: float = 0.0
    ) -> bool:
        native = self.native(system, label)
        before = self.seen(system, entity, native)
        if native is None or before is None:
            return False
        wire = self._wire(system, entity, values, parent)
        answer = self._ask(system, "PATCH", f"{self._path(system, entity)}/{native}", wire, late)
        self._note(system, entity, native, before)
        return answer.is_success

    def delete(self, system: str, entity: str, label: str) -> bool:
        native = self.native(system, label)
        if native is None:
            return False
        rows = self._affected(system, entity, native)
        before = {each: self.seen(system, kind, each) for kind, each in rows}
        answer = self._ask(system, "DELETE", f"{self._path(system, entity)}/{native}", None)
        for kind, each in rows if answer.is_success else []:
            self._note(system, kind, each, before[each])
        return answer.is_success

    def merge(self, entity: str, winner: str, loser: str) -> bool:
        """In Salesforce, where the loser ends in the winner."""
        kept, lost = self.native("salesforce", winner), self.native("salesforce", loser)
        before = self.seen("salesforce", entity, lost)
        if kept is None or lost is None or before is None or kept == lost:
            return False
        name = SALESFORCE[entity].native
        body = {"object": name, "winner": kept, "losers": [lost]}
        request = httpx.Request("POST", "http://sim/_sim/merge", content=orjson.dumps(body))
        answer = self.stage.systems["salesforce"].handle(request)
        if answer.is_success:
            self._note("salesforce", entity, lost, before)
        return answer.is_success

    # What they see

    def native(self, system: str, label: str | None) -> str | None:
        """The row in this system that belongs to what was made under this label."""
        made = self.labels.get(label or "")
        if made is None:
            return None
        origin, entity, native = made
        if origin == system:
            return native
        return self.stage.store.transact_now(
            lambda tx: next(
                (
                    found
                    for identity in tx.identities(origin, entity, [native]).values()
                    for found in tx.natives(system, entity, [identity.id]).values()
                ),
                None,
            )
        )

    def seen(self, system: str, entity: str, native: str | None) -> Values | None:
        """The living row, as canonical values; references are that system's own ids."""
        row = self.row(system, entity, native)
        return None if row is None else ROOMS[system][entity].to_canonical(row)[0]

    def row(self, system: str, entity: str, native: str | None) -> dict[str, Any] | None:
        rows = self.rows(system, entity)
        return rows.get(native) if native else None

    def rows(self, system: str, entity: str) -> dict[str, dict[str, Any]]:
        """The living rows by their ids."""
        found = self.stage.systems[system].system.records(ROOMS[system][entity].native)
        living = (dict(row) for row in found if not row.get("IsDeleted") and not row.get("deleted"))
        return {str(row.get("Id") or row["id"]): row for row in living}

    # How they do it

    def _affected(self, system: str, entity: str, native: str) -> list[tuple[str, str]]:
        """The row, and in Salesforce the contacts that go with their account."""
        rows = [(entity, native)]
        if system == "salesforce" and entity == "account":
            contacts = self.rows(system, "contact")
            rows += [("contact", key) for key, row in contacts.items() if row.get("AccountId") == native]
        return rows

    def _note(self, system: str, entity: str, native: str, before: Values | None) -> None:
        after = self.seen(system, entity, native)
        self.acts.append(Act(len(self.acts), system, entity, native, before, after))

    def _wire(self, system: str, entity: str, values: Values, parent: str | None) -> dict[str, Any]:
        room = ROOMS[system][entity]
        wire: dict[str, Any] = {room.native_of(name): value for name, value in values.items()}
        if (native := self.native(system, parent)) is not None:
            wire |= room.from_canonical({"account": native})
        return wire

    @staticmethod
    def _path(system: str, entity: str) -> str:
        native = ROOMS[system][entity].native
        base = "/services/data/v62.0/sobjects" if system == "salesforce" else "/api/v1"
        return f"{base}/{native}"

    def _ask(self, system: str, method: str, path: str, body: Any, late: float = 0.0) -> httpx.Response:
        controlled = self.stage.systems[system]
        rows = controlled.system.rows
        rows.reveal(self.stage.time.at)
        content = orjson.dumps(body) if body is not None else b""
        headers = {"Authorization": f"Bearer {self._token(system)}"}
        request = httpx.Request(method, f"http://sim{path}", headers=headers, content=content)
        if late:
            rows.hold(self.stage.time.at + timedelta(seconds=late))
        answer = controlled.system.handle(request)
        rows.hold(None)
        rows.commit()
        return answer

    def _token(self, system: str) -> str:
        if system == "lms":
            return SECRET
        form = f"grant_type=client_credentials&client_id=crosswalk&client_secret={SECRET}"
        request = httpx.Request(
            "POST",
            "http://sim/services/oauth2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=form.encode(),
        )
        answer = self.stage.systems[system].system.handle(request)
        return str(answer.json()["access_token"])
