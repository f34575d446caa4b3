"""Cuts the text of a Bicep file into tokens.

A text token holds its parts: plain text, and the ranges of the expressions in `${...}`, which the parser
reads in their turn.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.check.faults import NotBicepError, Place

TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|//[^\n]*|/\*.*?\*/|\#disable-[^\n]*)
    |(?P<newline>\n)
    |(?P<block>'''.*?''')
    |(?P<quote>')
    |(?P<number>\d+)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>=>|==|!=|=~|!~|<=|>=|&&|\|\||\?\?|::|[@=(){}\[\]:,.?!<>+\-*/%|])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}


@dataclass(frozen=True)
class Token:
    """`kind` is name, number, text, newline or $end, or the sign itself."""

    kind: str
    text: str
    at: Place
    parts: tuple[str | range, ...] = ()


class Source:
    """A file's text, and the line of each place in it."""

    def __init__(self, file: Path, text: str) -> None:
        self.file, self.text = file, text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, offset: int) -> Place:
        return Place(self.file, bisect_right(self._starts, offset))

    def tokens(self, span: range) -> Iterator[Token]:
        """The tokens of a part of the text, and an end."""
        offset = span.start
        while offset < span.stop:
            found = TOKEN.match(self.text, offset, span.stop)
            if found is None:
                raise NotBicepError(self.place(offset), f"unexpected {self.text[offset]!r}")
            kind, text = found.lastgroup or "", found[0]
            if kind == "quote":
                token = self._text(offset, span.stop)
                yield token
                offset += len(token.text)
                continue
            if kind == "block":
                yield Token("text", text, self.place(offset), (text[3:-3].removeprefix("\n"),))
            elif kind != "blank":
                yield Token(text if kind == "sign" else kind, text, self.place(offset))
            offset = found.end()
        yield Token("$end", "", self.place(max(span.start, span.stop - 1)))

    def _text(self, start: int, stop: int) -> Token:
        parts: list[str | range] = []
        offset = start + 1
        while offset < stop and self.text[offset] not in "'\n":
            if self.text.startswith("${", offset):
                end = self._closing(offset + 2, stop)
                parts.append(range(offset + 2, end))
                offset = end + 1
            else:
                plain, offset = self._plain(offset, stop)
                parts.append(plain)
        if offset >= stop or self.text[offset] == "\n":
            raise NotBicepError(self.place(start), "the text does not end on its line; close it with '")
        return Token("text", self.text[start : offset + 1], self.place(start), tuple(parts))

    def _plain(self, offset: int, stop: int) -> tuple[str, int]:
        """The text up to what is special, and where that is."""
        read = []
        while offset < stop and self.text[offset] not in "'\n" and not self.text.startswith("${", offset):
            sign = self.text[offset]
            if sign == "\\":
                offset += 1
                sign = ESCAPES.get(self.text[offset], "")
                if not sign:
                    raise NotBicepError(self.place(offset), f"'\\{self.text[offset]}' is no escape")
            read.append(sign)
            offset += 1
        return "".join(read), offset

    def _closing(self, offset: int, stop: int) -> int:
        """Where the expression in a text ends: at the brace that nothing inside it has opened."""
        start, depth = offset, 0
        while offset < stop and self.text[offset] != "\n":
            if self.text[offset] == "'":
                offset += len(self._text(offset, stop).text) - 1
            elif self.text[offset] == "}" and depth == 0:
                return offset
            depth += {"{": 1, "}": -1}.get(self.text[offset], 0)
            offset += 1
        raise NotBicepError(self.place(start), "the expression in the text does not end; close it with }")
