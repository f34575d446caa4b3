"""Of two edits that knew nothing of each other an operator says which stays; nothing is lost before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.pipeline.mending import Discarded, Mended
from tests.flows.office import Office
from tests.flows.two_sides import TwoSides, deleting, two_way

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]

ASK = "{key: [number], conflict: newest, fields: {phone: {conflict: ask}}}"


async def asked(office: Office) -> TwoSides:
    """The two sides, and a question about the telephone number."""
    sides = await TwoSides(office).begin()
    sides.sales(Phone="sales")
    sides.school(phone="school")
    await sides.settle()
    return sides


async def test_each_system_keeps_its_own_value(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))

    assert sides.phones() == ("sales", "school")
    assert sides.open() == [("sales", "school")]
    assert sides.written() == {"salesforce": 0, "lms": 0}


async def test_operators_are_told_once(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))
    sides.school(phone="school 2")
    await sides.settle()

    letter = sides.office.letter()
    assert (letter.target, letter.reason, letter.field) == ("operator", "Undecided", "phone")
    assert len(sides.office.queued()) == 1
    assert "school" not in letter.description


async def test_other_fields_go_on(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))
    sides.sales(BillingCity="Bonn")
    await sides.settle()

    assert sides.office.school.company("A-1")["city"] == "Bonn"
    assert sides.phones() == ("sales", "school")


@pytest.mark.parametrize(
    "keep, value, stays", [("kept", None, "sales"), ("lost", None, "school"), ("value", "both", "both")]
)
async def test_what_an_operator_decides_goes_to_all(office_with: Open, keep: str, value: str, stays: str):
    sides = await asked(office_with(two_way(ASK)))

    assert isinstance(sides.decide(keep, value), Mended)
    await sides.settle()

    assert sides.phones() == (stays, stays)
    assert (sides.open(), sides.office.letters()) == ([], [])
    assert (sides.conflict().resolution, sides.conflict().open) == (keep, False)
    assert sum(sides.written().values()) == (2 if keep == "value" else 1)


async def test_a_decision_is_in_the_history_of_its_record_with_who_made_it(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))
    sides.decide("lost")

    record = sides.conflict().record
    history = sides.office.world.hub.store.transact_now(lambda tx: tx.history("account", record))
    last = history[-1]
    assert (last.system, last.action, last.fields, last.cause) == ("operator", "decided", "phone", "ada")


async def test_further_edits_join_the_open_conflict(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))
    sides.school(phone="school 2")
    await sides.settle()
    sides.sales(Phone="sales 2")
    await sides.settle()

    assert sides.open() == [("sales", "sales 2"), ("sales", "school 2")]
    assert sides.phones() == ("sales 2", "school 2")

    sides.decide(
        "lost", conflict=next(each for each in sides.conflicts() if each.clash.lost.value == "school 2")
    )
    await sides.settle()

    assert sides.phones() == ("school 2", "school 2")
    assert (sides.open(), sides.office.letters()) == ([], [])


async def test_people_who_agree_need_no_operator(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))
    sides.school(phone="sales")
    await sides.settle()

    assert (sides.open(), sides.office.letters()) == ([], [])
    assert sides.conflict().resolution == "agreed"
    sides.school(phone="later")
    await sides.settle()
    assert sides.phones() == ("later", "later")


async def test_an_edit_of_what_all_have_seen_is_no_question(office_with: Open):
    sides = await TwoSides(office_with(two_way(ASK))).begin()
    sides.school(phone="school")
    await sides.settle()

    assert sides.phones() == ("school", "school")
    assert sides.conflicts() == []


async def test_a_decision_about_what_has_changed_since_is_superseded_and_says_so(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))
    conflict = sides.conflict()
    sides.decide("lost")
    await sides.settle()

    late = sides.decide("kept", conflict=conflict)

    assert isinstance(late, Discarded)
    assert late.reason == "Superseded"
    await sides.settle()
    assert sides.phones() == ("school", "school")


async def test_an_edit_made_while_the_operator_decided_is_asked_about_again(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))
    sides.school(phone="school 2")
    sides.decide("kept")
    await sides.settle()

    assert sides.open() == [("sales", "school 2")]
    assert sides.phones() == ("sales", "school 2")


async def test_a_delete_ends_the_question(office_with: Open):
    sides = await asked(office_with(deleting(ASK)))
    sides.office.sales.delete(sides.key)
    await sides.settle()

    assert (sides.open(), sides.office.letters()) == ([], [])
    assert sides.office.world.rows("lms", "companies") == []


async def test_no_operator_is_asked_what_the_entity_would_not_take(office_with: Open):
    sides = await asked(office_with(two_way(ASK)))

    with pytest.raises(Exception, match="longer than"):
        sides.decide("value", "1" * 500)

    assert sides.open() == [("sales", "school")]
