"""Resources: a known type, in the version that we know, in the right parent, with a body that Azure takes."""

from __future__ import annotations

from collections.abc import Iterator

from infra.check import names, parameters, tree, types
from infra.check.faults import Fault, nearest
from infra.check.kinds import Kinds
from infra.check.scope import File, steps
from infra.check.shapes import Shapes

IDENTITIES = frozenset({"id", "name", "type", "apiVersion"})


def faults(file: File, kinds: Kinds) -> Iterator[Fault]:
    shapes = Shapes(file, kinds)
    for resource, above in file.resources:
        yield from _resource_faults(file, shapes, resource, above)
    yield from _property_faults(file)
    yield from _dependency_faults(file)


def _resource_faults(
    file: File, shapes: Shapes, resource: tree.Resource, above: tree.Resource | None
) -> Iterator[Fault]:
    name = resource.body.get("name")
    if name is None:
        yield Fault(resource.at, f"resource {resource.name!r} has no name")
        return
    type_ = full_type(file, resource, above)
    if not any(each.lower() == type_.lower() for each in types.names()):
        yield Fault(resource.at, f"unknown type of resource {type_!r}{nearest(type_, types.names())}")
        return
    kind = types.kind(type_, parameters.value(name))
    if kind is None:
        yield Fault(resource.at, f"{type_} has no {parameters.value(name)!r}")
        return
    yield from _version_faults(file, resource, above, kind.version)
    yield from _parent_faults(file, resource, type_)
    if not resource.existing:
        yield from shapes.body(resource.body, kind.model)


def full_type(file: File, resource: tree.Resource, above: tree.Resource | None) -> str:
    """A resource inside another leaves out what the other has said."""
    if above is None:
        return resource.kind
    outer = next(each for each in file.resources if each[0] is above)
    return f"{full_type(file, *outer)}/{resource.kind}"


def _version_faults(
    file: File, resource: tree.Resource, above: tree.Resource | None, known: str
) -> Iterator[Fault]:
    said = resource.version
    while said is None and above is not None:
        said, above = above.version, next(each for each in file.resources if each[0] is above)[1]
    if said is None:
        yield Fault(resource.at, f"write the version of the interface: {resource.kind}@{known}")
    elif said != known:
        yield Fault(resource.at, f"{resource.kind}@{said}: what is checked here is {known}")


def _parent_faults(file: File, resource: tree.Resource, type_: str) -> Iterator[Fault]:
    said = resource.body.get("parent")
    if said is None:
        return
    parent = names.resource(file, said)
    if parent is None:
        yield Fault(said.at, "the parent is no resource of this file")
        return
    above = next(each for each in file.resources if each[0] is parent)
    if full_type(file, *above).lower() != type_.rpartition("/")[0].lower():
        yield Fault(said.at, f"a {type_} does not stand in a {full_type(file, *above)}")


def _property_faults(file: File) -> Iterator[Fault]:
    """What is read of a resource, that Azure says of it."""
    for node, known in file.nodes:
        if isinstance(node, tree.Access | tree.Index):
            base, path, _ = steps(node)
            first = base.name if isinstance(base, tree.Name | tree.Child) else None
            found = names.resource(file, base) if first not in known else None
            if found and path:
                yield from _path_faults(file, found, path, node)
            if found and isinstance(base, tree.Name):
                yield from _loop_faults(found, node, base)


def _path_faults(
    file: File, resource: tree.Resource, path: list[str], node: tree.Expression
) -> Iterator[Fault]:
    pair = next(each for each in file.resources if each[0] is resource)
    name = resource.body.get("name")
    kind = types.kind(full_type(file, *pair), parameters.value(name) if name else None)
    if kind is None or path[0] in IDENTITIES:
        return
    model = kind.answer
    for step in path:
        if types.variant(model) or step not in types.properties(model):
            yield Fault(
                node.at, f"{resource.name!r} has no property {step!r}{nearest(step, types.properties(model))}"
            )
            return
        type_ = types.properties(model)[step]["type"]
        if not (isinstance(type_, dict) and "model" in type_):
            return
        model = type_["model"]


def _loop_faults(resource: tree.Resource, node: tree.Access | tree.Index, base: tree.Name) -> Iterator[Fault]:
    looped = isinstance(resource.value, tree.Loop)
    if looped and isinstance(node, tree.Access) and node.base is base:
        yield Fault(node.at, f"{base.name!r} is a loop's: say which, {base.name}[index]")
    if (
        not looped
        and isinstance(node, tree.Index)
        and node.base is base
        and not isinstance(node.index, tree.Text)
    ):
        yield Fault(node.at, f"{base.name!r} is one resource, it has no index")


def _dependency_faults(file: File) -> Iterator[Fault]:
    bodies = [each.body for each, _ in file.resources] + [each.body for each in file.all(tree.Module)]
    for body in bodies:
        after = body.get("dependsOn")
        for each in after.items if isinstance(after, tree.List) else ():
            module = isinstance(each, tree.Name) and isinstance(file.symbols.get(each.name), tree.Module)
            if names.resource(file, each) is None and not module:
                yield Fault(each.at, "dependsOn names resources and modules only")
