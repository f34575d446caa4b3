"""Standard Webhooks: a signature over id, time and body.

    webhook-id          the delivery's, the same over its retries
    webhook-timestamp   when it was sent, in seconds; over five minutes from now, early or late, is refused
    webhook-signature   v1,<base64 HMAC-SHA256>, several with blanks between while a secret is changed

    id       time of sending      is
    new      any                  a delivery
    known    new                  a retry: answered as taken, and not taken again
    known    known                a replay: 409

What was taken is kept for as long as a replay could pass, and then for the retries of a while. A retry that
comes still later is one more wake-up, which does no harm.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from standardwebhooks import Webhook

from shared.push.exchange import Request, refuse
from shared.push.schemes import Proof, Scheme, unproven

SECOND = 1_000_000
TOLERANCE = 5 * 60 * SECOND
KEPT = 15 * 60 * SECOND
LONGEST_ID = 256
SIGNATURES = 8
"""At most, in one header."""
WHOLE = re.compile(r"\d{1,12}", re.ASCII)


class Deliveries(Protocol):
    """What was taken lately."""

    async def times(self, sender: str, delivery: str) -> Sequence[int]:
        """When this delivery was sent, each time that it was taken (seconds)."""
        ...

    async def keep(self, sender: str, delivery: str, sent: int, until: int) -> None:
        """It was taken; to be remembered until then (microseconds)."""
        ...


@dataclass(frozen=True, slots=True)
class _Signed:
    delivery: str
    sent: int
    content: str
    signatures: tuple[str, ...]


class StandardWebhooks(Scheme):
    def __init__(
        self, sender: str, secrets: Sequence[str], deliveries: Deliveries, clock: Callable[[], int]
    ) -> None:
        self._sender, self._deliveries, self._clock = sender, deliveries, clock
        self._signers = [Webhook(secret) for secret in secrets]

    async def prove(self, request: Request) -> Proof:
        signed = _signed(request)
        if signed is None or not self._timely(signed.sent) or not self._genuine(signed):
            raise unproven()
        known = await self._deliveries.times(self._sender, signed.delivery)
        if signed.sent in known:
            raise refuse(409, "This delivery was taken before.")
        return Proof(repeated=bool(known), taken=partial(self._keep, signed))

    def _timely(self, sent: int) -> bool:
        return abs(sent * SECOND - self._clock()) <= TOLERANCE

    def _genuine(self, signed: _Signed) -> bool:
        """Every signature is compared with every secret, so that the time it takes tells nothing."""
        moment = datetime.fromtimestamp(signed.sent, UTC)
        right = [each.sign(signed.delivery, moment, signed.content).encode() for each in self._signers]
        given = [each.encode("utf-8", "surrogatepass") for each in signed.signatures]
        return any([hmac.compare_digest(one, other) for one in right for other in given])  # noqa: C419 - as above

    async def _keep(self, signed: _Signed) -> None:
        await self._deliveries.keep(self._sender, signed.delivery, signed.sent, self._clock() + KEPT)


def _signed(request: Request) -> _Signed | None:
    """What is signed, and by what; None where something is missing."""
    delivery = request.headers.get("webhook-id", "")
    sent = request.headers.get("webhook-timestamp", "")
    signatures = tuple(request.headers.get("webhook-signature", "").split(" "))
    known = 0 < len(delivery) <= LONGEST_ID and delivery.isascii() and delivery.isprintable()
    if not known or not WHOLE.fullmatch(sent) or len(signatures) > SIGNATURES:
        return None
    try:
        return _Signed(delivery, int(sent), request.body.decode(), signatures)
    except UnicodeDecodeError:
        return None
