"""The entities of a Config.json, as Microsoft's emulator reads it.

    UserConfig
      Namespaces[]           one
        Name
        Queues[]             Name, Properties
        Topics[]             Name, Properties
          Subscriptions[]    Name, Properties
            Rules[]          Name, Properties: FilterType, CorrelationFilter | SqlFilter, Action
      Logging                Type

A key that is unknown, or a value that is wrong, is refused with its path in the file. Forwarding is set after
all entities are there, so the order in the file does not matter.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from local.servicebus import fields
from local.servicebus.engine.entities import QueueOptions, Rule, SubscriptionOptions, TopicOptions
from local.servicebus.engine.errors import BrokerError
from local.servicebus.engine.filters import CorrelationFilter, Filter, SqlFilter, TrueFilter
from local.servicebus.engine.namespace import Namespace
from local.servicebus.engine.topic import CompiledRule

Options = TypeVar("Options", QueueOptions, TopicOptions, SubscriptionOptions)


class ConfigurationError(Exception):
    """Something in the file is wrong; the text begins with its path."""


class Queue(NamedTuple):
    path: str
    name: str
    options: QueueOptions


class Subscription(NamedTuple):
    path: str
    name: str
    options: SubscriptionOptions
    rules: list[Rule]


class Topic(NamedTuple):
    path: str
    name: str
    options: TopicOptions
    subscriptions: list[Subscription]


class Configuration(NamedTuple):
    """What a file asks for."""

    namespace: str
    queues: list[Queue]
    topics: list[Topic]

    @classmethod
    def read(cls, file: Path) -> "Configuration":
        """Errors: ConfigurationError, OSError."""
        try:
            content = json.loads(file.read_text(encoding="utf-8-sig"))
        except ValueError as error:
            raise ConfigurationError(f"{file}: no JSON: {error}") from error
        return cls.parse(content)

    @classmethod
    def parse(cls, content: Any) -> "Configuration":
        """Errors: ConfigurationError."""
        user = Node("", content).node("UserConfig", ("UserConfig",))
        user.only("Namespaces", "Logging")
        user.node("Logging").only("Type")
        namespaces = list(user.nodes("Namespaces"))
        if len(namespaces) != 1:
            raise user.error("Namespaces", f"one namespace is expected, not {len(namespaces)}")
        one = namespaces[0]
        one.only("Name", "Queues", "Topics")
        queues = [_queue(node) for node in one.nodes("Queues")]
        return cls(one.name(), queues, [_topic(node) for node in one.nodes("Topics")])

    def apply(self, namespace: Namespace) -> None:
        """Make what is not there yet, change what is. Errors: ConfigurationError."""
        for queue in self.queues:
            with_path(queue.path, _make_queue, namespace, queue.name, _alone(queue.options))
        for topic in self.topics:
            with_path(topic.path, _make_topic, namespace, topic)
        for queue in self.queues:
            with_path(queue.path, namespace.update_queue, queue.name, queue.options)
        for topic in self.topics:
            for subscription in topic.subscriptions:
                with_path(subscription.path, _make_subscription, namespace, topic.name, subscription)


class Node:
    """A JSON object, and where it stands."""

    def __init__(self, path: str, content: Any) -> None:
        self.path = path
        if not isinstance(content, dict):
            raise ConfigurationError(f"{path or 'the file'}: an object is expected, not {_kind(content)}")
        self._content: Mapping[str, Any] = content

    def only(self, *keys: str) -> None:
        for key in self._content:
            if key not in keys:
                close = get_close_matches(key, keys, n=1)
                hint = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(keys)}"
                raise self.error(key, f"unknown key{hint}")

    def error(self, key: str, text: str) -> ConfigurationError:
        return ConfigurationError(f"{self._at(key)}: {text}")

    def node(self, key: str, only: Sequence[str] | None = None) -> "Node":
        if only is not None:
            self.only(*only)
            if key not in self._content:
                raise self.error(key, "is missing")
        return Node(self._at(key), self._content.get(key, {}))

    def nodes(self, key: str) -> Iterator["Node"]:
        items = self._content.get(key) or []
        if not isinstance(items, list):
            raise self.error(key, f"a list is expected, not {_kind(items)}")
        return (Node(f"{self._at(key)}[{place}]", item) for place, item in enumerate(items))

    def items(self) -> Iterator[tuple[str, Any]]:
        return iter(self._content.items())

    def has(self, key: str) -> bool:
        return key in self._content

    def name(self) -> str:
        return self.text("Name") or ""

    def text(self, key: str, *, needed: bool = True) -> str | None:
        value = self._content.get(key)
        if (needed or value is not None) and not (isinstance(value, str) and value):
            raise self.error(key, f"a text is expected, not {_kind(value)}")
        return value

    def properties(self, table: Sequence[fields.Field]) -> dict[str, Any]:
        """The options that are named here."""
        known = {field.name: field for field in table}
        self.only(*known)
        return {known[key].attribute: self._value(known[key], value) for key, value in self.items()}

    def _value(self, field: fields.Field, value: Any) -> Any:
        if type(value) is not field.form.json:
            raise self.error(field.name, f"{_KINDS[field.form.json]} is expected, not {_kind(value)}")
        try:
            return field.form.parse(str(value))
        except ValueError as error:
            raise self.error(field.name, str(error)) from error

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def with_path(path: str, make: Any, *arguments: Any) -> None:
    """What the broker refuses is refused with its path."""
    try:
        make(*arguments)
    except BrokerError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _queue(node: Node) -> Queue:
    node.only("Name", "Properties")
    return Queue(node.path, node.name(), QueueOptions(**node.node("Properties").properties(fields.QUEUE)))


def _topic(node: Node) -> Topic:
    node.only("Name", "Properties", "Subscriptions")
    options = TopicOptions(**node.node("Properties").properties(fields.TOPIC))
    return Topic(node.path, node.name(), options, [_subscription(one) for one in node.nodes("Subscriptions")])


def _subscription(node: Node) -> Subscription:
    node.only("Name", "Properties", "Rules")
    options = SubscriptionOptions(**node.node("Properties").properties(fields.SUBSCRIPTION))
    return Subscription(node.path, node.name(), options, [_rule(rule) for rule in node.nodes("Rules")])


def _rule(node: Node) -> Rule:
    node.only("Name", "Properties")
    properties = node.node("Properties")
    properties.only("FilterType", "CorrelationFilter", "SqlFilter", "Action")
    action = _expression(properties.node("Action"), needed=False) if properties.has("Action") else None
    rule = Rule(name=node.name(), filter=_filter(properties), action=action)
    with_path(node.path, CompiledRule, rule)
    return rule


def _filter(properties: Node) -> Filter:
    kind = properties.text("FilterType", needed=False)
    if kind not in (None, "Correlation", "Sql"):
        raise properties.error("FilterType", f"Correlation or Sql is expected, not {kind!r}")
    if kind == "Correlation" or properties.has("CorrelationFilter"):
        return _correlation(properties.node("CorrelationFilter"))
    if kind == "Sql" or properties.has("SqlFilter"):
        return SqlFilter(_expression(properties.node("SqlFilter")) or "")
    return TrueFilter()


def _correlation(node: Node) -> CorrelationFilter:
    node.only(*fields.CORRELATION, "Properties")
    own = {fields.CORRELATION[key]: node.text(key) for key, _ in node.items() if key != "Properties"}
    return CorrelationFilter(**own, properties=dict(node.node("Properties").items()))


def _expression(node: Node, *, needed: bool = True) -> str | None:
    node.only("SqlExpression")
    return node.text("SqlExpression", needed=needed)


def _alone(options: QueueOptions) -> QueueOptions:
    """Without what may not be there yet."""
    return replace(options, forward_to=None, forward_dead_lettered_messages_to=None)


def _make_queue(namespace: Namespace, name: str, options: QueueOptions) -> None:
    if name.lower() not in {queue.name.lower() for queue in namespace.queues()}:
        namespace.create_queue(name, options)


def _make_topic(namespace: Namespace, topic: Topic) -> None:
    if topic.name.lower() in {found.name.lower() for found in namespace.topics()}:
        namespace.update_topic(topic.name, topic.options)
    else:
        namespace.create_topic(topic.name, topic.options)


def _make_subscription(namespace: Namespace, topic: str, wanted: Subscription) -> None:
    """Its rules become those of the file."""
    if wanted.name.lower() in {found.name.lower() for found in namespace.subscriptions(topic)}:
        namespace.update_subscription(topic, wanted.name, wanted.options)
    else:
        namespace.create_subscription(topic, wanted.name, wanted.options)
    rules = {rule.name.lower(): rule for rule in wanted.rules or [Rule()]}
    found = {rule.name.lower() for rule in namespace.rules(topic, wanted.name)}
    for name, rule in rules.items():
        (namespace.update_rule if name in found else namespace.create_rule)(topic, wanted.name, rule)
    for name in found - rules.keys():
        namespace.delete_rule(topic, wanted.name, name)


_KINDS = {str: "a text", bool: "true or false", int: "a whole number"}


def _kind(value: Any) -> str:
    return "nothing" if value is None else _KINDS.get(type(value), type(value).__name__)
