"""What a field takes: from a caller's value to the one that is stored, or the server's refusal.

A value of the wrong JSON type refuses the whole request (JSON_PARSER_ERROR): the body was not of the shape
that the object has. A text that is too long, no e-mail address, no id, or not in a restricted picklist
refuses this record.

Texts lose blanks at both ends, and an empty one is null. A number or a boolean may also come as text: CSV
knows nothing else.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from local.systems.salesforce.errors import Refusal, parser_error
from local.systems.salesforce.ids import canonical
from local.systems.salesforce.schema import Field
from local.systems.salesforce.stamps import canonical_date, canonical_datetime

Taker = Callable[[Any], Any]
"""From a caller's value to the stored one."""

_BLANKS: Final = "".join(map(chr, range(0x21)))
"""What is trimmed: everything up to the space, as Java's trim does; a no-break space stays."""
_EMAIL: Final = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z0-9]",
    re.ASCII,
)
_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}


def taker(field: Field) -> Taker:
    """The function that takes values for a field."""
    make = _MAKERS.get(field.type, _text_taker)
    return make(field)


def _wrong_type(field_type: str, value: object) -> Exception:
    kind = _JSON_KINDS.get(type(value), "START_OBJECT")
    shown = f" value {value}" if isinstance(value, str | int | float) else ""
    return parser_error(
        f"Cannot deserialize instance of {field_type} from {kind}{shown} "
        "or request may be missing a required field"
    )


_JSON_KINDS: Final = {
    str: "VALUE_STRING",
    int: "VALUE_NUMBER_INT",
    float: "VALUE_NUMBER_FLOAT",
    bool: "VALUE_BOOLEAN",
    list: "START_ARRAY",
}


def _text_taker(field: Field) -> Taker:
    longest, kind = field.length, "string"

    def take(value: Any) -> str | None:
        if value is None:
            return None
        if value.__class__ is not str:
            raise _wrong_type(kind, value)
        text: str = value.strip(_BLANKS)
        if len(text) > longest:
            raise _too_long(field, text)
        return text or None

    return take


def _too_long(field: Field, text: str) -> Refusal:
    message = f"{field.label}: data value too large: {text} (max length={field.length})"
    return Refusal("STRING_TOO_LONG", message, (field.name,))


def _email_taker(field: Field) -> Taker:
    as_text = _text_taker(field)

    def take(value: Any) -> str | None:
        text: str | None = as_text(value)
        if text is not None and not _EMAIL.fullmatch(text):
            message = f"{field.label}: invalid email address: {text}"
            raise Refusal("INVALID_EMAIL_ADDRESS", message, (field.name,))
        return text

    return take


def _picklist_taker(field: Field) -> Taker:
    as_text = _text_taker(field)
    if not field.restricted:
        return as_text
    values = {value.lower(): value for value in field.values}

    def take(value: Any) -> str | None:
        text: str | None = as_text(value)
        if text is None and field.nillable:
            return None
        if text is None or text.lower() not in values:
            message = f"{field.label}: bad value for restricted picklist field: {text}"
            raise Refusal("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
        return values[text.lower()]

    return take


def _boolean_taker(_: Field) -> Taker:
    def take(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        wanted = _BOOLEANS.get(value.lower()) if isinstance(value, str) else None
        if wanted is None:
            raise _wrong_type("boolean", value)
        return wanted

    return take


def _number_taker(field: Field) -> Taker:
    number, kind = (int, "int") if field.type == "int" else (float, "double")

    def take(value: Any) -> float | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise _wrong_type(kind, value)
        try:
            taken = number(value)
        except ValueError as error:
            raise _wrong_type(kind, value) from error
        if not isfinite(taken):
            raise _wrong_type(kind, value)
        return taken

    return take


def _moment_taker(field: Field) -> Taker:
    convert = lru_cache(4096)(canonical_date if field.type == "date" else canonical_datetime)

    def take(value: Any) -> str | None:
        if value is None or value == "":
            return None
        text = convert(value) if isinstance(value, str) else None
        if text is None:
            raise _wrong_type(field.type, value)
        return text

    return take


def _id_taker(field: Field) -> Taker:
    """The form only; whether the record exists is asked where the row is written."""

    def take(value: Any) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise _wrong_type("string", value)
        key = canonical(value)
        if key is None:
            message = f"{field.label}: id value of incorrect type: {value}"
            raise Refusal("MALFORMED_ID", message, (field.name,))
        return key

    return take


_MAKERS: Final[dict[str, Callable[[Field], Taker]]] = {
    "email": _email_taker,
    "picklist": _picklist_taker,
    "boolean": _boolean_taker,
    "int": _number_taker,
    "double": _number_taker,
    "currency": _number_taker,
    "date": _moment_taker,
    "datetime": _moment_taker,
    "id": _id_taker,
    "reference": _id_taker,
}
