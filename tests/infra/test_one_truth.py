"""Topology, triggers, the local Service Bus and the templates say the same, whatever the topology."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.check.deployment import deploy
from local.entities import configuration
from shared.topology import Topology
from shared.topology_file import parse
from tests.infra.rooms import subscriptions, triggers
from tests.infra.sandbox import INFRA, PROJECT

TOPOLOGY = (PROJECT / "topology.yaml").read_text("utf-8")
NAMESPACE = "Microsoft.ServiceBus/namespaces"
SYSTEMS = ("crm", "erp", "lms-two", "partner")
ENTITIES = {"account": "number", "contact": "email", "lead": "email"}
BUS = {"name": "bus", "location": "here", "tags": {}, "tier": "Standard", "units": 0}


def in_azure(text: str) -> dict[str, dict[str, Any]]:
    """Queues, topics and subscriptions with their rules, as the templates make them from a topology."""
    params = {**BUS, "topology": yaml.safe_load(text), "principalId": "hub", "subnetId": ""}
    made = deploy(INFRA, params, template="modules/bus.bicep")
    found = {
        each.name.partition("/")[2]: dict(each.body["properties"]) for each in made.made if "/" in each.name
    }
    for rule in made.of(f"{NAMESPACE}/topics/subscriptions/rules"):
        inner = found.pop(rule.name.partition("/")[2])
        found[rule.name.partition("/")[2].rpartition("/")[0]]["rule"] = inner["sqlFilter"]["sqlExpression"]
    return found


def on_a_desk(text: str) -> dict[str, dict[str, Any]]:
    """The same, as the local Service Bus is given them."""
    (namespace,) = configuration(parse(text))["UserConfig"]["Namespaces"]
    found = {
        each["Name"]: _small(each["Properties"]) for each in (*namespace["Queues"], *namespace["Topics"])
    }
    for topic in namespace["Topics"]:
        for each in topic["Subscriptions"]:
            (rule,) = each["Rules"]
            filtered = rule["Properties"]["SqlFilter"]["SqlExpression"]
            name = f"{topic['Name']}/{each['Name']}"
            found[name] = {**_small(each["Properties"]), "rule": filtered}
    return found


def _small(properties: dict[str, Any]) -> dict[str, Any]:
    """The emulator begins its names with a capital."""
    return {name[0].lower() + name[1:]: value for name, value in properties.items()}


def written(*flows: tuple[str, str, str], kind: str = "lms") -> str:
    """A topology with these flows: entity, from, to."""
    return yaml.safe_dump(
        {
            "systems": {name: {"kind": kind} for name in SYSTEMS},
            "entities": {name: {"key": [key]} for name, key in ENTITIES.items()},
            "flows": [
                {"entity": entity, "from": source, "to": target, "guard": "read", "delete": "ignore"}
                for entity, source, target in flows
            ],
        }
    )


FLOWS = st.lists(
    st.tuples(st.sampled_from([*ENTITIES]), st.sampled_from(SYSTEMS), st.sampled_from(SYSTEMS)).filter(
        lambda flow: flow[1] != flow[2]
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


def test_the_cloud_and_the_desk_have_the_same_queues_topics_and_rules():
    assert in_azure(TOPOLOGY) == on_a_desk(TOPOLOGY)


@settings(max_examples=60, deadline=None)
@given(FLOWS)
def test_they_have_the_same_for_any_topology(flows: list[tuple[str, str, str]]):
    text = written(*flows)

    assert in_azure(text) == on_a_desk(text)


def test_a_system_that_is_added_to_the_topology_alone_has_its_subscription_everywhere():
    more = yaml.safe_load(TOPOLOGY)
    more["systems"]["academy"] = {"kind": "lms"}
    more["flows"].append({"entity": "account", "from": "salesforce", "to": "academy", "freshness": "15m"})
    text = yaml.safe_dump(more)

    assert "changes/academy" not in in_azure(TOPOLOGY)
    assert in_azure(text)["changes/academy"]["rule"] == (
        "(target IS NULL AND ((entity IN ('account') AND source IN ('salesforce', 'operator')))) "
        "OR target = 'academy'"
    )
    assert on_a_desk(text)["changes/academy"] == in_azure(text)["changes/academy"]
    assert subscriptions(parse(text))["academy"] == "changes"


def test_every_subscription_has_its_trigger_and_every_trigger_its_subscription():
    for text in (TOPOLOGY, written(("account", "crm", "erp"), ("account", "erp", "lms-two"), kind="lms")):
        made = {name.partition("/")[2] for name in in_azure(text) if "/" in name}

        assert set(subscriptions(parse(text))) == made


def test_whatever_is_listened_to_is_made():
    """Topics and queues that triggers name, of every room."""
    made = in_azure(TOPOLOGY)
    named = [(each.get("topicName") or each.get("queueName")) for each in asked(parse(TOPOLOGY))]

    assert [name for name in named if name and name not in made] == []


def asked(topology: Topology) -> list[dict[str, Any]]:
    return [*triggers(topology).values()]


def test_a_poll_that_is_missed_rings_for_every_system_that_is_polled():
    text = written(("account", "crm", "erp"), ("contact", "partner", "crm"))
    params = {
        **BUS,
        "topology": yaml.safe_load(text),
        "emails": [],
        "busId": "b",
        "storeId": "s",
        "telemetryId": "t",
    }
    del params["tier"], params["units"]
    made = deploy(INFRA, params, template="modules/alerts.bicep")
    (rule,) = [
        each for each in made.of("Microsoft.Insights/scheduledQueryRules") if each.name.startswith("fresh")
    ]
    query = rule.body["properties"]["criteria"]["allOf"][0]["query"]
    polls = sorted(name for name in triggers(parse(text)) if name.startswith("poll_"))

    assert [name for name in polls if f'"{name}"' not in query] == []
    assert query.count('"poll_') == len(polls)
