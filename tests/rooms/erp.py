"""The room of the ERP, connected to a database in a folder of its own: the ERP that comes with this house,
and one of somebody else's, whose tables and habits are others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import Engine, event

from functions.erp import connection as erp_room
from functions.erp.client import open_engine
from local.systems.erp.database import Erp
from shared.model.change import Applied, Page, Write
from tests.rooms.foreign import Foreign
from tests.rooms.systems import Room, Time

Result = TypeVar("Result")
CHANGED = re.compile(r"UPDATE \S+ SET (.*) WHERE")
FOREIGN_MAPPING = Path(__file__).parent / "foreign.yaml"


class OurErp(Erp):
    """With accounts that came about behind the room's back."""

    def load_accounts(self, names: Sequence[str], at: datetime) -> None:
        self.load("customers", [{"name": name, "changed_at": at} for name in names])


@dataclass
class Statement:
    """One call of the driver. A statement for many rows has many parameters."""

    sql: str
    parameters: Any


@dataclass
class SqlWire:
    """Keeps the statements that the room asks for. `cut` loses the answer of the next transaction."""

    time: Time
    database: OurErp | Foreign
    requests: list[Statement] = field(default_factory=list)
    cut: Exception | None = None

    async def run(self, work: Any) -> Any:
        """One transaction of the room, at the time that it is in the test."""
        self.database.set_clock(self.time.at)
        result = work()
        if self.cut is not None:
            cut, self.cut = self.cut, None
            raise cut
        return result

    def open(self, url: Any, at_once: int) -> Engine:
        engine = open_engine(url, at_once)

        @event.listens_for(engine, "before_cursor_execute")
        def _note(_c: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: Any) -> None:
            if not sql.startswith("BEGIN"):
                self.requests.append(Statement(sql, parameters))

        return engine


@dataclass
class Later:
    """Writes of somebody whose transaction ends late."""

    at: datetime
    stamp: datetime
    entity: str
    writes: Sequence[Write]


class ErpRoom(Room):
    """What a contract asks, in SQL's words."""

    database: OurErp | Foreign
    folder: TemporaryDirectory[str]
    late: float = 0.0
    later: Later | None = None
    accounts: str = "customers"

    async def apply(self, entity: str, *writes: Write) -> Applied:
        if not self.late:
            return await super().apply(entity, *writes)
        now = self.time.at
        self.time.pass_by(self.late)
        self.later, self.time.at = Later(self.time.at, now, entity, writes), now
        return Applied([])

    async def pages(self, watermark: str | None = None, entity: str = "account") -> list[Page]:
        await self._commit_late()
        return await super().pages(watermark, entity)

    async def _commit_late(self) -> None:
        if self.later and self.time.at >= self.later.at:
            later, now = self.later, self.time.at
            self.later, self.time.at = None, later.stamp
            await self.connection.target.apply(later.entity, later.writes)
            self.time.at = now

    def fault(self, kind: str, **more: Any) -> None:
        assert kind == "late"
        self.late = more["seconds"]

    def mend(self) -> None:
        self.late = 0.0

    def sent_records(self) -> list[dict[str, Any]]:
        """Column → value of all updates."""
        found = ((CHANGED.match(each.sql), each.parameters) for each in self.sql.requests)
        return [dict(zip(_columns(match[1]), bound, strict=False)) for match, bound in found if match]

    @property
    def sql(self) -> SqlWire:
        wire: Any = self.wire
        assert isinstance(wire, SqlWire)
        return wire

    def rows(self, entity: str = "account") -> list[dict[str, Any]]:
        assert entity == "account"
        return self.database.rows(self.accounts)

    def load_accounts(self, names: Sequence[str], at: datetime | None = None, start: int = 1) -> None:
        self.database.load_accounts(names, (at or self.time.at).astimezone(UTC).replace(tzinfo=None))

    async def close(self) -> None:
        close = self.connection.close
        assert close is not None
        close()
        self.database.close()
        self.folder.cleanup()


def erp(time: Time, url: str | None = None, **settings: str) -> ErpRoom:
    """Our own ERP, in SQLite where no address is given."""
    folder = TemporaryDirectory()
    database = OurErp(url or f"sqlite:///{folder.name}/erp.sqlite")
    database.create()
    return _room("erp", time, database, folder, settings)


def other_erp(time: Time, **settings: str) -> ErpRoom:
    folder = TemporaryDirectory()
    database = Foreign(f"{folder.name}/foreign.sqlite")
    room = _room("other_erp", time, database, folder, {"mapping": str(FOREIGN_MAPPING), **settings})
    room.accounts = "Kunden"
    return room


def _room(
    name: str, time: Time, database: Any, folder: TemporaryDirectory[str], settings: dict[str, str]
) -> ErpRoom:
    wire: Any = SqlWire(time, database)
    environment = {
        "ERP_DATABASE_URL": database.url,
        **{f"ERP_{name.upper()}": value for name, value in settings.items()},
    }
    connection = erp_room.connect(
        "erp",
        environment=environment,
        transport=None,
        clock=time.micros,
        random=Random(7),
        run=wire.run,
        open_=wire.open,
    )
    nobody: Any = None  # there is no API, and so no system behind one
    lacking = ("contact", {"first_name": "Ada"})
    per_call = 1_000 // 6  # rows: a batch of 500 is written by three statements
    room = ErpRoom(name, time, nobody, wire, connection, batch=per_call, lacking=lacking)
    room.database, room.folder = database, folder
    return room


def _columns(assignments: str) -> list[str]:
    """Those of `name=?, "Ort"=?`, in their order."""
    return [each.partition("=")[0].strip(' "') for each in assignments.split(",")]
