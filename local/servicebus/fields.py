"""What can be set on an entity, by the names that Microsoft gives it: in Atom documents and in a Config.json.

A `Field` ties a name (`LockDuration`) to an attribute of our options (`lock_duration`) and to the form of its
value.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local.servicebus import durations
from local.servicebus.engine.entities import EntityStatus


class Form(NamedTuple):
    """How a value is written, as text and in JSON."""

    json: type
    parse: Callable[[str], Any]
    """Errors: ValueError."""
    say: Callable[[Any], str]


class Field(NamedTuple):
    name: str
    attribute: str
    form: Form


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _path(text: str) -> str | None:
    """An entity, named by its path or by its whole address."""
    return (urlsplit(text).path if "://" in text else text).strip("/") or None


DURATION = Form(str, durations.parse, durations.say)
FLAG = Form(bool, _flag, lambda value: str(value).lower())
COUNT = Form(int, int, str)
TEXT = Form(str, lambda text: text or None, str)
PATH = Form(str, _path, str)
STATUS = Form(str, EntityStatus, lambda value: str(value.value))

_RECEIVING = (
    Field("LockDuration", "lock_duration", DURATION),
    Field("RequiresSession", "requires_session", FLAG),
    Field("DefaultMessageTimeToLive", "default_message_time_to_live", DURATION),
    Field("DeadLetteringOnMessageExpiration", "dead_lettering_on_message_expiration", FLAG),
    Field("MaxDeliveryCount", "max_delivery_count", COUNT),
    Field("ForwardTo", "forward_to", PATH),
    Field("ForwardDeadLetteredMessagesTo", "forward_dead_lettered_messages_to", PATH),
)
_STORING = (
    Field("MaxSizeInMegabytes", "max_size_in_megabytes", COUNT),
    Field("RequiresDuplicateDetection", "requires_duplicate_detection", FLAG),
    Field("DuplicateDetectionHistoryTimeWindow", "duplicate_detection_history_time_window", DURATION),
    Field("EnablePartitioning", "enable_partitioning", FLAG),
    Field("EnableExpress", "enable_express", FLAG),
    Field("MaxMessageSizeInKilobytes", "max_message_size_in_kilobytes", COUNT),
)
_ANY = (
    Field("EnableBatchedOperations", "enable_batched_operations", FLAG),
    Field("Status", "status", STATUS),
    Field("UserMetadata", "user_metadata", TEXT),
    Field("AutoDeleteOnIdle", "auto_delete_on_idle", DURATION),
)
QUEUE = (*_RECEIVING, *_STORING, *_ANY)
TOPIC = (
    Field("DefaultMessageTimeToLive", "default_message_time_to_live", DURATION),
    *_STORING,
    Field("FilteringMessagesBeforePublishing", "filtering_messages_before_publishing", FLAG),
    Field("SupportOrdering", "support_ordering", FLAG),
    *_ANY,
)
SUBSCRIPTION = (
    *_RECEIVING,
    Field(
        "DeadLetteringOnFilterEvaluationExceptions", "dead_lettering_on_filter_evaluation_exceptions", FLAG
    ),
    *_ANY,
)

CORRELATION: Mapping[str, str] = {
    "CorrelationId": "correlation_id",
    "MessageId": "message_id",
    "To": "to",
    "ReplyTo": "reply_to",
    "Label": "subject",
    "SessionId": "session_id",
    "ReplyToSessionId": "reply_to_session_id",
    "ContentType": "content_type",
}
"""The properties of the system that a correlation filter can name."""
