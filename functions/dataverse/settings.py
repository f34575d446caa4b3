"""What this room must be told. Each setting is a variable named for the system: CRM_URL and so on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

ADDRESS = r"^(https://[^/?#@\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?)/?$"
"""A secret leaves this machine encrypted, or not at all."""


def _bare(address: str) -> str:
    return address.rstrip("/")


Address = Annotated[str, AfterValidator(_bare)]


class Settings(BaseModel):
    """One environment, and how to come in: as an application user, by client credentials."""

    model_config = ConfigDict(frozen=True)

    url: Address = Field(
        pattern=ADDRESS,
        description="the environment's address, for instance https://example.crm4.dynamics.com",
    )
    tenant: str = Field(
        pattern=r"^[A-Za-z0-9.-]+$",
        description="the directory (tenant) of the app registration: its id or domain",
    )
    client_id: str = Field(description="the application (client) id of the app registration")
    client_secret: SecretStr = Field(description="a client secret of the app registration")
    authority: Address = Field(
        default="https://login.microsoftonline.com",
        pattern=ADDRESS,
        description="where tokens come from; another one for a national cloud",
    )
    api_version: str = Field(
        default="9.2", pattern=r"^9\.\d$", description="a version of the Web API, such as 9.2"
    )
    page_size: int = Field(default=5000, ge=1, le=5000, description="rows asked for at once, 1 to 5000")
    batch_size: int = Field(default=500, ge=1, le=1000, description="records written in one call, 1 to 1000")
    at_once: int = Field(default=4, ge=1, le=16, description="calls under way at once, 1 to 16")
    unit_group: str = Field(
        default="Default Unit",
        min_length=1,
        description="the name of the unit group that new units belong to",
    )
