"""What an operator sees of calls, and what an integrator is told before choosing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local.__main__ import made
from local.up.directory import Directory
from shared.adapters.store import Store
from shared.model.budget import DAY, Deferral, Gauge
from shared.wiring import now

QUARTER = DAY // 96
TOPOLOGY = """
systems:
  salesforce: {kind: salesforce, budget: {reserve: 20%}}
  lms: {kind: lms}
entities:
  lead: {key: [email], owner: lms}
flows:
  - {entity: lead, from: lms, to: salesforce, delete: ignore, freshness: 5m, priority: low}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A data directory with a hub's store, and a topology beside it."""
    (tmp_path / "topology.yaml").write_text(TOPOLOGY, encoding="utf-8")
    store = Store(Directory(tmp_path).store_url)
    store.migrate()
    store.close()
    return tmp_path


def run(desk: Path, *words: str) -> Result:
    where = ["--data", str(desk), "--topology", str(desk / "topology.yaml")]
    return CliRunner().invoke(made(["budget", "estimate"]), [*words, *where])


def use(desk: Path, used: int) -> None:
    """Salesforce has said that so many of 1,000 calls are used; 100 of them by the hub, just now."""
    store, at = Store(Directory(desk).store_url), now()
    deferral = Deferral("salesforce", "lead", "deliver", "low", at - QUARTER, at + QUARTER, 2400)

    def work(tx):
        tx.put_gauge(Gauge("salesforce", used, 1_000, DAY, used - 100, at))
        tx.spend("salesforce", "low", at - at % QUARTER, 100, 0)
        tx.put_deferral(deferral)
        tx.count({("lead", "lms", "salesforce", "deferred"): 7})

    store.transact_now(work)
    store.close()


def test_without_a_word_of_any_system_there_is_no_plan(desk: Path):
    assert "No system has said" in run(desk, "budget").output


def test_the_plan_of_the_day_says_what_is_used_and_what_is_deferred_until_when(desk: Path):
    use(desk, 790)

    (told,) = json.loads(run(desk, "budget", "--json").output)

    assert (told["limit"], told["used"], told["reserve"], told["others"]) == (1_000, 790, 200, 690)
    assert told["classes"]["high"] == {"calls": 0, "stretch": 1.0, "closed": False, "reopens": None}
    assert told["classes"]["low"]["closed"] is True
    assert told["classes"]["low"]["reopens"] > told["as_of"]
    (deferred,) = told["deferred"]
    assert (deferred["entity"], deferred["step"]) == ("lead", "deliver")
    assert deferred["since"] < told["as_of"] < deferred["until"]
    assert told["records_waiting"] == 7


def test_the_plan_can_be_read_by_people(desk: Path):
    use(desk, 790)

    said = " ".join(run(desk, "budget").output.split())

    assert "790 of 1,000 calls of 24 hours are used" in said
    assert "low 100 not now" in said
    assert "7 records wait for calls; none is lost" in said


def test_what_is_no_longer_short_is_not_told_as_deferred(desk: Path):
    use(desk, 150)

    (told,) = json.loads(run(desk, "budget", "--json").output)

    assert told["deferred"] == []


def test_an_estimate_shows_each_way_with_calls_staleness_and_share(desk: Path):
    use(desk, 150)

    lines = json.loads(run(desk, "estimate", "--changes", "lead=1/minute", "--json").output)

    by_mode = {line["mode"]: line for line in lines}
    assert by_mode["at once"]["target_calls"] == 1_440
    assert by_mode["at once"]["share"] == 1.44
    own = by_mode["batch, 5m (now)"]
    calls = (own["source_calls"], own["target_calls"])
    assert (*calls, own["staleness"], own["share"]) == (288, 288, 300, 0.288)


def test_volumes_that_cannot_be_read_are_refused_with_an_example(desk: Path):
    refused = run(desk, "estimate", "--changes", "lead=many")

    assert refused.exit_code == 2
    assert "account=20000/day" in " ".join(refused.output.replace("│", " ").split())
