"""A message: what its sender said (`Message`), and what the broker adds (`BrokeredMessage`).

    Message                      never changes; all copies in all subscriptions share one
      properties                 parsed, as filters and sessions need them
      application_properties     parsed
      body                       opaque bytes: an AMQP shell puts all encoded sections here and gets them
      back untouched rewritten                  which parsed parts the broker has changed since, so which
      sections of `body` are out of date

    BrokeredMessage              one copy at one moment: number, times, delivery count, state, lock

The broker changes a message in two cases only: a rule's action, and dead-lettering (reason and description
become application properties). It then makes a new `Message` whose `rewritten` says so; a shell re-encodes
just then.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Self
from uuid import UUID

Value = str | int | float | bool | bytes | datetime | timedelta | Decimal | UUID | None
"""What an application property can hold."""

DEAD_LETTER_REASON = "DeadLetterReason"
DEAD_LETTER_DESCRIPTION = "DeadLetterErrorDescription"


class MessageState(enum.IntEnum):
    """As `x-opt-message-state` says it. A locked message keeps the state that it had."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


class ReceiveMode(enum.Enum):
    PEEK_LOCK = enum.auto()
    RECEIVE_AND_DELETE = enum.auto()


class Rewritten(enum.Flag):
    """Which parsed parts are newer than the encoded sections in `body`."""

    NOTHING = 0
    PROPERTIES = enum.auto()
    APPLICATION_PROPERTIES = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a sender said. Ids of other AMQP types than string come as their text."""

    body: bytes = b""
    application_properties: Mapping[str, Value] = field(default_factory=dict)
    message_id: str | None = None
    session_id: str | None = None
    correlation_id: str | None = None
    subject: str | None = None
    to: str | None = None
    reply_to: str | None = None
    reply_to_session_id: str | None = None
    content_type: str | None = None
    partition_key: str | None = None
    time_to_live: timedelta | None = None
    scheduled_enqueue_time: datetime | None = None
    size: int | None = None
    """Bytes on the wire; where it is None, what can be counted here."""
    rewritten: Rewritten = Rewritten.NOTHING

    @property
    def weight(self) -> int:
        """What counts against the limits of a message and of an entity."""
        if self.size is not None:
            return self.size
        return len(self.body) + sum(
            len(name) + _weight(value) for name, value in self.application_properties.items()
        )

    def with_application_properties(self, changes: Mapping[str, Value]) -> Self:
        """The same message with some application properties set."""
        if not changes:
            return self
        return replace(
            self,
            application_properties={**self.application_properties, **changes},
            rewritten=self.rewritten | Rewritten.APPLICATION_PROPERTIES,
        )


class BrokeredMessage(NamedTuple):
    """One copy of a message as a queue or subscription held it at the moment of asking."""

    message: Message
    sequence_number: int
    enqueued_sequence_number: int | None
    """The number that it got where it was first sent, if that is elsewhere: the topic, or the queue that
    forwarded it or gave it up.
    """
    enqueued_time: datetime
    delivery_count: int
    """Deliveries that failed before this one: 0 at the first."""
    state: MessageState
    expires_at: datetime | None
    dead_letter_source: str | None
    """The entity that gave it up, on messages that were forwarded from a dead-letter queue."""
    lock_token: UUID | None = None
    locked_until: datetime | None = None


def _weight(value: Value) -> int:
    return len(value) if isinstance(value, str | bytes) else 8
