"""Whose fault a refusal is, by the LMS's own codes.

a whole answer      {"error": {"code", "message"}}: its status says it
one record          {"status": 422, "errors": [{"field", "code", ...}]}: the record's
                    {"status": 409, "code", "field"}: the record's
                    {"status": 404}: a delete
                    {"status": 409, "code": "has_children"}: its users go first, so it waits for them
                    {"status": 412}: look again    {"status": 429 or 5xx}: theirs, for a while
unknown_field       ours: the table names a field that the LMS does not have
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.adapters.http import Answer, judged
from shared.model.errors import (
    Conflict,
    Gone,
    IntegrationError,
    Misconfigured,
    NotYet,
    Rejected,
    Throttled,
    Unavailable,
)
from shared.model.translation import Translation

WRONG_ADDRESS = frozenset({404, 405})


def judge(answer: Answer) -> IntegrationError | None:
    """As the status says; a refusal of the whole carries the LMS's own code."""
    error = judged(answer)
    if answer.status in WRONG_ADDRESS:
        return Misconfigured(f"{answer.request}: there is nothing of the LMS here", reason="WrongAddress")
    if isinstance(error, Rejected):
        return Rejected(error.description, reason=_code(answer) or error.reason)
    return error


def of_record(result: Mapping[str, Any], translation: Translation) -> IntegrationError:
    """What the result of one record says, when it does not say that it went well."""
    if faults := result.get("errors"):
        return _of_field(faults[0], translation)
    status = result.get("status", 0)
    code = str(result.get("code") or f"Http{status}")
    return _of_status(status, code) or _rejected(code, result, translation)


def _of_status(status: int, code: str) -> IntegrationError | None:
    """What is not the record's own fault."""
    if code == "has_children":
        return NotYet("The LMS deletes no company that still has users", reason=code)
    if status == 404:
        return Gone("The row is not in the LMS any more", reason=code)
    if status == 412:
        return Conflict("The row has been changed in the LMS since it was read", reason=code)
    if status == 429:
        return Throttled("The LMS takes no more writes for now", reason=code)
    if status >= 500:
        return Unavailable(f"The LMS cannot just now: {code}", reason=code)
    return None


def _of_field(fault: Mapping[str, Any], translation: Translation) -> IntegrationError:
    code, native = str(fault.get("code", "rejected")), fault.get("field")
    if code == "unknown_field":
        return Misconfigured(
            f"The LMS has no field {native} in {translation.native}: take it out of translate.py",
            reason=code,
            field=native,
        )
    return _rejected(code, fault, translation)


def _rejected(code: str, result: Mapping[str, Any], translation: Translation) -> Rejected:
    """The LMS's message may quote a value; its code, and what it allows, do not."""
    native = result.get("field")
    field = translation.canonical_of(native) or native if native else None
    allowed = f"; at most {result['max']} characters" if "max" in result else ""
    if "allowed" in result:
        allowed = f"; one of {', '.join(map(str, result['allowed']))}"
    return Rejected(f"The LMS refuses {native or 'the record'} ({code}){allowed}", reason=code, field=field)


def _code(answer: Answer) -> str | None:
    try:
        body = answer.json(object)
    except IntegrationError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return str(error["code"]) if isinstance(error, dict) and "code" in error else None
