"""Whose fault a refusal is, by Salesforce's own codes.

    theirs, for a while     locks, time-outs, an unavailable server          Unavailable
                            too many calls                                   Exhausted (no Retry-After exists)
    a delete                the row is not there any more                    Gone
    look again              our external id is taken: a create came twice    Conflict
    nobody's                a lead that a row refers to has been converted   NotYet
    ours                    a field or an object that is not there, a login  Misconfigured
    the record's            everything else                                  Rejected

A code that is not in a table is the record's: a person sees it, and nothing is tried for ever. Messages often
quote the value that they refuse, so only those that do not are passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from functions.salesforce.sobject import EXTERNAL_ID
from shared.adapters.http import Answer, judged
from shared.model.errors import (
    Conflict,
    Exhausted,
    Gone,
    IntegrationError,
    Misconfigured,
    NotYet,
    Rejected,
    Throttled,
    Unavailable,
)
from shared.model.translation import Translation

EXPIRED = "INVALID_SESSION_ID"

EXHAUSTED = 900.0
"""Seconds until the next try where the calls of 24 hours are used up: old ones leave the count little by
little, and a try that comes too early is one more call."""

CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"

GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND"})

TRANSIENT = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "SERVER_UNAVAILABLE",
        "QUERY_TIMEOUT",
        "REQUEST_RUNNING_TOO_LONG",
        "UNKNOWN_EXCEPTION",
        "ENTITY_IS_LOCKED",
        "TXN_SECURITY_METERING_ERROR",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "PROCESSING_HALTED",
        "BATCH_PROCESSING_HALTED",
    }
)

MISCONFIGURED = frozenset(
    {
        EXPIRED,
        "INVALID_FIELD",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_TYPE",
        "INVALID_AUTH_HEADER",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "UNSUPPORTED_API_VERSION",
        "MALFORMED_QUERY",
        "INVALID_LOGIN",
        "invalid_client",
        "invalid_client_id",
        "invalid_grant",
        "unsupported_grant_type",
    }
)

TELLING = frozenset(
    {
        "REQUIRED_FIELD_MISSING",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        CONVERTED,
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    }
)
"""Codes whose message tells a person what to do and quotes no value."""

COLUMN = re.compile(r"No such column '([^']+)'(?: on (?:sobject of type|entity) '?(\w+))?")
BULK_ERROR = re.compile(r"^(?P<code>[A-Z_]+):(?P<message>.*?)(?::(?P<fields>[^:]*?) ?--)?\s*$", re.DOTALL)


def judge(answer: Answer) -> IntegrationError | None:
    """What a whole answer says: an array of errors from the API, an object from the token endpoint."""
    if answer.status < 400:
        return None
    code, message = _first(answer)
    if code is None:
        return judged(answer)
    if code in GONE and "/composite/sobjects/" in answer.request:
        return Misconfigured(
            f"{answer.request}: Salesforce has no such object, or no such external id: create it, or give our"
            " user the right to it",
            reason=code,
        )
    error = refusal(code, message)
    if answer.status >= 500 and isinstance(error, Rejected):
        return Unavailable(f"{answer.request}: {code}", reason=code)
    return error


def of_record(errors: list[Mapping[str, Any]], translation: Translation) -> IntegrationError:
    """The first error of one record of a collection."""
    first = errors[0] if errors else {}
    code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN_EXCEPTION")
    return refusal(code, str(first.get("message", "")), list(first.get("fields") or ()), translation)


def of_bulk(text: str, translation: Translation) -> IntegrationError:
    """`sf__Error` of a row of a bulk job: `CODE:message:Field,Field --`."""
    found = BULK_ERROR.match(text)
    if found is None:
        return refusal("UNKNOWN_EXCEPTION", "", [], translation)
    fields = [field.strip() for field in (found["fields"] or "").split(",") if field.strip()]
    return refusal(found["code"], found["message"], fields, translation)


def refusal(
    code: str, message: str, fields: list[str] | None = None, translation: Translation | None = None
) -> IntegrationError:
    """One code as one of our errors."""
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limited(code, message)
    if code in TRANSIENT:
        return Unavailable(f"Salesforce cannot just now: {code}", reason=code)
    if code in MISCONFIGURED:
        return _misconfigured(code, message, fields)
    if translation is not None and (error := _of_row(code, translation)):
        return error
    if code == "DUPLICATE_VALUE" and EXTERNAL_ID in (message, *(fields or ()), *message.split()):
        return Conflict("This record has been created already", reason=code)
    return _rejected(code, message, fields or [], translation)


def _limited(code: str, message: str) -> Throttled:
    """The same code stands for the calls of the day, and for too many long ones at once, which soon end."""
    if message.startswith("Concurrent"):
        return Throttled("Salesforce has too many long calls under way", reason=code)
    return Exhausted("Salesforce takes no more calls for now", retry_after=EXHAUSTED, reason=code)


def _of_row(code: str, translation: Translation) -> IntegrationError | None:
    """What became of the row, or of the person that it refers to."""
    if code in GONE:
        return Gone(f"The {translation.native} is not in Salesforce any more", reason=code)
    if code == CONVERTED and translation.shifting:
        return NotYet("Its lead has been converted, and no poll has said into which contact", reason=code)
    return None


def _misconfigured(code: str, message: str, fields: list[str] | None) -> Misconfigured:
    column = COLUMN.search(message)
    field = column[1] if column else next(iter(fields or ()), None)
    if field is None:
        return Misconfigured(f"Salesforce refuses the request itself: {code}", reason=code)
    where = f" of {column[2]}" if column and column[2] else ""
    return Misconfigured(
        f"Salesforce has no field {field}{where} that our user may use ({code}): create it, give the user"
        " the right to it, or take it out of the table in translate.py",
        reason=code,
        field=field,
    )


def _rejected(code: str, message: str, fields: list[str], translation: Translation | None) -> Rejected:
    native = next(iter(fields), None)
    field = (translation.canonical_of(native) or native) if translation and native else native
    told = f": {message}" if code in TELLING and message else ""
    about = f" {', '.join(fields)}" if fields else " the record"
    return Rejected(f"Salesforce refuses{about} ({code}){told}", reason=code, field=field)


def _first(answer: Answer) -> tuple[str | None, str]:
    """Code and message of the first error; no code where the body is something else (a proxy's page)."""
    try:
        body = answer.json(object)
    except IntegrationError:
        return None, ""
    if isinstance(body, dict) and "error" in body:
        return str(body["error"]), ""
    first = body[0] if isinstance(body, list) and body else None
    if isinstance(first, dict) and "errorCode" in first:
        return str(first["errorCode"]), str(first.get("message", ""))
    return None, ""
