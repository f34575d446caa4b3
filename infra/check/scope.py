"""Which names a file declares, and which of them are known where.

A loop makes its item and its index known in its body, a lambda its names in its body, and the body of a
resource the resources inside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.check import tree
from infra.check.tree import Declared, Expression, Output, Param, Resource, Tree

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class File:
    """One template: where it is on the disk, and its tree."""

    path: Path
    tree: Tree

    @cached_property
    def symbols(self) -> Mapping[str, Declared]:
        """Name → what it is; outputs have names of their own."""
        return {each.name: each for each in self.tree.declarations if not isinstance(each, Output)}

    def all(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.tree.declarations if isinstance(each, kind)]

    @cached_property
    def params(self) -> Mapping[str, Param]:
        return {each.name: each for each in self.all(Param)}

    @cached_property
    def outputs(self) -> Mapping[str, Output]:
        return {each.name: each for each in self.all(Output)}

    @cached_property
    def resources(self) -> list[tuple[Resource, Resource | None]]:
        """Every resource with the one that it stands in."""
        return [pair for each in self.all(Resource) for pair in _nested(each, None)]

    @cached_property
    def nodes(self) -> Sequence[Seen]:
        """Everything in it: each check goes through all of them."""
        return [seen for declaration in self.tree.declarations for seen in walk(declaration)]


def _nested(
    resource: tree.Resource, above: tree.Resource | None
) -> Iterator[tuple[tree.Resource, tree.Resource | None]]:
    yield resource, above
    for each in resource.body.resources:
        yield from _nested(each, resource)


Seen = tuple[Any, frozenset[str]]
"""A node, and the names that are known there beside the file's own."""


def walk(node: Any, known: frozenset[str] = NONE) -> Iterator[Seen]:
    """The node and everything in it."""
    yield node, known
    match node:
        case tree.Loop():
            yield from walk(node.over, known)
            yield from walk(node.body, known | {node.item} | ({node.index} if node.index else NONE))
        case tree.Lambda():
            yield from walk(node.body, known | set(node.names))
        case tree.Object():
            inner = known | {each.name for each in node.resources}
            for part in (*node.properties, *node.resources):
                yield from walk(part, inner)
        case _:
            for part in tree.parts(node):
                yield from walk(part, known)


def steps(expression: Expression) -> tuple[Expression, list[str], bool]:
    """What an access begins with, the names that follow, and whether it is known or asked to be there.

    `network!.outputs.id` is (network, [outputs, id], True).
    """
    names: list[str] = []
    sure = False
    while True:
        match expression:
            case tree.Access():
                names.insert(0, expression.name)
                sure = sure or expression.safe
            case tree.Index(index=tree.Text() as index) if index.plain is not None:
                names.insert(0, index.plain)
            case tree.Certain():
                sure = True
            case tree.Index() if isinstance(expression.base, tree.Name | tree.Child):
                pass  # one of a loop's resources
            case _:
                return expression, names, sure
        expression = expression.base
