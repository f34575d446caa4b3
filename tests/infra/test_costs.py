"""The tables of costs and load are what the inputs say, and the inputs are what the templates make."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from infra import costs, load
from infra.check.deployment import Deployment, deploy
from infra.check.environments import named
from tests.docs.pages import DOCS
from tests.infra.sandbox import INFRA

GIVEN = load.read()


def bill(size: str, given: Any = GIVEN) -> dict[str, float]:
    return costs.Bill(given["sizes"][size], given).parts()


def changed(*path: str, to: Any) -> Any:
    """The inputs, with one of them changed."""
    given = copy.deepcopy(GIVEN)
    inner = given
    for step in path[:-1]:
        inner = inner[step]
    assert path[-1] in inner
    inner[path[-1]] = to
    return given


@pytest.mark.parametrize("page", ["deploy.md", "scaling.md"])
def test_the_tables_are_what_the_inputs_say(page: str):
    text = (DOCS / page).read_text("utf-8")

    assert costs.MADE.search(text)
    assert costs.made(text, GIVEN) == text, "write them anew: python -m infra.costs --write"


def test_a_price_that_doubles_doubles_its_part_and_no_other():
    dearer = bill("large", changed("prices", "bus, premium, unit and hour", to=2 * 0.928))

    assert dearer["Service Bus"] == pytest.approx(2 * bill("large")["Service Bus"])
    assert {**dearer, "Service Bus": 0} == {**bill("large"), "Service Bus": 0}


def test_what_is_free_costs_nothing():
    idle = changed("sizes", "small", "changes a day", to=0)
    idle["assumptions"]["systems that are polled"] = 0

    assert bill("small", idle)["functions"] == 0


def test_operations_above_those_of_the_month_are_paid_by_their_step():
    given = changed("sizes", "small", "changes a day", to=100_000_000)
    given["sizes"]["small"]["ids a message"] = 10
    millions = load.Load(100_000_000, 10, given["assumptions"]).operations * 30.4 / 1e6

    assert bill("small", given)["Service Bus"] == pytest.approx(9.81 + 87 * 0.80 + (millions - 100) * 0.50)


def test_more_changes_are_more_work_in_every_way():
    some, more = (load.Load(changes, 100, GIVEN["assumptions"]) for changes in (10_000_000, 20_000_000))

    for name in (
        "busiest",
        "messages",
        "copies",
        "operations",
        "executions",
        "calls",
        "seconds",
        "store",
        "kept",
    ):
        assert getattr(more, name) > getattr(some, name), name


def test_a_price_that_is_missing_is_no_zero(tmp_path: Path):
    given = copy.deepcopy(GIVEN)
    del given["prices"]["gateway hour"]

    with pytest.raises(KeyError):
        bill("large", given)


@pytest.mark.parametrize("size", GIVEN["sizes"])
def test_what_is_paid_for_is_what_the_templates_make(size: str):
    priced, made = GIVEN["sizes"][size], deploy(INFRA, named(INFRA)[size])
    server = made.one("Microsoft.DBforPostgreSQL/flexibleServers").body
    site = made.one("Microsoft.Web/sites").body["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    standby = server["properties"]["highAvailability"]["mode"] != "Disabled"

    assert (server["sku"]["name"], server["properties"]["storage"]["storageSizeGB"], 1 + standby) == (
        priced["store"],
        priced["store gigabytes"],
        priced["store copies"],
    )
    assert (site["instanceMemoryMB"], ready(site)) == (priced["memory"] * 1024, priced["always ready"])
    assert bus(made) == (priced["bus"], priced.get("bus units"))
    assert bool(made.of("Microsoft.Network/natGateways")) == priced["gateway"]


def ready(site: dict[str, Any]) -> int:
    return sum(each["instanceCount"] for each in site["alwaysReady"])


def bus(made: Deployment) -> tuple[str, int | None]:
    sku = made.one("Microsoft.ServiceBus/namespaces").body["sku"]
    return sku["name"].lower(), sku["capacity"]


def test_every_instance_finds_its_connections_to_the_store():
    """What the servers allow is believed: 429 for two burstable cores, 1,718 for four, 5,000 for sixteen."""
    allowed = {"Standard_B2s": 429, "Standard_D4ds_v5": 1_718, "Standard_D16ds_v5": 5_000}
    for size, priced in GIVEN["sizes"].items():
        made = deploy(INFRA, named(INFRA)[size])
        site = made.one("Microsoft.Web/sites").body["properties"]["functionAppConfig"]["scaleAndConcurrency"]
        held = site["maximumInstanceCount"] * GIVEN["assumptions"]["connections of an instance to the store"]

        assert held < allowed[priced["store"]] * 0.6, size
