"""What the rule language computes with: values, of which None is "unknown", and three-valued logic.

    not unknown = unknown        unknown and false = false        unknown or true = true

Values of different families (a number, a text, a boolean, a time) cannot be compared: the answer is unknown.
"""

import operator
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from local.servicebus.engine.errors import FilterError
from local.servicebus.engine.message import Value

Truth = bool | None

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED = (str, datetime, timedelta)


def comparison(sign: str) -> Callable[[Value, Value], Truth]:
    compare = _COMPARISONS[sign]
    if sign in ("=", "<>", "!="):
        return lambda left, right: compare(left, right) if _comparable(left, right) else None
    return lambda left, right: compare(left, right) if _ordered(left, right) else None


def arithmetic(sign: str) -> Callable[[Value, Value], Value]:
    return _ARITHMETIC[sign]


def negated(value: Value) -> Value:
    return -value if is_number(value) else None  # type: ignore[operator] # a number, as asked


def is_number(value: Value) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def inverse(truth: Truth) -> Truth:
    return None if truth is None else not truth


def among(value: Value, others: Iterable[Value]) -> Truth:
    """True if one is equal; unknown if none is but one might be."""
    equal = comparison("=")
    answers = [equal(value, other) for other in others]
    return True if True in answers else None if None in answers else False


def like(value: Value, pattern: Value, escape: Value) -> Truth:
    """`%` stands for any characters, `_` for one; the escape character takes their meaning away."""
    if not isinstance(value, str) or not isinstance(pattern, str):
        return None
    if escape is not None and (not isinstance(escape, str) or len(escape) != 1):
        raise FilterError(f"the escape of LIKE is one character, not {escape!r}")
    return _pattern(pattern, escape).fullmatch(value) is not None


@lru_cache(maxsize=256)
def _pattern(pattern: str, escape: str | None) -> re.Pattern[str]:
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(next(characters, character)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


def _comparable(left: Value, right: Value) -> bool:
    if left is None or right is None:
        return False
    return type(left) is type(right) or (is_number(left) and is_number(right))


def _ordered(left: Value, right: Value) -> bool:
    return _comparable(left, right) and (is_number(left) or isinstance(left, _ORDERED))


def _plus(left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return _add(left, right)


def _numeric(compute: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    def computed(left: Any, right: Any) -> Value:
        if not (is_number(left) and is_number(right)):
            return None
        if isinstance(left, Decimal) != isinstance(right, Decimal):
            left, right = float(left), float(right)
        try:
            return cast("Value", compute(left, right))
        except (ArithmeticError, ValueError) as error:
            raise FilterError(f"cannot compute with {left} and {right}: {error}") from error

    return computed


def _quotient(left: Any, right: Any) -> Any:
    """Of whole numbers the whole quotient, towards zero."""
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _remainder(left: Any, right: Any) -> Any:
    """With the sign of the dividend."""
    if isinstance(left, int) and isinstance(right, int):
        return left - right * _quotient(left, right)
    return left - right * int(left / right)


_add = _numeric(operator.add)
_ARITHMETIC = {
    "+": _plus,
    "-": _numeric(operator.sub),
    "*": _numeric(operator.mul),
    "/": _numeric(_quotient),
    "%": _numeric(_remainder),
}
