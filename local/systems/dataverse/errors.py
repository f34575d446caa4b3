"""What Dataverse refuses: a status, and a code by which a client can tell why.

`{"error": {"code": "0x…", "message": "…"}}`. Codes and messages are those of the vendor's lists where a
source shows them, else believed.
"""

from typing import Any, Final

HELP: Final = (
    "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{}&client=platform"
)
_DETAILS: Final = "@Microsoft.PowerApps.CDS."


class Refused(Exception):
    """A request, or one row of it, that gets an error for an answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        details: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.details = details or {}

    def body(self, *, annotated: bool) -> dict[str, Any]:
        """`annotated` where the caller wants all annotations, errors' included."""
        error = {"code": self.code, "message": self.message}
        if annotated:
            error |= {f"{_DETAILS}ErrorDetails.{name}": text for name, text in self.details.items()}
            error[f"{_DETAILS}HelpLink"] = HELP.format(self.code.removeprefix("0x"))
            error[f"{_DETAILS}InnerError.Message"] = self.message
        return {"error": error}


# Requests


def invalid(message: str, code: str = "0x80060888") -> Refused:
    """A query or an address that cannot be understood."""
    return Refused(400, code, message)


def malformed(set_name: str, message: str) -> Refused:
    """A body that is not of the shape that the table has."""
    return Refused(
        400,
        "0x80048d19",
        f"Error identified in Payload provided by the user for Entity :'{set_name}', "
        f"InnerException : Microsoft.OData.ODataException: {message}",
    )


def no_segment(segment: str) -> Refused:
    return Refused(404, "0x8006088a", f"Resource not found for the segment '{segment}'.")


def unsupported(message: str) -> Refused:
    return Refused(501, "0x80060888", message)


# Rows


def missing(table: str, key: str) -> Refused:
    return Refused(404, "0x80040217", f"{table} With Id = {key} Does Not Exist")


def missing_by_key(table: str) -> Refused:
    message = f"A record with the specified key values does not exist in {table} entity"
    return Refused(404, "0x80060891", message)


def key_not_defined(table: str) -> Refused:
    message = f"The specified key attributes are not a defined key for the {table} entity"
    return Refused(400, "0x80060890", message)


def version_mismatch(code: str) -> Refused:
    message = "The version of the existing record doesn't match the RowVersion property provided."
    return Refused(412, code, message)


def exists() -> Refused:
    return Refused(412, "0x80040237", "A record with matching key values already exists.")


def duplicate_id() -> Refused:
    return Refused(412, "0x80040237", "Cannot insert duplicate key.")


def duplicate_key(labels: list[str], values: dict[str, Any], written: str) -> Refused:
    """Names no row that has the values already: the real one does not either."""
    named = ", ".join(labels)
    attributes = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return Refused(
        412,
        "0x80060892",
        f"Entity Key {named} violated. A record with the same value for {named} already exists. "
        "A duplicate record cannot be created. Select one or more unique values and try again.",
        details={
            **{str(position): label for position, label in enumerate(labels)},
            "DuplicateAttributes": f"<DuplicateAttributes>{attributes}</DuplicateAttributes>",
            "DuplicateEntity": written,
        },
    )


def invalid_value(code: str, message: str) -> Refused:
    return Refused(400, code, f"A validation error occurred.  {message}")


def required(table: str, column: str) -> Refused:
    message = f"Required field '{column}' is missing for the '{table}' entity."
    return Refused(400, "0x80040200", message)


def associated() -> Refused:
    message = "The object you tried to delete is associated with another object and cannot be deleted."
    return Refused(405, "0x80040227", message)
