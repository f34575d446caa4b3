"""The entities of one broker: create, read, update, list and delete them.

Names are compared without regard to case and kept as they were written. A subscription is named by (topic, name),
a rule by (topic, subscription, name). Lists are in the order of names.
"""

from local.servicebus.engine.entities import (
    Counts,
    Entity,
    QueueOptions,
    Rule,
    SubscriptionOptions,
    TopicOptions,
)


class Namespace:
    def create_queue(self, name: str, options: QueueOptions | None = None) -> Entity[QueueOptions]:
        """Errors: EntityExistsError (a topic of that name counts too), ArgumentError."""
        raise NotImplementedError

    def update_queue(self, name: str, options: QueueOptions) -> Entity[QueueOptions]:
        """Errors: EntityNotFoundError, ArgumentError (what is fixed at creation: sessions, duplicates, partitions)."""
        raise NotImplementedError

    def queue(self, name: str) -> Entity[QueueOptions]:
        raise NotImplementedError

    def queues(self) -> list[Entity[QueueOptions]]:
        raise NotImplementedError

    def delete_queue(self, name: str) -> None:
        raise NotImplementedError

    def create_topic(self, name: str, options: TopicOptions | None = None) -> Entity[TopicOptions]:
        raise NotImplementedError

    def update_topic(self, name: str, options: TopicOptions) -> Entity[TopicOptions]:
        raise NotImplementedError

    def topic(self, name: str) -> Entity[TopicOptions]:
        raise NotImplementedError

    def topics(self) -> list[Entity[TopicOptions]]:
        raise NotImplementedError

    def delete_topic(self, name: str) -> None:
        raise NotImplementedError

    def create_subscription(
        self, topic: str, name: str, options: SubscriptionOptions | None = None, rule: Rule | None = None
    ) -> Entity[SubscriptionOptions]:
        """Starts with `rule`, or with `$Default`, which takes everything."""
        raise NotImplementedError

    def update_subscription(
        self, topic: str, name: str, options: SubscriptionOptions
    ) -> Entity[SubscriptionOptions]:
        raise NotImplementedError

    def subscription(self, topic: str, name: str) -> Entity[SubscriptionOptions]:
        raise NotImplementedError

    def subscriptions(self, topic: str) -> list[Entity[SubscriptionOptions]]:
        raise NotImplementedError

    def delete_subscription(self, topic: str, name: str) -> None:
        raise NotImplementedError

    def create_rule(self, topic: str, subscription: str, rule: Rule) -> Rule:
        """Errors: EntityExistsError, RuleSyntaxError."""
        raise NotImplementedError

    def update_rule(self, topic: str, subscription: str, rule: Rule) -> Rule:
        raise NotImplementedError

    def rule(self, topic: str, subscription: str, name: str) -> Rule:
        raise NotImplementedError

    def rules(self, topic: str, subscription: str) -> list[Rule]:
        raise NotImplementedError

    def delete_rule(self, topic: str, subscription: str, name: str) -> None:
        raise NotImplementedError

    def counts(self, address: str) -> Counts:
        """What a queue, topic or subscription (`topic/Subscriptions/name`) holds now."""
        raise NotImplementedError
