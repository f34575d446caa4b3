"""How urgent a flow's calls are, and how a system's budget of calls is kept.

systems:  salesforce: {kind: salesforce, budget: {reserve: 20%}}      a fifth is always left to people
flows:    - {entity: lead, from: lms, to: salesforce, priority: high}
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Priority(StrEnum):
    """Who may still call when calls get short: the lower classes wait for the higher."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return list(Priority).index(self)


class Budget(BaseModel):
    """How the calls of a system are kept within its limit.

    `reserve` is what the hub always leaves to people and other programs; `limit` is for a system that does
    not say its own, in calls of 24 hours: the hub then counts what it asks itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reserve: str = Field(default="20%", pattern=r"^\d{1,2}(\.\d+)?%$")
    limit: int | None = Field(default=None, ge=1)
    kept: bool = True

    def __str__(self) -> str:
        return f"{{reserve: {self.reserve}}}"

    @property
    def reserved(self) -> float:
        """The reserve as a fraction."""
        return float(self.reserve.rstrip("%")) / 100


def budgeted(value: Any) -> Any:
    """`off` alone keeps none."""
    return {"kept": False} if value is False or value == "off" else value
