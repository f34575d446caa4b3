"""What kind of value an expression has: string, int, bool, object, array; `any` where the text does not say.

A faulty use is refused only where both kinds are known for certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.check import tree
from infra.check.faults import Fault
from infra.check.functions import FUNCTIONS
from infra.check.scope import File, steps
from infra.check.tree import Expression

ANY = "any"
SIGNS = {"==": "bool", "!=": "bool", "=~": "bool", "!~": "bool", "<": "bool", ">": "bool", "<=": "bool"}
SIGNS |= {
    ">=": "bool",
    "&&": "bool",
    "||": "bool",
    "+": "int",
    "-": "int",
    "*": "int",
    "/": "int",
    "%": "int",
}
SIGNS |= {"!": "bool"}
PLAIN = {tree.Text: "string", tree.Object: "object", tree.List: "array", tree.Loop: "array"}
LITERALS = {bool: "bool", int: "int"}
WANTS = {"&&": "bool", "||": "bool", "+": "int", "-": "int", "*": "int", "/": "int", "%": "int"}
KINDS = frozenset({"string", "int", "bool", "object", "array"})


class Kinds:
    """Kinds in one file, given the outputs of the modules that it uses."""

    def __init__(self, file: File, outputs: Mapping[str, Mapping[str, str]]) -> None:
        self._file, self._outputs = file, outputs

    def of(self, expression: Expression, known: frozenset[str]) -> str:
        if type(expression) in PLAIN:
            return PLAIN[type(expression)]
        match expression:
            case tree.Literal():
                return LITERALS.get(type(expression.value), ANY)
            case tree.Call():
                return FUNCTIONS[expression.name].kind if expression.name in FUNCTIONS else ANY
            case tree.Unary() | tree.Binary():
                return SIGNS.get(expression.sign, ANY)
            case tree.Choice():
                return self._both(expression, known)
        return self._reached(expression, known)

    def _both(self, choice: tree.Choice, known: frozenset[str]) -> str:
        yes, no = self.of(choice.yes, known), self.of(choice.no, known)
        return yes if yes == no else ANY

    def _named(self, name: str) -> str:
        match self._file.symbols.get(name):
            case tree.Param(kind=kind):
                return kind if kind in KINDS else ANY
            case tree.Var(value=value) if not isinstance(value, tree.Name | tree.Choice):
                return self.of(value, frozenset())
        return ANY

    def _reached(self, expression: Expression, known: frozenset[str]) -> str:
        """What a name is, or a module's output."""
        if isinstance(expression, tree.Name):
            return ANY if expression.name in known else self._named(expression.name)
        base, names, _ = steps(expression)
        if isinstance(base, tree.Name) and names[:1] == ["outputs"] and len(names) == 2:
            return self._outputs.get(base.name, {}).get(names[1], ANY)
        return ANY


def fits(kind: str, wanted: str) -> bool:
    return ANY in (kind, wanted) or kind == wanted


def faults(file: File, kinds: Kinds) -> Iterator[Fault]:
    """Conditions that are no bool, loops over no array, signs between what they do not join."""
    for node, known in file.nodes:
        for what, part, wanted in _wants(node):
            if not fits(kind := kinds.of(part, known), wanted):
                yield Fault(part.at, f"{what} is {_a(wanted)}, this is {_a(kind)}")
        if isinstance(node, tree.Access) and (kind := kinds.of(node.base, known)) in (
            "string",
            "int",
            "bool",
        ):
            yield Fault(node.at, f"{_a(kind)} has no property {node.name!r}")


def _wants(node: object) -> Iterator[tuple[str, Expression, str]]:
    match node:
        case tree.When() | tree.Choice():
            yield "a condition", node.condition, "bool"
        case tree.Loop():
            yield "what a loop goes over", node.over, "array"
        case tree.Unary():
            yield f"what stands after {node.sign}", node.operand, {"!": "bool", "-": "int"}[node.sign]
        case tree.Binary() if node.sign in WANTS:
            for side in (node.left, node.right):
                yield f"what {node.sign} joins", side, WANTS[node.sign]


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"
