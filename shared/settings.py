"""The hub's own settings, read from the environment: CROSSWALK_STORE_URL and so on.

Each system's settings are its room's, and are named for the system: SALESFORCE_URL, LMS_TOKEN.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from shared.adapters.credentials import read_settings
from shared.pipeline.recoverability import Policy

PREFIX = "crosswalk"
BUS = "SERVICEBUS"
"""The connection's name in the triggers: a connection string, or SERVICEBUS__fullyQualifiedNamespace."""


class Settings(BaseModel):
    """How this hub runs."""

    model_config = ConfigDict(frozen=True)

    store_url: str = Field(
        repr=False,
        description="the store: sqlite:///path/hub.sqlite, or postgresql+psycopg://user@host/database",
    )
    store_identity: str | None = Field(
        default=None,
        description="client id of the managed identity that signs in to PostgreSQL, in place of a password",
    )
    topology: Path = Field(
        default=Path(__file__).parent.parent / "topology.yaml", description="the topology's file"
    )
    migrate: bool = Field(default=True, description="bring the store's tables up to date at the start")
    freshness: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="seconds between polls, in place of the flows' own; for a desk",
    )
    parent_wait: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="seconds to wait for a parent, in place of the flows' own; for a desk",
    )
    claim: float = Field(
        default=300,
        ge=5,
        allow_inf_nan=False,
        description="seconds that a handler may take for one round; at most the lock's",
    )
    lease: float = Field(
        default=300,
        ge=5,
        allow_inf_nan=False,
        description="seconds that a poll may take for a page; a killed one blocks so long",
    )
    retry_first: float = Field(
        default=2, gt=0, allow_inf_nan=False, description="seconds before the first retry"
    )
    retry_longest: float = Field(
        default=900, gt=0, allow_inf_nan=False, description="seconds between retries, at most"
    )
    retry_attempts: int = Field(default=12, ge=1, description="retries before a dead letter")

    def policy(self) -> Policy:
        """How patient delivery is."""
        return Policy(
            first=self.retry_first,
            longest=self.retry_longest,
            attempts=self.retry_attempts,
            parent_wait=self.parent_wait,
        )


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises Misconfigured with every variable that is missing or wrong, and what to set."""
    return read_settings(Settings, PREFIX, environment)
