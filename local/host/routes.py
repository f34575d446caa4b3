"""Route templates of HTTP functions (`orders/{id:int}/{*rest}`), in the words of starlette's router.

    {id}  a segment     {id:int}  one that is checked     {id?}  may be absent     {*rest}  what follows

A literal segment wins over a parameter, and a parameter over `{*rest}`, whatever the order of the functions.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.host.errors import Refusal

_SEGMENT = re.compile(r"\{(?P<rest>\*)?(?P<name>\w+)(?::(?P<kind>\w+))?(?P<optional>\?)?\}")
_CONVERTOR = {None: "str", "int": "int", "long": "int", "guid": "uuid", "float": "float", "double": "float"}
_RESERVED = frozenset({"admin", "runtime"})
_LITERAL, _CHECKED, _OPEN, _REST = range(4)


@dataclass(frozen=True, slots=True)
class Route:
    template: str
    paths: tuple[str, ...]  # more than one where the last segment may be absent
    shape: str  # two templates of one shape answer the same addresses
    rank: tuple[int, ...]  # routes are tried in this order

    @classmethod
    def parse(cls, template: str, prefix: str) -> "Route":
        segments = [segment for segment in template.strip("/").split("/") if segment]
        if segments and segments[0].lower() in _RESERVED:
            raise Refusal(
                f"the route {template!r} starts with {segments[0]!r}, which is the host's own; choose another"
            )
        steps = [_Step.parse(segment, template) for segment in segments]
        if any(step.swallows for step in steps[:-1]):
            raise Refusal(
                f"the route {template!r} goes on after an optional or catch-all segment; put that one last"
            )
        start = [prefix.strip("/")] if prefix.strip("/") else []
        return cls(
            template, _paths(start, steps), _joined(s.shape for s in steps), tuple(s.rank for s in steps)
        )


@dataclass(frozen=True, slots=True)
class _Step:
    path: str
    shape: str
    rank: int
    optional: bool = False

    @property
    def swallows(self) -> bool:
        return self.optional or self.rank == _REST

    @classmethod
    def parse(cls, segment: str, template: str) -> "_Step":
        if not set("{}") & set(segment):
            return cls(segment, segment.lower(), _LITERAL)
        found = _SEGMENT.fullmatch(segment)
        if not found or found["kind"] not in _CONVERTOR:
            raise Refusal(
                f"the route {template!r} has a segment {segment!r} that this host does not know; "
                "write {name}, {name?}, {*name} or {name:kind} where kind is int, long, guid, float or double"
            )
        if found["rest"]:
            return cls(f"{{{found['name']}:path}}", "{*}", _REST, optional=True)
        convertor = _CONVERTOR[found["kind"]]
        rank = _CHECKED if found["kind"] else _OPEN
        return cls(
            f"{{{found['name']}:{convertor}}}", f"{{{convertor}}}", rank, optional=bool(found["optional"])
        )


def _paths(start: list[str], steps: list[_Step]) -> tuple[str, ...]:
    whole = _joined(start + [step.path for step in steps])
    if steps and steps[-1].optional:
        return (whole, _joined(start + [step.path for step in steps[:-1]]))
    return (whole,)


def _joined(parts: Iterable[str]) -> str:
    return "/" + "/".join(parts)
