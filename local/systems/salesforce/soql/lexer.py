"""SOQL's words: names, strings, numbers, dates, and signs, each with its place in the text."""

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d(?![\dT]))
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES: Final = {
    "n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t",
    "b": "\b", "B": "\b", "f": "\f", "F": "\f",
    '"': '"', "'": "'", "\\": "\\", "%": "\\%", "_": "\\_",
}  # fmt: skip


class SoqlError(Exception):
    """A query refused, with the place that the caret points at."""

    def __init__(self, code: str, reason: str, place: int) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.place = place

    def message(self, text: str) -> str:
        """The server's form: an excerpt, a caret, row and column, the reason."""
        line_start = text.rfind("\n", 0, self.place) + 1
        row, column = text.count("\n", 0, self.place) + 1, self.place - line_start + 1
        start, end = max(line_start, self.place - 40), self.place + 30
        excerpt = text[start:end].split("\n", 1)[0]
        caret = " " * (self.place - start) + "^"
        return f"\n{excerpt}\n{caret}\nERROR at Row:{row}:Column:{column}\n{self.reason}"


def malformed(reason: str, place: int) -> SoqlError:
    return SoqlError("MALFORMED_QUERY", reason, place)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        """The text as a keyword is compared: in capitals, and nothing for what is no name."""
        return self.text.upper() if self.kind == "name" else ""


def tokens(text: str) -> list[Token]:
    """All words of a query; the last is the end."""
    found: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind], match.start(kind)))
        place = match.end()
    return [*found, Token("end", "<EOF>", end)]


def _unreadable(text: str, place: int) -> SoqlError:
    place += len(text[place:]) - len(text[place:].lstrip())
    if text[place] == "'":
        return malformed("unterminated string literal", place)
    return malformed(f"unexpected character: '{text[place]}'", place)


def unquote(token: Token) -> str:
    """A string's value. An escaped wildcard keeps its backslash: LIKE needs to tell them apart."""

    def unescape(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPES:
            raise SoqlError("MALFORMED_QUERY", f"Illegal escape sequence '\\{escape}'", token.place)
        return _ESCAPES[escape]

    body = token.text[1:-1]
    return _ESCAPE.sub(unescape, body) if "\\" in body else body
