"""Whose fault a refusal is, by the database's own codes: SQLSTATE of PostgreSQL, result codes of SQLite.

the record's       a constraint, a value too long or out of range, a trigger that raises
for a while        no connection, a lock, a deadlock, no room
ours               no right, no such table or column, a wrong password
a bug              what is none of these is retried a little, as theirs for a while

A description names the constraint's kind and the column. The database's own text may quote values.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError

from shared.model.errors import IntegrationError, Misconfigured, Rejected, Unavailable

REFUSED = frozenset({"22", "23", "44", "P0"})
OURS = frozenset({"28", "3D", "3F", "42", "0A"})
"""The first two letters of a SQLSTATE."""

SQLITE = {
    "SQLITE_CONSTRAINT_UNIQUE": "UniqueViolation",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "UniqueViolation",
    "SQLITE_CONSTRAINT_NOTNULL": "NotNullViolation",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "ForeignKeyViolation",
    "SQLITE_CONSTRAINT_CHECK": "CheckViolation",
    "SQLITE_CONSTRAINT_TRIGGER": "RaiseException",
    "SQLITE_MISMATCH": "DatatypeMismatch",
    "SQLITE_TOOBIG": "StringDataRightTruncation",
}
SQLITE_OURS = frozenset(
    {"SQLITE_ERROR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_NOTADB", "SQLITE_AUTH"}
)

NO_WAY_IN = re.compile(r"authentication failed|does not exist|no password supplied|no pg_hba")
SQLITE_COLUMN = re.compile(r"constraint failed: (?:\w+\.)?(\w+)")
POSTGRESQL_COLUMN = re.compile(r"^Key \((\w+)")

PARENT = "ForeignKeyViolation"


def judge(error: DBAPIError) -> IntegrationError:
    """What went wrong, as one of ours. The `field` of a Rejected is still the column."""
    cause: Any = error.orig
    if getattr(cause, "sqlite_errorname", None):
        return _sqlite(cause)
    if isinstance(error, DataError) and not getattr(cause, "sqlstate", None):
        return _rejected("UnfitText", None)  # the driver has not even sent it: a NUL, for instance
    return _postgresql(cause)


def _sqlite(cause: Any) -> IntegrationError:
    name = str(cause.sqlite_errorname)
    if name in SQLITE:
        found = SQLITE_COLUMN.search(str(cause))
        return _rejected(SQLITE[name], found[1] if found else None)
    if name in SQLITE_OURS:
        return Misconfigured(f"The ERP's database cannot do this: {cause}", reason="WrongMapping")
    return Unavailable(f"The ERP's database cannot just now: {name}", reason="DatabaseBusy")


def _postgresql(cause: Any) -> IntegrationError:
    state = getattr(cause, "sqlstate", None) or ""
    if state[:2] in REFUSED:
        return _rejected(type(cause).__name__, _column(cause))
    if state[:2] in OURS:
        said = cause.diag.message_primary
        return Misconfigured(f"The ERP's database cannot do this: {said}", reason="WrongMapping")
    if not state and NO_WAY_IN.search(str(cause)):
        return Misconfigured("The ERP's database does not let us in", reason="NoWayIn")
    name = type(cause).__name__
    return Unavailable(f"The ERP's database cannot just now: {name}", reason="DatabaseBusy")


def _column(cause: Any) -> str | None:
    if cause.diag.column_name:
        return str(cause.diag.column_name)
    found = POSTGRESQL_COLUMN.search(cause.diag.message_detail or "")
    return found[1] if found else None


def _rejected(reason: str, column: str | None) -> Rejected:
    of = f" of {column}" if column else ""
    return Rejected(f"The ERP's database refuses the record: {reason}{of}", reason=reason, field=column)
