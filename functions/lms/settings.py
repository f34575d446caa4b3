"""What this room must be told. Each setting is a variable named for the system: LMS_URL and so on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from shared.adapters.credentials import Token
from shared.adapters.signing import WANTED, SigningKey


def _signs(key: SecretStr) -> SecretStr:
    SigningKey.read(key.get_secret_value())
    return key


class Settings(BaseModel):
    """One LMS, and how to come in."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(
        pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$",
        description="the LMS's address without /api, for instance https://learn.example.com",
    )
    token: Token = Field(description="an API token with the right to read and write")
    page_size: int = Field(default=1000, ge=1, le=1000, description="rows asked for at once, 1 to 1000")
    overlap: int = Field(
        default=300,
        ge=0,
        description="seconds that each poll reads again; longer than the LMS's longest transaction",
    )
    at_once: int = Field(default=4, ge=1, le=16, description="calls under way at once, 1 to 16")
    launch_key: Annotated[SecretStr, AfterValidator(_signs)] | None = Field(
        default=None, description=f"signs links that let the CRM's users in: {WANTED}; without it, none"
    )
    launch_path: str = Field(
        default="/sso",
        pattern=r"^(/[A-Za-z0-9._~-]+)+$",
        description="where the LMS takes the token of a link, below its address",
    )
    launch_issuer: str = Field(default="crosswalk", min_length=1, description="who a link's token is from")
    launch_audience: str | None = Field(
        default=None, description="whom a link's token is for; unsaid, the LMS's address"
    )
    launch_domains: str = Field(
        default="",
        pattern=r"^[a-z0-9.-]*(, *[a-z0-9.-]+)*$",
        description="domains of users who may come by a link, with commas between; none: any",
    )
    launch_seconds: int = Field(default=60, ge=5, le=60, description="how long a link is good, 5 to 60")

    @property
    def domains(self) -> frozenset[str]:
        return frozenset(name for each in self.launch_domains.split(",") if (name := each.strip()))
