"""What an operator relies on is made: alerts that reach people, one address out, doors that ask who comes."""

from __future__ import annotations

from typing import Any

import pytest

from infra.check.deployment import Deployment, Made, deploy
from infra.check.policies import at
from tests.infra.sandbox import INFRA

ALERTS = ("Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules")
CRITERION = "properties.criteria"


def made(**params: Any) -> Deployment:
    return deploy(INFRA, {"environmentName": "test", "location": "here", **params})


def alerts(deployment: Deployment) -> dict[str, Made]:
    found = [each for type_ in ALERTS for each in deployment.of(type_)]
    return {each.name.partition("-crosswalk")[0]: each for each in found}


@pytest.mark.parametrize(
    "name", ["dead-letters", "backlog", "arrivals", "freshness", "failures", "throttled", "store-space"]
)
def test_an_alert_rings_for_the_people_who_are_named(name: str):
    deployment = made(alertEmails=["one@example.com", "two@example.com"])
    alert = alerts(deployment)[name]
    people = deployment.one("Microsoft.Insights/actionGroups")

    assert alert.body["properties"]["enabled"] is True
    assert people.id in str(alert.body["properties"]["actions"])
    assert [each["emailAddress"] for each in people.body["properties"]["emailReceivers"]] == [
        "one@example.com",
        "two@example.com",
    ]


def test_one_dead_letter_is_enough_to_ring():
    (criterion,) = at(alerts(made())["dead-letters"].body, CRITERION)["allOf"]

    assert (criterion["operator"], criterion["threshold"]) == ("GreaterThan", 0)
    assert criterion["dimensions"] == [
        {"name": "EntityName", "operator": "Include", "values": ["dead-letters"]}
    ]


def test_the_app_leaves_through_one_address_where_that_is_asked_for():
    deployment = made(fixedAddress=True)
    network = deployment.one("Microsoft.Network/virtualNetworks")
    subnets = {each["name"]: each["properties"] for each in network.body["properties"]["subnets"]}
    gateway = deployment.one("Microsoft.Network/natGateways")

    assert subnets["app"]["natGateway"]["id"] == gateway.id
    assert gateway.body["properties"]["publicIpAddresses"] == [
        {"id": deployment.one("Microsoft.Network/publicIPAddresses").id}
    ]
    assert at(deployment.one("Microsoft.Web/sites").body, "properties.virtualNetworkSubnetId").endswith(
        "/app"
    )
    assert deployment.outputs["CROSSWALK_OUTGOING_ADDRESS"] == "<address.properties.ipAddress>"


def test_it_has_no_address_of_its_own_where_that_is_not_asked_for():
    deployment = made(fixedAddress=False)

    assert deployment.outputs["CROSSWALK_OUTGOING_ADDRESS"] == ""
    assert deployment.of("Microsoft.Network/publicIPAddresses") == []
    assert at(deployment.one("Microsoft.Web/sites").body, "properties.virtualNetworkSubnetId") is None


def test_only_those_who_are_named_may_call_where_somebody_is():
    config = at(made(callers=["192.0.2.0/24"]).one("Microsoft.Web/sites").body, "properties.siteConfig")
    everybody = at(made().one("Microsoft.Web/sites").body, "properties.siteConfig")

    assert config["ipSecurityRestrictionsDefaultAction"] == "Deny"
    assert [each["ipAddress"] for each in config["ipSecurityRestrictions"]] == ["192.0.2.0/24"]
    assert everybody["ipSecurityRestrictionsDefaultAction"] == "Allow"


def test_people_must_sign_in_where_there_is_an_application_for_it():
    (signing,) = [
        each for each in made(operatorsClientId="app").of("Microsoft.Web/sites/config") if "auth" in each.name
    ]
    validation = at(signing.body, "properties.globalValidation")

    assert (validation["requireAuthentication"], validation["unauthenticatedClientAction"]) == (
        True,
        "RedirectToLoginPage",
    )
    assert [each for each in made().of("Microsoft.Web/sites/config") if "auth" in each.name] == []


def test_the_store_is_unseen_from_outside_where_there_is_a_network():
    inside, outside = made(size="large"), made(size="small")

    assert inside.of("Microsoft.DBforPostgreSQL/flexibleServers/firewallRules") == []
    assert [
        each.name.rpartition("/")[2]
        for each in outside.of("Microsoft.DBforPostgreSQL/flexibleServers/firewallRules")
    ] == ["azure"]


def test_every_right_is_given_to_the_app_but_the_one_to_set_secrets():
    roles = made(secretsOfficerId="people").of("Microsoft.Authorization/roleAssignments")
    owners = [each.body["properties"]["principalId"] for each in roles]

    assert sorted(set(owners)) == ["<identity.properties.principalId>", "people"]
    assert owners.count("people") == 1
