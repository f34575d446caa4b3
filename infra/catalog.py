"""What the templates must know of the code: `code.json`, read off the code itself.

    python -m infra.catalog     writes it anew

hub        the hub's settings
kinds      for each room its settings, which of them are secrets, and which of these must be there
doors      the HTTP routes that are called with a key or a signature, hence by systems and not by people

Bicep reads it beside `topology.yaml`: so a system that is added there gets its settings and its secrets,
and a setting that is added to a room is a setting in the cloud. A test compares it with the code.
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, create_model

from shared import settings as hub
from shared.push import settings as push

PROJECT = Path(__file__).parent.parent
FILE = PROJECT / "infra" / "code.json"
ROUTE = re.compile(r"\.route\(\s*(?:route=)?f?\"([^\"]+)\"")


def catalog() -> dict[str, Any]:
    return {
        "hub": [*hub.Settings.model_fields],
        "kinds": {kind: described(settings_of(kind)) for kind in kinds()},
        "doors": doors(),
    }


def kinds() -> list[str]:
    """The rooms that must be told something."""
    return sorted(path.parent.name for path in (PROJECT / "functions").glob("*/settings.py"))


def settings_of(kind: str) -> type[BaseModel]:
    """What a system of this kind is told: its room's settings, and those of its door."""
    room: type[BaseModel] = importlib.import_module(f"functions.{kind}.settings").Settings
    return create_model("Settings", __base__=(push.Settings, room))


def described(model: type[BaseModel]) -> dict[str, list[str]]:
    """The names of a room's settings; secrets apart."""
    secret = [name for name, field in model.model_fields.items() if _is_secret(field.annotation)]
    return {
        "settings": [name for name in model.model_fields if name not in secret],
        "secrets": secret,
        "required": [name for name in secret if model.model_fields[name].is_required()],
    }


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(each) for each in get_args(annotation))


def doors() -> list[str]:
    """Routes for systems. The operators' room is for people: they sign in."""
    files = sorted((PROJECT / "functions").rglob("triggers.py"))
    texts = [file.read_text(encoding="utf-8") for file in files if file.parent.name != "operations"]
    routes = [found for text in texts for found in ROUTE.findall(text)]
    return sorted({f"/api/{open_path(route)}" for route in routes})


def open_path(route: str) -> str:
    """`arrivals/{system}` is any path below `arrivals`."""
    fixed, brace, _ = route.partition("{")
    return f"{fixed.rstrip('/')}/*" if brace else route


def written() -> str:
    return json.dumps(catalog(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
