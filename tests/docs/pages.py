"""The project's pages, as the tests of the docs read them: blocks of code, tables, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
CELL = re.compile(r"(?<!\\)\|")


def pages() -> list[Path]:
    """Every page of the project."""
    return [*sorted(PROJECT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A block of code in a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(PROJECT)}:{self.line}"


def blocks(*languages: str, page: Path | None = None) -> list[Block]:
    """The blocks in one of these languages, of one page or of all."""
    some = [page] if page else pages()
    return [block for each in some for block in _blocks(each) if block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def section(page: Path, heading: str) -> str:
    """What stands under a heading, its own sub-headings included."""
    text = page.read_text(encoding="utf-8")
    found = [each for each in HEADING.finditer(text) if each[2] == heading]
    assert len(found) == 1, f"{page.name}: {heading!r} stands {len(found)} times"
    after = text[found[0].end() :]
    ends = [each.start() for each in HEADING.finditer(after) if len(each[1]) <= len(found[0][1])]
    return after[: ends[0]] if ends else after


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, without the heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {place - 1 for place, line in enumerate(lines) if set(line) <= set("|-: ")}
    return [
        [cell.strip() for cell in CELL.split(line)[1:-1]]
        for place, line in enumerate(lines)
        if place not in heads and place - 1 not in heads
    ]


def code(cell: str) -> str:
    """A cell's text without its backticks."""
    return cell.strip("`")
