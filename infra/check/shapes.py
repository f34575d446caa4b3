"""Compares the body of a resource with the model that Azure has of it.

unknown property · read-only property · required property that is missing · wrong kind · no such choice

A choice (`a ? b : c`) is compared in both ways, a parameter by each value that it allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.check import parameters, tree, types
from infra.check.faults import Fault, nearest
from infra.check.kinds import Kinds, fits
from infra.check.scope import NONE, File
from infra.check.tree import Expression

OURS = frozenset({"name", "parent", "scope", "dependsOn"})
"""What Bicep itself reads of a body."""


class Shapes:
    """Compares in one file."""

    def __init__(self, file: File, kinds: Kinds) -> None:
        self._file, self._kinds = file, kinds

    def body(self, body: tree.Object, model: str) -> Iterator[Fault]:
        """The body of a resource."""
        given = tree.Object(body.at, tuple(body.without(*OURS)))
        yield from self._model(given, model, NONE, but=OURS)

    def _model(
        self, given: tree.Object, model: str, known: frozenset[str], but: frozenset[str] = NONE
    ) -> Iterator[Fault]:
        if found := types.variant(model):
            yield from self._variant(given, *found, known)
            return
        takes = types.properties(model)
        for each in given.properties:
            if isinstance(each.key, str):
                yield from self._property(each, takes, model, known)
        missing = [name for name, each in takes.items() if each.get("required") and not given.get(name)]
        for name in missing:
            if name not in but:
                yield Fault(given.at, f"required property {name!r} of {_short(model)} is missing")

    def _variant(self, given: tree.Object, key: str, variants: Any, known: frozenset[str]) -> Iterator[Fault]:
        said = given.get(key)
        plain = parameters.value(said) if said else None
        if plain in variants:
            yield from self._model(given, variants[plain], known)
        elif said is None or plain is not None:
            yield Fault(given.at, f"{key!r} says which of several this is{nearest(str(plain), variants)}")

    def _property(
        self, each: tree.Property, takes: Any, model: str, known: frozenset[str]
    ) -> Iterator[Fault]:
        found = takes.get(each.key)
        if found is None:
            yield Fault(
                each.at, f"unknown property {each.key!r} of {_short(model)}{nearest(str(each.key), takes)}"
            )
        elif found.get("readonly"):
            yield Fault(each.at, f"{each.key!r} of {_short(model)} is read-only")
        else:
            yield from self.value(each.value, found["type"], str(each.key), known)

    def value(self, given: Expression, type_: Any, what: str, known: frozenset[str]) -> Iterator[Fault]:
        """A value where Azure takes a type."""
        match given:
            case tree.Choice():
                yield from self.value(given.yes, type_, what, known)
                yield from self.value(given.no, type_, what, known)
            case tree.Literal(value=None):
                return
            case tree.Loop() if "list" in type_ and isinstance(type_, dict):
                inner = known | {given.item} | ({given.index} if given.index else NONE)
                yield from self.value(given.body, type_["list"], what, inner)
            case tree.List() if isinstance(type_, dict) and "list" in type_:
                for item in given.items:
                    yield from self.value(item, type_["list"], what, known)
            case tree.Object() if isinstance(type_, dict) and "model" in type_:
                yield from self._model(given, type_["model"], known)
            case tree.Object() if isinstance(type_, dict) and "map" in type_:
                for each in given.properties:
                    yield from self.value(each.value, type_["map"], f"{what}.{each.key}", known)
            case _:
                yield from self._plain(given, type_, what, known)

    def _plain(self, given: Expression, type_: Any, what: str, known: frozenset[str]) -> Iterator[Fault]:
        wanted = types.plain(type_)
        if not fits(kind := self._kinds.of(given, known), wanted):
            yield Fault(given.at, f"{what!r} is of kind {wanted}, this is {kind}")
        elif isinstance(type_, dict) and "enum" in type_:
            for value in self._values(given, known):
                if value not in type_["enum"]:
                    yield Fault(given.at, f"{what!r} cannot be {value!r}{nearest(value, type_['enum'])}")

    def _values(self, given: Expression, known: frozenset[str]) -> list[str]:
        """The values that stand there, or may."""
        if isinstance(given, tree.Text):
            return [] if given.plain is None else [given.plain]
        if isinstance(given, tree.Name) and given.name not in known and given.name in self._file.params:
            return parameters.allowed(self._file.params[given.name]) or []
        return []


def _short(model: str) -> str:
    return model.partition(".")[2]
