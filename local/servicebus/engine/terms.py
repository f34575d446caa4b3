"""What a queue needs to know of the options of the entity that it belongs to."""

from dataclasses import dataclass, replace
from datetime import timedelta

from local.servicebus.engine.entities import EntityStatus, QueueOptions, SubscriptionOptions


@dataclass(frozen=True, slots=True)
class Terms:
    """Of the main queue, or of one of the two subqueues, which have no limits of their own."""

    lock_duration: timedelta
    max_delivery_count: int | None = None
    time_to_live: timedelta | None = None
    keeps_expired: bool = False
    forward_to: str | None = None
    status: EntityStatus = EntityStatus.ACTIVE

    @classmethod
    def of(cls, options: QueueOptions | SubscriptionOptions) -> "Terms":
        return cls(
            lock_duration=options.lock_duration,
            max_delivery_count=options.max_delivery_count,
            time_to_live=options.default_message_time_to_live,
            keeps_expired=options.dead_lettering_on_message_expiration,
            forward_to=options.forward_to,
            status=options.status,
        )

    @classmethod
    def of_dead_letters(cls, options: QueueOptions | SubscriptionOptions) -> "Terms":
        return cls(
            lock_duration=options.lock_duration,
            forward_to=options.forward_dead_lettered_messages_to,
            status=EntityStatus.ACTIVE if options.status.may_receive else options.status,
        )

    def capped(self, time_to_live: timedelta | None) -> "Terms":
        """The same, where no message lives longer than that."""
        if time_to_live is None:
            return self
        return replace(self, time_to_live=min(self.time_to_live or time_to_live, time_to_live))

    @classmethod
    def of_transfer(cls, options: QueueOptions | SubscriptionOptions) -> "Terms":
        return replace(cls.of_dead_letters(options), forward_to=None)
