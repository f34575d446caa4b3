"""A vendor's way of pushing. Each is written from the vendor's documentation: `<kind>/push.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import httpx
from pydantic import BaseModel, ConfigDict, Field

from local.systems.push.standing import Verdict
from local.systems.rows import Written


class Target(BaseModel):
    """Where to push: what `POST /_sim/push` takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(pattern=r"^https?://[^\s#]+$")
    secret: str = Field(min_length=1, repr=False)
    """A key that is shown, or one that signs, as the vendor does it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is to be said of one row; those of a group may go into one message."""

    key: str
    """The row's."""
    content: Any = None
    group: str = ""
    id: str = ""


@dataclass
class Message:
    """What is sent at once, and again until it is heard: the same `id` each time."""

    id: str
    notices: Sequence[Notice]
    made: datetime
    tries: int = 0
    met: bool = field(default=False, repr=False)
    """Whether faults have had their chance."""


class Manner(Protocol):
    """How a vendor pushes."""

    target: type[Target]
    together: int
    """Notices in a message, at most."""

    def notices(self, written: Sequence[Written], target: Target) -> list[Notice]:
        """What there is to say of these rows, in order."""
        ...

    def new_id(self) -> str:
        """Of a message."""
        ...

    def request(self, message: Message, target: Target, at: datetime) -> httpx.Request | None:
        """As it is sent at this time, with how long an answer may take; None where nothing is left to say."""
        ...

    def verdict(self, message: Message, answer: httpx.Response | None, at: datetime) -> Verdict:
        """What the answer means; None where none came. `message.tries` counts this one."""
        ...


def within(seconds: float) -> dict[str, Any]:
    """The extension of a request that gives up after so long."""
    return {"timeout": httpx.Timeout(seconds).as_dict()}
