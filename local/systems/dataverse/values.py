"""What a column takes: from a caller's value to the one that is stored, or the server's refusal.

A value of the wrong JSON type is refused before the row is looked at; one that is too long, too large or not
among the options, afterwards, with a code of its own. Lengths are counted as .NET does: in units of UTF-16.
"""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any, Final

from local.systems.dataverse.address import GUID
from local.systems.dataverse.errors import Refused, invalid_value, malformed
from local.systems.dataverse.schema import Column, Table
from local.systems.dataverse.stamps import canonical_date, canonical_datetime
from local.systems.dataverse.switches import Switches

Taker = Callable[[Any], Any]

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
DECIMALS: Final = 10
_EDM: Final = {
    "integer": "Edm.Int32",
    "choice": "Edm.Int32",
    "state": "Edm.Int32",
    "status": "Edm.Int32",
    "decimal": "Edm.Decimal",
    "money": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "datetime": "Edm.DateTimeOffset",
    "date": "Edm.Date",
    "guid": "Edm.Guid",
    "id": "Edm.Guid",
}


def taker(table: Table, column: Column, switches: Switches) -> Taker:
    """The function that takes values for a column; None, which empties it, never comes here."""
    return _MAKERS.get(column.kind, _text_taker)(table, column, switches)


def _wrong_type(table: Table, column: Column, value: object) -> Refused:
    expected = _EDM.get(column.kind, "Edm.String")
    return malformed(
        table.set_name, f"Cannot convert the literal '{value}' to the expected type '{expected}'."
    )


def units(text: str) -> int:
    """The length of a text in units of UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _text_taker(table: Table, column: Column, switches: Switches) -> Taker:
    most = column.most
    is_email = column.name.startswith("emailaddress")

    def take(value: Any) -> str | None:
        if value.__class__ is not str:
            raise _wrong_type(table, column, value)
        text: str = value.strip() if switches.trims_text else value
        if units(text) > most:
            raise _too_long(table, column)
        if not text and switches.empty_text_is_null:
            return None
        if is_email and switches.checks_email and not _EMAIL.fullmatch(text):
            raise invalid_value("0x80040203", f"The value of '{column.name}' is no e-mail address.")
        return text

    return take


def _too_long(table: Table, column: Column) -> Refused:
    return invalid_value(
        "0x80044331",
        f"The length of the '{column.name}' attribute of the '{table.name}' entity exceeded the maximum "
        f"allowed length of '{column.most}'.",
    )


def _out_of_range(table: Table, column: Column, code: str) -> Refused:
    return invalid_value(
        code, f"The value of '{column.name}' on record of type '{table.name}' is outside the valid range."
    )


def _integer_taker(table: Table, column: Column, _: Switches) -> Taker:
    most = column.most

    def take(value: Any) -> int:
        if value.__class__ is not int:
            raise _wrong_type(table, column, value)
        if not -most <= value <= most:
            raise _out_of_range(table, column, "0x8004432f")
        number: int = value
        return number

    return take


def _decimal_taker(table: Table, column: Column, switches: Switches) -> Taker:
    most, is_money = column.most, column.kind == "money"

    def take(value: Any) -> float:
        if value.__class__ is not float and value.__class__ is not int:
            raise _wrong_type(table, column, value)
        if not -most <= value <= most:
            raise _out_of_range(table, column, "0x80044330")
        return rounded(value, switches.money_decimals if is_money else DECIMALS)

    return take


@lru_cache(16_384)
def rounded(value: float, decimals: int) -> float:
    """To so many decimals, a half to the even digit, on what was written rather than its binary form."""
    return float(Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN))


def _boolean_taker(table: Table, column: Column, _: Switches) -> Taker:
    def take(value: Any) -> bool:
        if value.__class__ is not bool:
            raise _wrong_type(table, column, value)
        truth: bool = value
        return truth

    return take


def _choice_taker(table: Table, column: Column, _: Switches) -> Taker:
    options = column.options
    accepted = ",".join(map(str, options))

    def take(value: Any) -> int:
        if value.__class__ is not int:
            raise _wrong_type(table, column, value)
        if value not in options:
            raise invalid_value(
                "0x8004431a",
                f"The value {value} of '{column.name}' on record of type '{table.name}' is outside the valid "
                f"range. Accepted Values: {accepted}",
            )
        number: int = value
        return number

    return take


def _time_taker(table: Table, column: Column, _: Switches) -> Taker:
    canonical = lru_cache(4096)(canonical_date if column.kind == "date" else canonical_datetime)

    def take(value: Any) -> str:
        text = canonical(value) if value.__class__ is str else None
        if text is None:
            raise _wrong_type(table, column, value)
        return text

    return take


def _guid_taker(table: Table, column: Column, _: Switches) -> Taker:
    def take(value: Any) -> str:
        if value.__class__ is not str or not GUID.fullmatch(value):
            raise _wrong_type(table, column, value)
        text: str = value.lower()
        return text

    return take


_MAKERS: Final[dict[str, Callable[[Table, Column, Switches], Taker]]] = {
    "integer": _integer_taker,
    "decimal": _decimal_taker,
    "money": _decimal_taker,
    "boolean": _boolean_taker,
    "choice": _choice_taker,
    "state": _choice_taker,
    "status": _choice_taker,
    "datetime": _time_taker,
    "date": _time_taker,
    "guid": _guid_taker,
    "id": _guid_taker,
}
