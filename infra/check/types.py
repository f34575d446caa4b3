"""What Azure takes, from `types.json`: types of resources, their versions, and what they are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parent / "types.json"
PLAIN = {"str": "string", "int": "int", "float": "int", "bool": "bool", "any": "any"}


class Kind(NamedTuple):
    """A type of resource: the version that we know, the models of its body and of what Azure answers."""

    version: str
    model: str
    answer: str


@cache
def known() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@cache
def kinds() -> Mapping[str, Kind]:
    """Types by their names in small letters, for Azure does not tell case apart in them."""
    return {name.lower(): Kind(**each) for name, each in known()["resources"].items()}


def kind(type_: str, name: str | None) -> Kind | None:
    """The type of a resource; of some types each name is one of its own, as `config` `appsettings`."""
    return kinds().get(type_.lower()) or kinds().get(f"{type_}={name}".lower())


def names() -> list[str]:
    return [name.partition("=")[0] for name in known()["resources"]]


def properties(model: str) -> Mapping[str, Any]:
    """Property → its type, and whether it is required or read-only."""
    found: Mapping[str, Any] = known()["models"][model].get("properties", {})
    return found


def variant(model: str) -> tuple[str, Mapping[str, str]] | None:
    """Where a model is one of several: the property that says which, and value → model."""
    found = known()["models"][model]
    return (found["discriminator"], found["variants"]) if "variants" in found else None


def plain(type_: Any) -> str:
    """The kind of value that a type takes, in the words of Bicep."""
    if isinstance(type_, str):
        return PLAIN[type_]
    return {"list": "array", "map": "object", "model": "object", "enum": "string"}[next(iter(type_))]
