"""The entities of one broker: create, read, update, list and delete them.

Names are compared without regard to case and kept as they were written. A subscription is named by (topic,
name), a rule by (topic, subscription, name). Lists are in the order of names.

As with messages, a change is on the journal's open page when the call returns: `broker.flush_point()` makes
it durable.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from local.servicebus.engine.addresses import check_leaf, check_path, key
from local.servicebus.engine.directory import Directory
from local.servicebus.engine.entities import (
    AuthorizationRule,
    Counts,
    Described,
    Entity,
    Options,
    QueueOptions,
    Rule,
    SubscriptionOptions,
    TopicOptions,
)
from local.servicebus.engine.errors import ArgumentError, EntityExistsError, EntityNotFoundError
from local.servicebus.engine.nodes import SubscriptionNode
from local.servicebus.engine.records import Page
from local.servicebus.engine.topic import CompiledRule

_FIXED = ("requires_session", "requires_duplicate_detection", "enable_partitioning")


class Namespace:
    def __init__(self, clock: Callable[[], datetime], directory: Directory, page: Page) -> None:
        self._clock = clock
        self._directory = directory
        self._page = page

    # -- queues ------------------------------------------------------------------------------------

    def create_queue(self, name: str, options: QueueOptions | None = None) -> Entity[QueueOptions]:
        """Errors: EntityExistsError (a topic of that name counts too), ArgumentError."""
        options = options or QueueOptions()
        self._check_new(name)
        self._check_receiving(name, options)
        node = self._directory.add_queue(self._directory.next_number(), self._made(name, options))
        self._page.entity(node.number, Described(node.entity))
        return node.entity

    def update_queue(self, name: str, options: QueueOptions) -> Entity[QueueOptions]:
        """Errors: EntityNotFoundError, ArgumentError (some things are fixed at creation: sessions, say)."""
        node = self._directory.queue(name)
        _check_fixed(node.entity.options, options)
        self._check_receiving(name, options)
        node.change(self._changed(node.entity, options), self._clock())
        self._page.entity(node.number, Described(node.entity))
        return node.entity

    def queue(self, name: str) -> Entity[QueueOptions]:
        return self._directory.queue(name).entity

    def queues(self) -> list[Entity[QueueOptions]]:
        return [node.entity for _, node in sorted(self._directory.queues.items())]

    def delete_queue(self, name: str) -> None:
        self._directory.remove_queue(name)

    # -- topics ------------------------------------------------------------------------------------

    def create_topic(self, name: str, options: TopicOptions | None = None) -> Entity[TopicOptions]:
        """Errors: EntityExistsError (a queue of that name counts too), ArgumentError."""
        options = options or TopicOptions()
        self._check_new(name)
        options.check()
        node = self._directory.add_topic(self._directory.next_number(), self._made(name, options))
        self._page.entity(node.number, Described(node.entity))
        return node.entity

    def update_topic(self, name: str, options: TopicOptions) -> Entity[TopicOptions]:
        """Errors: EntityNotFoundError, ArgumentError."""
        node = self._directory.topic(name)
        _check_fixed(node.entity.options, options)
        options.check()
        node.change(self._changed(node.entity, options), self._clock())
        self._page.entity(node.number, Described(node.entity))
        return node.entity

    def topic(self, name: str) -> Entity[TopicOptions]:
        return self._directory.topic(name).entity

    def topics(self) -> list[Entity[TopicOptions]]:
        return [node.entity for _, node in sorted(self._directory.topics.items())]

    def delete_topic(self, name: str) -> None:
        self._directory.remove_topic(name)

    # -- subscriptions -----------------------------------------------------------------------------

    def create_subscription(
        self, topic: str, name: str, options: SubscriptionOptions | None = None, rule: Rule | None = None
    ) -> Entity[SubscriptionOptions]:
        """Starts with `rule`, or with `$Default`, which takes everything."""
        parent, options = self._directory.topic(topic), options or SubscriptionOptions()
        check_leaf(name)
        if key(name) in parent.nodes:
            raise EntityExistsError(f"the topic {topic} already has a subscription {name}")
        self._check_receiving(topic, options)
        first, entity = self._compiled(rule or Rule()), self._made(name, options)
        node = self._directory.add_subscription(
            parent.entity.name, self._directory.next_number(), entity, [first]
        )
        return self._write(topic, node)

    def update_subscription(
        self, topic: str, name: str, options: SubscriptionOptions
    ) -> Entity[SubscriptionOptions]:
        """Errors: EntityNotFoundError, ArgumentError."""
        node = self._directory.subscription(topic, name)
        _check_fixed(node.entity.options, options)
        self._check_receiving(topic, options)
        changed = self._changed(node.entity, options)
        self._directory.topic(topic).change_subscription(node, changed, self._clock())
        return self._write(topic, node)

    def subscription(self, topic: str, name: str) -> Entity[SubscriptionOptions]:
        return self._directory.subscription(topic, name).entity

    def subscriptions(self, topic: str) -> list[Entity[SubscriptionOptions]]:
        return [node.entity for _, node in sorted(self._directory.topic(topic).nodes.items())]

    def delete_subscription(self, topic: str, name: str) -> None:
        self._directory.remove_subscription(topic, name)

    # -- rules -------------------------------------------------------------------------------------

    def create_rule(self, topic: str, subscription: str, rule: Rule) -> Rule:
        """Errors: EntityExistsError, RuleSyntaxError."""
        check_leaf(rule.name)
        if key(rule.name) in self._rules(topic, subscription):
            raise EntityExistsError(f"the subscription {subscription} already has a rule {rule.name}")
        return self._set_rule(topic, subscription, rule)

    def update_rule(self, topic: str, subscription: str, rule: Rule) -> Rule:
        """Errors: EntityNotFoundError, RuleSyntaxError."""
        made = self.rule(topic, subscription, rule.name)
        return self._set_rule(topic, subscription, replace(rule, name=made.name, created_at=made.created_at))

    def rule(self, topic: str, subscription: str, name: str) -> Rule:
        found = self._rules(topic, subscription).get(key(name))
        if found is None:
            raise EntityNotFoundError(f"the subscription {subscription} has no rule {name}")
        return found.rule

    def rules(self, topic: str, subscription: str) -> list[Rule]:
        return [compiled.rule for _, compiled in sorted(self._rules(topic, subscription).items())]

    def delete_rule(self, topic: str, subscription: str, name: str) -> None:
        self.rule(topic, subscription, name)
        del self._rules(topic, subscription)[key(name)]
        self._write(topic, self._directory.subscription(topic, subscription))

    def _rules(self, topic: str, subscription: str) -> dict[str, CompiledRule]:
        return self._directory.subscription(topic, subscription).subscription.rules

    def _set_rule(self, topic: str, subscription: str, rule: Rule) -> Rule:
        compiled = self._compiled(rule)
        self._rules(topic, subscription)[key(rule.name)] = compiled
        self._write(topic, self._directory.subscription(topic, subscription))
        return compiled.rule

    def _compiled(self, rule: Rule) -> CompiledRule:
        return CompiledRule(replace(rule, created_at=rule.created_at or self._clock()))

    # -- who may use them --------------------------------------------------------------------------

    def authorization_rules(self, address: str) -> tuple[AuthorizationRule, ...]:
        """Those of the queue or topic that is there, or that it belongs to."""
        owner = self._directory.owner(address)
        return () if owner is None else owner.entity.options.authorization_rules

    # -- what they hold ----------------------------------------------------------------------------

    def counts(self, address: str) -> Counts:
        """What a queue, topic or subscription (`topic/Subscriptions/name`) holds now."""
        return self._directory.node(address).counts()

    # -- making and checking -----------------------------------------------------------------------

    def _made(self, name: str, options: Options) -> Entity[Options]:
        now = self._clock()
        return Entity(name=name, options=options, created_at=now, updated_at=now)

    def _changed(self, entity: Entity[Options], options: Options) -> Entity[Options]:
        return replace(entity, options=options, updated_at=self._clock())

    def _write(self, topic: str, node: SubscriptionNode) -> Entity[SubscriptionOptions]:
        rules = tuple(compiled.rule for compiled in node.subscription.rules.values())
        self._page.entity(node.number, Described(node.entity, topic, rules))
        return node.entity

    def _check_new(self, name: str) -> None:
        check_path(name)
        if self._directory.has(name):
            raise EntityExistsError(f"there already is an entity {name}")

    def _check_receiving(self, name: str, options: QueueOptions | SubscriptionOptions) -> None:
        """`name` is the queue, or the subscription's topic."""
        options.check()
        for target in (options.forward_to, options.forward_dead_lettered_messages_to):
            if target is not None and not self._directory.has(target):
                raise ArgumentError(f"{name} cannot forward to {target}: there is no such queue or topic")


def _check_fixed(old: object, new: object) -> None:
    for attribute in _FIXED:
        if getattr(old, attribute, None) != getattr(new, attribute, None):
            raise ArgumentError(f"{attribute} is fixed when an entity is created")
