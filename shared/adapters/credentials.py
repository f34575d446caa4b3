"""What we show at another system's door: settings from the environment, grants, and the token they give.

    read_settings   one model of settings, by the system's name: `crm` reads CRM_URL, CRM_CLIENT_ID, ...
    Grant           what is sent to a token endpoint: client credentials, or a signed assertion (JWT bearer)
    Session         the token, asked for once, and once more when it is refused

Secrets are `SecretStr` until the moment they are sent: neither an error nor a log line shows one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

import jwt
from pydantic import AfterValidator, BaseModel, SecretStr, ValidationError

from shared.model.errors import Misconfigured

Settings = TypeVar("Settings", bound=BaseModel)


def _sendable(token: SecretStr) -> SecretStr:
    """A token travels in a header; what a header does not take is refused before an error can quote it."""
    text = token.get_secret_value()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a token has no blanks, line ends or letters beyond ASCII")
    return token


Token = Annotated[SecretStr, AfterValidator(_sendable)]
"""A secret that is sent as it is, in a header."""


UNRESOLVED = "@Microsoft.KeyVault("
"""How a reference into a vault begins. Azure leaves its text where it finds no secret there."""


def read_settings(model: type[Settings], system: str, environment: Mapping[str, str] | None) -> Settings:
    """A system's settings; all that is missing or wrong is said at once, by the variables' names.

    An empty variable is a missing one, so that a template can name it without a value.
    """
    given = os.environ if environment is None else environment
    names = {field: variable(system, field) for field in model.model_fields}
    values = {field: given[name] for field, name in names.items() if given.get(name)}
    if lost := [names[field] for field, value in values.items() if value.startswith(UNRESOLVED)]:
        raise Misconfigured(
            f"no secret in the vault for {', '.join(lost)}: set it there, and let the app's identity read it",
            reason="WrongSettings",
        )
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Misconfigured(_explained(model, system, error), reason="WrongSettings") from None


def variable(system: str, field: str) -> str:
    return f"{system}_{field}".upper().replace("-", "_")


def _explained(model: type[BaseModel], system: str, error: ValidationError) -> str:
    """One line for each variable: its name, what is wrong, what to set. Never what it held."""
    lines = [f"The settings of {system!r} are not complete:"]
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        if not fault["loc"]:
            lines.append(f"  {fault['msg'].removeprefix('Value error, ')}")
            continue
        field = str(fault["loc"][0])
        said = fault["msg"].removeprefix("Value error, ")
        wrong = "is missing" if fault["type"] == "missing" else f"is wrong ({said})"
        lines.append(f"  {variable(system, field)} {wrong}: {model.model_fields[field].description}")
    return "\n".join(lines)


class Grant(Protocol):
    """What a token endpoint is given."""

    def form(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """We are who knows the secret."""

    client_id: str
    client_secret: SecretStr

    def form(self) -> Mapping[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret.get_secret_value(),
        }


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """We are who can sign: a short-lived assertion in place of a secret that travels."""

    client_id: str
    username: str
    private_key: SecretStr
    audience: str
    clock: Callable[[], int]
    seconds: int = 180

    def form(self) -> Mapping[str, str]:
        claims = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience,
            "exp": self.clock() // 1_000_000 + self.seconds,
        }
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode(claims, self._key(), algorithm="RS256"),
        }

    def _key(self) -> str:
        """A key in a variable of one line has its line ends written out."""
        return self.private_key.get_secret_value().replace("\\n", "\n")


class Session:
    """A token that is asked for when it is first needed, and again when it has been refused."""

    def __init__(self, login: Callable[[], Awaitable[str]]) -> None:
        self._login = login
        self._token: str | None = None
        self._door = asyncio.Lock()

    async def token(self, *, refused: str | None = None) -> str:
        """The token; a new one where `refused` is the one that we have.

        Many calls may find out at once that a token has expired: one of them logs in.
        """
        async with self._door:
            if self._token is None or self._token == refused:
                self._token = await self._login()
            return self._token
