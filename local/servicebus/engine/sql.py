"""The language of rules: conditions and actions, compiled once to functions of a message.

    condition  := or            or   := and (OR and)*          and := not (AND not)*
    not        := NOT not | test
    test       := sum [ (= | <> | != | < | <= | > | >=) sum
                      | IS [NOT] NULL
                      | [NOT] IN ( sum, ... )
                      | [NOT] LIKE sum [ESCAPE sum] ]
    sum        := product ((+ | -) product)*                   product := sign ((* | / | %) sign)*
    sign       := (+ | -) sign | atom
    atom       := literal | @parameter | property | EXISTS ( property ) | ( or )
                | newid() | property(sum) | p(sum)
    property   := [sys. | user.] name                          name may stand in [brackets] or "quotes"
    action     := (SET property = sum | REMOVE property) (; ...)*

Conditions and values share one grammar and are told apart by `Term.is_condition`: `(a = 1)` is a condition,
`(a + 1)` a value, and each is refused where the other belongs.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import uuid4

from local.servicebus.engine import logic
from local.servicebus.engine.errors import FilterError, RuleSyntaxError
from local.servicebus.engine.message import Message, Value
from local.servicebus.engine.properties import Property
from local.servicebus.engine.tokens import Token, tokens

Evaluate = Callable[[Message], Value]
Action = Callable[[Message], Message]

MAX_DEPTH = 40
MAX_STATEMENTS = 32
_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")


class Term(NamedTuple):
    """A part of an expression, compiled."""

    evaluate: Evaluate
    is_condition: bool = False


def compile_condition(expression: str, parameters: Mapping[str, Value]) -> Callable[[Message], bool]:
    """Unknown is not a match. Errors: RuleSyntaxError."""
    parser = Parser(expression, parameters)
    evaluate = parser.condition()
    parser.end()
    return lambda message: evaluate(message) is True


def compile_action(expression: str, parameters: Mapping[str, Value]) -> Action:
    """Errors: RuleSyntaxError."""
    return Parser(expression, parameters).action()


class Parser:
    """Goes through the words once; each method reads one rule of the grammar."""

    def __init__(self, expression: str, parameters: Mapping[str, Value]) -> None:
        self._words = tokens(expression)
        self._next = 0
        self._depth = 0
        self._parameters = {name.removeprefix("@").lower(): value for name, value in parameters.items()}

    # -- actions -----------------------------------------------------------------------------------

    def action(self) -> Action:
        steps = [self._statement()]
        while self._takes(";"):
            if self._word.kind == "end":
                break
            steps.append(self._statement())
        self.end()
        if len(steps) > MAX_STATEMENTS:
            raise RuleSyntaxError(f"an action has at most {MAX_STATEMENTS} statements, not {len(steps)}")
        return lambda message: _apply(steps, message)

    def _statement(self) -> Action:
        if self._takes("set"):
            target = self._property()
            self._expect("=")
            value = self._value(self._sum())
            return lambda message: target.set(message, value(message))
        self._expect("remove")
        return self._property().remove

    # -- conditions --------------------------------------------------------------------------------

    def condition(self) -> Evaluate:
        return self._condition(self._or())

    def end(self) -> None:
        if self._word.kind != "end":
            raise self._error("the end")

    def _or(self) -> Term:
        left = self._and()
        while self._takes("or"):
            left = Term(_either(self._condition(left), self._condition(self._and())), is_condition=True)
        return left

    def _and(self) -> Term:
        left = self._not()
        while self._takes("and"):
            left = Term(_both(self._condition(left), self._condition(self._not())), is_condition=True)
        return left

    def _not(self) -> Term:
        if not self._takes("not"):
            return self._test()
        self._deepen()
        inner = self._condition(self._not())
        self._depth -= 1
        return Term(_inverse(inner), is_condition=True)

    def _test(self) -> Term:
        left = self._sum()
        if self._word.text in _COMPARISONS and self._word.kind == "sign":
            compare = logic.comparison(self._advance().text)
            return self._compared(compare, left, self._sum())
        if self._takes("is"):
            negative = self._takes("not")
            self._expect("null")
            return _if(_is_null(self._value(left)), negative=negative)
        negative = self._takes("not")
        if self._takes("in"):
            return _if(self._in(self._value(left)), negative=negative)
        if self._takes("like"):
            return _if(self._like(self._value(left)), negative=negative)
        if negative:
            raise self._error("IN or LIKE")
        return left

    def _compared(self, compare: Callable[[Value, Value], Value], left: Term, right: Term) -> Term:
        return Term(_computed(compare, self._value(left), self._value(right)), is_condition=True)

    def _in(self, value: Evaluate) -> Evaluate:
        self._expect("(")
        others = [self._value(self._sum())]
        while self._takes(","):
            others.append(self._value(self._sum()))
        self._expect(")")
        return lambda message: logic.among(value(message), (other(message) for other in others))

    def _like(self, value: Evaluate) -> Evaluate:
        pattern = self._value(self._sum())
        escape = self._value(self._sum()) if self._takes("escape") else _nothing
        return lambda message: logic.like(value(message), pattern(message), escape(message))

    # -- values ------------------------------------------------------------------------------------

    def _sum(self) -> Term:
        left = self._product()
        while self._word.text in ("+", "-") and self._word.kind == "sign":
            compute = logic.arithmetic(self._advance().text)
            left = Term(_computed(compute, self._value(left), self._value(self._product())))
        return left

    def _product(self) -> Term:
        left = self._sign()
        while self._word.text in ("*", "/", "%") and self._word.kind == "sign":
            compute = logic.arithmetic(self._advance().text)
            left = Term(_computed(compute, self._value(left), self._value(self._sign())))
        return left

    def _sign(self) -> Term:
        if self._takes("-"):
            self._deepen()
            value = self._value(self._sign())
            self._depth -= 1
            return Term(lambda message: logic.negated(value(message)))
        while self._takes("+"):
            pass
        return self._atom()

    def _atom(self) -> Term:
        if self._takes("("):
            self._deepen()
            inner = self._or()
            self._depth -= 1
            self._expect(")")
            return inner
        if self._takes("exists"):
            return self._exists()
        if self._word.kind == "name":
            return self._named()
        return Term(_constant(self._literal()))

    def _exists(self) -> Term:
        self._expect("(")
        wanted = self._property()
        self._expect(")")
        return Term(wanted.exists, is_condition=True)

    def _named(self) -> Term:
        if self._words[self._next + 1].text == "(" and self._words[self._next + 1].kind == "sign":
            return self._function()
        return Term(self._property().get)

    def _function(self) -> Term:
        name = self._advance()
        self._expect("(")
        if name.text.lower() == "newid":
            self._expect(")")
            return Term(lambda _: str(uuid4()))
        if name.text.lower() not in ("p", "property"):
            raise RuleSyntaxError(f"there is no function {name.text} (at character {name.place + 1})")
        wanted = self._value(self._sum())
        self._expect(")")
        return Term(lambda message: _by_name(message, wanted(message)))

    def _literal(self) -> Value:
        word = self._advance()
        if word.kind == "number":
            return int(word.text) if word.text.isdecimal() else float(word.text)
        if word.kind == "string":
            return word.text
        if word.kind == "keyword" and word.text in _CONSTANTS:
            return _CONSTANTS[word.text]
        if word.kind == "parameter" and word.text.lower() in self._parameters:
            return self._parameters[word.text.lower()]
        self._next -= 1
        raise self._error("a value")

    def _property(self) -> Property:
        name = self._name()
        scope = "user"
        if self._takes("."):
            scope, name = name.lower(), self._name()
        return Property.named(scope, name)

    def _name(self) -> str:
        if self._word.kind != "name":
            raise self._error("the name of a property")
        return self._advance().text

    # -- words -------------------------------------------------------------------------------------

    @property
    def _word(self) -> Token:
        return self._words[self._next]

    def _advance(self) -> Token:
        self._next += 1
        return self._words[self._next - 1]

    def _takes(self, text: str) -> bool:
        """Go past this keyword or sign, if it is there."""
        found = self._word.text == text and self._word.kind in ("keyword", "sign")
        self._next += found
        return found

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise self._error(text.upper())

    def _deepen(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RuleSyntaxError(f"an expression is nested at most {MAX_DEPTH} deep")

    def _error(self, wanted: str) -> RuleSyntaxError:
        found = "the end" if self._word.kind == "end" else repr(self._word.text)
        return RuleSyntaxError(f"expected {wanted}, found {found} at character {self._word.place + 1}")

    def _condition(self, term: Term) -> Evaluate:
        if not term.is_condition:
            raise self._error("a comparison before this")
        return term.evaluate

    def _value(self, term: Term) -> Evaluate:
        if term.is_condition:
            raise self._error("a value instead of a condition before this")
        return term.evaluate


_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}


def _nothing(_: Message) -> None:
    return None


def _constant(value: Value) -> Evaluate:
    return lambda _: value


def _computed(compute: Callable[[Value, Value], Value], left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda message: compute(left(message), right(message))


def _is_null(value: Evaluate) -> Evaluate:
    return lambda message: value(message) is None


def _if(condition: Evaluate, *, negative: bool) -> Term:
    return Term(_inverse(condition) if negative else condition, is_condition=True)


def _inverse(condition: Evaluate) -> Evaluate:
    def inverse(message: Message) -> Value:
        truth = condition(message)
        return None if truth is None else not truth

    return inverse


def _both(left: Evaluate, right: Evaluate) -> Evaluate:
    def both(message: Message) -> Value:
        first = left(message)
        if first is False:
            return False
        second = right(message)
        return False if second is False else None if first is None or second is None else True

    return both


def _either(left: Evaluate, right: Evaluate) -> Evaluate:
    def either(message: Message) -> Value:
        first = left(message)
        if first is True:
            return True
        second = right(message)
        return True if second is True else None if first is None or second is None else False

    return either


def _by_name(message: Message, name: Value) -> Value:
    if not isinstance(name, str):
        raise FilterError(f"the name of a property is a text, not {name!r}")
    return message.application_properties.get(name)


def _apply(steps: list[Action], message: Message) -> Message:
    for step in steps:
        message = step(message)
    return message
