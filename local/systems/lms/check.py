"""From what a client sent to what is stored: each value brought to its stored form, each fault named."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.systems.lms.shape import Field, Shape
    from local.systems.system import Row

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]")
_AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,4})?")
_READ_ONLY = frozenset({"id", "created_at", "updated_at", "deleted"})


def check_create(shape: Shape, record: Row) -> tuple[Row, list[Row]]:
    """A whole row: what is not given is null, status is active."""
    whole: Row = dict.fromkeys(shape.fields) | {"status": "active"} | record
    return check_patch(shape, whole)


def check_patch(shape: Shape, changes: Row) -> tuple[Row, list[Row]]:
    """(stored form of the known fields, faults)."""
    stored: Row = {}
    faults: list[Row] = []
    for name, value in changes.items():
        field = shape.fields.get(name)
        if field is None:
            faults.append(_unknown(name))
            continue
        stored[name] = normal = _normal(field, value)
        if found := _fault(field, normal):
            faults.append({"field": name, **found})
    return stored, faults


def _unknown(name: str) -> Row:
    why = "is set by the server" if name in _READ_ONLY else "does not exist"
    return {"field": name, "code": "unknown_field", "message": f"{name} {why}"}


def _normal(field: Field, value: Any) -> Any:
    if not isinstance(value, str) or field.type is not str:
        return value
    value = value.strip() or None
    return value.lower() if value and field.is_email and not field.as_typed else value


def _fault(field: Field, value: Any) -> Row | None:
    if value is None:
        return _said("required", f"{field.name} is required") if field.required else None
    if isinstance(value, bool) or not isinstance(value, field.type):
        return _said("wrong_type", f"{field.name} must be {_TYPES[field.type]}")
    return _text_fault(field, value) if isinstance(value, str) else None


def _text_fault(field: Field, value: str) -> Row | None:
    if field.allowed and value not in field.allowed:
        allowed = list(field.allowed)
        return _said("not_in_list", f"{field.name} must be one of {', '.join(allowed)}", allowed=allowed)
    if field.longest and len(value) > field.longest:
        return _said("too_long", f"{field.name} is longer than {field.longest}", max=field.longest)
    if field.is_email and not _EMAIL.fullmatch(value.lower()):
        return _said("invalid_email", f"{field.name} is not an e-mail address")
    return _form_fault(field, value)


def _form_fault(field: Field, value: str) -> Row | None:
    if field.is_amount and not _AMOUNT.fullmatch(value):
        return _said("invalid_amount", f"{field.name} must be a decimal number in a string")
    if field.is_day and not _is_day(value):
        return _said("invalid_day", f"{field.name} must be a day such as 2026-01-31")
    return None


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_TYPES = {str: "a string", int: "an integer"}


def _said(code: str, message: str, **more: Any) -> Row:
    return {"code": code, "message": message, **more}
