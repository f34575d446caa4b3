"""The environments that are described, and what each of them would make.

That is compared with Azure's models value by value, and held against the policies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.check import policies, templates, told, tree, types
from infra.check.deployment import Deployment, Made, deploy
from infra.check.faults import Fault, NotBicepError, Place
from infra.check.functions import Later
from infra.check.kinds import Kinds
from infra.check.scope import File
from infra.check.shapes import Shapes

EXTREMES: Mapping[str, dict[str, Any]] = {
    "everything": {
        "environmentName": "all",
        "location": "westeurope",
        "size": "large",
        "operatorsClientId": "00000000-0000-0000-0000-000000000001",
        "storeAdministrators": {"name": "people", "id": "00000000-0000-0000-0000-000000000002"},
        "secretsOfficerId": "00000000-0000-0000-0000-000000000003",
        "callers": ["192.0.2.0/24"],
        "desks": ["198.51.100.7"],
        "alertEmails": ["operators@example.com"],
    },
    "nothing": {"environmentName": "none", "location": "westeurope", "fixedAddress": False},
}
"""As much and as little as can be asked for: what no described environment uses is worked out as well."""


def named(folder: Path) -> dict[str, dict[str, Any]]:
    """Environment → its parameters."""
    files = sorted((folder / "environments").glob(templates.ENVIRONMENTS))
    found = {file.name.partition(".")[0]: _params(file) for file in files}
    return {**found, **EXTREMES}


def _params(file: Path) -> dict[str, Any]:
    said = json.loads(file.read_text(encoding="utf-8"))["parameters"]
    return {name: entry["value"] for name, entry in said.items()}


def check(folder: Path) -> list[Fault]:
    """All that is wrong: with the templates, and where these are sound, with what they make."""
    if faults := templates.check(folder) or [*told.faults(folder)]:
        return faults
    found: set[Fault] = set()
    for params in named(folder).values():
        found |= set(_made_faults(folder, params))
    return sorted(found, key=str)


def _made_faults(folder: Path, params: dict[str, Any]) -> Iterator[Fault]:
    try:
        deployment = deploy(folder, params)
    except NotBicepError as error:
        yield error.fault
        return
    for made in deployment.made:
        if not made.existing:
            yield from shape_faults(made)
    yield from policies.faults(deployment)


def shape_faults(made: Made) -> Iterator[Fault]:
    """The body with its values, against the model."""
    kind = types.kind(made.type, made.name.rpartition("/")[2])
    if kind is None:
        yield Fault(made.at, f"{made.type} has no {made.name.rpartition('/')[2]!r}")
        return
    empty = File(Path(), tree.Tree(made.at, "", ()))
    body = expression(made.body, made.at)
    if isinstance(body, tree.Object):
        yield from Shapes(empty, Kinds(empty, {})).body(body, kind.model)


def expression(value: Any, at: Place) -> tree.Expression:
    """A value as the template would have to say it."""
    match value:
        case Later():
            return tree.Text(at, (tree.Literal(at, None),))
        case str():
            return tree.Text(at, (value,))
        case dict():
            return tree.Object(
                at, tuple(tree.Property(at, key, expression(each, at)) for key, each in value.items())
            )
        case list():
            return tree.List(at, tuple(expression(each, at) for each in value))
    return tree.Literal(at, value)


def template(folder: Path, environment: str) -> dict[str, Any]:
    """What an environment would make, as one ARM template."""
    deployment = deploy(folder, named(folder)[environment])
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [_resource(each) for each in deployment.made if not each.existing],
    }


def _resource(made: Made) -> dict[str, Any]:
    return {"type": made.type, "apiVersion": made.version, "name": made.name, **made.body}


__all__ = ["Deployment", "check", "named", "template"]
