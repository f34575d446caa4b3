"""What the server refuses, with its codes.

| what         | of                   | body                                                            |
|--------------|----------------------|-----------------------------------------------------------------|
| `Refusal`    | one record           | in a collection an entry of `errors` (`statusCode`), else array |
| `ApiError`   | a whole request      | an array of {message, errorCode}                                |
| `OAuthError` | the token endpoint   | an object {error, error_description}                            |
"""

from typing import Any, Final

NOT_FOUND_MESSAGE: Final = "The requested resource does not exist"


class Refusal(Exception):
    """Why one record was refused."""

    def __init__(
        self, code: str, message: str, fields: tuple[str, ...] = (), extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.extra = extra or {}

    def in_collection(self) -> dict[str, Any]:
        """The entry in a collection's `errors`: here the code is called `statusCode`."""
        return {
            **self.extra,
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields),
        }

    def alone(self) -> dict[str, Any]:
        """The entry in the answer to a request for this record alone: here it is called `errorCode`."""
        entry = {**self.extra, "message": self.message, "errorCode": self.code}
        return entry if self.extra else {**entry, "fields": list(self.fields)}

    @property
    def status(self) -> int:
        """The HTTP status when the record was asked for alone."""
        return STATUS_OF.get(self.code, 400)


STATUS_OF: Final = {
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "INVALID_CROSS_REFERENCE_KEY": 400,
    "UNABLE_TO_LOCK_ROW": 400,
}


class ApiError(Exception):
    """The whole request is refused."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.body: Any = [{"message": message, "errorCode": code}]
        self.headers = headers or {}


class OAuthError(Exception):
    """The token endpoint refuses; its body is an object, not an array."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.status = 400
        self.body = {"error": error, "error_description": description}


def deleted(fields: tuple[str, ...] = ()) -> Refusal:
    return Refusal("ENTITY_IS_DELETED", "entity is deleted", fields)


def not_found(message: str = NOT_FOUND_MESSAGE) -> ApiError:
    return ApiError(404, "NOT_FOUND", message)


def parser_error(message: str) -> ApiError:
    return ApiError(400, "JSON_PARSER_ERROR", message)


def no_such_column(field: str, object_name: str) -> ApiError:
    return ApiError(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {object_name}")
