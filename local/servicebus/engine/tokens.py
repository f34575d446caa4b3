"""Words of the rule language: names, literals, operators, each with its place in the text."""

import re
from typing import NamedTuple

from local.servicebus.engine.errors import RuleSyntaxError

MAX_EXPRESSION = 1024
KEYWORDS = frozenset(
    ("and", "escape", "exists", "false", "in", "is", "like", "not", "null", "or", "remove", "set", "true")
)

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>\[(?:[^\]]|\]\])+\]|"(?:[^"]|"")+")
      | (?P<parameter>@\w+)
      | (?P<word>[^\W\d]\w*)
      | (?P<sign><>|!=|<=|>=|[=<>+\-*/%(),.;])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


class Token(NamedTuple):
    kind: str
    """keyword, name, number, string, parameter, sign or end."""
    text: str
    """A keyword in lower case; a name, string or parameter without its quotes."""
    place: int


def tokens(expression: str) -> list[Token]:
    """Errors: RuleSyntaxError."""
    if len(expression) > MAX_EXPRESSION:
        raise RuleSyntaxError(f"an expression has at most {MAX_EXPRESSION} characters, not {len(expression)}")
    found: list[Token] = []
    place = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(expression, place)
        if match is None:
            rest = expression[place:].lstrip()
            raise RuleSyntaxError(
                f"cannot read {rest.rstrip()[:20]!r} at character {len(expression) - len(rest) + 1}"
            )
        found.append(_token(match))
        place = match.end()
    return found


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or ""
    text, place = match[kind], match.start(kind)
    if kind == "word":
        return (
            Token("keyword", text.lower(), place) if text.lower() in KEYWORDS else Token("name", text, place)
        )
    if kind == "quoted":
        return Token("name", text[1:-1].replace(text[-1] * 2, text[-1]), place)
    if kind == "string":
        return Token(kind, text[1:-1].replace("''", "'"), place)
    return Token(kind, text.removeprefix("@") if kind == "parameter" else text, place)
