"""Where a room goes on reading is its own: a dataclass of the room's, which everyone else keeps as text."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from shared.model.errors import Misconfigured

Mark = TypeVar("Mark")


def written(mark: Any) -> str:
    return msgspec.json.encode(mark).decode()


def read(kind: type[Mark], text: str, system: str) -> Mark:
    """What `written` wrote. Raises Misconfigured where that was not this system's."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        raise Misconfigured(
            f"A stored watermark is not one of {system}'s: clear it to read everything again",
            reason="BadWatermark",
        ) from None
