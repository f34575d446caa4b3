"""Every reason that the code can give for an error, read off the code itself.

Rejected("...", reason="AmbiguousMatch")       said by name
self._question("Undeleted", "...")             said in the place of a parameter called `reason`
reason = {"missing": "Required"}.get(...)      chosen, and called `reason`
Throttled("...")                               not said: the error's own name
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from shared.model import errors
from tests.docs.pages import PROJECT

NAMED = re.compile(r"[A-Z][A-Za-z]+")
ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.IntegrationError)
}


def modules() -> list[Path]:
    """What is deployed."""
    return sorted([*PROJECT.glob("shared/**/*.py"), *PROJECT.glob("functions/**/*.py")])


@cache
def reasons() -> frozenset[str]:
    """Of all modules; codes of other vendors, which pass through, are not among them."""
    trees = [ast.parse(module.read_text("utf-8")) for module in modules()]
    return frozenset(reason for tree in trees for reason in _reasons(tree))


def _reasons(tree: ast.Module) -> Iterator[str]:
    places = _places(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _said(node, places)
        elif isinstance(node, ast.Assign) and _chooses(node):
            yield from _constants(ast.walk(node.value))


def _places(tree: ast.Module) -> dict[str, int]:
    """Function → where its parameter `reason` stands, `self` not counted."""
    places = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            if "reason" in names:
                places[node.name] = names.index("reason")
    return places


def _said(call: ast.Call, places: dict[str, int]) -> Iterator[str]:
    name = _name(call.func)
    by_name = [each.value for each in call.keywords if each.arg == "reason"]
    place = places.get(name)
    yield from _constants(by_name)
    if place is not None:
        yield from _constants(call.args[place : place + 1])
    if name in ERRORS and not by_name:
        yield name


def _chooses(node: ast.Assign) -> bool:
    targets = [each for target in node.targets for each in ast.walk(target)]
    return any(isinstance(each, ast.Name) and each.id.lower() in ("reason", "reasons") for each in targets)


def _constants(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.fullmatch(node.value):
            yield node.value


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
