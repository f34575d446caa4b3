"""A flow's terms: what is taken for recent and for one of the values, and what a start refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.model.errors import Misconfigured
from shared.model.golden import Cell, Golden, Value
from shared.pipeline.admission import Admission
from shared.topology_file import TopologyError, parse
from shared.wiring import Hub
from tests.world import world

NOON = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp() * 1e6)
DAY = 86_400_000_000

ORDERS = """
systems:
  crm: {kind: dataverse}
  shop: {kind: lms}
  erp: {kind: erp}
entities:
  order: {key: [number]}
flows:
  - {entity: order, from: crm, to: erp, TERMS}
  - {entity: order, from: shop, to: erp, MORE}
"""


def admits(terms: str, age: float = 0, **values: Value) -> bool:
    topology = parse(ORDERS.replace("TERMS", terms).replace("MORE", terms))
    cells = {name: Cell(value, int(NOON - age * DAY), "crm") for name, value in values.items()}
    return Admission.of(topology, "erp", "order").admits(Golden("1", cells), NOON)


@pytest.mark.parametrize("day, brought", [("2025-08-04", True), ("2025-08-03", False), (None, False)])
def test_a_day_is_recent_up_to_the_length_that_the_flow_says(day: str | None, brought: bool):
    terms = "recent: {field: ordered_on, within: 180d}"

    assert admits(terms, number="S-1", ordered_on=day) is brought


def test_a_day_counts_and_not_when_it_was_written():
    terms = "recent: {field: ordered_on, within: 180d}"

    assert admits(terms, age=1000, number="S-1", ordered_on="2026-01-30")
    assert not admits(terms, age=0, number="S-1")


@pytest.mark.parametrize("age, brought", [(0, True), (180, True), (180.1, False)])
def test_without_a_field_the_newest_edit_counts(age: float, brought: bool):
    assert admits("recent: 180d", age=age, number="S-1") is brought


def test_every_term_has_to_be_met():
    terms = "only: {status: [Submitted, Invoiced]}, recent: 180d"

    assert admits(terms, status="submitted")
    assert not admits(terms, status="Draft")
    assert not admits(terms, age=181, status="Submitted")
    assert not admits(terms, number="S-1")


def test_what_has_one_of_the_excepted_values_is_not_brought():
    terms = "except: {status: [Draft], name: [Test]}"

    assert admits(terms, status="Submitted")
    assert admits(terms, number="S-1")
    assert not admits(terms, status="draft")
    assert not admits(terms, status="Submitted", name="test")


def test_another_groups_record_is_not_brought_on_any_terms():
    topology = parse(ORDERS.replace("TERMS", "delete: ignore").replace("MORE", "delete: ignore"))
    record = Golden("1", {"number": Cell("S-1", NOON, "operator"), "name": Cell("x", NOON, "erp")})

    assert not Admission.of(topology, "erp", "order").admits(record, NOON)


@pytest.mark.parametrize(
    "terms, said",
    [
        ("recent: 180x", "recent.within: write a duration such as 30s, 5m, 2h or 1d"),
        ("recent: {field: total, within: 1d}", "recent.field: order has no day 'total'; it has ordered_on"),
        ("except: {state: [Won]}", "except.state: order has no field 'state'"),
        (
            "except: {status: Won}",
            "except.status: write a list of what may pass, such as [Submitted, Invoiced]",
        ),
        ("only: {state: [Won]}", "only.state: order has no field 'state'"),
        ("only: {status: Won}", "only.status: write a list of what may pass, such as [Submitted, Invoiced]"),
        ("only: {status: []}", "only.status: write a list of what may pass, such as [Submitted, Invoiced]"),
    ],
)
def test_terms_that_cannot_be_are_refused(terms: str, said: str):
    with pytest.raises(TopologyError) as refused:
        parse(ORDERS.replace("TERMS", terms).replace("MORE", terms))

    assert refused.value.description.splitlines()[0] == f"topology.yaml:9: flows[0].{said}"


def test_flows_of_one_entity_to_one_target_say_the_same():
    with pytest.raises(TopologyError) as refused:
        parse(ORDERS.replace("TERMS", "recent: 180d").replace("MORE", "recent: 90d"))

    assert refused.value.description == (
        "topology.yaml:10: flows[1].recent: the flow from crm says otherwise: say the same for erp"
    )


WRITING = """
systems:
  salesforce: {kind: salesforce}
  lms: {kind: lms, WRITES}
entities:
  account: {key: [number], owner: salesforce}
  contact: {key: [email], owner: salesforce}
flows:
  - {entity: account, from: salesforce, to: lms}
  - {entity: contact, from: salesforce, to: lms}
"""


def hub_writing(writes: str) -> Hub:
    """A hub whose LMS is a database that it writes into."""
    hub = world(WRITING.replace("WRITES", writes)).hub
    tables = {"account": "companies", "contact": "users"}
    lms = replace(hub.connections["lms"], tables=tables)
    return replace(hub, connections={**hub.connections, "lms": lms})


def test_a_table_that_nobody_allowed_is_not_written_and_the_start_says_what_to_write():
    with pytest.raises(Misconfigured) as refused:
        hub_writing("writes: [companies]")

    assert refused.value.reason == "TableNotAllowed"
    assert "would write the table users there" in refused.value.description
    assert "write systems.lms.writes: [companies, users]" in refused.value.description


def test_tables_that_are_allowed_are_written():
    assert hub_writing("writes: [companies, users]").delivery("lms")


def test_behind_an_api_nothing_has_to_be_allowed():
    assert world(WRITING.replace("WRITES", "rank: 1")).hub.delivery("lms")
