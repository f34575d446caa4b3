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

from shared.adapters.signing import SigningKey
from shared.pipeline.ports import Clock
from shared.push.exchange import Refused, Request, Response, json_answer, problem

USER = "X-Launch-User"
COURSE = "course"
HOME = "/"
LONGEST_ADDRESS = 254
"""Of an e-mail address, as mail itself has it."""

_USER = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_COURSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SECOND = 1_000_000
GUARDED = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


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

    def answer(self, request: Request) -> Response:
        """The link as JSON, or as a redirection for who asks for a page; 400 with what is wrong."""
        try:
            user, target = self._user(request.headers), _target(request.query)
        except Refused as refused:
            return refused.answer
        url, expires = self._link(user, target)
        if "text/html" in request.headers.get("accept", ""):
            return Response(302, {**GUARDED, "Location": url})
        told = {"url": url, "expires_at": datetime.fromtimestamp(expires, UTC).isoformat()}
        return json_answer(200, told, GUARDED)

    def _user(self, headers: Mapping[str, str]) -> str:
        user = _user(headers)
        if self.domains and user.rpartition("@")[2] not in self.domains:
            raise _odd(header=USER, detail="is of a domain whose users do not come by a link")
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
        raise _odd(
            header=USER, detail="is missing: the e-mail address of the user who is signed in to the CRM"
        )
    if len(user) > LONGEST_ADDRESS or not _USER.fullmatch(user):
        raise _odd(header=USER, detail="is not one e-mail address")
    return user


def _target(query: Mapping[str, str]) -> str:
    """The page, from what may be asked for."""
    if "code" in query:
        raise _odd(
            parameter="code",
            detail="a key in the address is kept by logs: send it as the header x-functions-key",
        )
    if any(name != COURSE for name in query):
        raise _odd(detail=f"there is one parameter, {COURSE}")
    course = query.get(COURSE)
    if course is None:
        return HOME
    if not _COURSE.fullmatch(course):
        raise _odd(parameter=COURSE, detail="is not the id of a course: up to 64 letters, digits, - and _")
    return f"/courses/{course}"


def _odd(detail: str, **where: str) -> Refused:
    """Which part of a request is wrong, and how; never what it held."""
    return Refused(
        problem(
            400, "The request is not as it should be.", headers=GUARDED, errors=[{"detail": detail, **where}]
        )
    )
