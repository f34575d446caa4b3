"""Entities as XML, both ways: QueueDescription, TopicDescription, SubscriptionDescription."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any
from xml.etree.ElementTree import Element

from local.servicebus import fields
from local.servicebus.admin.atom import stamp
from local.servicebus.admin.xml import DocumentError, bus, count, find, texts, typed
from local.servicebus.engine.entities import (
    AuthorizationRule,
    Counts,
    Entity,
    Options,
    QueueOptions,
    Right,
    SubscriptionOptions,
    TopicOptions,
)

_TABLES: dict[type[Any], tuple[str, Sequence[fields.Field]]] = {
    QueueOptions: ("QueueDescription", fields.QUEUE),
    TopicOptions: ("TopicDescription", fields.TOPIC),
    SubscriptionOptions: ("SubscriptionDescription", fields.SUBSCRIPTION),
}
_NEVER = "0001-01-01T00:00:00Z"
_CLEARED = ("forward_to", "forward_dead_lettered_messages_to", "user_metadata")
"""What a client takes away by not naming it; everything else that is not named stays."""


def to_xml(entity: Entity[Options], counts: Counts, host: str, more: Sequence[Element] = ()) -> Element:
    """`more` are elements that this kind of entity has besides."""
    name, table = _TABLES[type(entity.options)]
    parts = (
        _fields_to_xml(entity.options, table, host),
        _times(entity.created_at, entity.updated_at, counts.accessed_at),
        _authorization(entity.options),
        _counts(counts),
        more,
    )
    return bus(name, chain.from_iterable(parts))


def from_xml(document: Element, options: Options) -> Options:
    """What the document says, over `options`. Errors: DocumentError."""
    name, table = _TABLES[type(options)]
    description = find(document, name)
    if description is None:
        raise DocumentError(f"a {name} is expected")
    changes: dict[str, Any] = {attribute: None for attribute in _CLEARED if hasattr(options, attribute)}
    said = texts(description)
    changes.update(_read(field, said[field.name]) for field in table if field.name in said)
    rules = find(description, "AuthorizationRules")
    if rules is not None:
        changes["authorization_rules"] = tuple(map(_authorization_rule, rules))
    return replace(options, **changes)


def _read(field: fields.Field, text: str) -> tuple[str, Any]:
    try:
        return field.attribute, field.form.parse(text)
    except ValueError as error:
        raise DocumentError(f"{field.name}: {error}") from error


def _fields_to_xml(options: Any, table: Sequence[fields.Field], host: str) -> Iterator[Element]:
    for field in table:
        value = getattr(options, field.attribute)
        if field.form is fields.PATH and value is not None:
            yield bus(field.name, f"sb://{host}/{value}")
        elif value is not None or field.form is fields.DURATION:
            yield bus(field.name, field.form.say(value))


def _times(made: datetime, changed: datetime, used: datetime | None) -> Iterator[Element]:
    yield bus("CreatedAt", stamp(made))
    yield bus("UpdatedAt", stamp(changed))
    yield bus("AccessedAt", stamp(used) if used is not None else _NEVER)


def _counts(counts: Counts) -> Iterator[Element]:
    yield bus("SizeInBytes", str(counts.size_in_bytes))
    yield bus("MessageCount", str(counts.total))
    details = {
        "ActiveMessageCount": counts.active,
        "DeadLetterMessageCount": counts.dead_lettered,
        "ScheduledMessageCount": counts.scheduled,
        "TransferMessageCount": counts.transfer,
        "TransferDeadLetterMessageCount": counts.transfer_dead_lettered,
    }
    yield bus("CountDetails", [count(name, number) for name, number in details.items()])
    yield bus("EntityAvailabilityStatus", "Available")
    yield bus("IsAnonymousAccessible", "false")


def _authorization(options: Any) -> Iterator[Element]:
    rules: Sequence[AuthorizationRule] = getattr(options, "authorization_rules", ())
    if rules:
        yield bus("AuthorizationRules", map(_authorization_to_xml, rules))


def _authorization_to_xml(rule: AuthorizationRule) -> Element:
    rights = [bus("AccessRights", right) for right in rule.rights]
    parts = [
        bus("ClaimType", rule.claim_type),
        bus("ClaimValue", rule.claim_value),
        bus("Rights", rights),
        bus("KeyName", rule.key_name),
        bus("PrimaryKey", rule.primary_key),
        bus("SecondaryKey", rule.secondary_key),
    ]
    return typed(bus("AuthorizationRule", parts), "SharedAccessAuthorizationRule")


def _right(text: str | None) -> Right:
    try:
        return Right(text or "")
    except ValueError as error:
        raise DocumentError(f"AccessRights: {error}") from error


def _authorization_rule(element: Element) -> AuthorizationRule:
    said, rights = texts(element), find(element, "Rights")
    return AuthorizationRule(
        key_name=said.get("KeyName", ""),
        primary_key=said.get("PrimaryKey", ""),
        secondary_key=said.get("SecondaryKey", ""),
        rights=tuple(_right(right.text) for right in (rights if rights is not None else ())),
        claim_type=said.get("ClaimType", "SharedAccessKey"),
        claim_value=said.get("ClaimValue", "None"),
    )
