"""How the LMS pushes: webhooks by the Standard Webhooks specification, one event each, next to nothing in it.

    {"type": "companies.updated", "id": 7, "updated_at": "2026-03-01T09:00:00.000000Z"}

| type                                   | when                                                    |
|----------------------------------------|---------------------------------------------------------|
| `<resource>.created`                   | a row is new                                            |
| `<resource>.updated`                   | a field has changed                                     |
| `<resource>.activated`, `.deactivated` | its status has, beside `.updated`: one edit, two events |
| `<resource>.deleted`                   | a row is gone                                           |

The resource is that of the API: companies, company-users, leads.

- Heard is any 2xx, within 15 s. 410 ends the subscription. Anything else, a redirection too, is tried again:
  after 5 s, then ever later over some three days, and not before a `Retry-After` allows. A retry has the same
  `webhook-id`, a new `webhook-timestamp`, and so a new signature.
- Several go out at once, so that they may overtake one another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Final

import httpx
import orjson
from pydantic import AfterValidator, Field

from local.systems.lms.shape import ACTIVE, SHAPES
from local.systems.push.manner import Message, Notice, Target, within
from local.systems.push.standing import Again, Heard, Lost, Off, Verdict
from local.systems.rows import Written
from local.systems.system import Row

PREFIX: Final = "whsec_"
PATIENCE: Final = 15.0
HOUR: Final = 3600
RETRIES: Final = (5, 300, HOUR // 2, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds before each."""


def _signs(secret: str) -> str:
    signing_key(secret)
    return secret


class WebhookTarget(Target):
    """With the secret that signs: `whsec_` and base64."""

    secret: Annotated[str, AfterValidator(_signs)] = Field(repr=False)


class LmsManner:
    target: type[Target] = WebhookTarget
    together = 1

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id

    def new_id(self) -> str:
        return f"msg_{self._new_id()}"

    def notices(self, written: Sequence[Written], _: Target) -> list[Notice]:
        return [
            Notice(each.key, _event(each.after, each.table, verb))
            for each in written
            if each.table in SHAPES and each.after is not None
            for verb in _verbs(each.before, each.after)
        ]

    def request(self, message: Message, target: Target, at: datetime) -> httpx.Request:
        (notice,) = message.notices
        body, seconds = orjson.dumps(notice.content), str(int(at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": seconds,
            "webhook-signature": signature(target.secret, message.id, seconds, body),
        }
        return httpx.Request("POST", target.url, headers=headers, content=body, extensions=within(PATIENCE))

    def verdict(self, message: Message, answer: httpx.Response | None, _: datetime) -> Verdict:
        if answer is not None and answer.is_success:
            return Heard()
        if answer is not None and answer.status_code == httpx.codes.GONE:
            return Off()
        if message.tries > len(RETRIES):
            return Lost()
        return Again(max(RETRIES[message.tries - 1], _asked(answer)))


def signing_key(secret: str) -> bytes:
    """ValueError where it is none."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"a signing secret is {PREFIX} and 24 to 64 bytes in base64")
    return key


def signature(secret: str, message: str, seconds: str, body: bytes) -> str:
    signed = b".".join((message.encode(), seconds.encode(), body))
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _verbs(before: Row | None, after: Row) -> Iterator[str]:
    if "deleted" in after:
        yield "deleted"
    elif before is None:
        yield "created"
    else:
        yield "updated"
        if before.get("status") != after["status"]:
            yield "activated" if after["status"] == ACTIVE else "deactivated"


def _event(row: Row, resource: str, verb: str) -> Row:
    return {"type": f"{resource}.{verb}", "id": row["id"], "updated_at": row["updated_at"]}


def _asked(answer: httpx.Response | None) -> int:
    """Seconds that the receiver asks to be left alone."""
    text = "" if answer is None else answer.headers.get("Retry-After", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
