"""Tokens of Entra ID: signed by one of the directory's keys, for us, by an application that may push.

    signature   RS256, by a key of <authority>/<tenant>/discovery/v2.0/keys, asked for once and kept
    iss, tid    that directory, in tokens of either version
    aud         the hub's app registration
    azp, appid  one of the applications that may push
    exp, nbf    by the hub's clock, with a minute for clocks that differ

A key that nobody knows is asked for again, but seldom: a stranger's tokens must not make the hub ask for
each. All are asked for again daily, so that one that was taken back ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt

from shared.adapters.http import Http
from shared.model.errors import Unavailable
from shared.push.exchange import Request
from shared.push.schemes import Proof, Scheme, bearer, unproven

SECOND = 1_000_000
SELDOM = 300 * SECOND
DAILY = 86_400 * SECOND
LEEWAY = 60
LONGEST = 16_384
"""Characters of a token."""
CHECKED = {
    "verify_signature": True,
    "verify_aud": True,
    "require": ["exp", "iss", "aud"],
    "verify_exp": False,  # these by our own clock
    "verify_nbf": False,
    "verify_iat": False,
}


class Keys:
    """The directory's public keys, by their ids."""

    def __init__(self, http: Http, tenant: str, clock: Callable[[], int]) -> None:
        self._http, self._path, self._clock = http, f"/{tenant}/discovery/v2.0/keys", clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._asked = -DAILY
        self._door = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Raises Unavailable where the directory does not answer, and no key of it is known."""
        async with self._door:
            if self._clock() - self._asked >= (DAILY if key_id in self._keys else SELDOM):
                await self._ask()
        return self._keys.get(key_id)

    async def _ask(self) -> None:
        answer = await self._http.request("GET", self._path, repeatable=True)
        self._asked = self._clock()
        self._keys = _keys(answer.json(dict)) or self._keys

    async def close(self) -> None:
        await self._http.close()


def _keys(found: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    listed = found.get("keys")
    if not isinstance(listed, list):
        raise Unavailable("the directory's keys are of another shape", reason="MalformedAnswer")
    signing = [
        each for each in listed if isinstance(each, dict) and each.get("kty") == "RSA" and "kid" in each
    ]
    return {str(each["kid"]): jwt.PyJWK(each, algorithm="RS256") for each in signing}


class Entra(Scheme):
    def __init__(
        self,
        authority: str,
        tenant: str,
        audience: str,
        clients: Sequence[str],
        keys: Keys,
        clock: Callable[[], int],
    ) -> None:
        self._issuers = [f"{authority}/{tenant}/v2.0", f"https://sts.windows.net/{tenant}/"]
        self._tenant, self._clients, self._keys, self._clock = tenant, frozenset(clients), keys, clock
        self._audiences = [audience, f"api://{audience}"]

    async def prove(self, request: Request) -> Proof:
        try:
            claims = await self._claims(bearer(request))
            known = bool(claims) and self._timely(claims) and self._may_push(claims)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):  # of a token that a stranger made up
            known = False
        if not known:
            raise unproven()
        return Proof()

    async def close(self) -> None:
        await self._keys.close()

    async def _claims(self, token: str) -> Mapping[str, Any]:
        """What the token says, once its signature holds."""
        header = jwt.get_unverified_header(token) if len(token) <= LONGEST else {}
        signed = header.get("alg") == "RS256"
        key = await self._keys.find(str(header.get("kid"))) if signed else None
        if key is None:
            return {}
        found: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=self._audiences,
            issuer=self._issuers,
            options=CHECKED,  # type: ignore[arg-type] # a dict of constants, which the stubs want typed
        )
        return found

    def _timely(self, claims: Mapping[str, Any]) -> bool:
        now = self._clock() // SECOND
        return int(claims["exp"]) + LEEWAY > now and int(claims.get("nbf", 0)) - LEEWAY <= now

    def _may_push(self, claims: Mapping[str, Any]) -> bool:
        """In tokens of the first version the application is called `appid`."""
        known = claims.get("azp") or claims.get("appid")
        return (
            isinstance(known, str)
            and known in self._clients
            and claims.get("tid", self._tenant) == self._tenant
        )
