"""Modules: a path that leads somewhere, the parameters that the other file takes, outputs that it has.

A file that nobody uses is a fault too, and so is a parameter file that does not fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.check import parameters, tree
from infra.check.faults import Fault, Place, nearest
from infra.check.functions import LOADS
from infra.check.kinds import Kinds, fits
from infra.check.scope import NONE, File, steps

Files = Mapping[Path, File]


def used(file: File, module: tree.Module, files: Files) -> File | None:
    """The file that a module is."""
    return files.get((file.path.parent / module.path).resolve())


def faults(file: File, files: Files, kinds: Kinds) -> Iterator[Fault]:
    for module in file.all(tree.Module):
        other = used(file, module, files)
        if other is None:
            yield Fault(module.at, f"module {module.name!r}: there is no file {module.path}")
            continue
        yield from _param_faults(module, other, kinds)
        if other.tree.scope != file.tree.scope and not module.body.get("scope"):
            yield Fault(
                module.at, f"module {module.name!r} goes into a {other.tree.scope}: say which with scope"
            )
    yield from _output_faults(file, files)
    yield from _load_faults(file)


def _param_faults(module: tree.Module, other: File, kinds: Kinds) -> Iterator[Fault]:
    params = module.body.get("params")
    given = params.properties if isinstance(params, tree.Object) else ()
    known = _loop_names(module)
    for each in given:
        name = str(each.key)
        if name not in other.params:
            yield Fault(each.at, f"{module.path} has no parameter {name!r}{nearest(name, other.params)}")
        else:
            yield from _value_faults(each, other.params[name], kinds, known)
    for name, param in other.params.items():
        if (
            param.default is None
            and not param.kind.endswith("?")
            and name not in {each.key for each in given}
        ):
            yield Fault(module.at, f"module {module.name!r}: parameter {name!r} of {module.path} is missing")


def _loop_names(module: tree.Module) -> frozenset[str]:
    if not isinstance(module.value, tree.Loop):
        return NONE
    return frozenset(filter(None, (module.value.item, module.value.index)))


def _value_faults(
    each: tree.Property, param: tree.Param, kinds: Kinds, known: frozenset[str]
) -> Iterator[Fault]:
    kind = kinds.of(each.value, known)
    if not fits(kind, param.kind.removesuffix("?")):
        yield Fault(each.at, f"parameter {param.name!r} is of kind {param.kind}, this is {kind}")
    plain = parameters.value(each.value)
    if plain is not None and not isinstance(plain, list) and (wrong := parameters.refused(param, plain)):
        yield Fault(each.at, f"parameter {param.name!r} {wrong}")


def _output_faults(file: File, files: Files) -> Iterator[Fault]:
    for node, known in file.nodes:
        if not isinstance(node, tree.Access):
            continue
        base, path, sure = steps(node)
        module = (
            file.symbols.get(base.name) if isinstance(base, tree.Name) and base.name not in known else None
        )
        if isinstance(module, tree.Module) and (other := used(file, module, files)):
            if len(path) == 2 and path[0] == "outputs" and path[1] not in other.outputs:
                yield Fault(
                    node.at,
                    f"module {module.name!r} has no output {path[1]!r}{nearest(path[1], other.outputs)}",
                )
            if len(path) == 2 and tree.conditional(module.value) and not sure:
                yield Fault(
                    node.at, f"module {module.name!r} may not be there: ask first, and write {module.name}!"
                )
            if path[0] not in ("outputs", "name"):
                yield Fault(node.at, f"a module has outputs, no {path[0]!r}")


def _load_faults(file: File) -> Iterator[Fault]:
    for node, _ in file.nodes:
        if isinstance(node, tree.Call) and node.name in LOADS and node.arguments:
            path = parameters.value(node.arguments[0])
            if not isinstance(path, str):
                yield Fault(node.at, f"{node.name}() takes a path as plain text")
            elif not (file.path.parent / path).is_file():
                yield Fault(node.at, f"{node.name}(): there is no file {path}")


def unused(files: Files, roots: list[Path]) -> Iterator[Fault]:
    """Templates that no other uses, and that nobody deploys."""
    reached = {used(file, each, files) for file in files.values() for each in file.all(tree.Module)}
    for path, file in files.items():
        if file not in reached and path not in roots:
            yield Fault(file.tree.at, "no template uses this file")


def environment_faults(file: File, path: Path, shown: Path) -> Iterator[Fault]:
    """A parameter file against the template that it is for."""
    text = path.read_text(encoding="utf-8")
    given = json.loads(text).get("parameters", {})
    for name, entry in given.items():
        at = Place(shown, line_of(text, name))
        if name not in file.params:
            yield Fault(at, f"{file.path.name} has no parameter {name!r}{nearest(name, file.params)}")
        elif not _filled_in(entry.get("value")) and (
            wrong := parameters.refused(file.params[name], entry.get("value"))
        ):
            yield Fault(at, f"parameter {name!r} {wrong}")
    for name, param in file.params.items():
        if param.default is None and name not in given:
            yield Fault(Place(shown, 1), f"parameter {name!r} is missing")


def _filled_in(value: Any) -> bool:
    """The developer command line of Azure (azd) fills in what stands in ${...}."""
    return isinstance(value, str) and value.startswith("${")


def line_of(text: str, name: str) -> int:
    """The line where a name stands first."""
    return text.count("\n", 0, text.find(f'"{name}"')) + 1
