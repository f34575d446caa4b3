"""What a system's door must be told. Each setting is a variable named for the system: LMS_PUSH_SCHEME, …"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from standardwebhooks import Webhook

from shared.adapters.credentials import read_settings

SHORTEST = 24
"""Characters of a key: what is shorter can be guessed."""


class SchemeName(StrEnum):
    """How a sender proves who it is."""

    STANDARD_WEBHOOKS = "standard-webhooks"
    KEY = "key"
    ENTRA = "entra"


def _listed(given: Any) -> Any:
    return [each for each in re.split(r"[\s,\[\]\"]+", given) if each] if isinstance(given, str) else given


def _network(given: Any) -> Any:
    try:
        return ip_network(given)
    except ValueError:
        raise ValueError("not an address range such as 203.0.113.0/24") from None


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Listed = BeforeValidator(_listed)


class Settings(BaseModel):
    """The door of one system. Without a scheme there is none."""

    model_config = ConfigDict(frozen=True)

    push_scheme: SchemeName | None = Field(
        default=None,
        description="how what it pushes is known to be its own: standard-webhooks, key or entra; without"
        " one it has no door",
    )
    push_secret: SecretStr | None = Field(
        default=None,
        description="the signing secret (whsec_…) or the key; two with a blank between, while it is changed",
    )
    push_networks: Annotated[tuple[Network, ...], Listed] = Field(
        default=(),
        description="address ranges that it pushes from, with commas between; none: from anywhere",
    )
    push_tenant: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{36}$",
        description="the directory (tenant) id whose tokens are taken (entra)",
    )
    push_audience: str | None = Field(
        default=None, description="whom a token must be for: the hub's app registration (entra)"
    )
    push_clients: Annotated[tuple[str, ...], Listed] = Field(
        default=(),
        description="application (client) ids that may push, with commas between (entra)",
    )
    push_authority: str = Field(
        default="https://login.microsoftonline.com",
        pattern=r"^https?://[^/?#@\s]+$",
        description="where the keys of tokens come from; another one for a national cloud (entra)",
    )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret; the old and the new one while it is changed."""
        return tuple(self.push_secret.get_secret_value().split()) if self.push_secret else ()

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.push_scheme is SchemeName.ENTRA:
            lacking = [
                name for name in ("push_tenant", "push_audience", "push_clients") if not getattr(self, name)
            ]
            if lacking:
                raise ValueError(f"Tokens are taken from nobody yet: set {_named(lacking)}")
        elif self.push_scheme is not None:
            _check(self.push_scheme, self.secrets)
        return self


def _named(fields: list[str]) -> str:
    return ", ".join(f"the variable ending in _{field.upper()}" for field in fields)


def _check(scheme: SchemeName, secrets: tuple[str, ...]) -> None:
    """What is wrong with a secret, without a word of what it is."""
    if not 1 <= len(secrets) <= 2:
        raise ValueError(f"{_named(['push_secret'])} holds one secret, or two while it is changed")
    if scheme is SchemeName.KEY and min(map(len, secrets)) < SHORTEST:
        raise ValueError(f"{_named(['push_secret'])}: a key has at least {SHORTEST} characters")
    if scheme is SchemeName.STANDARD_WEBHOOKS and not all(map(_signs, secrets)):
        raise ValueError(
            f"{_named(['push_secret'])} is no signing secret: whsec_ and 24 to 64 bytes in base64"
        )


def _signs(secret: str) -> bool:
    try:
        return 24 <= len(Webhook(secret)._whsecret) <= 64  # noqa: SLF001 - the package decodes it, and does not show it
    except Exception:  # noqa: BLE001 - the package lets through whatever base64 says of a wrong one
        return False


def read(system: str, environment: Mapping[str, str] | None) -> Settings:
    """The settings of a system's door. Raises Misconfigured with what to set."""
    return read_settings(Settings, system, environment)
