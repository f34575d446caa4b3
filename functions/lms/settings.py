"""What this room must be told. Each setting is a variable named for the system: LMS_URL and so on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from shared.adapters.credentials import Token


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
