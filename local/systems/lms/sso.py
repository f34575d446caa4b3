"""The LMS's single sign-on: `GET /sso?token=` opens a session for a user whom a trusted party sends.

| what is wrong with the token                                   | answer                  |
|----------------------------------------------------------------|-------------------------|
| none, too long, no JWT                                         | 400 `malformed_token`   |
| signed by a key that is not trusted, or with another algorithm | 401 `unknown_key`       |
| its signature                                                  | 401 `bad_signature`     |
| `iss`, `aud`                                                   | 401 `wrong_issuer`, `wrong_audience` |
| a claim is missing or of the wrong type                        | 401 `incomplete`        |
| `exp` has passed, `iat` is ahead                               | 401 `expired`, `not_yet_valid` |
| more than 60 s between the two                                 | 401 `lives_too_long`    |
| its `jti` has been used                                        | 401 `used`              |
| `target` is neither the home page nor a course                 | 403 `target_not_allowed` |
| `sub` is nobody, or somebody who has left                      | 403 `unknown_user`      |

Else 302 to the target, with a session as a cookie. The token is used up only then, for good: what was used
is kept with the rows until the token would have expired anyway. Several keys may be trusted, so that one can
follow another. The address with the token in it is in no log.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

import httpx
import jwt
from jwt.types import Options

from local.systems.lms.answers import Refused
from local.systems.rows import Rows
from local.systems.system import Clock, noted

PATH: Final = "/sso"
LONGEST_LIFE: Final = 60
AHEAD: Final = 5
"""Seconds that the sender's clock may be ahead of ours."""
LONGEST_TOKEN: Final = 4096
SESSIONS: Final = 1000
"""Kept at once; the oldest give way."""
_CLAIMS: Final[Mapping[str, type]] = {"sub": str, "jti": str, "target": str, "iat": int, "exp": int}
_TARGET: Final = re.compile(r"/|/courses/[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_USED: Final = "used launch tokens"
_COOKIE: Final = "lms_session"
_PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True)
class Trust:
    """Whose tokens are taken, and for whom they must be."""

    issuer: str
    audience: str
    keys: tuple[jwt.PyJWK, ...] = ()
    """Public ones; a token names its key by `kid`."""

    def key(self, token: str) -> jwt.PyJWK:
        header = _header(token)
        for key in self.keys:
            if key.key_id == header.get("kid") and key.algorithm_name == header.get("alg"):
                return key
        raise _refused("unknown_key", "no key of this id signs so here")


class SingleSignOn:
    """`known` says whether somebody with this address may come in."""

    def __init__(
        self, rows: Rows, clock: Clock, random: Random, trust: Trust, known: Callable[[str], bool]
    ) -> None:
        self.trust = trust
        self._rows, self._clock, self._random, self._known = rows, clock, random, known
        self._sessions: dict[str, str] = {}

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        """None for what is no page of people."""
        if request.method != "GET":
            return None
        if request.url.path != PATH:
            return self._page(request) if _TARGET.fullmatch(request.url.path) else None
        request.extensions["logged_path"] = PATH
        try:
            return self._enter(request)
        except Refused as refused:
            refused.answer.headers.update(_PRIVATE)
            return refused.answer

    def _enter(self, request: httpx.Request) -> httpx.Response:
        claims = self._claims(request.url.params.get("token", ""))
        session = f"{self._random.getrandbits(256):064x}"
        self._rows.put(_USED, claims["jti"], {"exp": claims["exp"]})
        self._open(session, claims["sub"])
        secure = "; Secure" if request.url.scheme == "https" else ""
        cookie = f"{_COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax{secure}"
        return noted(
            httpx.Response(302, headers={**_PRIVATE, "Location": claims["target"], "Set-Cookie": cookie}),
            write=True,
        )

    def _page(self, request: httpx.Request) -> httpx.Response:
        user = self._sessions.get(_cookie(request))
        if user is None:
            return httpx.Response(401, html="<h1>Please come in by your CRM</h1>", headers=_PRIVATE)
        page = f"<h1>{html.escape(request.url.path)}</h1><p>{html.escape(user)} is logged in</p>"
        return httpx.Response(200, html=page, headers=_PRIVATE)

    def _open(self, session: str, user: str) -> None:
        self._sessions[session] = user
        while len(self._sessions) > SESSIONS:
            del self._sessions[next(iter(self._sessions))]

    # The token, one worry after the other

    def _claims(self, token: str) -> dict[str, Any]:
        claims = self._signed(token)
        self._check_time(claims)
        self._check_use(claims)
        if not _TARGET.fullmatch(claims["target"]):
            raise _refused("target_not_allowed", "there is no such page to be sent to", 403)
        if not self._known(claims["sub"]):
            raise _refused("unknown_user", "nobody with this address may come in", 403)
        return claims

    def _signed(self, token: str) -> dict[str, Any]:
        key, trust = self.trust.key(token), self.trust
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=trust.audience,
                issuer=trust.issuer,
                options=_TIMELESS,
            )
        except jwt.InvalidTokenError as error:
            raise _of(error) from None
        if any(type(claims.get(name)) is not kind for name, kind in _CLAIMS.items()):
            raise _refused("incomplete", f"a token has {', '.join(_CLAIMS)}")
        return claims

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        now = self._clock().timestamp()
        if claims["exp"] <= now:
            raise _refused("expired", "the link is too old")
        if claims["iat"] > now + AHEAD:
            raise _refused("not_yet_valid", "the link is from the future")
        if not 0 < claims["exp"] - claims["iat"] <= LONGEST_LIFE:
            raise _refused("lives_too_long", f"a link is good for {LONGEST_LIFE} s at most")

    def _check_use(self, claims: Mapping[str, Any]) -> None:
        self._forget(self._clock())
        if not claims["jti"] or claims["jti"] in self._rows.table(_USED):
            raise _refused("used", "the link has been used")

    def _forget(self, now: datetime) -> None:
        """What has expired is refused for that, whether it was used or not."""
        gone = [jti for jti, row in self._rows.table(_USED).items() if row["exp"] <= now.timestamp()]
        for jti in gone:
            self._rows.delete(_USED, jti)


_TIMELESS: Final[Options] = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
"""The LMS has a clock of its own, which tests move."""


def _header(token: str) -> Mapping[str, Any]:
    try:
        if len(token) > LONGEST_TOKEN:
            raise jwt.DecodeError
        return jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise _refused("malformed_token", "there is no token", 400) from None


def _of(error: jwt.InvalidTokenError) -> Refused:
    match error:
        case jwt.InvalidAudienceError() | jwt.MissingRequiredClaimError(claim="aud"):
            return _refused("wrong_audience", "the link is for somebody else")
        case jwt.InvalidIssuerError() | jwt.MissingRequiredClaimError(claim="iss"):
            return _refused("wrong_issuer", "the link is from somebody else")
        case jwt.InvalidSignatureError():
            return _refused("bad_signature", "the link is not as it was signed")
        case _:
            return _refused("incomplete", "the link cannot be read")


def _refused(code: str, message: str, status: int = 401) -> Refused:
    return Refused(status, code, message)


def _cookie(request: httpx.Request) -> str:
    pairs = (part.strip().partition("=") for part in request.headers.get("Cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == _COOKIE), "")
