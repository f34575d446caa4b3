"""Names: each declared once, each known, each used; functions that exist, with their arguments."""

from __future__ import annotations

from collections.abc import Iterator

from infra.check import tree
from infra.check.faults import Fault, nearest
from infra.check.functions import FUNCTIONS, unknown
from infra.check.scope import File


def faults(file: File) -> Iterator[Fault]:
    yield from _twice(file)
    yield from _unused(file)
    for node, known in file.nodes:
        match node:
            case tree.Name() if node.name not in known and node.name not in file.symbols:
                yield Fault(node.at, f"unknown symbol {node.name!r}{nearest(node.name, file.symbols)}")
            case tree.Call() if node.name not in FUNCTIONS and not _decorates(node, file):
                yield Fault(node.at, unknown(node.name))
            case tree.Call() if node.name in FUNCTIONS:
                if wrong := FUNCTIONS[node.name].wrong(node.name, len(node.arguments)):
                    yield Fault(node.at, wrong)
            case tree.Child() if node.name not in _inside(file, node.base):
                yield Fault(node.at, f"there is no resource {node.name!r} inside")
            case tree.Object():
                yield from _stand_twice(node)


def _twice(file: File) -> Iterator[Fault]:
    seen: dict[tuple[bool, str], tree.Declared] = {}
    for each in file.tree.declarations:
        key = (isinstance(each, tree.Output), each.name)
        if key in seen:
            yield Fault(each.at, f"{each.name!r} is declared twice, first in line {seen[key].at.line}")
        seen.setdefault(key, each)


def _stand_twice(node: tree.Object) -> Iterator[Fault]:
    keys = [each.key for each in node.properties if isinstance(each.key, str)]
    for place, each in enumerate(node.properties):
        if isinstance(each.key, str) and each.key in keys[:place]:
            yield Fault(each.at, f"{each.key!r} stands twice")


def _unused(file: File) -> Iterator[Fault]:
    used = {node.name for node, known in file.nodes if isinstance(node, tree.Name) and node.name not in known}
    for each in file.tree.declarations:
        idle = isinstance(each, tree.Param | tree.Var) or (isinstance(each, tree.Resource) and each.existing)
        if idle and each.name not in used:
            yield Fault(each.at, f"{each.name!r} is not used")


def _decorates(call: tree.Call, file: File) -> bool:
    return any(call is each for declared in file.tree.declarations for each in declared.decorators) or any(
        call is each for resource, _ in file.resources for each in resource.decorators
    )


def _inside(file: File, base: tree.Expression) -> list[str]:
    """The names of the resources inside one."""
    found = resource(file, base)
    return [each.name for each in found.body.resources] if found else []


def resource(file: File, expression: tree.Expression) -> tree.Resource | None:
    """The resource that a symbol, or a symbol inside one, stands for."""
    match expression:
        case tree.Name():
            found = [each for each, _ in file.resources if each.name == expression.name]
            return found[0] if found else None
        case tree.Child() if above := resource(file, expression.base):
            return next((each for each in above.body.resources if each.name == expression.name), None)
        case tree.Index():
            return resource(file, expression.base)
    return None
