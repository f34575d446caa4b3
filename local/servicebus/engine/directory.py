"""Which entity is at which address."""

from collections.abc import Iterable

from local.servicebus.engine.addresses import key, subscription_address
from local.servicebus.engine.entities import (
    Described,
    Entity,
    QueueOptions,
    SubscriptionOptions,
    TopicOptions,
)
from local.servicebus.engine.errors import EntityNotFoundError, NotAllowedError
from local.servicebus.engine.held import Commons
from local.servicebus.engine.nodes import Inlet, QueueNode, QueueParts, SubscriptionNode, TopicNode
from local.servicebus.engine.queue import MessageQueue
from local.servicebus.engine.topic import CompiledRule, Topic

_SUBQUEUES = "", "/$deadletterqueue", "/$transfer/$deadletterqueue"


class Directory:
    """Keeps nodes by name, and what can be sent to and received from by address."""

    def __init__(self, commons: Commons) -> None:
        self.queues: dict[str, QueueNode] = {}
        self.topics: dict[str, TopicNode] = {}
        self._commons = commons
        self._inlets: dict[str, Inlet] = {}
        self._outlets: dict[str, MessageQueue] = {}
        self._stores: dict[int, MessageQueue | Topic] = {}
        self._last_number = 0

    # -- finding -----------------------------------------------------------------------------------

    def inlet(self, address: str) -> Inlet:
        """What can be sent to."""
        found = self._inlets.get(address.lower()) or self._inlets.get(key(address))
        if found is None:
            if key(address) in self._outlets:
                raise NotAllowedError(f"{address} can only be received from")
            raise EntityNotFoundError(f"there is no entity {address}")
        return found

    def outlet(self, address: str) -> MessageQueue:
        """What can be received from."""
        found = self._outlets.get(address.lower()) or self._outlets.get(key(address))
        if found is None:
            if key(address) in self.topics:
                raise NotAllowedError(f"{address} is a topic: its subscriptions can be received from")
            raise EntityNotFoundError(f"there is no entity {address}")
        return found

    def place(self, address: str) -> MessageQueue | Topic:
        """Whatever is there."""
        topic = self.topics.get(key(address))
        return topic.topic if topic is not None else self.outlet(address)

    def store(self, number: int) -> MessageQueue | Topic:
        """What has this number in the journal."""
        return self._stores[number]

    def places(self) -> Iterable[MessageQueue | Topic]:
        return self._stores.values()

    def has(self, name: str) -> bool:
        return key(name) in self._inlets

    def exists(self, address: str) -> bool:
        return key(address) in self._inlets or key(address) in self._outlets

    def owner(self, address: str) -> QueueNode | TopicNode | None:
        """The queue or topic that is at the address, or else the nearest above it."""
        path = key(address)
        while path:
            found = self.queues.get(path) or self.topics.get(path)
            if found is not None:
                return found
            path = path.rpartition("/")[0]
        return None

    def queue(self, name: str) -> QueueNode:
        if key(name) not in self.queues:
            raise EntityNotFoundError(f"there is no queue {name}")
        return self.queues[key(name)]

    def topic(self, name: str) -> TopicNode:
        if key(name) not in self.topics:
            raise EntityNotFoundError(f"there is no topic {name}")
        return self.topics[key(name)]

    def subscription(self, topic: str, name: str) -> SubscriptionNode:
        nodes = self.topic(topic).nodes
        if key(name) not in nodes:
            raise EntityNotFoundError(f"the topic {topic} has no subscription {name}")
        return nodes[key(name)]

    def node(self, address: str) -> QueueNode | TopicNode | SubscriptionNode:
        topic, separator, name = key(address).partition("/subscriptions/")
        if separator:
            return self.subscription(topic, name)
        return self.topics[topic] if topic in self.topics else self.queue(topic)

    # -- adding ------------------------------------------------------------------------------------

    def next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def add_queue(self, number: int, entity: Entity[QueueOptions]) -> QueueNode:
        node = QueueNode.new(number, entity, self._commons)
        self.queues[key(entity.name)] = node
        self._inlets[key(entity.name)] = node.inlet
        self._add_parts(entity.name, node.parts)
        return node

    def add_topic(self, number: int, entity: Entity[TopicOptions]) -> TopicNode:
        node = TopicNode.new(number, entity, self._commons)
        self.topics[key(entity.name)] = node
        self._inlets[key(entity.name)] = node.inlet
        self._stores[node.topic.store] = node.topic
        return node

    def add_subscription(
        self, topic: str, number: int, entity: Entity[SubscriptionOptions], rules: Iterable[CompiledRule]
    ) -> SubscriptionNode:
        node = self.topic(topic).add(number, entity)
        node.subscription.rules = {key(rule.rule.name): rule for rule in rules}
        self._add_parts(subscription_address(topic, entity.name), node.parts)
        return node

    def restore(self, number: int, described: Described) -> None:
        """Take back what a journal kept; a topic comes before its subscriptions."""
        self._last_number = max(self._last_number, number)
        if isinstance(described.entity.options, QueueOptions):
            self.add_queue(number, described.entity)
        elif isinstance(described.entity.options, TopicOptions):
            self.add_topic(number, described.entity)
        else:
            entity = described.entity
            rules = [CompiledRule(rule) for rule in described.rules]
            self.add_subscription(described.topic or "", number, entity, rules)

    # -- removing ----------------------------------------------------------------------------------

    def remove_queue(self, name: str) -> None:
        node = self.queue(name)
        del self.queues[key(name)], self._inlets[key(name)]
        self._remove_parts(name, node.number, node.parts)

    def remove_topic(self, name: str) -> None:
        node = self.topic(name)
        for subscription in list(node.nodes.values()):
            self.remove_subscription(name, subscription.entity.name)
        del self.topics[key(name)], self._inlets[key(name)], self._stores[node.topic.store]
        node.topic.close()
        self._commons.page.gone(node.number)

    def remove_subscription(self, topic: str, name: str) -> None:
        node = self.subscription(topic, name)
        self.topic(topic).remove(node)
        self._remove_parts(subscription_address(topic, name), node.number, node.parts)

    def _add_parts(self, address: str, parts: QueueParts) -> None:
        for suffix, part in zip(_SUBQUEUES, parts.all(), strict=True):
            self._outlets[key(address) + suffix] = part
            self._stores[part.store] = part

    def _remove_parts(self, address: str, number: int, parts: QueueParts) -> None:
        for suffix, part in zip(_SUBQUEUES, parts.all(), strict=True):
            del self._outlets[key(address) + suffix], self._stores[part.store]
        parts.close()
        self._commons.page.gone(number)
