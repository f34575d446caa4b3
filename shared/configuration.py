"""A YAML file that says how things are, checked by a model; every mistake with its file and line.

    topology.yaml:23: flows[1].delete: 'vanish' is not one of propagate, deactivate, ignore

All mistakes are said at once, each with what would be accepted.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from shared import lines
from shared.lines import Place
from shared.model.errors import Misconfigured

Model = TypeVar("Model", bound=BaseModel)
Mistake = tuple[Place, str]

WANTED = {
    "missing": "is missing",
    "model_type": "write a mapping, such as {{name: value}}",
    "dict_type": "write a mapping, such as {{name: value}}",
    "mapping_type": "write a mapping, such as {{name: value}}",
    "tuple_type": "write a list, such as [one, another]",
    "string_type": "write a word",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "greater_than_equal": "write at least {ge}",
    "less_than_equal": "write at most {le}",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
}
"""What to write in place of a value of the wrong kind."""


@dataclass(frozen=True)
class Kind(Generic[Model]):
    """One kind of file: its model, what else can be wrong, and how a mistake in it is raised.

    `part` is the model of what stands at a place, for telling its keys; `empty` what a file without anything
    needs, and `wanted` what to write in place of more values of the wrong kind, by pydantic's word for it.
    """

    model: type[Model]
    part: Callable[[Place], type[BaseModel]]
    mistakes: Callable[[Model], Iterable[Mistake]]
    error: type[Misconfigured]
    empty: str
    wanted: Mapping[str, str] = field(default_factory=dict)

    def load(self, path: Path) -> Model:
        """Read and check the file. Raises `error` with a line for each mistake."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise self.error(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise self.error(
                f"{path}: cannot be read: it is not UTF-8 from byte {error.start + 1} on"
            ) from None
        return self.parse(text, path.name)

    def parse(self, text: str, name: str) -> Model:
        """As `load`, from text; `name` is what errors call the file."""
        try:
            document = lines.read(text)
        except lines.NotYamlError as error:
            raise self.error(f"{name}:{error.line}: {error.why}") from None
        if document.tree is None:
            raise self.error(f"{name}:1: the file is empty; {self.empty}")
        try:
            found = self.model.model_validate(document.tree)
        except ValidationError as error:
            problems = [(tuple(item["loc"]), self._say(item)) for item in error.errors()]
            raise self.error(_report(name, document, problems)) from None
        if wrong := list(self.mistakes(found)):
            raise self.error(_report(name, document, wrong))
        return found

    def _say(self, item: Mapping[str, Any]) -> str:
        kind, loc = item["type"], item["loc"]
        if kind == "extra_forbidden":
            return f"unknown key{self._nearest(loc)}"
        if kind == "enum":
            choices = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            return f"{item['input']!r} is not one of {choices}"
        if wanted := {**WANTED, **self.wanted}.get(kind):
            return wanted.format(**item.get("ctx", {}))
        return str(item["msg"].removeprefix("Value error, "))

    def _nearest(self, place: Place) -> str:
        fields = self.part(place[:-1]).model_fields
        known = [info.alias or name for name, info in fields.items()]
        close = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.65)
        return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"


def _report(name: str, document: lines.Document, mistakes: Iterable[Mistake]) -> str:
    return "\n".join(f"{name}:{document.line(place)}: {_path(place)}{text}" for place, text in mistakes)


def _path(place: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"{text.removeprefix('.')}: " if text else ""
