"""What this room must be told. Each setting is a variable named for the system: SALESFORCE_URL and so on."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Settings(BaseModel):
    """One org, and how to come in: by a client secret, or as a user by a signed assertion."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="the org's My Domain address, for instance https://example.my.salesforce.com",
    )
    client_id: str = Field(description="the consumer key of the connected app")
    client_secret: SecretStr | None = Field(
        default=None, description="the consumer secret of the connected app (client credentials)"
    )
    username: str | None = Field(
        default=None, description="the user that the connected app acts as (JWT bearer)"
    )
    private_key: SecretStr | None = Field(
        default=None, description="the RSA key, in PEM, whose certificate the connected app has (JWT bearer)"
    )
    audience: str = Field(
        default="https://login.salesforce.com",
        description="https://login.salesforce.com, or https://test.salesforce.com for a sandbox (JWT bearer)",
    )
    api_version: str = Field(
        default="62.0", pattern=r"^\d{2,3}\.0$", description="a version of the REST API, such as 62.0"
    )
    page_size: int = Field(default=2000, ge=1, le=2000, description="rows asked for at once, 1 to 2000")
    overlap: int = Field(
        default=300,
        ge=0,
        description="seconds that each poll reads again; longer than the org's longest transaction",
    )
    bulk_threshold: int = Field(
        default=2000, ge=0, description="more writes of one kind than this go through Bulk API 2.0"
    )
    bulk_patience: int = Field(
        default=540, ge=1, description="seconds that a bulk job may take before it is given up"
    )
    lead_owner: str | None = Field(
        default=None,
        pattern=r"^005[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$",
        description="the id of the user who owns the leads that learners become; the user that we log in as,"
        " where it is not set",
    )
    at_once: int = Field(default=4, ge=1, le=16, description="calls under way at once, 1 to 16")
    push_organization: str | None = Field(
        default=None,
        pattern=r"^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$",
        description="the org's id (00D…): outbound messages of another org are refused",
    )

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if self.client_secret is None and (self.username is None or self.private_key is None):
            raise ValueError(
                "No way to log in: set the variable ending in _CLIENT_SECRET (client credentials), or those"
                " ending in _USERNAME and _PRIVATE_KEY (JWT bearer)"
            )
        return self
