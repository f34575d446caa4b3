"""Where a room goes on reading is its own: a dataclass of the room's, which everyone else keeps as text."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Mark = TypeVar("Mark", bound="DataclassInstance")


def written(mark: DataclassInstance) -> str:
    return orjson.dumps(asdict(mark)).decode()


def read(kind: type[Mark], text: str, system: str) -> Mark:
    """What `written` wrote. Raises Misconfigured where that was not this system's."""
    try:
        mark: Mark = _reader(kind).validate_json(text)
    except ValidationError:
        raise Misconfigured(
            f"A stored watermark is not one of {system}'s: clear it to read everything again",
            reason="BadWatermark",
        ) from None
    return mark


@cache
def _reader(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
