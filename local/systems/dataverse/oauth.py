"""Who may come in: a directory's token endpoint, client credentials only, and tokens that end.

```
  GET  /{tenant}/v2.0/.well-known/openid-configuration     what msal asks first
  GET  /{tenant}/.well-known/openid-configuration          the same, for an OIDC authority
  POST /{tenant}/oauth2/v2.0/token                         scope={org}/.default
  POST /{tenant}/oauth2/token                              resource={org}, as older clients have it
```
msal refuses an authority that is not https; the simulator serves both.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from local.systems.dataverse.call import Answer
from local.systems.system import Clock

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_DISCOVERY: Final = "/.well-known/openid-configuration"
_TOKEN: Final = ("/oauth2/v2.0/token", "/oauth2/token")
DEFAULT_TENANT: Final = "11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True)
class Credentials:
    """The app registration whose application user calls: what a caller has to show."""

    client_id: str
    client_secret: str = field(repr=False)
    tenant: str = DEFAULT_TENANT


class DirectoryError(Exception):
    """The token endpoint refuses."""

    def __init__(self, status: int, error: str, number: int, description: str) -> None:
        super().__init__(f"AADSTS{number}: {description}")
        self.status = status
        self.body = {
            "error": error,
            "error_description": f"AADSTS{number}: {description}",
            "error_codes": [number],
        }


class Tokens:
    """Access tokens that are good for a while."""

    def __init__(self, random: Random, lasting: timedelta) -> None:
        self._random = random
        self.lasting = lasting
        self._ends: dict[str, datetime] = {}

    def open(self, now: datetime) -> str:
        self._ends = {token: end for token, end in self._ends.items() if end > now}
        token = "eyJ0" + "".join(self._random.choices(_ALPHABET, k=120))
        self._ends[token] = now + self.lasting
        return token

    def good(self, authorization: str, now: datetime) -> bool:
        scheme, _, token = authorization.partition(" ")
        end = self._ends.get(token.strip())
        return scheme.lower() == "bearer" and end is not None and end > now

    def close(self, authorization: str) -> None:
        self._ends.pop(authorization.partition(" ")[2].strip(), None)


class Directory:
    """What of login.microsoftonline.com an integration meets."""

    def __init__(self, credentials: Credentials, tokens: Tokens, clock: Clock) -> None:
        self._credentials = credentials
        self._tokens = tokens
        self._clock = clock

    def answer(self, request: httpx.Request, host: str) -> Answer | None:
        """None for what is not the directory's."""
        path = request.url.path
        tenant = path.strip("/").partition("/")[0]
        below = path.strip("/").removeprefix(tenant).removesuffix("/")
        if request.method == "GET" and below in {_DISCOVERY, "/v2.0" + _DISCOVERY}:
            return Answer(200, _discovered(f"{host}/{tenant}"), write=False)
        if request.method == "POST" and below in _TOKEN:
            try:
                return self._granted(tenant, below, request.content, host)
            except DirectoryError as error:
                return Answer(error.status, error.body, write=False)
        return None

    def challenge(self, host: str) -> dict[str, str]:
        """The header of a 401."""
        authority = f"{host}/{self._credentials.tenant}/oauth2/authorize"
        return {"WWW-Authenticate": f"Bearer authorization_uri={authority}, resource_id={host}/"}

    def _granted(self, tenant: str, below: str, body: bytes, host: str) -> Answer:
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        self._check(tenant, form)
        _check_scope(form.get("resource") if below == _TOKEN[1] else form.get("scope"), below, host)
        seconds = int(self._tokens.lasting.total_seconds())
        granted = {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": self._tokens.open(self._clock()),
        }
        return Answer(200, granted, {"Cache-Control": "no-store, no-cache"}, write=False)

    def _check(self, tenant: str, form: dict[str, str]) -> None:
        known = self._credentials
        if tenant.lower() != known.tenant.lower():
            raise DirectoryError(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            raise DirectoryError(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
        client = form.get("client_id", "")
        if client != known.client_id:
            message = f"Application with identifier '{client}' was not found in the directory."
            raise DirectoryError(400, "unauthorized_client", 700016, message)
        if not hmac.compare_digest(form.get("client_secret", "").encode(), known.client_secret.encode()):
            message = "Invalid client secret provided."
            raise DirectoryError(401, "invalid_client", 7000215, message)


def _check_scope(text: str | None, below: str, host: str) -> None:
    """The environment itself, by its host name, with the suffix of v2."""
    wanted = text or ""
    if below == _TOKEN[0]:
        if not wanted.endswith("/.default"):
            message = f"The provided request must include a scope that ends with /.default, not '{wanted}'."
            raise DirectoryError(400, "invalid_scope", 1002012, message)
        wanted = wanted.removesuffix("/.default")
    if urlsplit(wanted).netloc != urlsplit(host).netloc:
        message = f"The resource principal named {wanted} was not found in the tenant."
        raise DirectoryError(400, "invalid_resource", 500011, message)


def _discovered(authority: str) -> dict[str, Any]:
    return {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
    }
