"""What a system pushes: a wake-up, so that it may come twice, late, out of order or never."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import orjson
import pytest

from local.servicebus.engine.message import Message
from shared.model.errors import InvalidChange, Unavailable
from shared.model.event import Event
from shared.pipeline.events import ARRIVALS
from shared.pipeline.recoverability import Policy
from tests.flows.office import ACME, ADA, Office, to_lms, to_salesforce, topology
from tests.flows.sources import interrupted
from tests.world import SECRET

pytestmark = pytest.mark.anyio

numbers = count(1)

TWO_WAY = topology(
    to_lms("account", "guard: read"),
    to_salesforce("account", "guard: read"),
    account="{key: [number]}",
)


def event(native_id: str, entity: str = "account", name: str | None = None) -> Event:
    return Event(name or f"event-{next(numbers)}", entity, native_id)


async def pushed(office: Office, *events: Event) -> None:
    """Accepted, read, and delivered."""
    await office.world.push("salesforce", *events)
    await office.world.read_arrivals()
    await office.world.deliver("lms")


async def acme(office: Office) -> str:
    """Known on both sides, and all is quiet."""
    account = office.sales.create("Account", **ACME)
    await office.settle()
    office.forget()
    return account


def polls(office: Office) -> int:
    """How often Salesforce was asked what had changed."""
    return sum("query" in request.url.path for request in office.requests("salesforce"))


async def test_an_edit_that_is_pushed_reaches_the_target_without_a_poll(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await pushed(office, event(account))

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert polls(office) == 0


async def test_a_row_that_is_new_is_made_where_its_push_leads(office: Office):
    account = office.sales.create("Account", **ACME)
    contact = office.sales.create("Contact", **ADA, AccountId=account)

    await pushed(office, event(contact, "contact"), event(account))

    company = office.school.company("A-1")
    assert office.school.user(ADA["Email"])["company_id"] == company["id"]


async def test_what_is_pushed_twice_is_kept_once(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    for _ in range(2):
        await office.world.push("salesforce", event(account, name="the same"))

    assert await office.world.read_arrivals() == 1


async def test_the_same_edit_pushed_under_two_ids_is_written_once(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await pushed(office, event(account))
    await pushed(office, event(account))

    assert len(office.written()) == 1


async def test_what_is_pushed_and_then_polled_has_one_effect(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await pushed(office, event(account))
    await office.settle()

    assert polls(office) > 0
    assert len(office.written()) == 1
    assert len(office.changes()) == 1


async def test_what_is_polled_and_then_pushed_has_one_effect(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")
    await office.settle()

    await pushed(office, event(account))

    assert len(office.written()) == 1
    assert len(office.changes()) == 1


async def test_a_push_that_never_came_is_made_up_for_by_the_poll(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await office.settle()

    assert office.school.company("A-1")["phone"] == "+49 731 2"


async def test_many_rows_that_are_pushed_are_read_with_one_call(office: Office):
    accounts = [office.sales.create("Account", **{**ACME, "AccountNumber": f"A-{n}"}) for n in range(50)]

    await pushed(office, *map(event, accounts))

    reads = [each for each in office.requests("salesforce") if "/composite/" in each.url.path]
    assert len(reads) == 1
    assert len(office.world.rows("lms", "companies")) == 50


async def test_values_stay_off_the_bus(office: Office):
    account = office.sales.create("Account", **ACME)

    await office.world.push("salesforce", event(account))

    (message,) = office.world.broker.peek(ARRIVALS, count=10)
    assert orjson.loads(message.message.body) == {
        "system": "salesforce",
        "entity": "account",
        "ids": [account],
    }


async def test_a_row_that_is_gone_is_left_to_the_poll(office: Office):
    """It may have been merged into another one, which only the poll can tell."""
    winner, loser = [
        office.sales.create("Account", **{**ACME, "AccountNumber": each}) for each in ("A-1", "A-2")
    ]
    await office.settle()
    office.sales.merge(winner, loser)
    office.forget()

    await pushed(office, event(loser))
    assert office.changes() == []
    await office.settle()

    statuses = {row["number"]: row["status"] for row in office.world.rows("lms", "companies")}
    assert statuses == {"A-1": "active", "A-2": "inactive"}
    assert office.letters() == []


async def test_what_is_emptied_waits_for_the_poll_which_weighs_it(
    office_with: Callable[..., Office],
):
    """Pushes that each take away a little would pass any brake."""
    office = office_with(topology(to_lms("account", "envelope: {share: 1%, records: 2}")))
    rows = [{**ACME, "AccountNumber": f"A-{n}"} for n in range(10)]
    accounts = [office.sales.create("Account", **row) for row in rows]
    await office.settle()
    for account in accounts:
        office.sales.change(account, Phone=None)
        await pushed(office, event(account))

    assert {row["phone"] for row in office.world.rows("lms", "companies")} == {ACME["Phone"]}
    await office.settle()

    assert office.letter().reason == "EnvelopeExceeded"
    assert {row["phone"] for row in office.world.rows("lms", "companies")} == {ACME["Phone"]}


async def test_one_field_that_is_emptied_is_so_after_the_next_poll(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone=None)

    await pushed(office, event(account))
    await office.settle()

    assert office.school.company("A-1")["phone"] is None


# What meets


async def test_a_row_that_the_hub_wrote_while_it_was_read_is_looked_at_again_shortly(
    office_with: Callable[..., Office],
):
    """What was read may be older than what was written; so it is read anew, and needs no poll for that."""
    owned = "{key: [number], owner: salesforce, fields: {phone: {owner: lms}}}"  # so no guard looks first
    office = office_with(topology(to_lms("account"), to_salesforce("account"), account=owned))
    account = await acme(office)
    company = office.school.company("A-1")
    office.school.change("companies", company["id"], phone="+49 731 9")
    await office.world.push("lms", event(str(company["id"])))
    await office.world.read_arrivals()
    office.sales.change(account, BillingCity="Bonn")
    interrupted(office, lambda: office.world.deliver("salesforce"))

    await pushed(office, event(account))
    assert office.school.company("A-1")["city"] == "Ulm"
    office.world.time.pass_by(5)
    await office.world.read_arrivals()
    await office.world.deliver("lms")

    assert office.school.company("A-1")["city"] == "Bonn"
    assert office.sales.row(account)["Phone"] == "+49 731 9"


async def test_of_two_looks_at_one_row_the_older_one_moves_nothing(office: Office):
    """It was read first and merged last, as may happen to two instances."""
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    async def edited_and_read_by_another() -> None:
        office.sales.change(account, Phone="+49 731 3")
        await office.world.hub.polling("salesforce").poll("account")

    interrupted(office, edited_and_read_by_another)
    await pushed(office, event(account))
    await office.settle()

    assert office.school.company("A-1")["phone"] == "+49 731 3"


async def test_a_row_that_was_read_before_its_delete_was_polled_is_no_question_to_anybody(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    async def deleted_and_polled() -> None:
        office.sales.delete(account)
        await office.world.hub.polling("salesforce").poll("account")

    interrupted(office, deleted_and_polled)
    await pushed(office, event(account))
    await office.settle()

    assert office.school.company("A-1")["status"] == "inactive"
    assert office.queued() == []


# What cannot be read


async def test_while_a_system_is_away_its_events_wait_and_those_of_another_do_not(
    office_with: Callable[..., Office],
):
    office = office_with(TWO_WAY)
    account = await acme(office)
    company = office.school.company("A-1")
    office.sales.change(account, Phone="+49 731 2")
    office.school.change("companies", company["id"], city="Bonn")
    office.world.fault("salesforce", "unavailable", count=1_000, path="/services/data/v62.0/composite")

    await office.world.push("salesforce", event(account))
    await office.world.push("lms", event(str(company["id"])))
    await office.world.read_arrivals()
    office.world.mend("salesforce")
    await office.world.deliver("salesforce")
    assert office.sales.row(account)["BillingCity"] == "Bonn"
    await later(office, 60)

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert polls(office) == 0


async def test_a_system_that_has_just_failed_is_not_asked_for_each_event(office: Office):
    account = await acme(office)
    office.world.fault("salesforce", "throttle", count=1_000, seconds=30)

    for _ in range(20):
        await pushed(office, event(account))

    assert len(office.requests("salesforce")) == 1


async def test_a_system_that_stays_away_is_left_to_its_poll(office_with: Callable[..., Office]):
    office = office_with(policy=Policy(attempts=2))
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")
    office.world.fault("salesforce", "unavailable", count=1_000, path="/services/data/v62.0/composite")

    await pushed(office, event(account))
    await later(office, 60)
    assert office.world.waiting() == 1  # for the poll
    office.world.mend("salesforce")
    await office.settle()

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert office.world.dead_letters() == []


async def test_a_system_that_refuses_us_is_paused_and_its_events_come_again_behind_the_pause(
    office_with: Callable[..., Office],
):
    office = office_with()
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")
    await office.world.restart(SALESFORCE_CLIENT_SECRET="wrong")

    await pushed(office, event(account))
    paused = office.world.hub.store.transact_now(lambda tx: tx.paused("salesforce"))
    assert paused is not None
    await office.world.restart(SALESFORCE_CLIENT_SECRET=SECRET)
    await later(office, 302)

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert office.world.dead_letters() == []


async def test_while_the_bus_is_away_the_sender_is_told_and_nothing_is_half_done(office: Office):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")
    office.bus.before = away

    with pytest.raises(Unavailable):
        await office.world.push("salesforce", event(account, name="the same"))
    office.bus.before = None
    await pushed(office, event(account, name="the same"))

    assert office.school.company("A-1")["phone"] == "+49 731 2"


# What is wrong

MALFORMED = {
    "nothing at all": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe\x00",
    "deep nesting": b"[" * 100_000,
    "no rows": orjson.dumps({"system": "salesforce", "entity": "account"}),
    "ids that are numbers": orjson.dumps({"system": "salesforce", "entity": "account", "ids": [7]}),
    "an id with a null character": orjson.dumps(
        {"system": "salesforce", "entity": "account", "ids": ["\x00"]}
    ),
    "an endless id": orjson.dumps({"system": "salesforce", "entity": "account", "ids": ["1" * 129]}),
    "a value that is a list": orjson.dumps(
        {
            "system": "salesforce",
            "entity": "account",
            "rows": [{"native_id": "1", "stamp": 1, "values": {"name": []}}],
        }
    ),
    "more ids than a message may name": orjson.dumps(
        {"system": "salesforce", "entity": "account", "ids": [str(number) for number in range(1_001)]}
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_message_is_one_dead_letter_and_the_others_are_read(office: Office, what: str):
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")
    office.world.broker.send(ARRIVALS, [Message(body=MALFORMED[what])])

    await pushed(office, event(account))

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert (office.letter().target, office.letter().reason) == ("hub", "MalformedMessage")


@pytest.mark.parametrize("system, entity", [("nobody", "account"), ("salesforce", "invoice")])
async def test_what_no_flow_reads_is_a_dead_letter_for_each_row(office: Office, system: str, entity: str):
    """It was accepted by a hub of yesterday, whose topology was another."""
    body = orjson.dumps({"system": system, "entity": entity, "ids": ["1", "2"]})
    office.world.broker.send(ARRIVALS, [Message(body=body)])

    await office.world.read_arrivals()

    letters = [(each.reason, each.record) for each in office.letters()]
    assert letters == [("NoSuchFlow", f"{system}:{number}") for number in (1, 2)]


async def test_an_entity_that_no_flow_reads_is_refused_at_the_door_and_nothing_is_kept(office: Office):
    account = office.sales.create("Account", **ACME)

    with pytest.raises(InvalidChange, match="no flow reads"):
        await office.world.push("salesforce", event(account), event(account, "invoice"))

    assert await office.world.read_arrivals() == 0


@pytest.mark.parametrize("native_id", ["", "x" * 129, "\x00"])
async def test_an_id_that_can_be_none_is_refused_at_the_door(office: Office, native_id: str):
    with pytest.raises(InvalidChange):
        await office.world.push("salesforce", event(native_id))


async def test_an_id_that_the_system_does_not_know_costs_the_others_nothing(office: Office):
    account = office.sales.create("Account", **ACME)

    await pushed(office, event("no id"), event("001000000000000AAA"), event(account))

    assert office.school.company("A-1")["name"] == "Acme"
    assert office.letters() == []


async def test_a_defect_of_ours_is_a_dead_letter_that_says_where_and_is_closed_by_the_next_poll(
    office_with: Callable[..., Office],
):
    office = office_with(policy=Policy(bug_attempts=1))
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")
    interrupted(office, *[defect] * 2)

    await pushed(office, event(account))
    await later(office, 60)
    assert office.letter().reason == "Defect"
    assert office.letter().record == f"salesforce:{account}"
    await office.settle()

    assert office.school.company("A-1")["phone"] == "+49 731 2"
    assert office.world.dead_letters() == []


# How urgent it is


@pytest.mark.parametrize("mode", ["poll", "batch"])
async def test_where_no_flow_asks_for_pushes_they_are_left_to_the_poll(
    office_with: Callable[..., Office], mode: str
):
    office = office_with(topology(to_lms("account", f"mode: {mode}")))
    account = await acme(office)
    office.sales.change(account, Phone="+49 731 2")

    await office.world.push("salesforce", event(account))
    assert await office.world.read_arrivals() == 0
    await office.settle()

    assert office.school.company("A-1")["phone"] == "+49 731 2"


async def test_a_flow_in_batches_gets_what_another_had_read_when_its_time_has_come(
    office_with: Callable[..., Office],
):
    """The CRM's pushes are read for the sake of one LMS; the other one gets them together."""
    office = office_with(
        two_schools(
            to_lms("account"), "entity: account, from: salesforce, to: academy, mode: batch, freshness: 10m"
        )
    )
    rows = [{**ACME, "AccountNumber": f"A-{number}"} for number in range(20)]
    for row in rows:
        office.world.time.pass_by(1)
        await pushed(office, event(office.sales.create("Account", **row)))
        await office.world.deliver("academy")
    assert len(office.world.rows("lms", "companies")) == 20
    assert office.world.rows("academy", "companies") == []

    office.world.time.pass_by(600)
    await office.world.deliver("academy", batch=100)

    assert len(office.world.rows("academy", "companies")) == 20
    assert len(office.writes("academy")) == 1


def two_schools(*flows: str) -> str:
    usual = topology(*flows)
    return usual.replace("entities:", "  academy: {kind: lms}\nentities:", 1)


async def defect() -> None:
    raise KeyError("a value that is personal")


def away() -> None:
    raise Unavailable("no bus")


async def later(office: Office, seconds: int) -> None:
    """What was put off comes in that time; no poll does."""
    for _ in range(seconds):
        office.world.time.pass_by(1)
        await office.world.read_arrivals()
        await office.world.deliver("lms")
