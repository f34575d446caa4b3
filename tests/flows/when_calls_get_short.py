"""Salesforce counts the calls of 24 hours, people's too, and refuses what is more."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.model.budget import Deferral
from shared.model.event import Event
from tests.flows.office import ACME, Office, to_lms, to_salesforce, topology
from tests.surge import Company, Size, company

pytestmark = pytest.mark.anyio

SMALL = Size(limit=1_667, people=1_475, step=7_200, rows=6)
"""Twelve rounds in a day; a surge would need 24 calls more than there are."""

ENDS = ("created", "updated", "unchanged", "deactivated", "dead_lettered", "parked", "deferred")


async def lived(budget: str, *days: int) -> Company:
    """Days in which so much is told at each step."""
    found = company(SMALL, budget=budget)
    await found.open()
    for number, told in enumerate(days):
        await found.live(str(number), told)
    return found


async def test_a_surge_is_survived_high_news_stay_fresh_and_low_ones_are_complete_the_next_day():
    firm = await lived("{reserve: 5%}", 1, 3, 1)

    assert sum(day.refused + day.people_refused for day in firm.days) == 0
    assert max(day.oldest("lead") for day in firm.days) <= 2 * SMALL.step
    assert firm.days[1].left["contact"] > 0, "low ones waited"
    assert firm.left_of("contact", firm.world.time.at - timedelta(days=1)) == 0
    assert firm.world.dead_letters() == []
    for flow, counts in firm.world.tallies().items():
        assert counts["read"] == sum(counts.get(end, 0) for end in ENDS), flow
    await firm.world.close()


async def test_the_same_surge_without_a_budget_is_refused_calls():
    firm = await lived("off", 1, 3)

    assert firm.days[1].refused > 0
    await firm.world.close()


# What is not the record's fault


class Kept(logging.Handler):
    """Keeps what is said."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@pytest.fixture
def told() -> Iterator[list[logging.LogRecord]]:
    """What is said in the log."""
    records: list[logging.LogRecord] = []
    handler = Kept(records)
    logger = logging.getLogger("crosswalk.budget")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield records
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


def exhausted(office: Office) -> None:
    """Other programs have made every call of the day."""
    office.sales.create("Account", Name="First")
    while (
        office.world.user("salesforce").get("/services/data/v62.0/limits", headers=_signed(office)).is_success
    ):
        """On they go."""


def _signed(office: Office) -> dict[str, str]:
    return {"Authorization": f"Bearer {office.sales._token()}"}


async def test_what_is_refused_for_want_of_calls_waits_without_a_try_and_arrives_in_the_end(office_with: Any):
    office = office_with(topology(to_salesforce("account")), daily_limit=40)
    exhausted(office)
    office.school.create("companies", number="A-1", name="Acme")

    await office.world.round()
    for _ in range(30):
        office.world.time.pass_by(3_600)
        await office.world.round(forgiving=True)

    assert [row["Name"] for row in office.world.rows("salesforce", "Account")] == ["First", "Acme"]
    assert office.letters() == []
    assert office.tally("account", "deferred", "lms", "salesforce") == 0


async def test_a_system_whose_calls_are_used_up_is_hardly_asked(office_with: Any):
    office = office_with(topology(to_salesforce("account"), to_lms("contact")), daily_limit=40)
    exhausted(office)
    for number in range(20):
        office.school.create("companies", number=f"A-{number}", name=f"Acme {number}")
    office.forget()

    for _ in range(60):
        office.world.time.pass_by(60)
        await office.world.round(forgiving=True)

    asked = [each for each in office.requests("salesforce") if not each.url.path.endswith("/token")]
    assert 1 <= len(asked) <= 6, "four times in the hour, and the first"


async def test_a_deferral_is_told_once_when_it_begins_and_once_when_it_ends(office_with: Any, told: Any):
    office = office_with(topology(to_lms("account", "freshness: 2h")), daily_limit=400)
    exhausted(office)
    office.sales.world.time.pass_by(61)

    for _ in range(120):
        await office.world.round(forgiving=True)
        office.world.time.pass_by(900)

    said = [(each.levelname, each.action, each.system, each.entity, each.step) for each in told]
    assert said == [
        ("WARNING", "budget-deferred", "salesforce", "account", "poll"),
        ("INFO", "budget-resumed", "salesforce", "account", "poll"),
    ]


async def test_what_is_deferred_is_seen_since_when_and_until_when(office_with: Any):
    office = office_with(topology(to_lms("account")), daily_limit=40)
    exhausted(office)
    office.world.time.pass_by(61)
    await office.world.round(forgiving=True)
    office.world.time.pass_by(61)
    await office.world.round(forgiving=True)

    (found,) = office.world.deferrals()

    assert isinstance(found, Deferral)
    assert (found.system, found.entity, found.step) == ("salesforce", "account", "poll")
    assert 0 < found.since <= office.world.time.micros() < found.until


async def test_calls_that_the_topology_limits_are_counted_where_the_system_says_nothing(office_with: Any):
    flows = topology(to_lms("account")).replace("kind: lms,", "kind: lms, budget: {limit: 10, reserve: 0%},")
    office = office_with(flows)
    for number in range(30):
        office.sales.create("Account", AccountNumber=f"A-{number}", Name=f"Acme {number}")
        office.world.time.pass_by(61)
        await office.world.round()

    writes = len(office.requests("lms"))
    assert writes <= 10
    assert office.tally("account", "deferred") > 0
    office.world.time.pass_by(2 * 86_400)
    await office.settle()
    assert len(office.world.rows("lms", "companies")) == 30


async def test_what_is_pushed_while_calls_are_short_is_left_to_the_poll(office_with: Any):
    office = office_with(topology(to_lms("account")), daily_limit=40)
    account = office.sales.create("Account", **ACME)
    await office.settle()
    exhausted(office)
    office.world.time.pass_by(61)
    await office.world.round(forgiving=True)
    office.sales.force(account, Phone="+49 731 2")
    office.forget()

    await office.world.push("salesforce", Event("one", "account", account))
    await office.world.read_arrivals()

    assert office.requests("salesforce") == []
    await _shown_in_time(office, "+49 731 2")


async def test_a_push_that_is_refused_its_read_for_want_of_calls_is_found_by_the_poll(office_with: Any):
    office = office_with(topology(to_lms("account")), daily_limit=40)
    account = office.sales.create("Account", **ACME)
    await office.settle()
    exhausted(office)
    office.sales.force(account, Phone="+49 731 2")

    await office.world.push("salesforce", Event("one", "account", account))
    await office.world.read_arrivals()
    office.forget()
    await office.world.push("salesforce", Event("two", "account", account))
    await office.world.read_arrivals()

    assert office.requests("salesforce") == []
    assert office.letters() == []
    await _shown_in_time(office, "+49 731 2")


async def _shown_in_time(office: Office, phone: str) -> None:
    """Once calls are left again."""
    for _ in range(30):
        office.world.time.pass_by(3_600)
        await office.world.round(forgiving=True)
    assert office.school.company("A-1")["phone"] == phone
