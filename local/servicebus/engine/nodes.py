"""The entities as the broker holds them: a description on one side, queues on the other.

    QueueNode          an inlet, and a queue with its two subqueues
    TopicNode          an inlet, and a SubscriptionNode for each subscription
    SubscriptionNode   rules, and a queue with its two subqueues

An `Inlet` is what can be sent to. It checks first and enqueues then, so that a batch is taken whole or not
at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from local.servicebus.engine.duplicates import DuplicateHistory
from local.servicebus.engine.entities import (
    Counts,
    Entity,
    EntityStatus,
    QueueOptions,
    SubscriptionOptions,
    TopicOptions,
)
from local.servicebus.engine.errors import (
    ArgumentError,
    EntityDisabledError,
    MessageTooLargeError,
    NotAllowedError,
    QuotaExceededError,
)
from local.servicebus.engine.held import Account, Commons, Passage
from local.servicebus.engine.message import Message
from local.servicebus.engine.queue import MessageQueue
from local.servicebus.engine.records import Part, store_of
from local.servicebus.engine.sessions import SessionQueue
from local.servicebus.engine.terms import Terms
from local.servicebus.engine.topic import Subscription, Topic

KILOBYTE = 1024
MEGABYTE = 1024 * 1024
DUPLICATE = 0
"""The sequence number of a message that is not there."""


@dataclass(slots=True, eq=False)
class Inlet:
    """What can be sent to."""

    target: MessageQueue | Topic
    account: Account
    commons: Commons
    status: EntityStatus
    max_bytes: int
    max_message_bytes: int
    duplicates: DuplicateHistory | None

    def change(self, options: QueueOptions | TopicOptions) -> None:
        self.status = options.status
        self.max_bytes = options.max_size_in_megabytes * MEGABYTE
        self.max_message_bytes = options.max_message_size_in_kilobytes * KILOBYTE
        if self.duplicates is not None:
            self.duplicates.window = options.duplicate_detection_history_time_window

    def check_open(self) -> None:
        if not self.status.may_send:
            raise EntityDisabledError(f"{self.target.address} is disabled for sending")

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what is wrong with any of them."""
        self.check_open()
        weights = [message.weight for message in messages]
        if max(weights, default=0) > self.max_message_bytes:
            raise MessageTooLargeError(
                f"{max(weights)} bytes; a message has at most {self.max_message_bytes}"
            )
        if self.account.used + sum(weights) > self.max_bytes:
            raise QuotaExceededError(f"{self.target.address} is full: it may hold {self.max_bytes} bytes")
        if self.target.requires_session:
            _check_sessions(messages)

    def enqueue(self, message: Message, now: datetime) -> int:
        if self._is_repeat(message, now):
            return DUPLICATE
        at = message.scheduled_enqueue_time
        if at is None or at <= now:
            return self.target.put(message, now)
        self.commons.agenda.note(self.target, at)
        return self.target.schedule.add(message, at)

    def forward(self, message: Message, now: datetime, passage: Passage) -> None:
        """One that another entity passes on; raises as for a sender."""
        self.check([message])
        if not self._is_repeat(message, now):
            self.target.put(message, now, passage)

    def _is_repeat(self, message: Message, now: datetime) -> bool:
        return self.duplicates is not None and self.duplicates.is_repeat(message.message_id, now)


@dataclass(slots=True, eq=False)
class QueueParts:
    """A queue with its two subqueues, as queue entities and subscriptions both have it."""

    main: MessageQueue
    dead_letters: MessageQueue
    transfer: MessageQueue

    @classmethod
    def new(
        cls,
        number: int,
        address: str,
        options: QueueOptions | SubscriptionOptions,
        terms: Terms,
        commons: Commons,
        account: Account,
    ) -> "QueueParts":
        transfer = MessageQueue(
            store_of(number, Part.TRANSFER),
            f"{address}/$Transfer/$DeadLetterQueue",
            Terms.of_transfer(options),
            commons,
            account,
        )
        dead_letters = MessageQueue(
            store_of(number, Part.DEAD_LETTERS),
            f"{address}/$DeadLetterQueue",
            Terms.of_dead_letters(options),
            commons,
            account,
            transfer=transfer,
            source=address,
        )
        kind = SessionQueue if options.requires_session else MessageQueue
        main = kind(store_of(number), address, terms, commons, account, dead_letters, transfer)
        return cls(main, dead_letters, transfer)

    def all(self) -> tuple[MessageQueue, MessageQueue, MessageQueue]:
        return self.main, self.dead_letters, self.transfer

    def change(self, options: QueueOptions | SubscriptionOptions, terms: Terms, now: datetime) -> None:
        self.main.change(terms, now)
        self.dead_letters.change(Terms.of_dead_letters(options), now)
        self.transfer.change(Terms.of_transfer(options), now)

    def counts(self) -> Counts:
        return Counts(
            active=len(self.main),
            scheduled=len(self.main.schedule),
            dead_lettered=len(self.dead_letters),
            transfer_dead_lettered=len(self.transfer),
            size_in_bytes=sum(part.size for part in self.all()),
            accessed_at=self.main.accessed_at,
        )

    def close(self) -> None:
        for part in self.all():
            part.close()


@dataclass(slots=True, eq=False)
class QueueNode:
    number: int
    entity: Entity[QueueOptions]
    inlet: Inlet
    parts: QueueParts

    @classmethod
    def new(cls, number: int, entity: Entity[QueueOptions], commons: Commons) -> "QueueNode":
        account, options = Account(), entity.options
        parts = QueueParts.new(number, entity.name, options, Terms.of(options), commons, account)
        return cls(number, entity, _inlet(number, parts.main, options, commons, account), parts)

    def change(self, entity: Entity[QueueOptions], now: datetime) -> None:
        self.entity = entity
        self.inlet.change(entity.options)
        self.parts.change(entity.options, Terms.of(entity.options), now)

    def counts(self) -> Counts:
        return self.parts.counts()


@dataclass(slots=True, eq=False)
class SubscriptionNode:
    number: int
    entity: Entity[SubscriptionOptions]
    parts: QueueParts
    subscription: Subscription

    def counts(self) -> Counts:
        return self.parts.counts()


@dataclass(slots=True, eq=False)
class TopicNode:
    number: int
    entity: Entity[TopicOptions]
    inlet: Inlet
    topic: Topic
    commons: Commons
    nodes: dict[str, SubscriptionNode] = field(default_factory=dict)

    @classmethod
    def new(cls, number: int, entity: Entity[TopicOptions], commons: Commons) -> "TopicNode":
        account = Account()
        topic = Topic(store_of(number), entity.name, commons, account)
        return cls(number, entity, _inlet(number, topic, entity.options, commons, account), topic, commons)

    def add(self, number: int, entity: Entity[SubscriptionOptions]) -> SubscriptionNode:
        options, address = entity.options, f"{self.entity.name}/Subscriptions/{entity.name}"
        parts = QueueParts.new(
            number, address, options, self._terms(options), self.commons, self.inlet.account
        )
        keeps = options.dead_lettering_on_filter_evaluation_exceptions
        node = SubscriptionNode(number, entity, parts, Subscription(parts.main, keeps_failures=keeps))
        self.nodes[entity.name.lower()] = node
        self.topic.subscriptions[entity.name.lower()] = node.subscription
        return node

    def remove(self, node: SubscriptionNode) -> None:
        del self.nodes[node.entity.name.lower()]
        del self.topic.subscriptions[node.entity.name.lower()]
        node.parts.close()

    def change(self, entity: Entity[TopicOptions], now: datetime) -> None:
        self.entity = entity
        self.inlet.change(entity.options)
        for node in self.nodes.values():
            self.change_subscription(node, node.entity, now)

    def change_subscription(
        self, node: SubscriptionNode, entity: Entity[SubscriptionOptions], now: datetime
    ) -> None:
        node.entity = entity
        node.subscription.keeps_failures = entity.options.dead_lettering_on_filter_evaluation_exceptions
        node.parts.change(entity.options, self._terms(entity.options), now)

    def counts(self) -> Counts:
        return Counts(
            scheduled=len(self.topic.schedule),
            size_in_bytes=self.inlet.account.used,
            subscriptions=len(self.nodes),
            accessed_at=self.topic.accessed_at,
        )

    def _terms(self, options: SubscriptionOptions) -> Terms:
        return Terms.of(options).capped(self.entity.options.default_message_time_to_live)


def _inlet(
    number: int,
    target: MessageQueue | Topic,
    options: QueueOptions | TopicOptions,
    commons: Commons,
    account: Account,
) -> Inlet:
    window = options.duplicate_detection_history_time_window
    duplicates = DuplicateHistory(store_of(number), window, commons.page)
    return Inlet(
        target,
        account,
        commons,
        options.status,
        options.max_size_in_megabytes * MEGABYTE,
        options.max_message_size_in_kilobytes * KILOBYTE,
        duplicates if options.requires_duplicate_detection else None,
    )


def _check_sessions(messages: Sequence[Message]) -> None:
    for message in messages:
        if message.session_id is None:
            raise NotAllowedError("an entity that requires sessions takes no message without a session id")
        if message.partition_key not in (None, message.session_id):
            raise ArgumentError("the partition key must equal the session id")
