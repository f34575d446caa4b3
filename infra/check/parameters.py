"""Parameters and outputs: known types, decorators where they belong, defaults that fit, no secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.check import tree
from infra.check.faults import Fault, nearest
from infra.check.functions import SECRETS
from infra.check.kinds import KINDS, Kinds, fits
from infra.check.scope import File, walk

DECORATORS: Mapping[str, tuple[str, ...]] = {
    "description": ("param", "var", "output", "resource", "module"),
    "metadata": ("param", "output"),
    "allowed": ("param",),
    "secure": ("param", "output"),
    "minLength": ("string", "array"),
    "maxLength": ("string", "array"),
    "minValue": ("int",),
    "maxValue": ("int",),
    "batchSize": ("loop",),
}
"""Decorator → on what it may stand: a declaration, a type of parameter, a loop."""

ARGUMENTS = {"secure": 0}
TYPES = {str: "string", bool: "bool", int: "int", dict: "object", list: "array"}
BOUNDS = {"minLength": "short", "maxLength": "long", "minValue": "small", "maxValue": "large"}


def faults(file: File, kinds: Kinds) -> Iterator[Fault]:
    for declared in file.tree.declarations:
        yield from _decorator_faults(declared)
        match declared:
            case tree.Param():
                yield from _param_faults(declared, kinds)
            case tree.Output():
                yield from _output_faults(declared, file, kinds)


def _decorator_faults(declared: tree.Declared) -> Iterator[Fault]:
    seen: set[str] = set()
    for each in declared.decorators:
        if each.name not in DECORATORS:
            yield Fault(each.at, f"unknown decorator {each.name!r}{nearest(each.name, DECORATORS)}")
        elif not set(DECORATORS[each.name]) & _roles(declared):
            yield Fault(each.at, f"@{each.name} does not belong to {declared.name!r}")
        elif len(each.arguments) != ARGUMENTS.get(each.name, 1):
            yield Fault(each.at, f"@{each.name} takes {ARGUMENTS.get(each.name, 1)} arguments")
        if each.name in seen:
            yield Fault(each.at, f"@{each.name} stands twice")
        seen.add(each.name)


def _roles(declared: tree.Declared) -> set[str]:
    roles = {type(declared).__name__.lower()}
    if isinstance(declared, tree.Param):
        roles.add(declared.kind)
    if isinstance(declared, tree.Resource | tree.Module) and isinstance(declared.value, tree.Loop):
        roles.add("loop")
    return roles


def _param_faults(param: tree.Param, kinds: Kinds) -> Iterator[Fault]:
    if param.kind.removesuffix("?") not in KINDS:
        yield Fault(param.at, f"unknown type {param.kind!r}{nearest(param.kind, KINDS)}")
    if param.default is None:
        return
    if not fits(kind := kinds.of(param.default, frozenset()), param.kind.removesuffix("?")):
        yield Fault(param.at, f"the default of {param.name!r} is of kind {kind}, not {param.kind}")
    if param.decorator("secure") and not _empty(param.default):
        yield Fault(param.at, f"{param.name!r} is a secret, and its default stands here for all to read")
    plain = value(param.default)
    if wrong := plain is not None and refused(param, plain):
        yield Fault(param.at, f"the default of {param.name!r} {wrong}")


def _empty(default: tree.Expression) -> bool:
    return isinstance(default, tree.Call) or value(default) == ""


def _output_faults(output: tree.Output, file: File, kinds: Kinds) -> Iterator[Fault]:
    if output.kind not in KINDS:
        yield Fault(output.at, f"unknown type {output.kind!r}{nearest(output.kind, KINDS)}")
    elif not fits(kind := kinds.of(output.value, frozenset()), output.kind):
        yield Fault(output.at, f"output {output.name!r} is of kind {kind}, not {output.kind}")
    for node, _ in walk(output.value):
        if isinstance(node, tree.Call) and node.name in SECRETS:
            yield Fault(node.at, f"output {output.name!r} would show a key: {node.name}()")
        if isinstance(node, tree.Name) and _secret(file, node.name):
            yield Fault(node.at, f"output {output.name!r} would show the secret {node.name!r}")


def _secret(file: File, name: str) -> bool:
    return name in file.params and file.params[name].decorator("secure") is not None


def value(expression: tree.Expression) -> Any:
    """What stands there as it is; None where it has to be worked out."""
    match expression:
        case tree.Literal():
            return expression.value
        case tree.Text():
            return expression.plain
        case tree.List():
            return [value(each) for each in expression.items]
        case tree.Object(properties=()):
            return {}
    return None


def allowed(param: tree.Param) -> list[Any] | None:
    """The only values that a parameter may have."""
    found = param.decorator("allowed")
    return value(found.arguments[0]) if found and found.arguments else None


def refused(param: tree.Param, given: Any) -> str | None:
    """Why a parameter does not take a value; None where it does."""
    kind = next((name for type_, name in TYPES.items() if type(given) is type_), "null")
    if kind != param.kind.removesuffix("?"):
        return f"is of kind {kind}, not {param.kind}"
    only = allowed(param)
    if only is not None and given not in only:
        return f"is {given!r}; allowed are {', '.join(map(repr, only))}"
    return next((wrong for name in BOUNDS if (wrong := _beyond(param, name, given))), None)


def _beyond(param: tree.Param, name: str, given: Any) -> str | None:
    found = param.decorator(name)
    bound = value(found.arguments[0]) if found and found.arguments else None
    if not isinstance(bound, int):
        return None
    size = given if isinstance(given, int) else len(given)
    beyond = size < bound if name.startswith("min") else size > bound
    return f"is too {BOUNDS[name]}: {name} is {bound}" if beyond else None
