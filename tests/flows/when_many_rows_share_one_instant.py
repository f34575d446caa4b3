"""An import leaves thousands of rows with one stamp, and a long transaction shows its rows late."""

from __future__ import annotations

import pytest

from shared.pipeline.messages import decode
from tests.flows.office import Office

pytestmark = pytest.mark.anyio

OVERLAP = 300.0
LATE = 240.0


async def test_15001_rows_of_one_instant_in_pages_of_2000_all_arrive_each_once(office: Office):
    numbers = [f"A-{number}" for number in range(15_001)]
    office.sales.load("Account", ({"AccountNumber": number, "Name": f"Acme {number}"} for number in numbers))

    await office.world.poll("salesforce")
    pages = [each for each in office.requests("salesforce") if b"FROM+Account" in each.url.query]
    assert len(pages) == 8, "seven pages of 2,000 and one of 1,001"
    await office.world.settle()

    companies = [row["number"] for row in office.world.rows("lms", "companies")]
    assert sorted(companies) == sorted(numbers)
    named = [record for message in office.changes() for record in decode(message.body).ids]
    assert len(named) == len(set(named)) == 15_001
    assert len(office.written()) == 15_001
    assert len(office.writes()) == 151, "a hundred in each call"


async def test_500_rows_that_become_visible_late_with_older_stamps_arrive_each_once(office: Office):
    office.sales.create("Account", AccountNumber="A-0", Name="Early")
    await office.settle()
    office.forget()
    rows = office.world.systems["salesforce"].system.rows
    rows.hold(office.world.time.after(LATE))
    late = [
        office.sales.create("Account", AccountNumber=f"L-{number}", Name=f"Late {number}")
        for number in range(500)
    ]
    rows.hold(None)
    office.world.time.pass_by(120)
    for number in range(10):
        office.sales.create("Account", AccountNumber=f"N-{number}", Name=f"Newer {number}")
    await office.world.round()
    assert len(office.world.rows("lms", "companies")) == 11
    watermark = office.world.hub.store.transact_now(lambda tx: tx.watermark("salesforce", "account"))

    office.world.time.pass_by(120)
    await office.settle()

    assert watermark[1] > office.world.time.micros() - 700 * 1_000_000, "newer ones had been read before"
    companies = [row["number"] for row in office.world.rows("lms", "companies")]
    assert len(companies) == len(set(companies)) == 511
    assert len(office.written()) == 510
    assert {office.golden_id(key) for key in late} <= {record["external_id"] for record in office.written()}


async def test_rows_that_are_read_again_in_the_overlap_cost_nothing(office: Office):
    for number in range(50):
        office.sales.create("Account", AccountNumber=f"A-{number}", Name=f"Acme {number}")
    await office.world.settle()
    office.forget()

    for _ in range(3):
        office.world.time.pass_by(61)
        await office.world.round()

    assert len(office.requests("salesforce")) >= 3
    assert (office.requests("lms"), office.world.sent) == ([], [])
