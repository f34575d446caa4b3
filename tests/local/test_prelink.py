"""Linking before the first run: what meets, what does not, and that the first run then updates."""

import pytest

from shared.pipeline.prelink import Candidate, Prelink, Status
from tests.world import SECRET, world

pytestmark = pytest.mark.anyio
BEARER = {"Authorization": f"Bearer {SECRET}"}


class Desk:
    """A world with people who put rows into both systems."""

    def __init__(self):
        self.world = world()
        self.salesforce = self.world.user("salesforce")
        grant = {"grant_type": "client_credentials", "client_id": "crosswalk", "client_secret": SECRET}
        token = self.salesforce.post("/services/oauth2/token", data=grant).json()["access_token"]
        self.salesforce.headers["Authorization"] = f"Bearer {token}"
        self.lms = self.world.user("lms")
        self.lms.headers.update(BEARER)

    def account(self, **values):
        answer = self.salesforce.post("/services/data/v62.0/sobjects/Account", json=values)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def company(self, **values):
        answer = self.lms.post("/api/v1/companies/batch", json={"records": [values]})
        return str(answer.json()["results"][0]["id"])

    def company_row(self, native):
        return next(row for row in self.world.rows("lms", "companies") if str(row["id"]) == native)

    def prelink(self):
        hub = self.world.hub
        return Prelink(hub.topology, hub.store, "salesforce", hub.connections["lms"], "account")

    async def link(self, *candidates, dry_run=False):
        return await self.prelink().run(candidates, dry_run=dry_run)


@pytest.fixture
async def desk():
    made = Desk()
    yield made
    await made.world.close()


def candidate(line, source_id, target_id=None, **values):
    return Candidate(line, source_id, target_id, values)


def statuses(results):
    return [result.status for result in results]


async def test_a_linked_row_is_updated_by_the_first_run_and_never_made_again(desk):
    source = desk.account(Name="Acme Incorporated", AccountNumber="A-1", Phone="1")
    company = desk.company(name="Acme", number="A-1", phone="2")
    assert statuses(await desk.link(candidate(2, source, number="A-1"))) == [Status.LINKED]
    await desk.world.settle()
    assert [row["id"] for row in desk.world.rows("lms", "companies")] == [int(company)]
    row = desk.company_row(company)
    assert (row["name"], row["phone"]) == ("Acme Incorporated", "1")
    tally = desk.world.tallies()["account", "salesforce", "lms"]
    assert (tally["read"], tally.get("created", 0), tally["updated"]) == (1, 0, 1)


async def test_a_row_without_a_number_is_found_by_its_exact_name(desk):
    source = desk.account(Name="Acme", AccountNumber="A-1")
    company = desk.company(name="Acme")
    (result,) = await desk.link(candidate(2, source, number="A-1", name="Acme"))
    assert (result.status, result.target_id) == (Status.LINKED, company)
    await desk.world.settle()
    assert [row["number"] for row in desk.world.rows("lms", "companies")] == ["A-1"]


async def test_a_row_of_that_name_with_another_number_is_another_company(desk):
    company = desk.company(name="Acme", number="B-9")
    (result,) = await desk.link(candidate(2, "001000000000001AAA", number="A-1", name="Acme"))
    assert (result.status, result.why) == (Status.CONFLICTING, f"lms {company} has another number")


async def test_the_lms_id_counts_before_everything_else(desk):
    company, _ = desk.company(name="Acme", number="A-1"), desk.company(name="Other", number="A-2")
    (result,) = await desk.link(candidate(2, "001000000000001AAA", company, number="A-2"))
    assert (result.status, result.target_id) == (Status.LINKED, company)


async def test_what_the_lms_does_not_have_is_reported_and_never_made(desk):
    results = await desk.link(
        candidate(2, "001000000000001AAA", number="A-1", name="Nobody"),
        candidate(3, "001000000000002AAA", "99"),
    )
    assert statuses(results) == [Status.UNKNOWN, Status.UNKNOWN]
    assert not desk.world.rows("lms", "companies")
    assert not desk.world.calls("lms")


async def test_two_rows_of_the_report_that_mean_one_company_are_both_left_alone(desk):
    desk.company(name="Acme", number="A-1")
    results = await desk.link(
        candidate(2, "001000000000001AAA", number="A-1"), candidate(3, "001000000000002AAA", number="a-1")
    )
    assert statuses(results) == [Status.DUPLICATE, Status.DUPLICATE]
    assert results[0].why == "lines 2, 3 mean the same row 1"


async def test_a_record_that_the_report_names_twice_is_left_alone(desk):
    one, two = desk.company(name="Acme"), desk.company(name="Bolt")
    source = "001000000000001AAA"
    results = await desk.link(candidate(2, source, one), candidate(3, source, two))
    assert statuses(results) == [Status.DUPLICATE, Status.DUPLICATE]


async def test_two_companies_that_one_row_could_mean_are_left_alone(desk):
    for _ in range(2):
        desk.company(name="Acme")
    (result,) = await desk.link(candidate(2, "001000000000001AAA", name="Acme"))
    assert (result.status, result.why) == (Status.DUPLICATE, "2 rows of lms match: 1, 2")


@pytest.mark.parametrize("turned", [False, True])
async def test_a_side_that_is_linked_otherwise_is_a_conflict(desk, turned):
    one, two = desk.company(name="Acme", number="A-1"), desk.company(name="Bolt", number="A-2")
    first, second = "001000000000001AAA", "001000000000002AAA"
    await desk.link(candidate(2, first, one))
    again = candidate(2, second, one) if turned else candidate(2, first, two)
    (result,) = await desk.link(again)
    assert result.status is Status.CONFLICTING


async def test_saying_it_twice_changes_nothing(desk):
    company = desk.company(name="Acme", number="A-1")
    said = candidate(2, "001000000000001AAA", number="A-1")
    (first,), (second,) = await desk.link(said), await desk.link(said)
    assert (second.status, second.target_id) == (Status.ALREADY, company)
    assert first.record == second.record


async def test_a_dry_run_says_the_same_and_writes_nothing(desk):
    desk.company(name="Acme", number="A-1")
    said = candidate(2, "001000000000001AAA", number="A-1")
    for _ in range(2):
        assert statuses(await desk.link(said, dry_run=True)) == [Status.LINKED]


async def test_a_record_that_the_first_run_made_is_linked_no_second_time(desk):
    source = desk.account(Name="Acme", AccountNumber="A-1")
    await desk.world.settle()
    other = desk.company(name="Acme by hand")
    (same,) = await desk.link(candidate(2, source, number="A-1"))
    (changed,) = await desk.link(candidate(2, source, other))
    assert (same.status, changed.status) == (Status.ALREADY, Status.CONFLICTING)
