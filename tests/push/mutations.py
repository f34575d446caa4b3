"""Requests that go wrong in one way or several, from a seed, and what must not happen then.

    sound ──> a few mutations ──┬─ proof left as it was: the door refuses what the proof does not cover
                                └─ proven anew: what is refused is refused by who reads it

Never an exception, never a status that is none of a door's, nothing queued unless the answer says so; and of
what is bad beyond doubt (by a judge that is not the door's own code) nothing is queued at all.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from functions.dataverse.push import FORMATS as DATAVERSE
from functions.salesforce.push import formats as salesforce
from shared.push.door import LARGEST
from shared.push.exchange import Request
from tests.push.doors import KEY, Street, body, keyed, signed, street
from tests.push.test_cloudevents import BATCH, CUSTOMER, ERP, EVENT, STRUCTURED
from tests.push.test_vendors import CONTACT, CONTEXT, JSON, XML, message

STATUSES = frozenset({200, 202, 400, 401, 403, 405, 409, 413, 415})
TAKEN = frozenset({200, 202})
NETWORK = "203.0.113.0/24"
PEER = {"X-Forwarded-For": "203.0.113.7:1"}
ROW = {**EVENT, "type": "customers.updated", "data": CUSTOMER}
SOUND: dict[str, tuple[str, dict[str, str], bytes]] = {
    "lms": ("lms", JSON, body()),
    "lms in an envelope": (
        "lms",
        JSON,
        body({"type": "lead.deleted", "timestamp": EVENT["time"], "data": {"id": 1}}),
    ),
    "dataverse": ("crm", JSON, body(CONTEXT)),
    "salesforce": ("salesforce", XML, message(CONTACT, CONTACT)),
    "structured": ("erp", STRUCTURED, body(ROW)),
    "batch": ("erp", BATCH, body([EVENT, ROW])),
    "binary": ("erp", JSON | {f"ce-{name}": value for name, value in EVENT.items()}, body(CUSTOMER)),
}
"""Name → at whose door, with which headers and body."""

ODD: Sequence[Any] = (
    None, True, 0, -1, 2**63, 2**200, 1e308, 0.1, "", " ", "\x00", "\n", "x" * 5_000, "ä", "\u202e",
    "😀", "../..", "' OR 1", "<a/>", "${x}", "%00", [], {}, [[]], {"": 0}, "9999-12-31T23:59:59-14:00",
    "1969-12-31T00:00:00Z", "/Date(0)/", "NaN",
)  # fmt: skip
LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8))
    + b"]><l>&i;</l>"
)
BLOWUP = b'<!DOCTYPE b [<!ENTITY a "' + b"a" * 50_000 + b'">]><b>' + b"&a;" * 10_000 + b"</b>"
BOMB = gzip.compress(bytes(LARGEST * 16), mtime=0)
HOSTILE: Sequence[bytes] = (
    b"", b"null", b"[", b"{", b"]", b'"', b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"[" * 1_000 + b"]" * 1_000,
    b"<a>" * 5_000 + b"</a>" * 5_000, LAUGHS, BLOWUP, BOMB, zlib.compress(bytes(100_000)),
    b"\x00" * 1_000, b"1e999999", b'{"a":' + b"9" * 20_000 + b"}",
    b"<?xml version='1.0' encoding='utf-7'?><a/>",
)  # fmt: skip
CODECS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp037", "utf-7")
TYPES = (
    "text/plain", "application/xml", "", "application/json; charset=utf-16",
    "multipart/form-data; boundary=x", "*/*", "application/json\x00", "APPLICATION/JSON", "text/xml",
    "application/cloudevents+json", "application/cloudevents+avro",
)  # fmt: skip
HEADERS = (
    ("webhook-id", "\x00"), ("webhook-timestamp", "1e9"), ("webhook-timestamp", "0"),
    ("webhook-signature", "v1,=="), ("webhook-signature", "v1 " * 20), ("authorization", "Bearer x"),
    ("authorization", "Basic eA=="), ("x-functions-key", ""), ("ce-specversion", "0.3"), ("ce-id", "%"),
    ("ce-time", "never"), ("ce-type", "x" * 9_000), ("ce-\x00", "x"), ("ce-data", "x"),
    ("content-encoding", "gzip"), ("content-encoding", "identity"), ("content-length", "-1"),
    ("expect", "100-continue"), ("transfer-encoding", "chunked"), ("x-forwarded-for", "203.0.113.9"),
    ("x-forwarded-for", "203.0.113.9, 10.0.0.1"), ("x-forwarded-for", ", ,"),
    ("x-forwarded-for", "[::1"),
)  # fmt: skip
METHODS = ("GET", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", "post", "OPTIONS", "")


@dataclass(frozen=True)
class Knock:
    """A request on its way to a door, and whether it is bad beyond doubt."""

    sound: str
    request: Request
    bad: bool = False

    @property
    def system(self) -> str:
        return SOUND[self.sound][0]


Mutation = Callable[[Random, Knock], Knock]


def _with(knock: Knock, *, bad: bool = False, **changed: Any) -> Knock:
    return replace(knock, request=replace(knock.request, **changed), bad=knock.bad or bad)


def byte_flipped(random: Random, knock: Knock) -> Knock:
    found = bytearray(knock.request.body or b"\x00")
    for _ in range(random.randint(1, 4)):
        found[random.randrange(len(found))] = random.randrange(256)
    return _with(knock, body=bytes(found))


def cut(random: Random, knock: Knock) -> Knock:
    content = knock.request.body
    return _with(knock, body=content[: random.randrange(len(content) + 1)])


def stuttered(random: Random, knock: Knock) -> Knock:
    content = knock.request.body
    start = random.randrange(len(content) + 1)
    end = random.randrange(start, len(content) + 1)
    return _with(knock, body=content[:end] + content[start:end] * random.randint(1, 3) + content[end:])


def value_swapped(random: Random, knock: Knock) -> Knock:
    """Of JSON, one value somewhere in it is another or is gone; of XML, one text."""
    content = knock.request.body
    if knock.system == "salesforce":
        odd = str(random.choice(ODD)).encode("utf-8", "replace")
        return _with(
            knock, body=content.replace(random.choice((CONTACT.encode(), b"sObject", b"Contact")), odd, 1)
        )
    try:
        tree = orjson.loads(content)
    except orjson.JSONDecodeError:
        return knock
    return _with(knock, body=json.dumps(_swapped(random, tree)).encode())


def _swapped(random: Random, tree: Any) -> Any:
    if isinstance(tree, dict | list) and tree and random.random() < 0.8:
        place = random.choice([*tree]) if isinstance(tree, dict) else random.randrange(len(tree))
        if random.random() < 0.15:
            del tree[place]
        else:
            tree[place] = _swapped(random, tree[place])
        return tree
    return random.choice(ODD)


def hostile(random: Random, knock: Knock) -> Knock:
    return _with(knock, body=random.choice(HOSTILE))


def encoded_otherwise(random: Random, knock: Knock) -> Knock:
    text = knock.request.body.decode("utf-8", "replace")
    return _with(knock, body=text.encode(random.choice(CODECS), "replace"))


def too_large(random: Random, knock: Knock) -> Knock:
    return _with(knock, body=knock.request.body + b" " * (LARGEST + random.randrange(2)), bad=True)


def packed(random: Random, knock: Knock) -> Knock:
    coding = random.choice(("gzip", "GZIP", "deflate", "br", "gzip, gzip", "x"))
    content = random.choice((gzip.compress(knock.request.body, mtime=0), BOMB))
    return _with(
        knock, body=content, headers=dict(knock.request.headers) | {"content-encoding": coding}, bad=True
    )


def typed_otherwise(random: Random, knock: Knock) -> Knock:
    return _with(knock, headers=dict(knock.request.headers) | {"content-type": random.choice(TYPES)})


def header_changed(random: Random, knock: Knock) -> Knock:
    name, value = random.choice(HEADERS)
    return _with(knock, headers=dict(knock.request.headers) | {name: value})


def header_lost(random: Random, knock: Knock) -> Knock:
    kept = dict(knock.request.headers)
    kept.pop(random.choice([*kept] or [""]), None)
    return _with(knock, headers=kept)


def method_changed(random: Random, knock: Knock) -> Knock:
    method = random.choice(METHODS)
    return _with(knock, method=method, bad=method.upper() != "POST")


def elsewhere(random: Random, knock: Knock) -> Knock:
    return _with(knock, peer=random.choice(("198.51.100.1", "2001:db8::1", "x", None)), bad=True)


BEFORE: Sequence[Mutation] = (
    byte_flipped, cut, stuttered, value_swapped, value_swapped, value_swapped, hostile,
    encoded_otherwise, packed, typed_otherwise, header_changed, header_lost,
)  # fmt: skip
"""What may be proven anew."""
AFTER: Sequence[Mutation] = (header_changed, header_lost, method_changed, elsewhere, byte_flipped, cut)


@dataclass
class Tally:
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    queued: int = 0
    wrong: list[str] = field(default_factory=list)


class Mutations:
    """Knocks at the doors of four systems, for as long as it is asked to."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._doors: dict[str, Street] = {
            "lms": street(NETWORKS=NETWORK),
            "crm": keyed(DATAVERSE, networks=NETWORK),
            "salesforce": keyed(salesforce(None), networks=NETWORK),
            "erp": keyed(ERP, networks=NETWORK),
        }
        self._number = 0
        self._before: Knock | None = None
        self.tally = Tally()

    async def run(self, requests: int) -> Tally:
        for _ in range(requests):
            await self.knock(self._made())
        return self.tally

    def _made(self) -> Knock:
        """A knock with one to three mutations, before or after its proof; now and then the last one again."""
        random = self._random
        if self._before and random.random() < 0.02:
            return self._before
        sound = random.choice([*SOUND])
        system, headers, content = SOUND[sound]
        knock = Knock(sound, Request.of("POST", headers | PEER, {}, content))
        for _ in range(random.randint(0, 2)):
            knock = random.choice(BEFORE)(random, knock)
        knock = self._proven(system, knock)
        if random.random() < 0.4:
            proven, knock = knock, random.choice(AFTER)(random, knock)
            if system == "lms" and knock.request.body != proven.request.body:
                knock = replace(knock, bad=True)  # the signature covers it
        if random.random() < 0.01:
            knock = too_large(random, knock)
        if random.random() < 0.1:
            knock = self._unproven(knock)
        self._before = knock
        return knock

    def _proven(self, system: str, knock: Knock) -> Knock:
        if system != "lms":
            return _with(knock, query={"code": KEY})
        self._number += 1
        text = knock.request.body.decode("utf-8", "replace")
        headers = signed(text.encode(), f"msg_{self._number}", self._doors["lms"].clock.seconds)
        del headers["Content-Type"]
        return _with(knock, headers=dict(knock.request.headers) | headers)

    def _unproven(self, knock: Knock) -> Knock:
        if knock.system != "lms":
            return _with(
                knock,
                query={"code": self._random.choice(("", KEY[1:], KEY.upper(), "\ud800"))},
                headers={},
                bad=True,
            )
        kept = dict(knock.request.headers) | {
            "webhook-signature": self._random.choice(("v1,AAAA", "", "v1a,x"))
        }
        return _with(knock, headers=kept, bad=True)

    async def knock(self, knock: Knock) -> None:
        tally, door = self.tally, self._doors[knock.system]
        tally.requests += 1
        door.clock.seconds += 1
        try:
            answer = await door.door.answer(knock.request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it would be a 500
            tally.wrong.append(f"{knock.sound}: {type(error).__name__}: {error}")
            return
        queued, door.queue.events = len(door.queue.events), []
        tally.statuses[answer.status] += 1
        tally.queued += queued
        taken = answer.status in TAKEN and knock.request.method == "POST"
        if (
            answer.status not in STATUSES
            or (queued and not taken)
            or (taken and (knock.bad or unreadable(knock)))
        ):
            tally.wrong.append(
                f"{knock.sound}: {answer.status} {answer.body[:200]!r}, {queued} queued: {knock}"[:600]
            )


def unreadable(knock: Knock) -> bool:
    """By the standard library: what has to be JSON or XML is none. A binary event's data may be anything."""
    request = knock.request
    if knock.system == "salesforce" and request.media_type == "text/xml":
        try:
            ET.fromstring(request.body)
        except (ET.ParseError, ValueError, LookupError):
            return True
    elif "json" in request.media_type and "ce-specversion" not in request.headers:
        try:
            json.loads(request.body.decode("utf-8"))
        except (ValueError, RecursionError):
            return True
    return False
