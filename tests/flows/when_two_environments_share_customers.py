"""Dynamics 365 on both sides: edits travel both ways, and what a user writes in between survives."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.flows.dynamics import ACME, Dynamics

pytestmark = pytest.mark.anyio


@pytest.fixture
async def dynamics() -> AsyncIterator[Dynamics]:
    dynamics = Dynamics()
    yield dynamics
    await dynamics.world.close()


async def test_a_customer_and_its_people_arrive_and_the_next_polls_write_nothing(dynamics: Dynamics):
    account = dynamics.crm.create("account", **ACME, creditlimit=1000.5, industrycode=7)
    dynamics.crm.create(
        "contact",
        lastname="Kim",
        emailaddress1="kim@acme.example",
        **{"parentcustomerid_account@odata.bind": f"accounts({account})"},
    )

    await dynamics.settle()

    there = dynamics.partner.account()
    (kim,) = dynamics.partner.rows("contact")
    assert (there["name"], there["creditlimit"], there["industrycode"]) == ("Acme", 1000.5, 7)
    assert kim["_parentcustomerid_value"] == there["accountid"]
    assert dynamics.letters() == []
    dynamics.forget()
    await dynamics.settle()
    await dynamics.settle()
    assert (dynamics.written("crm"), dynamics.written("partner")) == ([], [])


async def test_edits_of_both_sides_meet_in_the_middle(dynamics: Dynamics):
    account = dynamics.crm.create("account", **ACME)
    await dynamics.settle()
    dynamics.forget()
    dynamics.world.time.pass_by(5)
    dynamics.crm.edit("account", account, name="Acme Ltd")
    dynamics.partner.edit("account", dynamics.partner.account()["accountid"], telephone1="+49 2")

    await dynamics.settle()

    for company in (dynamics.crm, dynamics.partner):
        row = company.account()
        assert (row["name"], row["telephone1"]) == ("Acme Ltd", "+49 2")
    assert (len(dynamics.written("crm")), len(dynamics.written("partner"))) == (1, 1)


@pytest.mark.parametrize("field", ["telephone1", "address1_city"])
async def test_an_edit_between_our_read_and_our_write_survives(dynamics: Dynamics, field: str):
    """The row has moved since: it is read again, merged, and written once more."""
    account = dynamics.crm.create("account", **ACME)
    await dynamics.settle()
    dynamics.world.time.pass_by(5)
    dynamics.crm.edit("account", account, telephone1="+49 of the hub")
    meddle = [dynamics.partner.account()["accountid"]]

    def in_between(request: httpx.Request) -> None:
        if meddle and b"\r\nPATCH " in request.content:
            dynamics.world.time.pass_by(5)
            dynamics.partner.edit("account", meddle.pop(), **{field: "a user's"})

    dynamics.world.wires["partner"].before = in_between
    await dynamics.settle()

    assert not meddle
    for company in (dynamics.crm, dynamics.partner):
        row = company.account()
        assert row[field] == "a user's"
        assert row["telephone1"] == ("a user's" if field == "telephone1" else "+49 of the hub")


@pytest.mark.parametrize("what", ["edit", "delete"])
async def test_a_row_that_was_touched_and_not_changed_is_written_all_the_same(dynamics: Dynamics, what: str):
    """It has a new version, and the same values: the next write must name the version."""
    account = dynamics.crm.create("account", **ACME)
    await dynamics.settle()
    dynamics.world.time.pass_by(5)
    there = dynamics.partner.account()
    dynamics.partner.edit("account", there["accountid"], telephone1=there["telephone1"])
    await dynamics.settle()
    dynamics.forget()
    dynamics.world.time.pass_by(5)
    if what == "edit":
        dynamics.crm.edit("account", account, name="Acme Ltd")
    else:
        dynamics.crm.delete("account", account)

    await dynamics.settle()

    assert [row["name"] for row in dynamics.partner.rows("account")] == (
        ["Acme Ltd"] if what == "edit" else []
    )
    assert len(dynamics.written("partner")) == 1
    assert dynamics.letters() == []


async def test_a_number_that_is_used_again_at_once_goes_to_the_new_customer(dynamics: Dynamics):
    """What goes makes room first: the number is a key, which no two rows may have."""
    account = dynamics.crm.create("account", **ACME)
    await dynamics.settle()
    dynamics.world.time.pass_by(5)
    dynamics.crm.delete("account", account)
    await dynamics.world.poll("crm")
    dynamics.world.time.pass_by(61)
    dynamics.crm.create("account", **{**ACME, "name": "Acme again"})

    await dynamics.settle()

    assert [row["name"] for row in dynamics.partner.rows("account")] == ["Acme again"]
    assert dynamics.letters() == []


async def test_after_a_token_has_expired_only_what_changed_is_written(dynamics: Dynamics):
    rows = [{"name": f"Account {number}", "accountnumber": f"N-{number}"} for number in range(300)]
    dynamics.crm.environment.load("account", rows)
    await dynamics.settle()
    assert len(dynamics.partner.rows("account")) == 300
    dynamics.forget()
    dynamics.world.time.pass_by(5)
    keys = [row["accountid"] for row in dynamics.crm.rows("account")]
    for key in keys[:12]:
        dynamics.crm.edit("account", key, telephone1="+49 3")
    for key in keys[-3:]:
        dynamics.crm.delete("account", key)
    dynamics.forget_tokens("crm", "account")

    await dynamics.settle()

    written = dynamics.written("partner")
    assert len([each for each in written if each.startswith("PATCH")]) == 12
    assert len([each for each in written if each.startswith("DELETE")]) == 3
    assert len(written) == 15
    assert dynamics.written("crm") == []
    assert len(dynamics.partner.rows("account")) == 297


async def test_a_merge_of_two_customers_deletes_neither_elsewhere(dynamics: Dynamics):
    winner = dynamics.crm.create("account", **ACME)
    loser = dynamics.crm.create("account", name="Acme Inc", accountnumber="A-2")
    await dynamics.settle()
    dynamics.world.time.pass_by(5)
    dynamics.crm.environment.people.merge("account", winner, loser)

    await dynamics.settle()

    states = {row["accountnumber"]: row["statecode"] for row in dynamics.partner.rows("account")}
    assert states == {"A-1": 0, "A-2": 1}


async def test_a_record_that_a_plug_in_refuses_is_a_dead_letter_of_this_one_alone(dynamics: Dynamics):
    dynamics.world.fault("partner", "reject_records", match="Poison")
    for number, name in enumerate(("Acme", "Poison", "Zenith")):
        dynamics.crm.create("account", name=name, accountnumber=f"A-{number}")

    await dynamics.settle()

    assert {row["name"] for row in dynamics.partner.rows("account")} == {"Acme", "Zenith"}
    (letter,) = dynamics.letters()
    assert (letter.target, letter.entity) == ("partner", "account")
    assert "Poison" not in letter.description


async def test_a_busy_environment_is_left_alone_for_as_long_as_it_says(dynamics: Dynamics):
    dynamics.crm.create("account", **ACME)
    dynamics.world.fault("partner", "throttle", path="/api/data/v9.2/$batch", seconds=90, count=1)

    await dynamics.settle()

    assert dynamics.partner.account()["name"] == "Acme"
    assert dynamics.letters() == []
