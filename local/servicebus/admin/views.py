"""What the entities look like from outside: one at a time, or in lists that are shown a page at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple
from xml.etree.ElementTree import Element

from local.servicebus.admin import descriptions
from local.servicebus.admin.rules import to_xml
from local.servicebus.admin.xml import bus
from local.servicebus.engine.addresses import subscription_address
from local.servicebus.engine.entities import (
    Entity,
    Options,
    QueueOptions,
    Rule,
    SubscriptionOptions,
    TopicOptions,
)
from local.servicebus.engine.filters import CorrelationFilter
from local.servicebus.engine.namespace import Namespace


class Shown(NamedTuple):
    """One thing as an entry shows it."""

    title: str
    published: datetime
    updated: datetime
    content: Element


class Listing(NamedTuple):
    """Each is drawn only when its page is."""

    title: str
    draws: Sequence[Callable[[], Shown]]


@dataclass(frozen=True)
class View:
    """The entities, seen under one host name."""

    namespace: Namespace
    host: str

    def queue(self, entity: Entity[QueueOptions]) -> Shown:
        return self._entity(entity, entity.name)

    def topic(self, entity: Entity[TopicOptions]) -> Shown:
        filters = [rule.filter for rule in self._rules_of_topic(entity.name)]
        correlations = sum(isinstance(condition, CorrelationFilter) for condition in filters)
        numbers = {
            "SubscriptionCount": self.namespace.counts(entity.name).subscriptions,
            "SqlFilterCount": len(filters) - correlations,
            "CorrelationFilterCount": correlations,
        }
        return self._entity(entity, entity.name, [bus(name, str(number)) for name, number in numbers.items()])

    def subscription(self, topic: str, entity: Entity[SubscriptionOptions]) -> Shown:
        return self._entity(entity, subscription_address(topic, entity.name))

    def rule(self, rule: Rule) -> Shown:
        made = rule.created_at
        assert made is not None  # noqa: S101 - every rule that stands was given a time
        return Shown(rule.name, made, made, to_xml(rule))

    def queues(self) -> Listing:
        return Listing("Queues", [partial(self.queue, one) for one in self.namespace.queues()])

    def topics(self) -> Listing:
        return Listing("Topics", [partial(self.topic, one) for one in self.namespace.topics()])

    def subscriptions(self, topic: str) -> Listing:
        found = self.namespace.subscriptions(topic)
        return Listing("Subscriptions", [partial(self.subscription, topic, one) for one in found])

    def rules(self, topic: str, subscription: str) -> Listing:
        return Listing(
            "Rules", [partial(self.rule, one) for one in self.namespace.rules(topic, subscription)]
        )

    def _entity(self, entity: Entity[Options], address: str, more: Sequence[Element] = ()) -> Shown:
        content = descriptions.to_xml(entity, self.namespace.counts(address), self.host, more)
        return Shown(entity.name, entity.created_at, entity.updated_at, content)

    def _rules_of_topic(self, topic: str) -> list[Rule]:
        names = [subscription.name for subscription in self.namespace.subscriptions(topic)]
        return [rule for name in names for rule in self.namespace.rules(topic, name)]
