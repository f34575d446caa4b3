"""Days of a company whose calls to Salesforce are limited: people at work, an LMS with much to tell, a surge.

    usual day      what the LMS tells, one message for each change, and people in Salesforce from 8 to 18
    surge          the same, and the LMS tells three times as much
    usual day      for what is left

Leads are of high priority, companies of normal, their users of low. Each fresh change arrives as a message of
its own; what comes back together is received together, as from a real bus.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import orjson

from tests.flows.office import School
from tests.world import SECRET, World, world

RESOURCES = {"lead": "leads", "account": "companies", "contact": "company-users"}
OBJECTS = {"Lead": "lead", "Account": "account", "Contact": "contact"}
PHONE = re.compile(r"\+49 (\d+) (\d+)")
COLLECTED = 16
"""Messages that a handler is given at once where many wait."""


@dataclass(frozen=True)
class Size:
    """How large the company is. `step` is in seconds, and what is told in it is of each entity."""

    limit: int = 100_000
    people: int = 76_000
    told: int = 1
    surge: int = 3
    step: int = 60
    rows: int = 30

    @property
    def steps(self) -> int:
        return 86_400 // self.step


@dataclass
class Day:
    """What a day was like: calls that were refused, and how old news was when it arrived, in seconds."""

    name: str
    calls: int = 0
    refused: int = 0
    people_refused: int = 0
    ages: dict[str, list[float]] = field(default_factory=lambda: {entity: [] for entity in RESOURCES})
    left: dict[str, int] = field(default_factory=dict)

    def oldest(self, entity: str) -> float:
        return max(self.ages[entity], default=0.0)


@dataclass
class Company:
    """The LMS, Salesforce and the hub between them, for as many days as one likes."""

    size: Size
    world: World
    day: Day = field(default_factory=lambda: Day("before"))
    days: list[Day] = field(default_factory=list)
    _ids: dict[str, list[int]] = field(default_factory=dict)
    _edits: dict[tuple[str, int], list[tuple[int, datetime]]] = field(default_factory=dict)
    _edited: int = 0
    _token: str = ""

    async def open(self) -> None:
        """Everybody is known in both systems, before the first midnight."""
        school = School(self.world)
        size, firm = range(self.size.rows), {"company_name": "Acme"}
        companies = [school.create("companies", number=f"A-{n}", name=f"Acme {n}") for n in size]
        users = [
            school.create("company-users", company_id=company, last_name="Doe", email=f"u{n}@acme.example")
            for n, company in enumerate(companies)
        ]
        leads = [school.create("leads", last_name="Roe", email=f"l{n}@roe.example", **firm) for n in size]
        self._ids = {"account": companies, "contact": users, "lead": leads}
        self.world.time.pass_by(self.size.step)
        await self.world.settle()
        self.world.time.at = datetime(2026, 2, 2, tzinfo=self.world.time.at.tzinfo)
        self.world.wires["salesforce"].answered = self._answered

    async def live(self, name: str, told: int, watch: Callable[[int], None] | None = None) -> Day:
        """One day, in which the LMS tells so much of each entity at each step."""
        self.day = Day(name)
        self.days.append(self.day)
        for step in range(self.size.steps):
            self._people(step)
            self._learners(told)
            await self._hub()
            if watch:
                watch(step)
            self.world.time.pass_by(self.size.step)
        self.day.left = {
            entity: sum(len(edits) for (each, _), edits in self._edits.items() if each == entity)
            for entity in RESOURCES
        }
        return self.day

    def left_of(self, entity: str, before: datetime) -> int:
        """Changes that were made before then and have not arrived."""
        edits = [made for (each, _), every in self._edits.items() if each == entity for _, made in every]
        return sum(made < before for made in edits)

    # What the hub does

    async def _hub(self) -> None:
        while await self.world.deliver("salesforce", COLLECTED):
            """What has come back."""
        await self.world.poll("lms")
        while await self.world.deliver("salesforce", 1):
            """What is fresh, one by one."""

    def _answered(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return response
        if response.status_code == 403:
            self.day.refused += 1
            return response
        self.day.calls += 1
        if request.method == "PATCH":
            self._arrived(orjson.loads(request.content)["records"])
        return response

    def _arrived(self, records: list[dict[str, object]]) -> None:
        for record in records:
            found = PHONE.fullmatch(str(record.get("Phone")))
            if found:
                kind = record["attributes"]
                assert isinstance(kind, dict)
                self._seen(OBJECTS[kind["type"]], int(found[1]), int(found[2]))

    def _seen(self, entity: str, row: int, edit: int) -> None:
        waiting = self._edits.get((entity, row), [])
        now = self.world.time.at
        self.day.ages[entity] += [(now - made).total_seconds() for number, made in waiting if number <= edit]
        self._edits[entity, row] = [each for each in waiting if each[0] > edit]

    # What people do

    def _learners(self, told: int) -> None:
        school = School(self.world)
        for _ in range(told):
            self._edited += 1
            row = self._edited % self.size.rows
            for entity, resource in RESOURCES.items():
                phone = f"+49 {row} {self._edited}"
                school.change(resource, self._ids[entity][row], phone=phone)
                self._edits.setdefault((entity, row), []).append((self._edited, self.world.time.at))

    def _people(self, step: int) -> None:
        """Ten hours of work, evenly."""
        seconds = self.size.step
        begun, now = 8 * 3600, step * seconds
        if not begun <= now < begun + 36_000:
            return
        number = (now - begun) // seconds
        share = self.size.people * seconds / 36_000
        for _ in range(int(share * (number + 1)) - int(share * number)):
            self._ask()

    def _ask(self) -> None:
        answer = self._request("GET", "/services/data/v62.0/")
        if answer.status_code == 401:
            form = {"grant_type": "client_credentials", "client_id": "crosswalk", "client_secret": SECRET}
            token = self._handled(httpx.Request("POST", "http://sim/services/oauth2/token", data=form))
            self._token = str(token.json()["access_token"])
            answer = self._request("GET", "/services/data/v62.0/")
        self.day.people_refused += answer.status_code == 403

    def _request(self, method: str, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._handled(httpx.Request(method, f"http://sim{path}", headers=headers))

    def _handled(self, request: httpx.Request) -> httpx.Response:
        return self.world.systems["salesforce"].system.handle(request)


def company(size: Size, *, budget: str) -> Company:
    """A company whose topology says this of the budget of Salesforce."""
    settings = {"LMS_PAGE_SIZE": "1", "LMS_OVERLAP": "0"}
    return Company(size, world(topology(size, budget), daily_limit=size.limit, settings=settings))


def topology(size: Size, budget: str) -> str:
    flow = f"from: lms, to: salesforce, guard: read, delete: ignore, freshness: {size.step}s"
    return f"""
systems:
  salesforce: {{kind: salesforce, rank: 2, budget: {budget}}}
  lms: {{kind: lms, rank: 1}}
entities:
  lead: {{key: [email], owner: lms}}
  account: {{key: [number], owner: lms}}
  contact: {{key: [email], owner: lms}}
flows:
  - {{entity: lead, {flow}, priority: high}}
  - {{entity: account, {flow}, priority: normal}}
  - {{entity: contact, {flow}, priority: low}}
"""


TOMORROW = timedelta(days=1)
