"""Two groups of systems, each with accounts of its own, in one topology: neither hears of the other's."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from local.servicebus.engine.message import Message
from shared.topology import OPERATOR
from tests.flows.office import ACME, Office, Sales

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]

NORTH_AND_SOUTH = """
systems:
  salesforce: {kind: salesforce, rank: 2}
  lms: {kind: lms, rank: 1}
  north: {kind: salesforce, rank: 2}
  south: {kind: lms, rank: 1}
  branch: {kind: lms}
entities:
  account: {key: [number], owner: north}
flows:
  - {entity: account, from: salesforce, to: lms}
  - {entity: account, from: north, to: south, delete: propagate}
  - {entity: account, from: south, to: branch, delete: propagate}
"""


def send(office: Office, subscription: str, **change: object) -> None:
    """A change set that stands in a target's subscription, however it came there."""
    body = orjson.dumps({"entity": "account", **change})
    properties = {"entity": "account", "source": "bus", "target": subscription}
    office.world.broker.send("changes", [Message(body=body, application_properties=properties)])


def companies(office: Office) -> dict[str, list[str]]:
    return {
        name: [row["name"] for row in office.world.rows(name, "companies")]
        for name in ("lms", "south", "branch")
    }


async def test_a_record_reaches_its_own_group_and_no_other(office_with: Open):
    office = office_with(NORTH_AND_SOUTH)
    office.sales.create("Account", **ACME)

    await office.settle()

    assert companies(office) == {"lms": ["Acme"], "south": [], "branch": []}
    assert office.letters() == []


async def test_a_record_reaches_a_system_that_it_has_no_flow_to_itself_through_one_between(office_with: Open):
    office = office_with(NORTH_AND_SOUTH)
    Sales(office.world, "north").create("Account", **ACME)

    await office.settle()

    assert companies(office) == {"lms": [], "south": ["Acme"], "branch": ["Acme"]}
    assert office.letters() == []


async def test_an_operators_change_makes_no_record_where_its_systems_do_not_reach(office_with: Open):
    office = office_with(NORTH_AND_SOUTH)
    account = office.sales.create("Account", **ACME)
    await office.settle()

    for target in ("lms", "south", "branch"):
        send(office, target, source=OPERATOR, ids=[office.golden_id(account)], target=target)
    await office.settle()

    assert companies(office) == {"lms": ["Acme"], "south": [], "branch": []}
    assert office.letters() == []


async def test_what_a_rule_of_yesterday_let_through_is_passed_over(office_with: Open):
    office = office_with(NORTH_AND_SOUTH)
    account = office.sales.create("Account", **ACME)
    await office.world.poll("salesforce")

    send(office, "south", source="salesforce", ids=[office.golden_id(account)])
    await office.world.deliver("south")

    assert office.requests("south") == []
    assert office.letters() == []
