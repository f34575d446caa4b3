"""Decimal numbers as text: exact, and each number in one form only, so that equal amounts are equal text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def plain(number: Decimal) -> str:
    """The shortest text without an exponent: 1250.5, 0, -3. Raises ValueError where it is no number."""
    if not number.is_finite():
        raise ValueError("not a finite number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def read(native: Any) -> str:
    """An amount as some system shows it, a number or text that is one; raises ValueError, ArithmeticError."""
    return plain(Decimal(str(native)))
