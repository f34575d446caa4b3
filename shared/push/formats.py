"""The formats of a system: its own, by media type, and CloudEvents, which any sender may speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.push.cloudevents import BATCH, PREFIX, STRUCTURED, CloudEvents
from shared.push.exchange import Reader, Request


@dataclass(frozen=True)
class Formats:
    """What a system may push in."""

    cloudevents: CloudEvents
    own: Mapping[str, Reader] = field(default_factory=dict)

    def reader(self, request: Request) -> Reader | None:
        """None where nothing here reads it."""
        if f"{PREFIX}specversion" in request.headers or request.media_type in {STRUCTURED, BATCH}:
            return self.cloudevents.read
        return self.own.get(request.media_type)

    @property
    def media_types(self) -> tuple[str, ...]:
        return (*self.own, STRUCTURED, BATCH)
