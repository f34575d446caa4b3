"""From the text of a filter to its tree.

```
  condition = both {"or" both}      both = single {"and" single}
  single    = "not" single | "(" condition ")" | function | column operator literal
```
"""

import re
from typing import Any, Final

from local.systems.dataverse.address import literal
from local.systems.dataverse.errors import Refused, invalid
from local.systems.dataverse.odata.syntax import Among, Both, Compare, Condition, Either, Matches, Not

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<value>-?\d[\w.:+-]*)"
    r"|(?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})"
    r"|(?P<name>[A-Za-z_@$][\w./]*)"
    r"|(?P<sign>[()\[\],=]))"
)
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_OPERATORS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_FUNCTIONS: Final = frozenset({"contains", "startswith", "endswith"})
_IN: Final = "Microsoft.Dynamics.CRM.In"
DEEPEST: Final = 900
"""Comparisons in one chain; the real one's limit of conditions is lower."""


def parse_filter(text: str) -> Condition:
    parser = _Parser(_tokens(text), text)
    condition = parser.condition()
    parser.end()
    return condition


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        guid = _GUID.match(text, at)
        match = None if guid else _TOKEN.match(text, at)
        if guid is None and match is None:
            raise _syntax(text, at)
        token = guid[0] if guid else match[0].strip()  # type: ignore[index]  # one of them matched
        found.append(token)
        at += len(guid[0]) if guid else len(match[0])  # type: ignore[index]
        while at < len(text) and text[at] == " ":
            at += 1
    return found


def _syntax(text: str, at: int) -> Refused:
    return invalid(f"Syntax error at position {at} in '{text}'.")


class _Parser:
    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def condition(self) -> Condition:
        parts = [self._both()]
        while self._accept("or"):
            parts.append(self._both())
        return _chained(Either, parts)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._wrong()

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._accept("and"):
            parts.append(self._single())
        return _chained(Both, parts)

    def _single(self) -> Condition:
        if self._accept("not"):
            return Not(self._single())
        if self._accept("("):
            inner = self.condition()
            self._expect(")")
            return inner
        name = self._next()
        if name == _IN:
            return self._among()
        if name in _FUNCTIONS:
            return self._matches(name)
        return self._comparison(name)

    def _comparison(self, column: str) -> Condition:
        operator = self._next()
        if operator not in _OPERATORS or "/" in column:
            raise self._wrong()
        return Compare(column, operator, self._literal())

    def _matches(self, function: str) -> Condition:
        self._expect("(")
        column = self._next()
        self._expect(",")
        text = self._literal()
        self._expect(")")
        if not isinstance(text, str):
            raise self._wrong()
        return Matches(column, function, text)

    def _among(self) -> Condition:
        """In(PropertyName='x',PropertyValues=[…])."""
        for sign in ("(", "PropertyName", "="):
            self._expect(sign)
        column = self._literal()
        for sign in (",", "PropertyValues", "=", "["):
            self._expect(sign)
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        for sign in ("]", ")"):
            self._expect(sign)
        return Among(str(column), tuple(values))

    def _literal(self) -> Any:
        token = self._next()
        if token in {"(", ")", ",", "=", "[", "]"}:
            raise self._wrong()
        return literal(token)

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._wrong()

    def _wrong(self) -> Refused:
        return invalid(f"Syntax error at token {self._at} in '{self._text}'.")


def _chained(kind: type[Both] | type[Either], parts: list[Condition]) -> Condition:
    """A balanced tree, so that a chain of hundreds is not as deep as it is long."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return kind(_chained(kind, parts[:middle]), _chained(kind, parts[middle:]))
