"""An office with a hub: Salesforce, where sales works, and the LMS, where the school works.

What people do goes past the control plane: it meets no faults, and is not among the calls that a test counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from local.systems.salesforce import Salesforce
from shared.adapters.store.transaction import Transaction
from shared.model.change import Message
from shared.model.records import DeadLetter
from shared.pipeline.messages import CHANGES, DEAD_LETTERS
from tests.world import SECRET, NotedBus, World, world

LEADS_DUE = 301.0
"""Seconds after which every entity of the usual topology is polled again."""

OBJECTS = {"001": "Account", "003": "Contact", "00Q": "Lead"}


@dataclass
class Sales:
    """Somebody at work in Salesforce."""

    world: World
    system: str = "salesforce"

    def create(self, name: str, **values: Any) -> str:
        return str(self._ask("POST", f"{name}/", values)["id"])

    def change(self, key: str, **values: Any) -> None:
        self._ask("PATCH", f"{OBJECTS[key[:3]]}/{key}", values)

    def load(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        """Many rows at once, in one instant."""
        self._org.load(name, rows)

    def force(self, key: str, **values: Any) -> None:
        """What today's org would refuse, and yet is in it."""
        self.change_all(OBJECTS[key[:3]], "Id", {key}, **values)

    def change_all(self, name: str, field: str, among: Collection[str], **values: Any) -> None:
        """In every row whose field has one of these values."""
        stamp = self.world.time.at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        rows = [row for row in self.world.rows(self.system, name) if row[field] in among]
        self._org.load(name, [{**_loadable(row), **values, "SystemModstamp": stamp} for row in rows])

    def delete(self, key: str) -> None:
        self._ask("DELETE", f"{OBJECTS[key[:3]]}/{key}", None)

    def merge(self, winner: str, loser: str) -> None:
        body = {"object": OBJECTS[winner[:3]], "winner": winner, "losers": [loser]}
        request = httpx.Request("POST", "http://sim/_sim/merge", content=orjson.dumps(body))
        assert self.world.systems[self.system].handle(request).is_success

    def convert(self, lead: str, **into: str) -> str:
        """A lead becomes a contact; its id."""
        content = orjson.dumps({"lead": lead, **into})
        request = httpx.Request("POST", "http://sim/_sim/convert", content=content)
        answer = self.world.systems[self.system].handle(request)
        assert answer.is_success, answer.text
        return str(answer.json()["contactId"])

    def row(self, key: str) -> dict[str, Any]:
        return {row["Id"]: row for row in self.world.rows(self.system, OBJECTS[key[:3]])}[key]

    def _ask(self, method: str, path: str, body: Any) -> Any:
        address = f"http://sim/services/data/v62.0/sobjects/{path.rstrip('/')}"
        return _asked(self.world, self.system, method, address, body, self._token())

    @property
    def _org(self) -> Salesforce:
        system = self.world.systems[self.system].system
        assert isinstance(system, Salesforce)
        return system

    def _token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "crosswalk", "client_secret": SECRET}
        request = httpx.Request("POST", "http://sim/services/oauth2/token", data=form)
        return str(self.world.systems[self.system].system.handle(request).json()["access_token"])


@dataclass
class School:
    """Somebody at work in the LMS."""

    world: World
    system: str = "lms"

    def create(self, resource: str, **values: Any) -> int:
        return int(self._ask("POST", resource, values)["id"])

    def change(self, resource: str, number: int, **values: Any) -> None:
        self._ask("PATCH", f"{resource}/{number}", values)

    def delete(self, resource: str, number: int) -> None:
        self._ask("DELETE", f"{resource}/{number}", None)

    def company(self, number: str) -> dict[str, Any]:
        return self._only("companies", "number", number)

    def user(self, email: str) -> dict[str, Any]:
        return self._only("company-users", "email", email)

    def lead(self, email: str) -> dict[str, Any]:
        return self._only("leads", "email", email)

    def _only(self, resource: str, field: str, value: str) -> dict[str, Any]:
        (row,) = [row for row in self.world.rows(self.system, resource) if row[field] == value]
        return row

    def _ask(self, method: str, path: str, body: Any) -> Any:
        return _asked(self.world, self.system, method, f"http://sim/api/v1/{path}", body, SECRET)


@dataclass
class Office:
    """Everybody, and what the hub did since `forget`."""

    world: World
    sales: Sales = field(init=False)
    school: School = field(init=False)

    def __post_init__(self) -> None:
        self.sales, self.school = Sales(self.world), School(self.world)

    async def settle(self, *, forgiving: bool = False) -> None:
        """Long enough that every entity is polled, and until nothing waits any more."""
        self.world.time.pass_by(LEADS_DUE)
        await self.world.settle(forgiving=forgiving)

    def forget(self) -> None:
        """What is counted and looked at from now on begins here."""
        for name in self.world.systems:
            self.world.control(name, "DELETE", "calls")
            self.world.wires[name].requests.clear()
        self.world.sent.clear()

    @property
    def bus(self) -> NotedBus:
        assert self.world.bus is not None
        return self.world.bus

    # What the hub did

    def writes(self, system: str = "lms") -> list[tuple[str, Any]]:
        """Method and address, and the body, of every request that was to change something."""
        return [
            (f"{each.method} {each.url.path}", _body(each)) for each in self.requests(system) if _writes(each)
        ]

    def written(self, system: str = "lms") -> list[dict[str, Any]]:
        """Every record that was sent to be written, call by call."""
        return [record for _, body in self.writes(system) for record in body["records"]]

    def requests(self, system: str) -> Sequence[httpx.Request]:
        return self.world.wires[system].requests

    def changes(self) -> list[Message]:
        """The change sets that were published."""
        return [message for message in self.world.sent if message.destination == CHANGES]

    def queued(self) -> list[dict[str, Any]]:
        """What stands in the queue that operators watch."""
        broker = self.world.broker
        return [orjson.loads(each.message.body) for each in broker.peek(DEAD_LETTERS, count=10_000)]

    def letters(self) -> list[DeadLetter]:
        """The open dead letters; each is in the queue as well."""
        letters = self.world.dead_letters()
        queued = {each["id"] for each in self.queued()}
        assert {letter.id for letter in letters} <= queued
        return letters

    def letter(self) -> DeadLetter:
        (letter,) = self.letters()
        return letter

    def golden_id(self, key: str) -> str:
        """The golden record of a Salesforce row."""
        entity = OBJECTS[key[:3]].lower()

        def ask(tx: Transaction) -> str:
            return tx.identities("salesforce", entity, [key])[key].id

        return self.world.hub.store.transact_now(ask)

    def arrived(self, key: str) -> bool:
        """Whether the LMS has a row that is linked with this one of Salesforce."""
        entity = OBJECTS[key[:3]].lower()

        def ask(tx: Transaction) -> bool:
            ids = [identity.id for identity in tx.identities("salesforce", entity, [key]).values()]
            return bool(tx.natives("lms", entity, ids))

        return self.world.hub.store.transact_now(ask)

    def tally(self, entity: str, name: str, source: str = "salesforce", target: str = "lms") -> int:
        return self.world.tallies().get((entity, source, target), {}).get(name, 0)

    def closed_dead_letters(self) -> int:
        """How many dead letters were closed."""
        every = self.world.hub.store.transact_now(lambda tx: tx.dead_letters(open_only=False))
        return sum(letter.closed_at is not None for letter in every)


def office(topology: str | None = None, **options: Any) -> Office:
    return Office(world(topology, **options))


ACME = {"AccountNumber": "A-1", "Name": "Acme", "Phone": "+49 731 1", "BillingCity": "Ulm"}
ADA = {"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@acme.example", "Title": "Countess"}


def topology(
    *flows: str,
    contact: str = "{key: [email], owner: salesforce}",
    account: str = "{key: [number], owner: salesforce}",
) -> str:
    """A topology of accounts and contacts with these flows."""
    lines = "\n".join(f"  - {{{flow}}}" for flow in flows)
    return f"""
systems:
  salesforce: {{kind: salesforce, rank: 2}}
  lms: {{kind: lms, rank: 1}}
entities:
  account: {account}
  contact: {contact}
  lead: {{key: [email], owner: salesforce}}
flows:
{lines}
"""


def to_lms(entity: str, more: str = "") -> str:
    return f"entity: {entity}, from: salesforce, to: lms{', ' if more else ''}{more}"


def to_salesforce(entity: str, more: str = "") -> str:
    more = more if "delete:" in more else f"{more}, delete: ignore".removeprefix(", ")
    return f"entity: {entity}, from: lms, to: salesforce, {more}"


def _asked(world: World, system: str, method: str, address: str, body: Any, token: str) -> Any:
    content = b"" if body is None else orjson.dumps(body)
    request = httpx.Request(method, address, headers={"Authorization": f"Bearer {token}"}, content=content)
    answer = world.systems[system].system.handle(request)
    world.systems[system].system.rows.commit()
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def _loadable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _writes(request: httpx.Request) -> bool:
    if request.method == "GET" or request.url.path.endswith("/token"):
        return False
    read = request.method == "POST" and "/composite/sobjects/" in request.url.path
    return not read


def _body(request: httpx.Request) -> Any:
    if request.headers.get("Content-Type", "").startswith("text/csv"):
        return request.content.decode()
    return orjson.loads(request.content) if request.content else None
