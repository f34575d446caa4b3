"""A run that would delete or empty more than its envelope stops before the first, and waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from shared.model.errors import Unavailable
from shared.model.records import Waiting
from shared.pipeline import brake
from shared.topology_file import parse
from tests.flows.office import Office, to_lms, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]
HERE = ("salesforce", "account")


def enveloped(share: str = "5%", records: int = 2) -> str:
    envelope = f"envelope: {{share: {share}, records: {records}}}"
    return topology(to_lms("account", envelope), to_lms("contact", envelope))


async def accounts(office: Office, count: int = 10) -> list[str]:
    """So many accounts, delivered; nothing counted so far."""
    made = [
        office.sales.create("Account", AccountNumber=f"A-{number}", Name=f"Acme {number}", Phone="+49 731 1")
        for number in range(count)
    ]
    await office.settle()
    office.forget()
    return made


def delete(office: Office, keys: Sequence[str]) -> None:
    for key in keys:
        office.sales.delete(key)


def inactive(office: Office) -> set[str]:
    rows = office.world.rows("lms", "companies")
    return {row["number"] for row in rows if row["status"] == "inactive"}


def waiting(office: Office) -> list[Waiting]:
    return office.world.hub.store.transact_now(lambda tx: tx.waiting_rows())


def decide(office: Office, how: Callable[..., int]) -> int:
    now = office.world.time.micros()
    return office.world.hub.store.transact_now(lambda tx: how(tx, *HERE, "olga", now))


def ledger(office: Office) -> list[tuple[str, str | None, str | None]]:
    entries = office.world.hub.store.transact_now(lambda tx: tx.history("account", "salesforce"))
    return [(entry.action, entry.fields, entry.cause) for entry in entries]


async def test_nothing_is_deleted_and_one_dead_letter_says_how_much_it_would_be(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)

    delete(office, keys[:3])
    await office.settle()

    letter = office.letter()
    assert (office.writes(), inactive(office)) == ([], set())
    assert (letter.target, letter.record, letter.reason) == ("hub", "salesforce", "EnvelopeExceeded")
    assert "3 deleted, 0 emptied. One run may do 2" in letter.description
    assert "held approve salesforce account" in letter.description


async def test_as_many_as_the_envelope_allows_go_on(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)

    delete(office, keys[:2])
    await office.settle()

    assert inactive(office) == {"A-0", "A-1"}
    assert office.letters() == []


async def test_the_share_of_the_table_counts_where_it_is_more(office_with: Open):
    office = office_with(enveloped(share="30%"))
    keys = await accounts(office)

    delete(office, keys[:3])
    await office.settle()
    assert len(inactive(office)) == 3

    delete(office, keys[3:7])  # of the seven that are left it is two
    await office.settle()
    assert len(inactive(office)) == 3


async def test_the_smallest_envelope_counts_where_an_entity_flows_to_several():
    several = enveloped() + "  - {entity: account, from: salesforce, to: school, envelope: {records: 1}}\n"
    asked = parse(several.replace("entities:", "  school: {kind: lms}\nentities:"))

    assert [each.allows(10) for each in asked.envelopes(*HERE)] == [2, 1]


async def test_all_else_of_the_run_goes_on(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)

    delete(office, keys[:3])
    office.sales.change(keys[5], Phone="+49 731 2")
    office.sales.create("Account", AccountNumber="A-99", Name="New")
    await office.settle()

    assert office.school.company("A-5")["phone"] == "+49 731 2"
    assert office.school.company("A-99")["name"] == "New"
    assert inactive(office) == set()


async def test_there_is_no_second_message_while_it_waits_and_the_numbers_are_the_latest(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)

    delete(office, keys[:3])
    await office.settle()
    delete(office, keys[3:4])
    await office.settle()
    await office.settle()

    assert len(office.queued()) == 1
    assert "4 deleted" in office.letter().description
    assert waiting(office) == [Waiting(*HERE, deletes=4)]


async def test_approved_it_goes_on_with_the_next_poll_and_the_ledger_says_who(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)
    delete(office, keys[:3])
    await office.settle()

    assert decide(office, brake.approve) == 3
    await office.settle()

    assert inactive(office) == {"A-0", "A-1", "A-2"}
    assert (office.letters(), waiting(office)) == ([], [])
    assert ledger(office) == [("held", "3 deleted, 0 emptied", "poll"), ("approved", "3 rows", "olga")]


async def test_what_comes_after_the_approval_is_weighed_anew(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)
    delete(office, keys[:3])
    await office.settle()

    decide(office, brake.approve)
    delete(office, keys[3:6])
    await office.settle()

    assert inactive(office) == {"A-0", "A-1", "A-2"}
    assert waiting(office) == [Waiting(*HERE, deletes=3)]


async def test_discarded_it_is_forgotten(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)
    delete(office, keys[:3])
    await office.settle()

    assert decide(office, brake.discard) == 3
    delete(office, keys[3:4])
    await office.settle()

    assert inactive(office) == {"A-3"}
    assert (office.letters(), waiting(office)) == ([], [])
    assert ledger(office)[-1] == ("discarded", "3 rows", "olga")


async def test_there_is_nothing_to_decide_where_nothing_waits(office_with: Open):
    office = office_with(enveloped())
    await accounts(office)

    assert (decide(office, brake.approve), decide(office, brake.discard), ledger(office)) == (0, 0, [])


# Fields that are emptied


def empty(office: Office, keys: Sequence[str], **more: Any) -> None:
    for key in keys:
        office.sales.change(key, Phone=None, **more)


async def test_emptied_fields_are_held_too(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)

    empty(office, keys[:3])
    await office.settle()

    assert office.writes() == []
    assert "0 deleted, 3 emptied" in office.letter().description


async def test_deletes_and_emptied_fields_are_weighed_together(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)

    empty(office, keys[:2])
    delete(office, keys[2:3])
    await office.settle()

    assert waiting(office) == [Waiting(*HERE, deletes=1, blanks=2)]


async def test_what_was_empty_before_is_no_loss(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)

    for key in keys:
        office.sales.change(key, Name="Another", BillingCity=None)
    await office.settle()

    assert len(office.written()) == len(keys)


async def test_a_field_that_another_system_owns_is_written_back_and_not_held(office_with: Open):
    account = "{key: [number], owner: salesforce, fields: {phone: {owner: lms}}}"
    envelope = "envelope: {records: 2}, guard: read"
    flows = (
        to_lms("account", envelope),
        "entity: account, from: lms, to: salesforce, delete: ignore, guard: read",
    )
    office = office_with(topology(*flows, account=account))
    keys = await accounts(office)
    for number in range(10):
        office.school.change("companies", office.school.company(f"A-{number}")["id"], phone="+49 731 7")
    await office.settle()

    empty(office, keys[:3])
    await office.settle()

    assert office.letters() == []
    assert [office.sales.row(key)["Phone"] for key in keys[:3]] == ["+49 731 7"] * 3


async def test_a_held_row_that_is_edited_again_waits_as_it_is_now(office_with: Open):
    office = office_with(enveloped())
    keys = await accounts(office)
    empty(office, keys[:3])
    await office.settle()

    office.sales.change(keys[0], Name="Renamed")
    await office.settle()
    assert office.writes() == []

    decide(office, brake.approve)
    await office.settle()
    company = office.school.company("A-0")
    assert (company["name"], company["phone"]) == ("Renamed", None)


async def test_a_row_that_is_filled_again_waits_no_more_and_the_rest_goes_on_if_it_is_little(
    office_with: Open,
):
    office = office_with(enveloped())
    keys = await accounts(office)
    empty(office, keys[:3])
    await office.settle()

    office.sales.change(keys[0], Phone="+49 731 2")
    await office.settle()

    phones = [office.school.company(f"A-{number}")["phone"] for number in range(3)]
    assert phones == ["+49 731 2", None, None]
    assert (office.letters(), waiting(office)) == ([], [])


# Runs of many pages

PAGED = {"SALESFORCE_PAGE_SIZE": "2"}


async def test_deletes_on_many_pages_are_weighed_together(office_with: Open):
    office = office_with(enveloped(), settings=PAGED)
    keys = await accounts(office)

    delete(office, keys[:7:3])
    await office.settle()

    assert (inactive(office), waiting(office)) == (set(), [Waiting(*HERE, deletes=3)])


async def test_deletes_on_many_pages_that_are_few_go_on_at_the_end_of_the_run(office_with: Open):
    office = office_with(enveloped(), settings=PAGED)
    keys = await accounts(office)

    delete(office, keys[:4:3])
    office.world.time.pass_by(61)
    await office.world.poll("salesforce")
    await office.world.deliver("lms")

    assert inactive(office) == {"A-0", "A-3"}


async def test_a_key_that_a_held_delete_sets_free_is_taken_in_the_same_run(office_with: Open):
    office = office_with(enveloped(records=3), settings=PAGED)
    keys = await accounts(office)
    before = office.golden_id(keys[0])

    delete(office, keys[:3])
    office.world.time.pass_by(1)
    again = office.sales.create("Account", AccountNumber="A-0", Name="Acme again")
    office.world.time.pass_by(61)
    await office.world.poll("salesforce")

    assert office.golden_id(again) != before
    assert office.world.dead_letters() == []


async def test_a_run_that_dies_on_its_way_forgets_nothing_of_what_it_set_aside(office_with: Open):
    office = office_with(enveloped(), settings=PAGED)
    keys = await accounts(office)
    delete(office, keys[:3])
    office.world.time.pass_by(61)

    cut = _cut_after(office, 1)
    with pytest.raises(Unavailable):
        await office.world.poll("salesforce")
    assert cut() > 1
    office.world.wires["salesforce"].before = None
    await office.settle()

    assert (inactive(office), waiting(office)) == (set(), [Waiting(*HERE, deletes=3)])
    decide(office, brake.approve)
    await office.settle()
    assert len(inactive(office)) == 3


def _cut_after(office: Office, calls: int) -> Callable[[], int]:
    """The wire is cut after so many calls; how many there were."""
    made = []

    def before(request: Any) -> None:
        made.append(request)
        if len(made) > calls:
            raise httpx.ConnectError("cut")

    office.world.wires["salesforce"].before = before
    return lambda: len(made)
