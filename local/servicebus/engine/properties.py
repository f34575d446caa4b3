"""The properties that a rule can name: the sender's own (`user.`, or no scope) and the system's (`sys.`)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from local.servicebus.engine.errors import FilterError, RuleSyntaxError
from local.servicebus.engine.message import Message, Rewritten, Value

_SYSTEM: dict[str, str] = {
    "messageid": "message_id",
    "sessionid": "session_id",
    "correlationid": "correlation_id",
    "label": "subject",
    "subject": "subject",
    "to": "to",
    "replyto": "reply_to",
    "replytosessionid": "reply_to_session_id",
    "contenttype": "content_type",
    "partitionkey": "partition_key",
    "timetolive": "time_to_live",
    "scheduledenqueuetimeutc": "scheduled_enqueue_time",
}
_FIXED = ("time_to_live", "scheduled_enqueue_time", "session_id", "partition_key")


@dataclass(frozen=True, slots=True)
class Property:
    """One property of any message."""

    get: Callable[[Message], Value]
    set: Callable[[Message, Value], Message]
    remove: Callable[[Message], Message]

    @classmethod
    def named(cls, scope: str, name: str) -> "Property":
        """Errors: RuleSyntaxError."""
        if scope == "user":
            return cls._of_user(name)
        if scope == "sys":
            return cls._of_system(name)
        raise RuleSyntaxError(f"a property is of sys or of user, not of {scope}")

    def exists(self, message: Message) -> bool:
        return self.get(message) is not None

    @classmethod
    def _of_user(cls, name: str) -> "Property":
        return cls(
            lambda message: message.application_properties.get(name),
            lambda message, value: message.with_application_properties({name: value}),
            lambda message: _without(message, name),
        )

    @classmethod
    def _of_system(cls, name: str) -> "Property":
        field = _SYSTEM.get(name.lower())
        if field is None:
            raise RuleSyntaxError(f"there is no system property {name}")
        return cls(
            attrgetter(field),
            lambda message, value: _with_field(message, field, value),
            lambda message: _with_field(message, field, None),
        )


def _without(message: Message, name: str) -> Message:
    if name not in message.application_properties:
        return message
    kept = {key: value for key, value in message.application_properties.items() if key != name}
    return replace(
        message, application_properties=kept, rewritten=message.rewritten | Rewritten.APPLICATION_PROPERTIES
    )


def _with_field(message: Message, field: str, value: Value) -> Message:
    if field in _FIXED:
        raise FilterError(f"a rule cannot set {field}")
    text = None if value is None else str(value)
    changes: dict[str, Any] = {field: text, "rewritten": message.rewritten | Rewritten.PROPERTIES}
    return replace(message, **changes)
