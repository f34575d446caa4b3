"""Who may come in: the token endpoint, and sessions that end without having said when.

- Client credentials: id and secret, in a Basic header or in the form.
- JWT bearer: an assertion signed with RS256; `iss` the client, `sub` the user, `aud` the login host, `exp`
  a few minutes ahead.

An answer has no `expires_in`. A session that has ended meets 401 INVALID_SESSION_ID, and the caller logs in
again.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import unquote

import jwt
from jwt.types import Options

from local.systems.salesforce.call import Answer, params_of
from local.systems.salesforce.errors import ApiError, OAuthError
from local.systems.salesforce.ids import DIGITS
from local.systems.salesforce.org import INTEGRATION_USER, ORG_ID, USER_ID

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES: Final = ("https://login.salesforce.com", "https://test.salesforce.com")


_TIMES_UNCHECKED: Final[Options] = {
    "verify_exp": False,
    "verify_aud": False,
    "verify_iat": False,
    "verify_nbf": False,
}


@dataclass(frozen=True)
class Credentials:
    """The connected app: what a caller has to show."""

    client_id: str
    client_secret: str = field(repr=False)
    public_key: str | None = None
    """PEM; without it the JWT bearer flow is closed."""
    username: str = INTEGRATION_USER


class Sessions:
    """Access tokens that are good for a while."""

    def __init__(self, random: Random, lasting: timedelta) -> None:
        self._random = random
        self._lasting = lasting
        self._ends: dict[str, datetime] = {}

    def open(self, now: datetime) -> str:
        self._ends = {token: end for token, end in self._ends.items() if end > now}
        secret = "".join(self._random.choices(DIGITS, k=80))
        token = f"{ORG_ID[:15]}!AQE{secret}"
        self._ends[token] = now + self._lasting
        return token

    def check(self, authorization: str, now: datetime) -> None:
        """Refuses a token that is unknown or has ended."""
        scheme, _, token = authorization.partition(" ")
        end = self._ends.get(token.strip())
        if scheme.lower() not in {"bearer", "oauth"} or end is None or end <= now:
            raise session_expired()

    def close(self, authorization: str) -> None:
        self._ends.pop(authorization.partition(" ")[2].strip(), None)


def session_expired() -> ApiError:
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid", {"WWW-Authenticate": "Token"})


class TokenEndpoint:
    """POST /services/oauth2/token."""

    def __init__(self, credentials: Credentials, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._credentials = credentials
        self._sessions = sessions
        self._clock = clock

    def answer(self, body: bytes, authorization: str, instance_url: str) -> Answer:
        form = params_of(body.decode("utf-8", "replace"))
        grant = form.get("grant_type")
        if grant == "client_credentials":
            self._check_secret(*_client(form, authorization))
        elif grant == JWT_BEARER:
            self._check_assertion(form.get("assertion", ""))
        else:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        return Answer(200, self._granted(instance_url), {"Cache-Control": "no-store"}, write=False)

    def _granted(self, instance_url: str) -> dict[str, Any]:
        now = self._clock()
        issued_at = str(int(now.timestamp() * 1000))
        identity = f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}"
        digest = hmac.digest(
            self._credentials.client_secret.encode(), (identity + issued_at).encode(), "sha256"
        )
        return {
            "access_token": self._sessions.open(now),
            "signature": base64.b64encode(digest).decode("ascii"),
            "scope": "api",
            "instance_url": instance_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
        }

    def _check_secret(self, client: str, secret: str) -> None:
        if client != self._credentials.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(secret.encode(), self._credentials.client_secret.encode()):
            raise OAuthError("invalid_client", "invalid client credentials")

    def _check_assertion(self, assertion: str) -> None:
        claims = self._claims(assertion)
        if claims.get("iss") != self._credentials.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in AUDIENCES:
            raise OAuthError("invalid_grant", "audience is invalid")
        if claims.get("sub") != self._credentials.username:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        self._check_expiry(claims.get("exp"))

    def _claims(self, assertion: str) -> dict[str, Any]:
        """What the assertion says; its times are checked against our own clock afterwards."""
        key = self._credentials.public_key or ""
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion, key, algorithms=["RS256"], options=_TIMES_UNCHECKED
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error
        return claims

    def _check_expiry(self, expiry: object) -> None:
        now = self._clock().timestamp()
        if not isinstance(expiry, int | float) or not now < expiry <= now + 300:
            raise OAuthError("invalid_grant", "assertion has expired or lasts longer than allowed")


def _client(form: dict[str, str], authorization: str) -> tuple[str, str]:
    """Client id and secret from a Basic header, else from the form."""
    if not authorization.lower().startswith("basic "):
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        text = base64.b64decode(authorization[6:], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthError("invalid_client", "invalid client credentials") from error
    client, _, secret = text.partition(":")
    return unquote(client), unquote(secret)
