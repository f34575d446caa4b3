"""How urgent a flow is: the most urgent of those that share a source says whether pushes are read."""

from __future__ import annotations

import pytest

from shared.topology import Topology
from shared.topology_file import TopologyError, parse

TEXT = """
systems:
  crm: {kind: dataverse}
  erp: {kind: erp}
  shop: {kind: lms}
entities:
  account: {key: [number], owner: crm}
flows:
  - {entity: account, from: crm, to: erp ONE}
  - {entity: account, from: crm, to: shop OTHER}
"""


def topology(one: str = "", other: str = "") -> Topology:
    return parse(TEXT.replace(" ONE", one).replace(" OTHER", other))


@pytest.mark.parametrize(
    "one, other, pushed",
    [
        ("", "", True),
        (", mode: poll", ", mode: push", True),
        (", mode: batch", "", True),
        (", mode: poll", ", mode: batch", False),
    ],
)
def test_one_flow_that_asks_for_pushes_is_enough(one: str, other: str, pushed: bool):
    assert topology(one, other).pushed("crm", "account") is pushed


def test_a_system_that_is_watched_may_push_and_one_that_only_follows_may_not():
    found = topology(", watch: true")

    assert found.pushed("erp", "account")
    assert not found.pushed("shop", "account")


def test_another_mode_is_refused_with_its_line():
    with pytest.raises(TopologyError) as refused:
        topology(", mode: now")

    assert refused.value.description == (
        "topology.yaml:9: flows[0].mode: 'now' is not one of push, poll, batch"
    )
