"""What a parameter file tells of systems, of the hub and of its size: names that there are.

The templates look up what they need and leave the rest; so a misspelt name would be lost without a word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.check import modules
from infra.check.deployment import worked_out
from infra.check.faults import Fault, Place, nearest

SECRETS = "secrets"
"""The key under which a system names secrets."""


def faults(folder: Path) -> Iterator[Fault]:
    code = json.loads((folder / "code.json").read_text(encoding="utf-8"))
    topology = yaml.safe_load((folder.parent / "topology.yaml").read_text(encoding="utf-8"))
    sizes = worked_out(folder, "sizes")
    for path in sorted(folder.rglob("*.parameters.json")):
        text = path.read_text(encoding="utf-8")
        given = json.loads(text)["parameters"]
        found = [*_file_faults(given, code, topology["systems"]), *_sizing_faults(given, sizes)]
        for name, said in found:
            yield Fault(Place(path.relative_to(folder.parent), modules.line_of(text, name)), said)


Said = tuple[str, str]
"""A name in a parameter file, and what is wrong with it."""


def _file_faults(
    given: Mapping[str, Any], code: Mapping[str, Any], systems: Mapping[str, Any]
) -> Iterator[Said]:
    for name in given.get("hub", {}).get("value", {}):
        if name not in code["hub"]:
            yield name, f"the hub has no setting {name!r}{nearest(name, code['hub'])}"
    for system, told in given.get("systems", {}).get("value", {}).items():
        if system not in systems:
            yield system, f"the topology has no system {system!r}{nearest(system, systems)}"
        else:
            yield from _system_faults(system, told, code["kinds"][systems[system]["kind"]])


def _sizing_faults(given: Mapping[str, Any], sizes: Mapping[str, Any]) -> Iterator[Said]:
    known = next(iter(sizes.values()))
    for name in given.get("sizing", {}).get("value", {}):
        if name not in known:
            yield name, f"a size has no {name!r}{nearest(name, known)}"


def _system_faults(system: str, told: Mapping[str, Any], kind: Mapping[str, list[str]]) -> Iterator[Said]:
    for name in told:
        if name in kind["secrets"]:
            yield (
                name,
                f"{name!r} of {system} is a secret: it goes into the vault, and its name under secrets",
            )
        elif name != SECRETS and name not in kind["settings"]:
            yield name, f"{system} has no setting {name!r}{nearest(name, kind['settings'])}"
    for name in told.get(SECRETS, []):
        if name not in kind["secrets"]:
            yield name, f"{system} has no secret {name!r}{nearest(name, kind['secrets'])}"
