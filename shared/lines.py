"""A YAML file, with the line of everything in it, so that whoever checks it can say where a mistake stands.

Plain YAML only: no tags, no aliases into themselves, keys are words, and none stands twice in one mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""The way to a value: names of keys, and numbers of items."""


class NotYamlError(Exception):
    """The text is no YAML that is read here: in which line, and why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"{line}: {why}")
        self.line, self.why = line, why


@dataclass
class Document:
    """What the file says, and the line where each place of it is."""

    tree: Any = None
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """The line of this place, or of what it would stand in."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read(text: str) -> Document:
    """Raises NotYamlError. An empty text is a document of nothing."""
    document = Document()
    try:
        if (node := yaml.compose(text, Loader=yaml.SafeLoader)) is not None:
            document.tree = _Reading(document.lines).value(node, (), ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYamlError(mark.line + 1 if mark else 1, f"not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line, place = text.count("\n", 0, error.position) + 1, error.position + 1
        raise NotYamlError(line, f"not YAML: character {place} of the file is not allowed") from None
    except RecursionError:
        raise NotYamlError(1, "it is nested too deeply") from None
    return document


class _Reading:
    def __init__(self, lines: dict[Place, int]) -> None:
        self._lines = lines
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, place: Place, above: tuple[yaml.Node, ...]) -> Any:
        if node in above:
            raise NotYamlError(node.start_mark.line + 1, "an alias leads into itself")
        self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.value(item, (*place, index), (*above, node)) for index, item in items]
        return self._scalars.construct_object(node)

    def _mapping(
        self, node: yaml.MappingNode, place: Place, above: tuple[yaml.Node, ...]
    ) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise NotYamlError(line, "a key is a word, not a list or a mapping")
            if key.value in found:
                raise NotYamlError(line, f"{key.value!r} stands twice")
            self._lines[(*place, key.value)] = line
            found[key.value] = self.value(value, (*place, key.value), above)
        return found
