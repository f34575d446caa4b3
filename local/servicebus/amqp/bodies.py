"""The body of a management request: a map whose keys and values have to be what the operation expects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from local.servicebus.amqp.envelope import to_datetime, to_value
from local.servicebus.amqp.errors import ARGUMENT_ERROR, AmqpError
from local.servicebus.engine.message import Value

T = TypeVar("T")


class Body:
    """Gives values of the wanted type. Errors: AmqpError, which names the key."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise AmqpError(ARGUMENT_ERROR, "The body of the request is no map.")
        self._values = {str(key): content for key, content in value.items()}

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def text(self, key: str) -> str:
        return self._required(key, str)

    def optional_text(self, key: str) -> str | None:
        return self._optional(key, str)

    def number(self, key: str, default: int | None = None) -> int:
        return self._required(key, int) if default is None or key in self else default

    def octets(self, key: str) -> bytes:
        return self._required(key, bytes)

    def optional_octets(self, key: str) -> bytes | None:
        return self._optional(key, bytes)

    def moment(self, key: str) -> datetime | None:
        """None where it lies beyond the calendar: the greatest time there is stands for no time at all."""
        milliseconds = self.number(key)
        return to_datetime(milliseconds) if milliseconds < _YEAR_10000 else None

    def numbers(self, key: str) -> list[int]:
        return self._listed(key, int)

    def tokens(self, key: str) -> list[UUID]:
        return [_uuid(key, token) for token in self._listed(key, object)]

    def bodies(self, key: str) -> Iterator[Body]:
        return (Body(entry) for entry in self._listed(key, dict))

    def body(self, key: str) -> Body:
        return Body(self._required(key, dict))

    def values(self, key: str) -> dict[str, Value]:
        """A map of application properties, empty if there is none."""
        found = self._optional(key, dict) or {}
        return {str(name): to_value(value) for name, value in found.items()}

    def _required(self, key: str, kind: type[T]) -> T:
        value = self._optional(key, kind)
        if value is None:
            raise AmqpError(ARGUMENT_ERROR, f"'{key}' is missing.")
        return value

    def _optional(self, key: str, kind: type[T]) -> T | None:
        value = self._values.get(key)
        if value is not None and not isinstance(value, kind):
            raise AmqpError(ARGUMENT_ERROR, f"'{key}' is no {kind.__name__}.")
        return value

    def _listed(self, key: str, kind: type[T]) -> list[T]:
        found = self._required(key, list)
        if not all(isinstance(entry, kind) for entry in found):
            raise AmqpError(ARGUMENT_ERROR, f"'{key}' holds something that is no {kind.__name__}.")
        return found


_YEAR_10000 = 253_402_300_800_000


def _uuid(key: str, token: object) -> UUID:
    try:
        return token if isinstance(token, UUID) else UUID(str(token))
    except ValueError:
        raise AmqpError(ARGUMENT_ERROR, f"'{key}' holds something that is no lock token.") from None
