"""Each template is read by a grammar that this project did not write: its mistakes are not our parser's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_bicep

from tests.infra.sandbox import INFRA

READER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
TEMPLATES = sorted(INFRA.rglob("*.bicep"))


def wrong(text: str) -> list[int]:
    """The lines that the other reader does not take."""
    return [node.start_point.row + 1 for node in _nodes(READER.parse(text.encode()).root_node) if _bad(node)]


def _nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for each in node.children:
        yield from _nodes(each)


def _bad(node: tree_sitter.Node) -> bool:
    return node.is_error or node.is_missing


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_another_reader_takes_the_template(template: Path):
    assert wrong(template.read_text("utf-8")) == []


def test_the_other_reader_refuses_what_is_no_bicep():
    assert wrong("param name string\nparam = 1\n")
