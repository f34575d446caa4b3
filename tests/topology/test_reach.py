"""Whence a system is reached, and the rule of its subscription: run by the bus, as it stands there."""

from __future__ import annotations

import pytest

from local.entities import rule
from local.servicebus.engine.filters import SqlFilter, compile_filter
from local.servicebus.engine.message import Message
from shared.reach import joined, sources
from shared.topology import OPERATOR
from shared.topology_file import TopologyError, parse

LARGEST_RULE = 1_024
"""Characters that the Service Bus takes."""

TWO_GROUPS = """systems:
  salesforce: {kind: salesforce}
  lms: {kind: lms}
  crm: {kind: dataverse}
  erp: {kind: erp}
  partner: {kind: dataverse}
entities:
  account: {key: [number], owner: salesforce}
  contact: {key: [email]}
  unit: {}
  product: {}
  price_list: {}
  price_list_item: {}
  order: {}
  order_line: {}
  invoice: {}
flows:
  - {entity: account, from: salesforce, to: lms}
  - {entity: contact, from: salesforce, to: lms}
  - {entity: account, from: crm, to: erp, guard: read}
  - {entity: account, from: erp, to: crm, guard: GUARD}
  - {entity: contact, from: crm, to: erp}
  - {entity: account, from: crm, to: partner}
  - {entity: contact, from: crm, to: partner}
  - {entity: unit, from: erp, to: crm}
  - {entity: product, from: erp, to: crm}
  - {entity: price_list, from: erp, to: crm}
  - {entity: price_list_item, from: erp, to: crm}
  - {entity: order, from: crm, to: erp}
  - {entity: order_line, from: crm, to: erp}
  - {entity: invoice, from: erp, to: crm}
"""
TOPOLOGY = parse(TWO_GROUPS.replace("GUARD", "read"))


def lets_through(subscription: str, **properties: str) -> bool:
    message = Message(body=b"", application_properties=properties)
    return compile_filter(SqlFilter(rule(TOPOLOGY, subscription)))(message)


def test_a_system_is_reached_along_any_number_of_flows():
    arrows = [("erp", "crm"), ("crm", "partner"), ("partner", "portal"), ("salesforce", "lms")]

    assert sources(arrows, "portal") == {"partner", "crm", "erp"}
    assert sources(arrows, "lms") == {"salesforce"}
    assert sources(arrows, "erp") == set()


def test_a_system_in_a_ring_is_reached_from_the_others_and_not_from_itself():
    assert sources([("a", "b"), ("b", "c"), ("c", "a")], "a") == {"b", "c"}


def test_whoever_is_joined_by_arrows_of_any_direction_is_one_group():
    arrows = [("erp", "crm"), ("shop", "crm"), ("salesforce", "lms")]

    assert joined(arrows, "shop") == {"erp", "crm", "shop"}
    assert joined(arrows, "lms") == {"salesforce", "lms"}


@pytest.mark.parametrize(
    "target, source",
    [("partner", "erp"), ("partner", "crm"), ("erp", "crm"), ("crm", "erp"), ("lms", "salesforce")],
)
def test_a_rule_lets_through_what_reaches_its_system(target: str, source: str):
    assert lets_through(target, entity="account", source=source)


@pytest.mark.parametrize(
    "target, source",
    [
        ("lms", "crm"),
        ("lms", "erp"),
        ("crm", "salesforce"),
        ("partner", "salesforce"),
        ("erp", "lms"),
        ("crm", "partner"),
        ("crm", "crm"),
    ],
)
def test_a_rule_keeps_out_its_own_systems_changes_and_those_of_others(target: str, source: str):
    assert not lets_through(target, entity="account", source=source)


def test_each_entity_has_its_own_sources():
    assert lets_through("partner", entity="account", source="erp")
    assert not lets_through("partner", entity="contact", source="erp")
    assert not lets_through("partner", entity="order", source="crm")


def test_an_operators_change_goes_to_every_target_of_the_entity():
    asked = {
        target
        for target in TOPOLOGY.systems
        if TOPOLOGY.delivered(target)
        if lets_through(target, entity="account", source=OPERATOR)
    }

    assert asked == {"lms", "erp", "crm", "partner"}


def test_what_is_addressed_reaches_its_target_and_no_other():
    addressed = {"entity": "account", "source": "salesforce", "target": "crm"}

    assert lets_through("crm", **addressed)
    assert not lets_through("lms", **addressed)
    assert not lets_through("partner", **addressed)


def test_entities_of_the_same_sources_share_a_clause():
    assert rule(TOPOLOGY, "partner") == (
        "(target IS NULL AND ((entity IN ('account') AND source IN ('crm', 'erp', 'operator')) OR "
        "(entity IN ('contact') AND source IN ('crm', 'operator')))) OR target = 'partner'"
    )


def test_rules_stay_well_within_what_the_bus_takes():
    assert all(
        len(rule(TOPOLOGY, name)) < LARGEST_RULE / 4 for name in TOPOLOGY.systems if TOPOLOGY.delivered(name)
    )


def test_an_owner_in_another_group_settles_nothing_between_two_who_both_edit():
    with pytest.raises(
        TopologyError, match=r"none would bury edits of account\.number, which both erp and crm"
    ):
        parse(TWO_GROUPS.replace("GUARD", "none"))
