"""From the text of a query to what it says, by recursive descent.

```
  query     SELECT fields FROM name [WHERE any] [ORDER BY ordering, ...] [LIMIT n] [OFFSET n]
  fields    COUNT() | path, ...
  any       all (OR all)*  |  all (AND all)*          the two do not mix without parentheses
  all       NOT all  |  ( any )  |  path operator literal  |  path [NOT] IN ( literal, ... )
  ordering  path [ASC|DESC] [NULLS FIRST|LAST]
```
"""

from collections.abc import Callable
from typing import Final

from local.systems.salesforce.soql.lexer import SoqlError, Token, malformed, tokens, unquote
from local.systems.salesforce.soql.syntax import (
    All,
    Comparison,
    Condition,
    Literal,
    Membership,
    Negation,
    Ordering,
    Path,
    Query,
    Some,
)
from local.systems.salesforce.stamps import canonical_date, canonical_datetime

KEYWORDS: Final = frozenset(
    [
        "AND",
        "ASC",
        "BY",
        "DESC",
        "FALSE",
        "FROM",
        "GROUP",
        "HAVING",
        "IN",
        "INCLUDES",
        "EXCLUDES",
        "LIKE",
        "LIMIT",
        "NOT",
        "NULL",
        "NULLS",
        "OFFSET",
        "OR",
        "ORDER",
        "SELECT",
        "TRUE",
        "USING",
        "WHERE",
        "WITH",
    ]
)
_OPERATORS: Final = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS: Final = {"TRUE": ("boolean", True), "FALSE": ("boolean", False), "NULL": ("null", None)}
_DEEPEST: Final = 50
LONGEST: Final = 100_000


def parse(text: str) -> Query:
    """What a query says; SoqlError where it says nothing."""
    if len(text) > LONGEST:
        raise SoqlError(
            "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.", 0
        )
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    def query(self) -> Query:
        self._expect("SELECT")
        count = self._count()
        select = () if count else self._paths()
        self._expect("FROM")
        source = self._path()
        query = Query(
            self._text,
            select,
            count,
            source,
            self._where(),
            self._order(),
            self._number("LIMIT"),
            self._number("OFFSET") or 0,
        )
        if self._peek().kind != "end":
            raise self._unexpected()
        return query

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _unexpected(self) -> SoqlError:
        token = self._peek()
        return malformed(f"unexpected token: '{token.text}'", token.place)

    def _take(self, *words: str) -> bool:
        """Go past these keywords if they are what comes next."""
        ahead = self._tokens[self._at : self._at + len(words)]
        if [token.word for token in ahead] != list(words):
            return False
        self._at += len(words)
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def _sign(self, text: str) -> bool:
        token = self._peek()
        if token.kind != "sign" or token.text != text:
            return False
        self._next()
        return True

    def _expect_sign(self, text: str) -> None:
        if not self._sign(text):
            raise self._unexpected()

    def _count(self) -> bool:
        after = self._tokens[self._at + 1 : self._at + 3]
        if self._peek().word != "COUNT" or [token.text for token in after] != ["(", ")"]:
            return False
        self._at += 3
        return True

    def _path(self) -> Path:
        token = self._peek()
        if token.kind != "name" or token.word in KEYWORDS:
            raise self._unexpected()
        self._next()
        return Path(token.text, token.place)

    def _paths(self) -> tuple[Path, ...]:
        paths = [self._path()]
        while self._sign(","):
            paths.append(self._path())
        return tuple(paths)

    def _where(self) -> Condition | None:
        return self._any() if self._take("WHERE") else None

    def _any(self) -> Condition:
        first = self._all()
        word = self._peek().word
        if word not in {"AND", "OR"}:
            return first
        conditions = [first]
        while self._take(word):
            conditions.append(self._all())
        if self._peek().word in {"AND", "OR"}:
            raise self._unexpected()
        return All(tuple(conditions)) if word == "AND" else Some(tuple(conditions))

    def _all(self) -> Condition:
        if self._take("NOT"):
            return Negation(self._nested(self._all))
        if self._sign("("):
            condition = self._nested(self._any)
            self._expect_sign(")")
            return condition
        return self._test(self._path())

    def _nested(self, rule: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SoqlError("QUERY_TOO_COMPLICATED", "query is too complicated", self._peek().place)
        condition = rule()
        self._depth -= 1
        return condition

    def _test(self, path: Path) -> Condition:
        if self._take("LIKE"):
            return Comparison(path, "LIKE", self._literal())
        negated = self._take("NOT")
        if negated or self._peek().word == "IN":
            self._expect("IN")
            return Membership(path, self._literals(), negated)
        operator = _OPERATORS.get(self._peek().text)
        if operator is None:
            raise self._unexpected()
        self._next()
        return Comparison(path, operator, self._literal())

    def _literals(self) -> tuple[Literal, ...]:
        self._expect_sign("(")
        literals = [self._literal()]
        while self._sign(","):
            literals.append(self._literal())
        self._expect_sign(")")
        return tuple(literals)

    def _literal(self) -> Literal:
        token = self._peek()
        literal = _literal(token)
        if literal is None:
            raise self._unexpected()
        self._next()
        return literal

    def _order(self) -> tuple[Ordering, ...]:
        if not self._take("ORDER", "BY"):
            return ()
        orderings = [self._ordering()]
        while self._sign(","):
            orderings.append(self._ordering())
        return tuple(orderings)

    def _ordering(self) -> Ordering:
        path = self._path()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        last = self._take("NULLS", "LAST")
        if not last:
            self._take("NULLS", "FIRST")
        return Ordering(path, descending, last)

    def _number(self, keyword: str) -> int | None:
        if not self._take(keyword):
            return None
        token = self._peek()
        if token.kind != "number" or not token.text.isdigit():
            raise self._unexpected()
        return int(self._next().text)


def _literal(token: Token) -> Literal | None:
    if token.kind == "string":
        return Literal("string", unquote(token), token.place)
    if token.kind == "number":
        return Literal("number", _to_number(token.text), token.place)
    if token.kind in {"date", "datetime"}:
        return _moment(token)
    kind, value = _WORDS.get(token.word, ("", None))
    return Literal(kind, value, token.place) if kind else None


def _to_number(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _moment(token: Token) -> Literal:
    value = canonical_date(token.text) if token.kind == "date" else canonical_datetime(token.text)
    if value is None:
        raise malformed(f"Invalid date: {token.text}", token.place)
    return Literal(token.kind, value, token.place)
