"""A message as a queue holds it, and what all queues of one broker share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from local.servicebus.engine.lines import Agenda
from local.servicebus.engine.message import BrokeredMessage, Message, MessageState
from local.servicebus.engine.records import Page


@dataclass(slots=True, eq=False)
class Held:
    """One copy in one place; the only thing here that changes is where it stands."""

    message: Message
    number: int
    origin: int
    """The number that it got where it was first sent; 0, if that was here."""
    enqueued_at: datetime
    expires_at: datetime | None = None
    delivery_count: int = 0
    state: MessageState = MessageState.ACTIVE
    source: str | None = None
    hops: int = 0
    lock: UUID | None = None
    locked_until: datetime | None = None

    @property
    def first_number(self) -> int:
        """Where it was first sent."""
        return self.origin or self.number

    def shown(self) -> BrokeredMessage:
        return BrokeredMessage(
            self.message,
            self.number,
            self.origin or None,
            self.enqueued_at,
            self.delivery_count,
            self.state,
            self.expires_at,
            self.source,
            self.lock,
            self.locked_until,
        )


@dataclass(slots=True, frozen=True)
class Passage:
    """What a message carries from one entity to the next, besides itself."""

    origin: int = 0
    hops: int = 0
    source: str | None = None
    delivery_count: int = 0
    enqueued_at: datetime | None = None


class Forward(Protocol):
    def __call__(self, address: str, message: Message, now: datetime, passage: Passage) -> str | None:
        """Hand over to another entity, or say why not."""


class Account:
    """The bytes that a queue holds, counted in its entity too."""

    def __init__(self, within: "Account | None" = None) -> None:
        self.used = 0
        self._within = within

    def add(self, size: int) -> None:
        self.used += size
        if self._within is not None:
            self._within.add(size)


@dataclass(slots=True, frozen=True)
class Commons:
    """What all queues of one broker share."""

    page: Page
    agenda: Agenda
    ids: Callable[[], UUID]
    forward: Forward
