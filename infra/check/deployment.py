"""Works a template out, as Azure would before it deploys it: every resource with its body, every output.

    made = deploy(Path("infra"), {"environmentName": "test"})

What only Azure knows stays a `Later`. Files that a template loads can be swapped by name, so that a test can
ask what another topology would make.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

import yaml

from infra.check import modules, templates, tree
from infra.check.faults import NotBicepError, Place
from infra.check.functions import FUNCTIONS, LOADS, Later, text
from infra.check.scope import File
from infra.check.shapes import OURS
from infra.check.tree import Expression

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource that would be there."""

    at: Place
    symbol: str
    type: str
    version: str
    name: str
    body: dict[str, Any]
    scope: str | None = None
    existing: bool = False

    @property
    def id(self) -> str:
        return f"/{self.type}/{self.name}"


@dataclass(frozen=True)
class Seen:
    """A resource or a module as expressions see it: what the template says of it, else what Azure will."""

    path: str
    value: Any
    made: Made | None = None

    def part(self, name: str) -> Any:
        path = f"{self.path}.{name}"
        if not isinstance(self.value, Mapping) or name not in self.value:
            return Later(f"<{path}>")
        value = self.value[name]
        return Seen(path, value) if isinstance(value, Mapping) else value


@dataclass
class Deployment:
    """All that was made, and what the main template put out."""

    made: list[Made] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, type_: str) -> list[Made]:
        return [each for each in self.made if each.type == type_ and not each.existing]

    def one(self, type_: str) -> Made:
        (found,) = self.of(type_)
        return found


def deploy(
    folder: Path, params: Values, loads: Mapping[str, str] | None = None, template: str = templates.MAIN
) -> Deployment:
    """What a template of a folder makes. Raises NotBicepError where it cannot be worked out."""
    files = templates.read(folder)
    deployment = Deployment()
    run = Run(files[(folder / template).resolve()], params, files, deployment, loads or {})
    deployment.outputs = run.all()
    return deployment


def worked_out(folder: Path, variable: str) -> Any:
    """What a variable of `main.bicep` is, where it depends on no parameter."""
    files = templates.read(folder)
    return Run(files[(folder / templates.MAIN).resolve()], {}, files, Deployment(), {}).symbol(variable)


class Run:
    """One template, with its parameters."""

    def __init__(
        self,
        file: File,
        params: Values,
        files: modules.Files,
        deployment: Deployment,
        loads: Mapping[str, str],
    ) -> None:
        self._file, self._params, self._files = file, params, files
        self._deployment, self._loads = deployment, loads
        self._known: dict[str, Any] = {}

    def all(self) -> dict[str, Any]:
        """Make everything; the outputs."""
        for name in self._file.symbols:
            self.symbol(name)
        return {name: self.value(each.value, {}) for name, each in self._file.outputs.items()}

    def symbol(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._make(self._file.symbols[name])
        return self._known[name]

    def _make(self, declared: tree.Declared) -> Any:
        match declared:
            case tree.Param():
                return self._param(declared)
            case tree.Var():
                return self.value(declared.value, {})
            case tree.Resource():
                return self._each(
                    declared.value, {}, lambda body, known: self._resource(declared, body, known)
                )
            case tree.Module():
                return self._each(declared.value, {}, lambda body, known: self._module(declared, body, known))
        raise TypeError(f"{declared.name} is no symbol")

    def _param(self, param: tree.Param) -> Any:
        if param.name in self._params:
            return self._params[param.name]
        if param.default is None:
            raise NotBicepError(param.at, f"parameter {param.name!r} is missing")
        return self.value(param.default, {})

    def _each(self, value: Expression, known: Values, make: Callable[[tree.Object, Values], Any]) -> Any:
        """One for each round of a loop; None where the condition does not hold."""
        match value:
            case tree.Loop():
                return [
                    self._each(value.body, {**known, **names}, make) for names in self._rounds(value, known)
                ]
            case tree.When():
                return self._each(value.body, known, make) if self.value(value.condition, known) else None
        return make(tree.body(value), known)

    def _rounds(self, loop: tree.Loop, known: Values) -> list[dict[str, Any]]:
        over = self.value(loop.over, known)
        index = loop.index or ""
        return [{loop.item: item, index: place} for place, item in enumerate(over)]

    # Resources and modules

    def _resource(
        self, declared: tree.Resource, body: tree.Object, known: Values, above: Made | None = None
    ) -> Seen:
        said = {
            key: self.value(part, known) for key in ("name", "parent", "scope") if (part := body.get(key))
        }
        parent = above or (said["parent"].made if "parent" in said else None)
        filled = self._object(tree.Object(body.at, tuple(body.without(*OURS))), known)
        made = Made(
            declared.at,
            declared.name,
            f"{above.type}/{declared.kind}" if above else declared.kind,
            declared.version or (above.version if above else ""),
            f"{parent.name}/{said['name']}" if parent else text(said["name"]),
            filled,
            said["scope"].part("id") if "scope" in said else None,
            declared.existing,
        )
        self._deployment.made.append(made)
        inner = {each.name: self._inside(each, known, made) for each in body.resources}
        value = {**filled, "id": made.id, "name": said["name"], "type": made.type, "::": inner}
        return Seen(declared.name, value, made)

    def _inside(self, declared: tree.Resource, known: Values, above: Made) -> Any:
        return self._each(
            declared.value, known, lambda body, inner: self._resource(declared, body, inner, above)
        )

    def _module(self, declared: tree.Module, body: tree.Object, known: Values) -> Seen:
        other = modules.used(self._file, declared, self._files)
        if other is None:
            raise NotBicepError(declared.at, f"there is no file {declared.path}")
        given = body.get("params")
        params = self.value(given, known) if given else {}
        outputs = Run(other, params, self._files, self._deployment, self._loads).all()
        return Seen(declared.name, {"outputs": outputs, "name": declared.name})

    # Expressions

    @singledispatchmethod
    def value(self, node: Expression, known: Values) -> Any:  # noqa: ARG002 - for those below
        """What an expression is worth, where `known` are the names of loops and lambdas around it."""
        raise NotBicepError(node.at, f"{type(node).__name__} has no value")

    @value.register
    def _literal(self, node: tree.Literal, *_: Values) -> Any:
        return node.value

    @value.register
    def _text(self, node: tree.Text, known: Values) -> str:
        parts = [part if isinstance(part, str) else self.value(part, known) for part in node.parts]
        joined = "".join(text(part) for part in parts)
        return Later(joined) if any(isinstance(part, Later) for part in parts) else joined

    @value.register
    def _name(self, node: tree.Name, known: Values) -> Any:
        return known[node.name] if node.name in known else self.symbol(node.name)

    @value.register
    def _access(self, node: tree.Access, known: Values) -> Any:
        return self._part(node, self.value(node.base, known), node.name, safe=node.safe)

    @value.register
    def _index(self, node: tree.Index, known: Values) -> Any:
        return self._part(node, self.value(node.base, known), self.value(node.index, known), safe=node.safe)

    @value.register
    def _child(self, node: tree.Child, known: Values) -> Any:
        return self.value(node.base, known).value["::"][node.name]

    @value.register
    def _certain(self, node: tree.Certain, known: Values) -> Any:
        return self.value(node.base, known)

    @value.register
    def _lambda(self, node: tree.Lambda, known: Values) -> Any:
        return lambda *values: self.value(node.body, {**known, **dict(zip(node.names, values, strict=True))})

    @value.register
    def _object(self, node: tree.Object, known: Values) -> dict[str, Any]:
        keys = [
            each.key if isinstance(each.key, str) else self.value(each.key, known) for each in node.properties
        ]
        values = [self.value(each.value, known) for each in node.properties]
        return {text(key): value for key, value in zip(keys, values, strict=True)}

    @value.register
    def _list(self, node: tree.List, known: Values) -> list[Any]:
        return [self.value(each, known) for each in node.items]

    @value.register
    def _loop(self, node: tree.Loop, known: Values) -> list[Any]:
        return [self.value(node.body, {**known, **names}) for names in self._rounds(node, known)]

    @value.register
    def _choice(self, node: tree.Choice, known: Values) -> Any:
        return self.value(node.yes if self.value(node.condition, known) else node.no, known)

    @value.register
    def _unary(self, node: tree.Unary, known: Values) -> Any:
        operand = self.value(node.operand, known)
        return not operand if node.sign == "!" else -operand

    @value.register
    def _binary(self, node: tree.Binary, known: Values) -> Any:
        """The second side is worked out only where the first does not decide."""
        left = self.value(node.left, known)
        if node.sign in DECIDED:
            return left if DECIDED[node.sign](left) else self.value(node.right, known)
        return SIGNS[node.sign](left, self.value(node.right, known))

    @value.register
    def _call(self, node: tree.Call, known: Values) -> Any:
        arguments = [self.value(each, known) for each in node.arguments]
        if node.name in LOADS:
            return self._loaded(node.name, arguments[0])
        return FUNCTIONS[node.name].run(*arguments)

    def _part(self, node: Expression, base: Any, key: Any, *, safe: bool) -> Any:
        if isinstance(base, Seen | Later):
            return base.part(key)
        found = isinstance(base, Mapping) and key in base
        if found or (isinstance(base, list) and key < len(base)):
            return base[key]
        if safe or base is None:
            return None
        raise NotBicepError(node.at, f"there is no {key!r}")

    def _loaded(self, function: str, path: str) -> Any:
        file = self._file.path.parent / path
        said = self._loads.get(file.name)
        said = file.read_text(encoding="utf-8") if said is None else said
        return READ[function](said)


READ: Mapping[str, Callable[[str], Any]] = {
    "loadYamlContent": yaml.safe_load,
    "loadJsonContent": json.loads,
    "loadTextContent": str,
}
DECIDED: Mapping[str, Callable[[Any], bool]] = {
    "&&": lambda left: not left,
    "||": bool,
    "??": lambda left: left is not None,
}
SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "=~": lambda left, right: left.lower() == right.lower(),
    "!~": lambda left, right: left.lower() != right.lower(),
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left // right,
    "%": lambda left, right: left % right,
}
