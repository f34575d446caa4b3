"""One system's door: what it pushes becomes events on the queue `arrivals`.

    method ── size ── network ── proof ── encoding, media type ── shape ── queue ── 202 and the ids
     └405      └413     └403       └401    └415                   └400     └503
                                   └409 a replay

Rules
- The order is the rule: nothing of a body is looked at before its sender is known, and what is refused
  before that says nothing but its status.
- 202 is said once the queue has the events, never earlier: a sender that hears anything else sends again.
- Bodies come as they are. A compressed one is refused: nobody needs it for what is a wake-up.
- What the hub has no use for is answered as taken, and named: a sender must not be switched off for it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from shared.model.errors import IntegrationError, Permanent
from shared.model.event import Event
from shared.push import networks
from shared.push.exchange import Reading, Refused, Request, Response, json_answer, problem, refuse
from shared.push.formats import Formats
from shared.push.schemes import Scheme

LARGEST = 1024 * 1024
"""Bytes of a body: the largest that the senders we know of make are a quarter of it."""
RATE = 6_000
"""Requests a minute that a sender who asks may send."""
PATIENCE = 5
"""Seconds after which a sender may try again."""
ORIGIN = re.compile(r"[A-Za-z0-9.:_/-]{1,255}")
NUMBER = re.compile(r"[0-9]{1,9}")

LOG = logging.getLogger("crosswalk.push")


class Accepting(Protocol):
    """What is behind the door."""

    async def accept(self, system: str, events: Sequence[Event]) -> None:
        """The queue has them when it returns. Raises Unavailable."""
        ...


@dataclass(frozen=True)
class Door:
    """Answers what comes; it never raises what a stranger could bring about.

    `entities` are those that some flow reads from this system.
    """

    system: str
    entities: AbstractSet[str]
    scheme: Scheme
    networks: Sequence[IPv4Network | IPv6Network]
    formats: Formats
    arrivals: Accepting

    async def answer(self, request: Request) -> Response:
        try:
            return await self._answered(request)
        except Refused as refused:
            answer = refused.answer
        except Permanent as error:
            answer = problem(400, error.description)
        except IntegrationError as error:
            LOG.warning("%s: events not taken: %s", self.system, error.description)
            answer = problem(503, headers={"Retry-After": str(PATIENCE)})
        LOG.info("%s: a push is answered with %s", self.system, answer.status)
        return answer

    async def close(self) -> None:
        await self.scheme.close()

    async def _answered(self, request: Request) -> Response:
        _check_method(request)
        _check_size(request)
        networks.admit(request.peer, self.networks)
        if request.method == "OPTIONS":
            return _permission(request)
        proof = await self.scheme.prove(request)
        reading = self._read(request).only(self.entities)
        if reading.events and not proof.repeated:
            await self.arrivals.accept(self.system, reading.events)
        await proof.taken()
        return reading.taken or _taken(reading)

    def _read(self, request: Request) -> Reading:
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise refuse(415, "A body comes as it is, not compressed.", Accept_Encoding="identity")
        reader = self.formats.reader(request)
        if reader is None:
            known = ", ".join(self.formats.media_types)
            raise refuse(415, f"One of {known}; or CloudEvents in headers.", Accept=known)
        return reader(request)


def _check_method(request: Request) -> None:
    if request.method not in {"POST", "OPTIONS"}:
        raise refuse(405, Allow="POST, OPTIONS")


def _check_size(request: Request) -> None:
    if len(request.body) > LARGEST:
        raise refuse(413, f"At most {LARGEST} bytes.")


def _permission(request: Request) -> Response:
    """Whoever asks by the CloudEvents handshake may send: what is then sent has to prove itself.

    No address of the asker's is called, though it may name one: a stranger could name anybody's.
    """
    headers = {"Allow": "POST, OPTIONS"}
    origin = request.headers.get("webhook-request-origin", "")
    if ORIGIN.fullmatch(origin):
        headers["WebHook-Allowed-Origin"] = origin
        asked = request.headers.get("webhook-request-rate", "")
        headers["WebHook-Allowed-Rate"] = str(
            min(int(asked), RATE) or RATE if NUMBER.fullmatch(asked) else RATE
        )
    return Response(200, headers)


def _taken(reading: Reading) -> Response:
    ignored = {"ignored": reading.ignored} if reading.ignored else {}
    return json_answer(202, {"ids": reading.ids, **ignored})
