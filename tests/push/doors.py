"""A door with a street before it: senders that sign or show a key, a clock, a queue that is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import orjson
from standardwebhooks import Webhook

from functions.lms.push import FORMATS
from shared.adapters.store import Store
from shared.model.errors import Unavailable
from shared.model.event import Event
from shared.push.door import Door
from shared.push.exchange import Request, Response
from shared.push.formats import Formats
from shared.push.opening import open_door
from shared.push.settings import read
from tests import stores

NOW = 1_790_000_000
"""Seconds; the clocks here stand still until they are set."""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEY = "a-key-of-more-than-twenty-four-characters"
LEAD = {"type": "lead.updated", "id": 17, "updated_at": "2026-09-21T12:00:00.000000Z"}
ENTITIES = frozenset({"account", "contact", "lead", "order"})


@dataclass
class Queue:
    """What is behind a door: keeps what it is given, or is away."""

    events: list[Event] = field(default_factory=list)
    away: bool = False

    async def accept(self, system: str, events: Sequence[Event]) -> None:
        if self.away:
            raise Unavailable("the broker does not answer")
        self.events += events


@dataclass
class Clock:
    seconds: float = NOW

    def __call__(self) -> int:
        return int(self.seconds * 1_000_000)


@dataclass
class Street:
    """A door, and who comes to it."""

    door: Door
    queue: Queue
    clock: Clock
    store: Store

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None, **query: str) -> Response:
        return await self.ask("POST", body, headers, **query)

    async def ask(
        self, method: str, body: bytes = b"", headers: Mapping[str, str] | None = None, **query: str
    ) -> Response:
        return await self.door.answer(Request.of(method, headers or {}, query, body))

    async def signed(
        self, body: bytes, delivery: str = "msg_1", secret: str = SECRET, **changed: str
    ) -> Response:
        return await self.post(body, {**signed(body, delivery, self.clock.seconds, secret), **changed})


def street(
    formats: Formats = FORMATS,
    *,
    store: Store | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    entities: frozenset[str] = ENTITIES,
    **told: str,
) -> Street:
    """By default a door of the LMS, at which what comes is signed."""
    environment = {"SCHEME": "standard-webhooks", "SECRET": SECRET} | told
    settings = read("lms", {f"LMS_PUSH_{name}": value for name, value in environment.items()})
    queue, clock, store = Queue(), Clock(), store or stores.fresh()
    door = open_door(
        "lms",
        settings,
        formats,
        entities,
        queue,
        store=store,
        clock=clock,
        random=Random(1),
        transport=transport,
    )
    return Street(door, queue, clock, store)


def keyed(formats: Formats = FORMATS, networks: str = "") -> Street:
    """A door at which a key is shown."""
    return street(formats, SCHEME="key", SECRET=KEY, NETWORKS=networks)


def signed(body: bytes, delivery: str, at: float, secret: str = SECRET) -> dict[str, str]:
    """The headers of a delivery, by the package's own writer."""
    moment = datetime.fromtimestamp(int(at), UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": Webhook(secret).sign(delivery, moment, body.decode()),
    }


def body(content: Any = LEAD) -> bytes:
    return orjson.dumps(content)


def said(answer: Response) -> Any:
    return orjson.loads(answer.body)


def pointer(answer: Response) -> str:
    """Where a refusal points."""
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    (error,) = said(answer)["errors"]
    return str(error.get("pointer") or error["header"])
