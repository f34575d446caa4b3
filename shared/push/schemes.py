"""How a sender proves who it is, before a byte of its body is parsed.

prove(request)     Refused 401, with nothing of what was wrong; or a Proof
Proof.repeated     the hub has taken this delivery before: it is answered, and not taken again
Proof.taken()      called once the queue has its events: not earlier, or a crash in between would lose them
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from shared.push.exchange import Refused, Request, refuse


async def _nothing() -> None:
    """Most schemes keep nothing of a delivery."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who sent this is known."""

    repeated: bool = False
    taken: Callable[[], Awaitable[None]] = _nothing


class Scheme(ABC):
    @abstractmethod
    async def prove(self, request: Request) -> Proof:
        """Raises Refused; Unavailable where it cannot be told just now."""

    async def close(self) -> None:  # noqa: B027 - nothing to do is a way to do it
        """Most keep nothing open."""


def unproven() -> Refused:
    return refuse(401, WWW_Authenticate="Bearer")


class Key(Scheme):
    """A secret that the sender shows, in one of the places that senders know of.

    ?code= and x-functions-key     as the keys of Functions are, and the webhooks of Dataverse
    ?access_token= and Bearer      as CloudEvents over webhooks has it
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._digests = [_digest(secret) for secret in secrets]

    async def prove(self, request: Request) -> Proof:
        shown = _digest(_shown(request))
        if not any([hmac.compare_digest(shown, each) for each in self._digests]):  # noqa: C419 - always all of them
            raise unproven()
        return Proof()


def _shown(request: Request) -> str:
    query, headers = request.query, request.headers
    found = query.get("code") or headers.get("x-functions-key") or query.get("access_token")
    return found or bearer(request)


def bearer(request: Request) -> str:
    """The token of `Authorization: Bearer`; nothing where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _digest(text: str) -> bytes:
    """Of one length, whatever was shown."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
