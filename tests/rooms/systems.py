"""Both rooms, each connected to its simulated system with no socket and a clock that only tests move.

A `Room` lets one contract speak to both: it makes rows behind the API's back, orders faults, and shows what
was asked over the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import orjson

from functions.lms import connection as lms_room
from functions.salesforce import connection as salesforce_room
from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.rows import Rows
from local.systems.salesforce import Credentials, Options, Salesforce
from local.systems.salesforce.ids import record_id
from local.systems.transport import SystemTransport
from shared.adapters.http import AT_ONCE
from shared.model.change import Applied, Outcome, Page, Row, Verb, Write
from shared.pipeline.ports import Connection

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Time:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.at

    def micros(self) -> int:
        return (self.at - EPOCH) // timedelta(microseconds=1)

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_by(seconds)


class Wire(httpx.AsyncBaseTransport):
    """Carries requests on, and keeps them for the test to look at."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)  # a wire takes a moment, in which others get their turn
        return await self._inner.handle_async_request(request)

    def bodies(self, method: str) -> list[Any]:
        return [orjson.loads(each.content) for each in self.requests if each.method == method]


@dataclass
class Room:
    name: str
    time: Time
    system: Controlled
    wire: Wire
    connection: Connection
    batch: int
    made: int = field(default=0)
    write_method: str = "PATCH"
    overlaps: bool = True
    """Whether a poll shows what it can, and the next one again; else nothing before its turn."""
    dates_deletes: bool = True
    """Whether a deleted row says when; else it gets the time of the poll before, which it surely outlived."""
    tells_when: bool = False
    """Whether it says when it takes calls again."""
    lacking: tuple[str, Mapping[str, Any]] = ("lead", {"company_name": "Acme"})
    """An entity, and values without its last name."""

    async def create(self, entity: str, **values: Any) -> str:
        """A row made through the room itself; its native id."""
        outcome = (await self.apply(entity, self.new(entity, **values))).outcomes[0]
        assert outcome.error is None, outcome.error
        assert outcome.native_id is not None
        return outcome.native_id

    async def apply(self, entity: str, *writes: Write) -> Applied:
        return await self.connection.target.apply(entity, writes)

    def new(self, entity: str, golden_id: str = "", **values: Any) -> Write:
        """A create that would succeed, whatever else it says."""
        self.made += 1
        return Write(
            Verb.CREATE, golden_id or f"golden-{self.made:06}", {**MANDATORY.get(entity, {}), **values}
        )

    async def poll(self, watermark: str | None = None, entity: str = "account") -> tuple[list[Row], str]:
        pages = await self.pages(watermark, entity)
        return [row for page in pages for row in page.rows], pages[-1].watermark

    async def pages(self, watermark: str | None = None, entity: str = "account") -> list[Page]:
        """A run, each page acknowledged."""
        pages = []
        async for page in self.connection.source.changes(entity, watermark):
            await self.connection.source.acknowledge(entity, page)
            pages.append(page)
        return pages

    def fault(self, kind: str, **more: Any) -> None:
        answer = self.system.handle(
            httpx.Request("POST", "http://sim/_sim/faults", content=orjson.dumps({"kind": kind, **more}))
        )
        assert answer.status_code == 201, answer.text

    def mend(self) -> None:
        """No faults any more."""
        self.system.faults.clear()

    def calls(self) -> list[httpx.Request]:
        """What was asked, logins and what a process asks once aside."""
        login = ("/token", "/openid-configuration", "/describe")
        return [each for each in self.wire.requests if not each.url.path.endswith(login)]

    def sent_records(self) -> list[dict[str, Any]]:
        """The records of all updates."""
        return [record for body in self.wire.bodies("PATCH") for record in body["records"]]

    def rows(self, entity: str = "account") -> list[dict[str, Any]]:
        """What the system holds, deleted rows aside."""
        native = self.connection.translations[entity]
        name: str = native.native  # type: ignore[attr-defined]  # both rooms' translations say it
        rows = self.system.system.records(name)
        return [dict(row) for row in rows if not row.get("IsDeleted") and not row.get("deleted")]

    def load_accounts(self, names: Sequence[str], at: datetime | None = None, start: int = 1) -> None:
        """Accounts that came about behind the API, all with one stamp."""
        stamp = at or self.time.at
        if self.name == "salesforce":
            self._load("Account", [_account(start + n, name, stamp) for n, name in enumerate(names)])
        else:
            self._load("companies", [_company(start + n, name, stamp) for n, name in enumerate(names)])

    def _load(self, name: str, rows: list[dict[str, Any]]) -> None:
        system = self.system.system
        assert isinstance(system, Salesforce | Lms)
        system.load(name, rows)

    async def close(self) -> None:
        close = self.connection.close
        assert close is not None
        result: Any = close()
        await result


MANDATORY: Mapping[str, Mapping[str, Any]] = {
    "account": {"name": "Acme"},
    "contact": {"last_name": "Nguyễn"},
    "lead": {"last_name": "Nguyễn", "company_name": "Acme"},
    "price_list": {"name": "Retail"},
    "learner": {"last_name": "Nguyễn", "email": "nguyen@example.org", "audience": "customer"},
}


def outcome_of(applied: Applied, write: Write) -> Outcome:
    (found,) = [each for each in applied.outcomes if each.write is write]
    return found


def salesforce(time: Time, *, options: Options | None = None, **settings: str) -> Room:
    options = options or Options(Credentials("crosswalk", "not-for-logs"))
    system = Controlled(Salesforce(Rows(), time, Random(7), options), time)
    wire = Wire(SystemTransport(system, time.sleep))
    environment = {
        "SALESFORCE_URL": "https://org.my.salesforce.test",
        "SALESFORCE_CLIENT_ID": "crosswalk",
        "SALESFORCE_CLIENT_SECRET": "not-for-logs",
        **{f"SALESFORCE_{name.upper()}": value for name, value in settings.items()},
    }
    connection = salesforce_room.connect(
        "salesforce",
        environment=environment,
        transport=wire,
        clock=time.micros,
        random=Random(7),
        sleep=time.sleep,
        retries=AT_ONCE,
    )
    return Room("salesforce", time, system, wire, connection, batch=200)


def lms(time: Time, *, calls_a_minute: int = 100_000, **settings: str) -> Room:
    system = Controlled(Lms(Rows(), time, "not-for-logs", calls_a_minute), time)
    wire = Wire(SystemTransport(system, time.sleep))
    environment = {
        "LMS_URL": "https://lms.test",
        "LMS_TOKEN": "not-for-logs",
        **{f"LMS_{name.upper()}": value for name, value in settings.items()},
    }
    connection = lms_room.connect(
        "lms",
        environment=environment,
        transport=wire,
        clock=time.micros,
        random=Random(7),
        retries=AT_ONCE,
    )
    return Room("lms", time, system, wire, connection, batch=100, write_method="POST", tells_when=True)


def _account(number: int, name: str, at: datetime) -> dict[str, Any]:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {
        "Id": record_id("001", 100_000 + number),
        "Name": name,
        "CreatedDate": stamp,
        "SystemModstamp": stamp,
    }


def _company(number: int, name: str, at: datetime) -> dict[str, Any]:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    columns = (
        "external_id", "number", "phone", "website", "street", "city", "state", "postal_code", "country",
        "industry",
    )  # fmt: skip
    return {
        "id": number,
        "name": name,
        "status": "active",
        **dict.fromkeys(columns),
        "created_at": stamp,
        "updated_at": stamp,
    }
