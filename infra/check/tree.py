"""What a Bicep file says, as values: declarations, and the expressions in them. Each knows its place.

file ── Declaration   param var resource module output, with decorators
         └── Expression   text number list object loop name access call lambda ...
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from infra.check.faults import Place


@dataclass(frozen=True)
class Expression:
    """Something that has a value."""

    at: Place


@dataclass(frozen=True)
class Literal(Expression):
    """A number, true, false or null."""

    value: int | bool | None


@dataclass(frozen=True)
class Text(Expression):
    """'text with ${expressions}': its parts, in order."""

    parts: tuple[str | Expression, ...]

    @property
    def plain(self) -> str | None:
        """The text, where nothing in it has to be worked out."""
        texts = [part for part in self.parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(self.parts) else None


@dataclass(frozen=True)
class Name(Expression):
    """A symbol."""

    name: str


@dataclass(frozen=True)
class Access(Expression):
    """base.name; safe: base.?name"""

    base: Expression
    name: str
    safe: bool = False


@dataclass(frozen=True)
class Index(Expression):
    """base[index]; safe: base[?index]"""

    base: Expression
    index: Expression
    safe: bool = False


@dataclass(frozen=True)
class Child(Expression):
    """base::name, a resource inside another."""

    base: Expression
    name: str


@dataclass(frozen=True)
class Certain(Expression):
    """base!: whoever writes it knows that it is there."""

    base: Expression


@dataclass(frozen=True)
class Call(Expression):
    """name(arguments)"""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Lambda(Expression):
    """(names) => body"""

    names: tuple[str, ...]
    body: Expression


@dataclass(frozen=True)
class Unary(Expression):
    """!operand, -operand"""

    sign: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Expression):
    """left sign right"""

    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Choice(Expression):
    """condition ? yes : no"""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True)
class List(Expression):
    """[items]"""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Property:
    """key: value"""

    at: Place
    key: str | Expression
    value: Expression


@dataclass(frozen=True)
class Object(Expression):
    """{ properties }; a resource's body may declare resources of its own."""

    properties: tuple[Property, ...]
    resources: tuple[Resource, ...] = ()

    def get(self, key: str) -> Expression | None:
        return next((each.value for each in self.properties if each.key == key), None)

    def without(self, *keys: str) -> list[Property]:
        return [each for each in self.properties if each.key not in keys]


@dataclass(frozen=True)
class Loop(Expression):
    """[for item in over: body], or (item, index)"""

    item: str
    index: str | None
    over: Expression
    body: Expression


@dataclass(frozen=True)
class When(Expression):
    """if (condition) body"""

    condition: Expression
    body: Expression


@dataclass(frozen=True)
class Declaration:
    """A line that gives something a name."""

    at: Place
    name: str
    decorators: tuple[Call, ...] = field(default=(), kw_only=True)

    def decorator(self, name: str) -> Call | None:
        return next((each for each in self.decorators if each.name == name), None)


@dataclass(frozen=True)
class Param(Declaration):
    """param name type = default"""

    kind: str
    default: Expression | None


@dataclass(frozen=True)
class Var(Declaration):
    """var name = value"""

    value: Expression


@dataclass(frozen=True)
class Output(Declaration):
    """output name type = value"""

    kind: str
    value: Expression


@dataclass(frozen=True)
class Resource(Declaration):
    """resource name 'type@version' = value; value is an object, in a loop or under a condition"""

    kind: str
    version: str | None
    existing: bool
    value: Expression

    @property
    def body(self) -> Object:
        return body(self.value)


@dataclass(frozen=True)
class Module(Declaration):
    """module name 'path' = value"""

    path: str
    value: Expression

    @property
    def body(self) -> Object:
        return body(self.value)


Declared = Param | Var | Output | Resource | Module


@dataclass(frozen=True)
class Tree:
    """One file."""

    at: Place
    scope: str
    declarations: tuple[Declared, ...]


def body(value: Expression) -> Object:
    """The object of a resource or module, out of its loop and its condition."""
    while isinstance(value, Loop | When):
        value = value.body
    if not isinstance(value, Object):
        raise TypeError("the parser lets nothing else through")
    return value


def conditional(value: Expression) -> bool:
    return isinstance(value, When) or (isinstance(value, Loop) and conditional(value.body))


def parts(node: Any) -> list[Any]:
    """Everything directly inside a node."""
    found: list[Any] = []
    for each in fields(node):
        value = getattr(node, each.name)
        found += value if isinstance(value, tuple) and each.name != "at" else [value]
    return [each for each in found if isinstance(each, Expression | Property | Declaration)]
