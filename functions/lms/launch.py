"""The link by which a user of the CRM comes into the LMS, logged in: for a tab or a button in the CRM.

```
  browser ──> CRM's server ──> launch ──> {"url", "expires_at"}   the function's key, and who is signed in
     └──────────── url ──────────────────────────────> LMS        checks the token, and uses it up
```

Rules
- The CRM's server asks, never the browser. It has signed its user in and says who that is (`X-Launch-User`);
  the function's key proves that it is the CRM who says so. What a browser claims itself counts for nothing.
- Neither the key nor the user stands in the address, where logs keep it: a request that puts one there is
  refused.
- The token is signed with a key that the hub alone has, for this one LMS (`aud`), this user (`sub`) and this
  page (`target`), for a minute at most, with an id of its own (`jti`): the LMS takes it once.
- Pages are the home page and courses. No address is taken from the caller: there is none to be led astray to.
- Nothing here is logged; answers say that nobody may keep them or tell where they led.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from shared.adapters.signing import SigningKey
from shared.pipeline.ports import Clock, Reply

USER = "X-Launch-User"
COURSE = "course"
HOME = "/"
LONGEST_ADDRESS = 254
"""Of an e-mail address, as mail itself has it."""

_USER = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_COURSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SECOND = 1_000_000
_GUARDED = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Odd(Exception):
    """A request that gets no link: which part of it, and what is wrong there. Never what it held."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


@dataclass(frozen=True)
class Launch:
    """Makes links into one LMS."""

    address: str
    """Where the LMS takes the token."""
    key: SigningKey
    issuer: str
    audience: str
    domains: frozenset[str]
    """Of users' addresses; empty where any may come."""
    seconds: int
    clock: Clock
    new_id: Callable[[], str]

    def __call__(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """The link as JSON, or as a redirection for who asks for a page; 400 with what is wrong."""
        given = {name.lower(): value for name, value in headers.items()}
        try:
            user, target = self._user(given), _target(query)
        except Odd as odd:
            return _problem(odd)
        url, expires = self._link(user, target)
        if "text/html" in given.get("accept", ""):
            return Reply(302, {**_GUARDED, "Location": url})
        body = {"url": url, "expires_at": datetime.fromtimestamp(expires, UTC).isoformat()}
        return Reply(200, {**_GUARDED, "Content-Type": "application/json"}, orjson.dumps(body))

    def _user(self, headers: Mapping[str, str]) -> str:
        user = _user(headers)
        if self.domains and user.rpartition("@")[2] not in self.domains:
            raise Odd(USER, "is of a domain whose users do not come by a link")
        return user

    def _link(self, user: str, target: str) -> tuple[str, int]:
        now = self.clock() // _SECOND
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": user,
            "iat": now,
            "exp": now + self.seconds,
            "jti": self.new_id(),
            "target": target,
        }
        return f"{self.address}?token={self.key.sign(claims)}", now + self.seconds


def _user(headers: Mapping[str, str]) -> str:
    """In the one spelling in which the LMS knows addresses."""
    user = headers.get(USER.lower(), "").strip().lower()
    if not user:
        raise Odd(USER, "is missing: the e-mail address of the user who is signed in to the CRM")
    if len(user) > LONGEST_ADDRESS or not _USER.fullmatch(user):
        raise Odd(USER, "is not one e-mail address")
    return user


def _target(query: Mapping[str, str]) -> str:
    """The page, from what may be asked for."""
    if "code" in query:
        raise Odd("code", "a key in the address is kept by logs: send it as the header x-functions-key")
    if any(name != COURSE for name in query):
        raise Odd("query", f"there is one parameter, {COURSE}")
    course = query.get(COURSE)
    if course is None:
        return HOME
    if not _COURSE.fullmatch(course):
        raise Odd(COURSE, "is not the id of a course: up to 64 letters, digits, - and _")
    return f"/courses/{course}"


def _problem(odd: Odd) -> Reply:
    body = {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": odd.why,
        "where": odd.where,
    }
    return Reply(400, {**_GUARDED, "Content-Type": "application/problem+json"}, orjson.dumps(body))
