"""What can be set on a queue, topic, subscription and rule: the documented defaults and limits.

    QueueOptions         ─┐
    TopicOptions          ├─ immutable values; `check()` refuses what Service Bus refuses
    SubscriptionOptions  ─┘
    Rule                 name, filter, action; a subscription starts with one, `$Default`, that takes
    everything Entity[Options]      a name, its options, and when it was made and changed
    Counts               what an entity holds at this moment

A time of None is "never": messages that do not expire, entities that are not deleted when idle.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from local.servicebus.engine.errors import ArgumentError
from local.servicebus.engine.filters import Filter, TrueFilter
from local.servicebus.engine.message import Value

MAX_MESSAGE_BYTES = 256 * 1024
MAX_FORWARDING_HOPS = 4
MAX_SESSION_ID = 128
MAX_AUTHORIZATION_RULES = 12
DEFAULT_RULE = "$Default"


class EntityStatus(enum.Enum):
    ACTIVE = "Active"
    DISABLED = "Disabled"
    SEND_DISABLED = "SendDisabled"
    RECEIVE_DISABLED = "ReceiveDisabled"

    @property
    def may_send(self) -> bool:
        return self in {EntityStatus.ACTIVE, EntityStatus.RECEIVE_DISABLED}

    @property
    def may_receive(self) -> bool:
        return self in {EntityStatus.ACTIVE, EntityStatus.SEND_DISABLED}


class Right(enum.StrEnum):
    """What a key may be used for. To manage an entity is also to send to it and to listen."""

    MANAGE = "Manage"
    SEND = "Send"
    LISTEN = "Listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRule:
    """A name with two keys, so that one can be changed while the other is in use."""

    key_name: str
    primary_key: str
    secondary_key: str
    rights: tuple[Right, ...]
    claim_type: str = "SharedAccessKey"
    claim_value: str = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    lock_duration: timedelta = timedelta(seconds=60)
    max_delivery_count: int = 10
    default_message_time_to_live: timedelta | None = None
    dead_lettering_on_message_expiration: bool = False
    requires_session: bool = False
    requires_duplicate_detection: bool = False
    duplicate_detection_history_time_window: timedelta = timedelta(minutes=10)
    forward_to: str | None = None
    forward_dead_lettered_messages_to: str | None = None
    max_size_in_megabytes: int = 1024
    max_message_size_in_kilobytes: int = 256
    status: EntityStatus = EntityStatus.ACTIVE
    auto_delete_on_idle: timedelta | None = None
    enable_batched_operations: bool = True
    enable_partitioning: bool = False
    enable_express: bool = False
    user_metadata: str | None = None
    authorization_rules: tuple[AuthorizationRule, ...] = ()

    def check(self) -> None:
        """Refuse what Service Bus refuses."""
        _check_receiving(self.lock_duration, self.max_delivery_count)
        _check_storing(self.max_size_in_megabytes, self.duplicate_detection_history_time_window)
        _check_message_size(self.max_message_size_in_kilobytes)
        _check_times(self.default_message_time_to_live, self.auto_delete_on_idle, self.user_metadata)
        _check_authorization(self.authorization_rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicOptions:
    default_message_time_to_live: timedelta | None = None
    requires_duplicate_detection: bool = False
    duplicate_detection_history_time_window: timedelta = timedelta(minutes=10)
    max_size_in_megabytes: int = 1024
    max_message_size_in_kilobytes: int = 256
    status: EntityStatus = EntityStatus.ACTIVE
    auto_delete_on_idle: timedelta | None = None
    support_ordering: bool = True
    filtering_messages_before_publishing: bool = False
    enable_batched_operations: bool = True
    enable_partitioning: bool = False
    enable_express: bool = False
    user_metadata: str | None = None
    authorization_rules: tuple[AuthorizationRule, ...] = ()

    def check(self) -> None:
        """Refuse what Service Bus refuses."""
        _check_storing(self.max_size_in_megabytes, self.duplicate_detection_history_time_window)
        _check_message_size(self.max_message_size_in_kilobytes)
        _check_times(self.default_message_time_to_live, self.auto_delete_on_idle, self.user_metadata)
        _check_authorization(self.authorization_rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionOptions:
    lock_duration: timedelta = timedelta(seconds=60)
    max_delivery_count: int = 10
    default_message_time_to_live: timedelta | None = None
    dead_lettering_on_message_expiration: bool = False
    dead_lettering_on_filter_evaluation_exceptions: bool = True
    requires_session: bool = False
    forward_to: str | None = None
    forward_dead_lettered_messages_to: str | None = None
    status: EntityStatus = EntityStatus.ACTIVE
    auto_delete_on_idle: timedelta | None = None
    enable_batched_operations: bool = True
    user_metadata: str | None = None

    def check(self) -> None:
        """Refuse what Service Bus refuses."""
        _check_receiving(self.lock_duration, self.max_delivery_count)
        _check_times(self.default_message_time_to_live, self.auto_delete_on_idle, self.user_metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which messages a subscription takes, and what is changed in its copy."""

    name: str = DEFAULT_RULE
    filter: Filter = field(default_factory=TrueFilter)
    action: str | None = None
    action_parameters: Mapping[str, Value] = field(default_factory=dict)
    created_at: datetime | None = None


Options = TypeVar("Options", QueueOptions, TopicOptions, SubscriptionOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Generic[Options]):
    """A queue, topic or subscription as the administration sees it."""

    name: str
    options: Options
    created_at: datetime
    updated_at: datetime


class Described(NamedTuple):
    """All that is needed to make an entity again."""

    entity: Entity[QueueOptions] | Entity[TopicOptions] | Entity[SubscriptionOptions]
    topic: str | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an entity holds at this moment. Locked and deferred messages are active too, as in Service Bus."""

    active: int = 0
    scheduled: int = 0
    dead_lettered: int = 0
    transfer: int = 0
    transfer_dead_lettered: int = 0
    size_in_bytes: int = 0
    subscriptions: int = 0
    accessed_at: datetime | None = None
    """When somebody last sent to it or received from it."""

    @property
    def total(self) -> int:
        return self.active + self.scheduled + self.dead_lettered + self.transfer + self.transfer_dead_lettered


def _check_receiving(lock_duration: timedelta, max_delivery_count: int) -> None:
    if not timedelta(seconds=5) <= lock_duration <= timedelta(minutes=5):
        raise ArgumentError(f"LockDuration must be between 5 seconds and 5 minutes, not {lock_duration}")
    if not 1 <= max_delivery_count <= 2000:
        raise ArgumentError(f"MaxDeliveryCount must be between 1 and 2000, not {max_delivery_count}")


def _check_storing(megabytes: int, window: timedelta) -> None:
    if not 1 <= megabytes <= 81920:
        raise ArgumentError(f"MaxSizeInMegabytes must be between 1 and 81920, not {megabytes}")
    if not timedelta(seconds=20) <= window <= timedelta(days=7):
        raise ArgumentError(
            f"DuplicateDetectionHistoryTimeWindow must be between 20 seconds and 7 days, not {window}"
        )


def _check_message_size(kilobytes: int) -> None:
    if kilobytes * 1024 != MAX_MESSAGE_BYTES:
        raise ArgumentError(f"MaxMessageSizeInKilobytes is 256 in the standard tier, not {kilobytes}")


def _check_times(time_to_live: timedelta | None, idle: timedelta | None, metadata: str | None) -> None:
    if time_to_live is not None and time_to_live <= timedelta():
        raise ArgumentError(f"DefaultMessageTimeToLive must be above zero, not {time_to_live}")
    if idle is not None and idle < timedelta(minutes=5):
        raise ArgumentError(f"AutoDeleteOnIdle must be 5 minutes or more, not {idle}")
    if metadata is not None and len(metadata) > 1024:
        raise ArgumentError(f"UserMetadata must have at most 1024 characters, not {len(metadata)}")


def _check_authorization(rules: Sequence[AuthorizationRule]) -> None:
    if len(rules) > MAX_AUTHORIZATION_RULES:
        raise ArgumentError(f"an entity has at most {MAX_AUTHORIZATION_RULES} AuthorizationRules")
    if len({rule.key_name.lower() for rule in rules}) < len(rules):
        raise ArgumentError("two AuthorizationRules have the same KeyName")
    for rule in rules:
        if not (rule.key_name and rule.primary_key and rule.rights):
            raise ArgumentError("an AuthorizationRule needs KeyName, PrimaryKey and Rights")
