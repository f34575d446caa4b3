"""What stands at an address: it can be shown, put and deleted.

QueueOrTopic   /{name}                                       the document that is put says which
Subscription   /{topic}/subscriptions/{name}
RuleOf         /{topic}/subscriptions/{name}/rules/{name}
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Protocol
from xml.etree.ElementTree import Element

from local.servicebus.admin import descriptions, rules
from local.servicebus.admin.views import Listing, Shown, View
from local.servicebus.admin.xml import find
from local.servicebus.engine.entities import Entity, QueueOptions, SubscriptionOptions, TopicOptions
from local.servicebus.engine.errors import EntityNotFoundError

_BELOW_TOPIC = re.compile(
    r"(?P<topic>.+?)/subscriptions(?:/(?P<subscription>[^/]+)(?:/rules(?:/(?P<rule>[^/]+))?)?)?",
    re.IGNORECASE,
)
_ALL = re.compile(r"\$resources/(?P<kind>queues|topics)", re.IGNORECASE)


class Resource(Protocol):
    missing_is_empty: ClassVar[bool]
    """Asked for what is not there, it answers with an empty feed rather than "not found"."""

    def show(self) -> Shown: ...

    def put(self, document: Element, *, update: bool) -> Shown: ...

    def delete(self) -> None: ...


def at(path: str, view: View) -> Resource | Listing:
    """Errors: EntityNotFoundError, of what a list is of."""
    everything = _ALL.fullmatch(path)
    if everything is not None:
        return view.queues() if everything["kind"].lower() == "queues" else view.topics()
    below = _BELOW_TOPIC.fullmatch(path)
    if below is None:
        return QueueOrTopic(view, path)
    topic, subscription, rule = below.groups()
    if rule is not None:
        return RuleOf(view, topic, subscription, rule)
    if path.lower().endswith("/rules"):
        return view.rules(topic, subscription)
    return view.subscriptions(topic) if subscription is None else Subscription(view, topic, subscription)


@dataclass(frozen=True)
class QueueOrTopic:
    view: View
    name: str
    missing_is_empty: ClassVar[bool] = True

    def show(self) -> Shown:
        if self._is_topic():
            return self.view.topic(self.view.namespace.topic(self.name))
        return self.view.queue(self.view.namespace.queue(self.name))

    def put(self, document: Element, *, update: bool) -> Shown:
        if find(document, "TopicDescription") is not None:
            return self._put_topic(document, update=update)
        return self._put_queue(document, update=update)

    def delete(self) -> None:
        namespace = self.view.namespace
        (namespace.delete_topic if self._is_topic() else namespace.delete_queue)(self.name)

    def _put_queue(self, document: Element, *, update: bool) -> Shown:
        namespace = self.view.namespace
        before = namespace.queue(self.name).options if update else QueueOptions()
        put = namespace.update_queue if update else namespace.create_queue
        return self.view.queue(put(self.name, descriptions.from_xml(document, before)))

    def _put_topic(self, document: Element, *, update: bool) -> Shown:
        namespace = self.view.namespace
        before = namespace.topic(self.name).options if update else TopicOptions()
        put = namespace.update_topic if update else namespace.create_topic
        return self.view.topic(put(self.name, descriptions.from_xml(document, before)))

    def _is_topic(self) -> bool:
        try:
            self.view.namespace.topic(self.name)
        except EntityNotFoundError:
            return False
        return True


@dataclass(frozen=True)
class Subscription:
    view: View
    topic: str
    name: str
    missing_is_empty: ClassVar[bool] = False

    def show(self) -> Shown:
        return self.view.subscription(self.topic, self.view.namespace.subscription(self.topic, self.name))

    def put(self, document: Element, *, update: bool) -> Shown:
        entity = self._update(document) if update else self._create(document)
        return self.view.subscription(self.topic, entity)

    def delete(self) -> None:
        self.view.namespace.delete_subscription(self.topic, self.name)

    def _update(self, document: Element) -> Entity[SubscriptionOptions]:
        before = self.view.namespace.subscription(self.topic, self.name).options
        options = descriptions.from_xml(document, before)
        return self.view.namespace.update_subscription(self.topic, self.name, options)

    def _create(self, document: Element) -> Entity[SubscriptionOptions]:
        options = descriptions.from_xml(document, SubscriptionOptions())
        first = find(document, "DefaultRuleDescription")
        rule = rules.from_xml(first, rules.name_in(first)) if first is not None else None
        return self.view.namespace.create_subscription(self.topic, self.name, options, rule)


@dataclass(frozen=True)
class RuleOf:
    view: View
    topic: str
    subscription: str
    name: str
    missing_is_empty: ClassVar[bool] = False

    def show(self) -> Shown:
        return self.view.rule(self.view.namespace.rule(self.topic, self.subscription, self.name))

    def put(self, document: Element, *, update: bool) -> Shown:
        namespace = self.view.namespace
        put = namespace.update_rule if update else namespace.create_rule
        return self.view.rule(put(self.topic, self.subscription, rules.from_xml(document, self.name)))

    def delete(self) -> None:
        self.view.namespace.delete_rule(self.topic, self.subscription, self.name)
