"""Reads a Bicep file into its tree, by recursive descent.

file         (decorator* declaration NEWLINE)*
declaration  targetScope = text | param | var | output | resource | module
value        [for x in e: value] | if (e) { } | e
e            choice > ?? > || > && > == != =~ !~ > < <= > >= > + - > * / % > ! - > access call index ! ::
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from infra.check import tree
from infra.check.faults import NotBicepError, Place
from infra.check.lexer import Source, Token
from infra.check.tree import Expression

LEVELS = (
    ("??",),
    ("||",),
    ("&&",),
    ("==", "!=", "=~", "!~"),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "%"),
)
Decorators = tuple[tree.Call, ...]
WORDS = {"true": True, "false": False, "null": None}


def read(file: Path, shown: Path) -> tree.Tree:
    """The file's tree; faults call it `shown`."""
    return parse(file.read_text(encoding="utf-8"), shown)


@lru_cache(maxsize=256)
def parse(text: str, shown: Path) -> tree.Tree:
    """Trees do not change, so a text is read once, in however many environments it is worked out."""
    source = Source(shown, text)
    return Parser(source, range(len(text))).file()


class Parser:
    """Reads tokens from the first to the last."""

    def __init__(self, source: Source, span: range) -> None:
        self._source = source
        self._tokens = list(source.tokens(span))
        self._next = 0

    def file(self) -> tree.Tree:
        scope, at, declared = "resourceGroup", self._ahead.at, []
        while self._after_lines() != "$end":
            if self._is("targetScope"):
                self._take()
                self._need("=")
                scope = self._plain("targetScope")
            else:
                declared.append(self._declaration())
            self._line_ends()
        return tree.Tree(at, scope, tuple(declared))

    # Declarations

    def _declaration(self) -> tree.Declared:
        decorators = self._decorators()
        word = self._need("name")
        readers: dict[str, Callable[[Decorators], tree.Declared]] = {
            "param": self._param,
            "var": self._var,
            "output": self._output,
            "resource": self._resource,
            "module": self._module,
        }
        read = readers.get(word.text)
        if read is None:
            raise NotBicepError(
                word.at, f"{word.text!r} declares nothing; write param, var, resource, module or output"
            )
        return read(decorators)

    def _decorators(self) -> Decorators:
        found = []
        while self._is("@"):
            at = self._take().at
            if self._is("sys"):
                self._take()
                self._need(".")
            name = self._need("name").text
            self._need("(")
            found.append(tree.Call(at, name, self._items(")")))
            self._skip_lines()
        return tuple(found)

    def _param(self, decorators: Decorators) -> tree.Param:
        name, kind = self._need("name"), self._kind()
        default = self._expression() if self._taken("=") else None
        return tree.Param(name.at, name.text, kind, default, decorators=decorators)

    def _var(self, decorators: Decorators) -> tree.Var:
        name = self._need("name")
        self._need("=")
        return tree.Var(name.at, name.text, self._value(), decorators=decorators)

    def _output(self, decorators: Decorators) -> tree.Output:
        name, kind = self._need("name"), self._kind()
        self._need("=")
        return tree.Output(name.at, name.text, kind, self._value(), decorators=decorators)

    def _resource(self, decorators: Decorators) -> tree.Resource:
        name = self._need("name")
        kind, _, version = self._plain("a type of resource").partition("@")
        existing = self._is("existing")
        if existing:
            self._take()
        self._need("=")
        value = self._body()
        return tree.Resource(
            name.at, name.text, kind, version or None, existing, value, decorators=decorators
        )

    def _module(self, decorators: Decorators) -> tree.Module:
        name = self._need("name")
        path = self._plain("a module's path")
        self._need("=")
        return tree.Module(name.at, name.text, path, self._body(), decorators=decorators)

    def _kind(self) -> str:
        """A type: string, int, bool, object, array, or one of them with [] or ?"""
        kind = self._need("name").text
        while self._is("["):
            self._take()
            self._need("]")
            kind = "array"
        return f"{kind}?" if self._taken("?") else kind

    def _body(self) -> Expression:
        """An object, whatever loop and condition stand before it."""
        value = self._value()
        inner = value
        while isinstance(inner, tree.Loop | tree.When):
            inner = inner.body
        if not isinstance(inner, tree.Object):
            raise NotBicepError(value.at, "write an object: { ... }")
        return value

    # Values and expressions

    def _value(self) -> Expression:
        if self._is("if"):
            return self._when()
        return self._expression()

    def _when(self) -> tree.When:
        at = self._take().at
        self._need("(")
        condition = self._expression()
        self._need(")")
        return tree.When(at, condition, self._value())

    def _expression(self, level: int = 0) -> Expression:
        if level == len(LEVELS):
            return self._unary()
        left = self._expression(level + 1)
        while self._ahead.kind in LEVELS[level]:
            sign = self._take()
            self._skip_lines()
            left = tree.Binary(sign.at, sign.kind, left, self._expression(level + 1))
        return self._choice(left) if level == 0 else left

    def _choice(self, condition: Expression) -> Expression:
        if not self._is("?"):
            return condition
        at = self._take().at
        self._skip_lines()
        yes = self._expression()
        self._skip_lines()
        self._need(":")
        self._skip_lines()
        return tree.Choice(at, condition, yes, self._expression())

    def _unary(self) -> Expression:
        if self._ahead.kind in ("!", "-"):
            sign = self._take()
            return tree.Unary(sign.at, sign.kind, self._unary())
        return self._reached(self._primary())

    def _reached(self, base: Expression) -> Expression:
        """What is reached from the base by . [ ] :: and !"""
        while True:
            at = self._ahead.at
            if self._taken("."):
                safe = self._taken("?")
                base = tree.Access(at, base, self._need("name").text, safe)
            elif self._taken("["):
                safe = self._taken("?")
                base = tree.Index(at, base, self._expression(), safe)
                self._need("]")
            elif self._taken("::"):
                base = tree.Child(at, base, self._need("name").text)
            elif self._taken("!"):
                base = tree.Certain(at, base)
            else:
                return base

    def _primary(self) -> Expression:
        token = self._ahead
        match token.kind:
            case "text":
                return self._text(self._take())
            case "number":
                return tree.Literal(token.at, int(self._take().text))
            case "{":
                return self._object()
            case "[":
                return self._list()
            case "(":
                return self._group()
            case "name":
                return self._named()
        raise NotBicepError(
            token.at, f"an expression is missing before {token.text.strip() or 'the line ends'!r}"
        )

    def _text(self, token: Token) -> tree.Text:
        parts = [part if isinstance(part, str) else Parser(self._source, part).only() for part in token.parts]
        return tree.Text(token.at, tuple(parts))

    def only(self) -> Expression:
        """The one expression that all of the tokens make."""
        found = self._expression()
        self._need("$end")
        return found

    def _named(self) -> Expression:
        token = self._take()
        if token.text in WORDS:
            return tree.Literal(token.at, WORDS[token.text])
        if self._taken("=>"):
            return tree.Lambda(token.at, (token.text,), self._expression())
        if self._taken("("):
            return tree.Call(token.at, token.text, self._items(")"))
        return tree.Name(token.at, token.text)

    def _group(self) -> Expression:
        """(expression), or the names of a lambda with several."""
        at = self._take().at
        found = self._items(")")
        if self._taken("=>"):
            names = tuple(each.name for each in found if isinstance(each, tree.Name))
            return tree.Lambda(at, names, self._expression())
        if len(found) != 1:
            raise NotBicepError(at, "write one expression between ( and )")
        return found[0]

    def _items(self, end: str) -> tuple[Expression, ...]:
        """Expressions up to `end`, between commas or lines."""
        found = []
        while self._after_lines() != end:
            found.append(self._expression())
            if not self._taken(",") and not self._is("newline") and not self._is(end):
                raise NotBicepError(self._ahead.at, f"{self._ahead.text!r} is not expected; write , or {end}")
        self._take()
        return tuple(found)

    def _list(self) -> Expression:
        at = self._take().at
        if self._after_lines() == "for":
            return self._loop(at)
        return tree.List(at, self._items("]"))

    def _loop(self, at: Place) -> tree.Loop:
        self._take()
        item, index = self._loop_names()
        if self._need("name").text != "in":
            raise NotBicepError(at, "write a loop as [for item in list: ...]")
        over = self._expression()
        self._need(":")
        loop = tree.Loop(at, item, index, over, self._value())
        self._skip_lines()
        self._need("]")
        return loop

    def _loop_names(self) -> tuple[str, str | None]:
        if not self._taken("("):
            return self._need("name").text, None
        item = self._need("name").text
        self._need(",")
        index = self._need("name").text
        self._need(")")
        return item, index

    def _object(self) -> tree.Object:
        at = self._take().at
        properties: list[tree.Property] = []
        resources: list[tree.Resource] = []
        while self._after_lines() != "}":
            decorators = self._decorators()
            if self._is("resource") and self._tokens[self._next + 1].kind == "name":
                self._take()
                resources.append(self._resource(decorators))
            else:
                properties.append(self._property())
            if not self._taken(",") and not self._is("newline") and not self._is("}"):
                raise NotBicepError(self._ahead.at, f"{self._ahead.text!r} is not expected; begin a new line")
        self._take()
        return tree.Object(at, tuple(properties), tuple(resources))

    def _property(self) -> tree.Property:
        token = self._take()
        key: str | Expression
        if token.kind == "text":
            text = self._text(token)
            key = text if text.plain is None else text.plain
        elif token.kind == "name":
            key = token.text
        else:
            raise NotBicepError(token.at, f"{token.text!r} is no name of a property")
        self._need(":")
        return tree.Property(token.at, key, self._value())

    # Tokens

    @property
    def _ahead(self) -> Token:
        return self._tokens[self._next]

    def _is(self, kind: str) -> bool:
        """A sign, a kind of token, or a word."""
        return self._ahead.kind == kind or (self._ahead.kind == "name" and self._ahead.text == kind)

    def _take(self) -> Token:
        token = self._ahead
        self._next += token.kind != "$end"
        return token

    def _taken(self, sign: str) -> bool:
        if self._ahead.kind != sign:
            return False
        self._take()
        return True

    def _need(self, kind: str) -> Token:
        if self._ahead.kind != kind:
            wanted = {"name": "a name", "$end": "the end"}.get(kind, kind)
            found = self._ahead.text.strip() or "the line ends"
            raise NotBicepError(self._ahead.at, f"{wanted} is expected, and there is {found!r}")
        return self._take()

    def _plain(self, what: str) -> str:
        token = self._need("text")
        text = self._text(token).plain
        if text is None:
            raise NotBicepError(token.at, f"{what} is plain text, with no ${{...}} in it")
        return text

    def _skip_lines(self) -> None:
        while self._is("newline"):
            self._take()

    def _after_lines(self) -> str:
        """The sign, the word or the kind of what comes after the ends of lines."""
        self._skip_lines()
        return self._ahead.text if self._ahead.kind == "name" else self._ahead.kind

    def _line_ends(self) -> None:
        if not self._is("newline") and not self._is("$end"):
            raise NotBicepError(self._ahead.at, f"{self._ahead.text!r} is not expected; begin a new line")
