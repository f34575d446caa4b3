"""A token by client credentials, asked for by Microsoft's own library.

    Login ── msal, in a thread of its own ── Door ── Http ──> the authority

msal is synchronous and would speak through a library of its own. The door hands its requests to our `Http`
instead, so that a token is asked for with our limits, over the transport that a test hands in. It passes on
paths only: nothing but the authority of the settings is ever asked, whatever a discovery document says.
msal insists on https in an address; how the door speaks, the settings say (http on this machine), and msal is
shown what it wants to see.

An application is made for each login: the session keeps the token, and nothing else is worth keeping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import msal

from shared.adapters.http import Answer, Http, judged
from shared.model.errors import IntegrationError, Misconfigured, Transient


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in the shape that msal reads."""

    status_code: int
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Door:
    """msal's way out. Called in its thread; the requests run in the loop that everything else runs in."""

    http: Http
    loop: asyncio.AbstractEventLoop

    def get(self, url: str, **more: Any) -> Reply:
        return self._request("GET", url, **more)

    def post(self, url: str, **more: Any) -> Reply:
        return self._request("POST", url, **more)

    def _request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        form = {name: value for name, value in (data or {}).items() if value is not None}
        asking = self.http.request(
            method,
            urlsplit(url).path,
            params=params,
            headers={**(headers or {}), **({"Content-Type": FORM} if form else {})},
            content=urlencode(form).encode(),
            repeatable=True,
            judge=_judge,
        )
        answer = asyncio.run_coroutine_threadsafe(asking, self.loop).result()
        text = answer.body.decode("utf-8", "replace").replace('"http://', '"https://')
        return Reply(answer.status, text, dict(answer.headers))


FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are for one environment."""

    http: Http
    authority: str
    client_id: str
    client_secret: str
    scope: str

    def __repr__(self) -> str:
        return f"Login({self.client_id})"

    async def __call__(self) -> str:
        door = Door(self.http, asyncio.get_running_loop())
        said = await asyncio.to_thread(self._asked, door)
        if "access_token" not in said:
            raise _refused(said)
        return str(said["access_token"])

    def _asked(self, door: Door) -> Mapping[str, Any]:
        try:
            application = msal.ConfidentialClientApplication(
                self.client_id,
                client_credential=self.client_secret,
                authority="https:" + self.authority.partition(":")[2],
                instance_discovery=False,  # the settings name the authority, and nobody else has a say
                http_client=door,
            )
            said: Mapping[str, Any] = application.acquire_token_for_client([self.scope])
        except ValueError:
            raise Misconfigured(
                "The authority knows no such tenant: check the variable ending in _TENANT",
                reason="WrongTenant",
            ) from None
        return said


def _judge(answer: Answer) -> IntegrationError | None:
    """What msal cannot judge; refusals it reads itself."""
    error = judged(answer)
    return error if isinstance(error, Transient) else None


def _refused(said: Mapping[str, Any]) -> Misconfigured:
    code = str(said.get("error", "no token"))
    numbers = ", ".join(f"AADSTS{number}" for number in said.get("error_codes") or ())
    return Misconfigured(
        f"Entra ID gives no token ({code}{', ' if numbers else ''}{numbers}): check the variables ending in"
        " _CLIENT_ID and _CLIENT_SECRET",
        reason=code,
    )
