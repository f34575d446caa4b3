"""The hands of people in a system: how they write there, and what they see. The same furniture for each kind.

    Org             Salesforce, through its API          Environment     Dynamics 365, in the browser
    School          the LMS, through its API             Ledgers         the ERP, in SQL

They meet no faults and cost no calls: what they do goes past the control plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Protocol

import httpx
import orjson
from sqlalchemy.exc import DBAPIError

from functions.dataverse.tables import HUB_ID
from functions.dataverse.translate import TABLES as DATAVERSE
from functions.erp import mapping as erp_mapping
from functions.erp.settings import MAPPING
from functions.erp.tables import held
from functions.lms.translate import TRANSLATIONS as LMS
from functions.salesforce.translate import TRANSLATIONS as SALESFORCE
from local.systems.control import Controlled
from local.systems.dataverse import Dataverse
from local.systems.dataverse.errors import Refused
from local.systems.system import Clock
from shared.model.golden import Value
from shared.model.translation import Translation
from tests.erps import WatchedErp
from tests.world import SECRET, Time

Row = dict[str, Any]
Values = Mapping[str, Value]

ERP = held("the ERP", erp_mapping.load(MAPPING))


class Hands(Protocol):
    """What people and invariants ask of a system. Rows are named by their native ids."""

    @property
    def translations(self) -> Mapping[str, Translation]: ...

    def rows(self, entity: str) -> dict[str, Row]:
        """The living rows."""

    def every(self, entity: str) -> list[str]:
        """The native ids of all rows that the system still knows, the dead included."""

    def values(self, entity: str, row: Row) -> Values:
        """A row as canonical values; references are the system's own ids."""

    def ended(self, row: Row) -> bool | None:
        """Whether nobody uses it any more; None where rows have no such state."""

    def hub_id(self, row: Row) -> str | None: ...

    def affected(self, entity: str, native: str) -> list[tuple[str, str]]:
        """What a delete of this row takes with it, itself included."""

    def create(self, entity: str, values: Values, parent: str | None) -> str | None:
        """The native id of the row, if the system let them."""

    def edit(self, entity: str, native: str, values: Values, parent: str | None, late: float) -> bool: ...

    def delete(self, entity: str, native: str) -> bool: ...

    def merge(self, entity: str, winner: str, loser: str) -> bool: ...

    def calm_down(self) -> None:
        """No faults any more."""

    def forget(self) -> None:
        """Writes of the hub are counted from now on."""

    def written(self) -> int:
        """How many calls of the hub have written since."""


@dataclass
class _Api:
    """A system with an API for everybody."""

    controlled: Controlled
    time: Time

    translations: ClassVar[Mapping[str, Translation]]
    base: ClassVar[str]

    def rows(self, entity: str) -> dict[str, Row]:
        living = (row for row in self._all(entity) if not row.get("IsDeleted") and not row.get("deleted"))
        return {str(row.get("Id") or row["id"]): row for row in living}

    def every(self, entity: str) -> list[str]:
        return [str(row.get("Id") or row["id"]) for row in self._all(entity)]

    def values(self, entity: str, row: Row) -> Values:
        return self.translations[entity].to_canonical(row)[0]

    def create(self, entity: str, values: Values, parent: str | None) -> str | None:
        answer = self._ask("POST", self._path(entity), self._wire(entity, values, parent))
        return str(answer.json()["id"]) if answer.is_success else None

    def edit(self, entity: str, native: str, values: Values, parent: str | None, late: float) -> bool:
        wire = self._wire(entity, values, parent)
        return self._ask("PATCH", f"{self._path(entity)}/{native}", wire, late).is_success

    def delete(self, entity: str, native: str) -> bool:
        return self._ask("DELETE", f"{self._path(entity)}/{native}", None).is_success

    def calm_down(self) -> None:
        self.controlled.faults.clear()

    def forget(self) -> None:
        self.controlled.calls.clear()

    def written(self) -> int:
        return sum(call.write for call in self.controlled.calls.since(0))

    def _all(self, entity: str) -> list[Row]:
        return [dict(row) for row in self.controlled.system.records(self.translations[entity].native)]

    def _wire(self, entity: str, values: Values, parent: str | None) -> Row:
        room = self.translations[entity]
        wire: Row = {room.native_of(name): value for name, value in values.items()}
        return wire if parent is None else wire | room.from_canonical({"account": parent})

    def _path(self, entity: str) -> str:
        return f"{self.base}/{self.translations[entity].native}"

    def _ask(self, method: str, path: str, body: Any, late: float = 0.0) -> httpx.Response:
        rows = self.controlled.system.rows
        rows.reveal(self.time.at)
        content = orjson.dumps(body) if body is not None else b""
        headers = {"Authorization": f"Bearer {self._token()}"}
        request = httpx.Request(method, f"http://sim{path}", headers=headers, content=content)
        if late:
            rows.hold(self.time.at + timedelta(seconds=late))
        answer = self.controlled.system.handle(request)
        rows.hold(None)
        rows.commit()
        return answer

    def _token(self) -> str:
        return SECRET


@dataclass
class Org(_Api):
    """Salesforce: an account's contacts go with it, and the loser of a merge ends in the winner."""

    translations = SALESFORCE
    base = "/services/data/v62.0/sobjects"

    def ended(self, row: Row) -> bool | None:
        return None

    def hub_id(self, row: Row) -> str | None:
        return row.get("Crosswalk_Id__c")

    def affected(self, entity: str, native: str) -> list[tuple[str, str]]:
        children = self.rows("contact").items() if entity == "account" else ()
        return [
            (entity, native),
            *(("contact", key) for key, row in children if row.get("AccountId") == native),
        ]

    def merge(self, entity: str, winner: str, loser: str) -> bool:
        body = {"object": self.translations[entity].native, "winner": winner, "losers": [loser]}
        request = httpx.Request("POST", "http://sim/_sim/merge", content=orjson.dumps(body))
        return self.controlled.handle(request).is_success

    def _token(self) -> str:
        form = f"grant_type=client_credentials&client_id=crosswalk&client_secret={SECRET}"
        request = httpx.Request(
            "POST",
            "http://sim/services/oauth2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=form.encode(),
        )
        return str(self.controlled.system.handle(request).json()["access_token"])


@dataclass
class School(_Api):
    """The LMS: rows may be inactive; a delete takes nothing with it."""

    translations = LMS
    base = "/api/v1"

    def ended(self, row: Row) -> bool | None:
        return bool(row.get("status") == "inactive")

    def hub_id(self, row: Row) -> str | None:
        return row.get("external_id")

    def affected(self, entity: str, native: str) -> list[tuple[str, str]]:
        return [(entity, native)]

    def merge(self, entity: str, winner: str, loser: str) -> bool:
        return False


@dataclass
class Environment:
    """Dynamics 365: an account's contacts go with it; the loser of a merge stays, inactive, and is no row."""

    controlled: Controlled

    @property
    def translations(self) -> Mapping[str, Translation]:
        return {name: table.translation for name, table in DATAVERSE.items()}

    def rows(self, entity: str) -> dict[str, Row]:
        table = DATAVERSE[entity]
        return {row[table.key]: row for row in self._all(entity) if not row.get("merged")}

    def every(self, entity: str) -> list[str]:
        return [row[DATAVERSE[entity].key] for row in self._all(entity)]

    def values(self, entity: str, row: Row) -> Values:
        return DATAVERSE[entity].translation.to_canonical(row)[0]

    def ended(self, row: Row) -> bool | None:
        return bool(row["statecode"])

    def hub_id(self, row: Row) -> str | None:
        return row.get(HUB_ID)

    def affected(self, entity: str, native: str) -> list[tuple[str, str]]:
        children = self.rows("contact").items() if entity == "account" else ()
        gone = (key for key, row in children if row.get("_parentcustomerid_value") == native)
        return [(entity, native), *(("contact", key) for key in gone)]

    def create(self, entity: str, values: Values, parent: str | None) -> str | None:
        try:
            return str(self._people.create(DATAVERSE[entity].name, self._wire(entity, values, parent)))
        except Refused:
            return None

    def edit(self, entity: str, native: str, values: Values, parent: str | None, late: float) -> bool:
        try:
            self._people.edit(DATAVERSE[entity].name, native, self._wire(entity, values, parent))
        except Refused:
            return False
        return True

    def delete(self, entity: str, native: str) -> bool:
        try:
            self._people.delete(DATAVERSE[entity].name, native)
        except Refused:
            return False
        return True

    def merge(self, entity: str, winner: str, loser: str) -> bool:
        try:
            self._people.merge(DATAVERSE[entity].name, winner, loser)
        except Refused:
            return False
        return True

    def calm_down(self) -> None:
        self.controlled.faults.clear()

    def forget(self) -> None:
        self.controlled.calls.clear()

    def written(self) -> int:
        return sum(call.write for call in self.controlled.calls.since(0))

    @property
    def _people(self) -> Any:
        assert isinstance(self.controlled.system, Dataverse)
        return self.controlled.system.people

    def _all(self, entity: str) -> list[Row]:
        return [dict(row) for row in self.controlled.system.records(DATAVERSE[entity].name)]

    def _wire(self, entity: str, values: Values, parent: str | None) -> Row:
        table = DATAVERSE[entity]
        wire: Row = {table.translation.native_of(name): value for name, value in values.items()}
        return wire if parent is None else wire | table.wire({"account": parent})


@dataclass
class Ledgers:
    """The ERP: a customer who has contacts cannot be deleted."""

    erp: WatchedErp
    now: Clock

    @property
    def translations(self) -> Mapping[str, Translation]:
        return {name: each.translation for name, each in ERP.items()}

    def rows(self, entity: str) -> dict[str, Row]:
        return {ERP[entity].native_id(row): row for row in self.erp.rows(self._table(entity))}

    def every(self, entity: str) -> list[str]:
        return list(self.rows(entity))

    def values(self, entity: str, row: Row) -> Values:
        return ERP[entity].translation.to_canonical(ERP[entity].shown(row))[0]

    def ended(self, row: Row) -> bool | None:
        return not row["active"]

    def hub_id(self, row: Row) -> str | None:
        return row.get("hub_id")

    def affected(self, entity: str, native: str) -> list[tuple[str, str]]:
        return [(entity, native)]

    def create(self, entity: str, values: Values, parent: str | None) -> str | None:
        self.erp.set_clock(self.now())
        try:
            return str(self.erp.insert(self._table(entity), **self._wire(entity, values, parent)))
        except DBAPIError:
            return None

    def edit(self, entity: str, native: str, values: Values, parent: str | None, late: float) -> bool:
        self.erp.set_clock(self.now())
        try:
            self.erp.update(self._table(entity), int(native), **self._wire(entity, values, parent))
        except DBAPIError:
            return False
        return True

    def delete(self, entity: str, native: str) -> bool:
        self.erp.set_clock(self.now())
        try:
            self.erp.delete(self._table(entity), int(native))
        except DBAPIError:
            return False
        return True

    def merge(self, entity: str, winner: str, loser: str) -> bool:
        return False

    def calm_down(self) -> None:
        """Nothing is the matter with it."""

    def forget(self) -> None:
        self.erp.forget()

    def written(self) -> int:
        return sum(1 for table in ("customers", "contacts") for _ in self.erp.updated(table))

    def _table(self, entity: str) -> str:
        return str(ERP[entity].mapping.table)

    def _wire(self, entity: str, values: Values, parent: str | None) -> Row:
        room = ERP[entity].translation
        wire: Row = {room.native_of(name): value for name, value in values.items()}
        return wire if parent is None else {**wire, "customer_id": int(parent)}
