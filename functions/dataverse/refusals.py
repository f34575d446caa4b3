"""Whose fault a refusal is, by Dataverse's own codes; the status where a code is not in a table, or empty.

    theirs, for a while     an unavailable server, deadlocks, time-outs             Unavailable
                            429: too many calls, too long ones, too many at once    Throttled
    a delete                404: the row is not there any more                      Gone
    look again              412: its version is another one; our own id is taken    Conflict
    not yet                 405: other rows still refer to it                       NotYet
    ours                    401, a missing right, column, key or change tracking    Misconfigured
    the record's            412: another row has this key; everything else          Rejected

Both meanings of 412 come with one status, and 404 may speak of the row or of one that it refers to: code, and
the id in the message, tell them apart. Messages quote values, so they are read for columns and lengths only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.dataverse.tables import HUB_ID, Table
from shared.adapters.http import Answer, retry_after
from shared.model.change import Verb, Write
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

UNAUTHORIZED = "Unauthorized"
EXPIRED = "ExpiredVersionStamp"
ASSOCIATED = "CannotDeleteDueToAssociation"

NAMES: Mapping[str, str] = {
    "0x80040200": "RequiredFieldMissing",
    "0x80040203": "InvalidArgument",
    "0x80040216": "UnExpected",
    "0x80040217": "ObjectDoesNotExist",
    "0x80040220": "PrivilegeDenied",
    "0x80040224": "IsvUnExpected",
    "0x80040227": ASSOCIATED,
    "0x80040231": "PrincipalPrivilegeDenied",
    "0x80040237": "DuplicateRecord",
    "0x80040265": "IsvAborted",
    "0x80040333": "DuplicateRecordsFound",
    "0x80043b08": "DuplicateProductPriceLevel",
    "0x80043b14": "ProductInvalidUnit",
    "0x80044150": "SqlError",
    "0x80044151": "SqlTimeout",
    "0x8004431a": "PicklistValueOutOfRange",
    "0x8004432f": "IntegerValueOutOfRange",
    "0x80044330": "DecimalValueOutOfRange",
    "0x80044331": "StringLengthTooLong",
    "0x80044352": EXPIRED,
    "0x80048306": "AccessDenied",
    "0x80048408": "InvalidStateCodeStatusCode",
    "0x80048544": "DataEngineQueryThrottling",
    "0x8004a001": "SqlGovernor",
    "0x8004f00e": "InvalidStateTransition",
    "0x80060882": "ConcurrencyVersionMismatch",
    "0x8006088a": "ResourceNotFound",
    "0x80060890": "EntityKeyNotDefined",
    "0x80060891": "RecordNotFoundByEntityKey",
    "0x80060892": "DuplicateRecordEntityKey",
    "0x80072321": "CombinedExecutionTimeExceeded",
    "0x80072322": "NumberOfRequestsExceeded",
    "0x80072326": "ConcurrencyLimitExceeded",
    "0x80072491": "ChangeTrackingNotEnabled",
    "0x80072560": "UserNotMemberOfOrg",
    "0x80073002": "UniqueIndexViolation",
}
"""A name reads better than a number, in a list of dead letters as here."""

LIMITS = frozenset({"CombinedExecutionTimeExceeded", "NumberOfRequestsExceeded", "ConcurrencyLimitExceeded"})

TRANSIENT = frozenset({"SqlError", "SqlTimeout", "SqlGovernor", "DataEngineQueryThrottling"})

OURS = {
    "PrivilegeDenied": "give our application user a role with this right",
    "PrincipalPrivilegeDenied": "give our application user a role with this right",
    "UserNotMemberOfOrg": "add our application user to the environment",
    "EntityKeyNotDefined": f"create the column {HUB_ID} and an alternate key of it",
    "ChangeTrackingNotEnabled": "turn change tracking on for the table",
    "ResourceNotFound": "the environment has no such table, or the address is wrong",
}
"""Refusals that only we can mend, and how."""

UNKNOWN_COLUMN = re.compile(r"(?:Invalid property|property named|undeclared property) '(\w+)'")
STALE = "doesn't match the RowVersion"
GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
QUOTED = re.compile(r"'(\w+)'")
LONGEST = re.compile(r"maximum allowed length of '(\d+)'")
DUPLICATE_COLUMN = re.compile(r"<(\w+)>")
DUPLICATES = "@Microsoft.PowerApps.CDS.ErrorDetails.DuplicateAttributes"


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says beside its status: a name for its code, a message, columns of a violated key."""

    name: str
    message: str
    columns: tuple[str, ...] = ()


def judge(answer: Answer) -> IntegrationError | None:
    """What a whole answer says."""
    if answer.status < 400:
        return None
    said = _said(answer)
    if error := _of_nobody(answer, said):
        return error
    if said.name == EXPIRED:
        return Rejected(f"{answer.request}: Dataverse knows this delta token no more", reason=EXPIRED)
    if answer.status in (401, 403):
        reason = UNAUTHORIZED if answer.status == 401 else said.name
        return Misconfigured(
            f"{answer.request}: HTTP {answer.status} ({reason}): check the credentials and the"
            " application user",
            reason=reason,
        )
    if answer.status in (404, 405):
        return Misconfigured(f"{answer.request}: there is nothing of Dataverse here", reason="WrongAddress")
    return Rejected(f"{answer.request}: HTTP {answer.status} ({said.name})", reason=said.name)


def of_part(answer: Answer, write: Write, table: Table) -> IntegrationError:
    """What the answer to one write says."""
    said = _said(answer)
    if error := _of_nobody(answer, said):
        return error
    if answer.status == 404:
        return _absent(said, write, table)
    if answer.status == 412:
        return _precondition(said, table)
    if said.name == ASSOCIATED:
        return NotYet(f"Dataverse deletes no {table.name} that other rows refer to", reason=said.name)
    return _rejected(said, table)


def _of_nobody(answer: Answer, said: Said) -> IntegrationError | None:
    """What is no record's fault."""
    if answer.status == 429 or said.name in LIMITS:
        return Throttled(
            "Dataverse takes no more calls for now", retry_after=retry_after(answer), reason=said.name
        )
    if answer.status >= 500 or answer.status == 408 or said.name in TRANSIENT:
        return Unavailable(f"Dataverse cannot just now: {said.name}", reason=said.name)
    if said.name in OURS:
        return Misconfigured(f"Dataverse refuses us ({said.name}): {OURS[said.name]}", reason=said.name)
    if column := UNKNOWN_COLUMN.search(said.message):
        return Misconfigured(
            f"Dataverse has no column {column[1]} that our user may use: create it, give the user"
            " the right to it, or take it out of the table in translate.py",
            reason="UnknownColumn",
            field=column[1],
        )
    return None


def _absent(said: Said, write: Write, table: Table) -> IntegrationError:
    """The row itself is gone, or one that it would refer to is not there."""
    named = GUID.search(said.message)
    native_id = named[0].lower() if named else write.native_id
    if write.verb is not Verb.CREATE and native_id == write.native_id:
        return Gone(f"The {table.name} is not in Dataverse any more", reason=said.name)
    field = next((each for each, value in write.values.items() if value == native_id), None)
    return Rejected(f"Dataverse has no row that {field or 'a lookup'} names", reason=said.name, field=field)


def _precondition(said: Said, table: Table) -> IntegrationError:
    if said.name == "ConcurrencyVersionMismatch" or STALE in said.message:
        return Conflict("The row has been changed in Dataverse since it was read", reason=said.name)
    if HUB_ID in said.columns:
        return Conflict("This record has been created already", reason=said.name)
    field = next(filter(None, map(table.canonical_of, said.columns)), None)
    return Rejected(
        f"Another {table.name} in Dataverse has the same {field or 'key'} ({said.name})",
        reason=said.name,
        field=field,
    )


def _rejected(said: Said, table: Table) -> Rejected:
    columns = [column for column in QUOTED.findall(said.message) if table.canonical_of(column)]
    native = next(iter(columns), None)
    longest = LONGEST.search(said.message)
    allowed = f"; at most {longest[1]} characters" if longest else ""
    return Rejected(
        f"Dataverse refuses {native or 'the record'} ({said.name}){allowed}",
        reason=said.name,
        field=table.canonical_of(native) if native else None,
    )


def _said(answer: Answer) -> Said:
    """Tolerantly: a proxy's page has no code, and Dataverse leaves it empty now and then."""
    error = _error(answer)
    code, message = str(error.get("code") or "").lower(), str(error.get("message") or "")
    columns = DUPLICATE_COLUMN.findall(str(error.get(DUPLICATES, "")))
    name = NAMES.get(code) or (code if code.startswith("0x8") else f"Http{answer.status}")
    return Said(name, message, tuple(columns))


def _error(answer: Answer) -> Mapping[str, Any]:
    try:
        body = answer.json(object)
    except IntegrationError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
