"""What is Salesforce's own: sessions, bulk jobs, merges, short ids, limits without Retry-After."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as some

from functions.salesforce.bulk import pauses
from functions.salesforce.client import Client
from functions.salesforce.lookup import ADDRESS_BYTES, fitted, literal
from functions.salesforce.records import usage_of
from functions.salesforce.refusals import of_bulk, refusal
from functions.salesforce.source import SalesforceSource
from functions.salesforce.translate import ACCOUNT, CONTACT, long_id
from local.systems.salesforce import Credentials, Options
from local.systems.salesforce.objects import STANDARD
from local.systems.salesforce.schema import Schema, SObject
from local.systems.salesforce.soql.lexer import Token, unquote
from shared.model.change import Verb, Write
from shared.model.errors import Conflict, Exhausted, Gone, Misconfigured, Rejected, Throttled, Unavailable
from tests.rooms.systems import Room, Time, outcome_of, salesforce

pytestmark = pytest.mark.anyio

CREDENTIALS = Credentials("crosswalk", "not-for-logs")


def client_of(room: Room) -> Client:
    source = room.connection.source
    assert isinstance(source, SalesforceSource)
    return source._client


async def test_an_expired_session_logs_in_once_more_and_nobody_notices(crm: Room):
    await crm.poll()
    crm.fault("expire_session", count=1)
    crm.wire.requests.clear()

    applied = await crm.apply("account", crm.new("account"))

    assert applied.outcomes[0].error is None
    assert len([each for each in crm.wire.requests if each.url.path.endswith("/token")]) == 1
    assert applied.calls == 2, "the refused call is counted, the login is not"


async def test_many_calls_that_find_the_session_expired_log_in_once(crm: Room):
    await crm.poll()
    crm.time.pass_by(3 * 3600)
    crm.wire.requests.clear()

    applied = await crm.apply("account", *(crm.new("account") for _ in range(800)))

    assert {outcome.error for outcome in applied.outcomes} == {None}
    assert len([each for each in crm.wire.requests if each.url.path.endswith("/token")]) == 1


async def test_a_session_that_is_refused_twice_is_a_matter_for_an_operator(crm: Room):
    crm.fault("expire_session")

    with pytest.raises(Misconfigured, match="INVALID_SESSION_ID"):
        await crm.poll()


async def test_a_signed_assertion_opens_the_door_as_well(time: Time):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    options = Options(Credentials("crosswalk", "unused", public_key=public))
    room = salesforce(
        time,
        options=options,
        client_secret="",
        username=options.credentials.username,
        private_key=pem.replace("\n", "\\n"),
    )

    assert (await room.poll())[0] == []
    await room.close()


async def test_what_we_write_names_us_as_its_origin(crm: Room):
    await crm.apply("account", crm.new("account"))

    assert crm.wire.requests[-1].headers["Sforce-Call-Options"] == "client=crosswalk"


async def test_the_calls_of_the_day_are_kept_from_the_last_answer(time: Time):
    room = salesforce(time, options=Options(CREDENTIALS, daily_limit=4))
    await room.poll()

    assert client_of(room).usage == usage_of("api-usage=2/4", time.micros())
    await room.poll()
    await room.poll()
    with pytest.raises(Throttled) as raised:
        await room.poll()
    assert raised.value.reason == "REQUEST_LIMIT_EXCEEDED"
    assert client_of(room).usage == usage_of("api-usage=4/4", time.micros()), "a refusal says it, too"
    await room.close()


def test_calls_that_are_used_up_are_waited_for_and_too_many_long_ones_are_not_for_so_long():
    day = refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    long = refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.")

    assert isinstance(day, Exhausted)
    assert (type(long), long.retry_after if isinstance(long, Throttled) else 0) == (Throttled, None)


async def test_an_org_can_be_asked_for_its_limits_alone(time: Time):
    room = salesforce(time, options=Options(CREDENTIALS, daily_limit=3))

    await client_of(room).ask()

    assert client_of(room).usage == usage_of("api-usage=1/3", time.micros())
    await room.close()


async def test_a_server_that_gives_fewer_rows_than_asked_for_is_read_to_the_end(time: Time):
    room = salesforce(time, options=Options(CREDENTIALS, page_size=200))
    room.load_accounts([f"Account {number}" for number in range(1_001)])

    rows, _ = await room.poll()

    assert len({row.native_id for row in rows}) == len(rows) == 1_001
    await room.close()


async def test_a_search_with_more_hits_than_a_page_is_read_to_the_end(time: Time):
    room = salesforce(time, options=Options(CREDENTIALS, page_size=200))
    await room.apply("account", *(room.new("account", number="Same") for _ in range(450)))

    page = await room.connection.target.find("account", [{"number": "same"}])

    assert len(page.rows) == 450
    await room.close()


async def test_a_merge_is_shown_as_a_deleted_row_with_its_winner(crm: Room):
    winner, loser = await crm.create("account", name="Winner"), await crm.create("account", name="Loser")
    _, watermark = await crm.poll()
    crm.time.pass_by(3600)
    body = orjson.dumps({"object": "Account", "winner": winner, "losers": [loser]})
    answer = crm.system.handle(httpx.Request("POST", "http://sim/_sim/merge", content=body))
    assert answer.is_success, answer.text

    rows, _ = await crm.poll(watermark)

    found = {row.native_id: row for row in rows}
    assert (found[loser].deleted, found[loser].merged_into) == (True, winner)
    assert found[loser].refused is None


async def test_a_short_id_reads_the_same_row_as_its_long_form(crm: Room):
    native_id = await crm.create("account", name="One")

    page = await crm.connection.source.read("account", [native_id[:15], native_id])

    assert [row.native_id for row in page.rows] == [native_id]


def test_fifteen_characters_become_the_eighteen_that_do_not_depend_on_case():
    assert long_id("0015c00002KtEVF") == long_id(long_id("0015c00002KtEVF")) == "0015c00002KtEVFAA3"


async def test_a_field_that_the_org_does_not_have_is_named(time: Time):
    account = STANDARD.objects["Account"]
    fields = {name: field for name, field in account.fields.items() if name != "Website"}
    schema = Schema([SObject("Account", "001", "Accounts", fields), STANDARD.objects["User"]])
    room = salesforce(time, options=Options(CREDENTIALS, schema=schema))

    with pytest.raises(Misconfigured, match=r"Account\.Website \(text of 255\) is missing") as raised:
        await room.poll()
    assert raised.value.field == "Website"
    with pytest.raises(Misconfigured, match="Website"):
        await room.apply("account", room.new("account", website="https://example.org"))
    await room.close()


async def test_accounts_cannot_be_deactivated_and_the_dead_letter_says_what_to_do(crm: Room):
    native_id = await crm.create("account")

    error = (await crm.apply("account", Write(Verb.DEACTIVATE, "x", {}, native_id))).outcomes[0].error

    assert isinstance(error, Rejected)
    assert error.reason == "NoDeactivation"
    assert "propagate or ignore" in error.description


async def test_a_record_that_nobody_can_parse_costs_its_two_hundred_nothing(crm: Room):
    good = [crm.new("account", name=f"Good {number}") for number in range(199)]
    poison = crm.new("account", phone=5)

    applied = await crm.apply("account", *good[:120], poison, *good[120:])

    assert outcome_of(applied, poison).error is not None
    assert [outcome_of(applied, write).error for write in good] == [None] * 199
    assert applied.calls < 20


async def test_two_creates_of_one_record_at_once_are_looked_at_again(crm: Room):
    twins = [crm.new("account", "golden-1"), crm.new("account", "golden-1")]

    applied = await crm.apply("account", *twins)

    assert [type(outcome.error) for outcome in applied.outcomes] == [Conflict, Conflict]


async def test_a_text_that_is_too_long_names_the_field_and_not_the_value(crm: Room):
    applied = await crm.apply("contact", crm.new("contact", first_name="Secretly" * 10))

    error = applied.outcomes[0].error
    assert isinstance(error, Rejected)
    assert (error.field, error.reason) == ("first_name", "STRING_TOO_LONG")
    assert "Secretly" not in error.description


async def test_children_of_one_parent_travel_in_one_call(crm: Room):
    """Two calls that write them at once would lock the parent from each other."""
    parents = [await crm.create("account", name=name) for name in ("One", "Two")]
    writes = [crm.new("contact", account=parents[number % 2]) for number in range(400)]
    crm.wire.requests.clear()

    await crm.apply("contact", *writes)

    told = [{record["AccountId"] for record in body["records"]} for body in crm.wire.bodies("PATCH")]
    assert sorted(map(sorted, told)) == sorted([parent] for parent in parents)


# Bulk


async def test_ten_thousand_updates_take_at_most_ten_calls(crm: Room):
    crm.load_accounts([f"Account {number}" for number in range(10_000)])
    ids = [row["Id"] for row in crm.rows()]
    writes = [
        Write(Verb.UPDATE, f"golden-{number}", {"city": "Ulm"} if number % 2 else {"phone": None}, native_id)
        for number, native_id in enumerate(ids)
    ]
    crm.wire.requests.clear()

    applied = await crm.apply("account", *writes)

    assert applied.calls <= 10
    assert applied.calls == len([each for each in crm.wire.requests if "/jobs/" in each.url.path])
    assert len(applied.outcomes) == 10_000
    assert {outcome.error for outcome in applied.outcomes} == {None}
    assert crm.time.slept == sorted(crm.time.slept)
    assert sum(row.get("BillingCity") == "Ulm" for row in crm.rows()) == 5_000


async def test_a_bulk_job_tells_each_record_its_own_fate(time: Time):
    room = salesforce(time, bulk_threshold="2")
    taken = await room.create("account", name="Cleared", phone="1", city="Ulm")
    gone = await room.create("account")
    await room.apply("account", Write(Verb.DELETE, "x", {}, gone))
    writes = [
        Write(Verb.UPDATE, "1", {"phone": None}, taken[:15]),
        Write(Verb.UPDATE, "2", {"name": "Nobody"}, gone),
        Write(Verb.UPDATE, "3", {"name": 'Quoted, "comma"\nand line'}, await room.create("account")),
        Write(Verb.UPDATE, "4", {"name": "#N/A"}, await room.create("account")),
    ]

    applied = await room.apply("account", *writes)

    errors = {outcome.write.id: outcome.error for outcome in applied.outcomes}
    assert (errors["1"], errors["3"], errors["4"]) == (None, None, None)
    assert isinstance(errors["2"], Gone)
    names = {row["Name"]: row for row in room.rows()}
    assert {'Quoted, "comma"\nand line', "#N/A"} <= set(names)
    assert (names["Cleared"].get("Phone"), names["Cleared"]["BillingCity"]) == (None, "Ulm")
    await room.close()


async def test_creates_in_bulk_come_back_with_their_ids_and_find_what_they_made(time: Time):
    room = salesforce(time, bulk_threshold="2")
    writes = [room.new("account", name=f"Account {number}") for number in range(5)]
    nameless = Write(Verb.CREATE, "golden-x", {"phone": "1"})

    first = await room.apply("account", *writes, nameless)
    second = await room.apply("account", *writes)

    ids = [outcome_of(first, write).native_id for write in writes]
    assert ids == [outcome_of(second, write).native_id for write in writes]
    assert len({*ids}) == len(room.rows()) == 5
    error = outcome_of(first, nameless).error
    assert isinstance(error, Rejected)
    assert error.field == "name"
    await room.close()


async def test_deletes_in_bulk_count_what_is_gone_already_as_done(time: Time):
    room = salesforce(time, bulk_threshold="2")
    ids = [await room.create("account") for _ in range(4)]
    writes = [Write(Verb.DELETE, native_id, {}, native_id) for native_id in ids]
    await room.apply("account", writes[0])

    applied = await room.apply("account", *writes)

    assert [outcome.error for outcome in applied.outcomes] == [None] * 4
    assert room.rows() == []
    await room.close()


async def test_a_bulk_job_that_does_not_end_is_given_up_and_its_writes_are_unavailable(time: Time):
    room = salesforce(time, bulk_threshold="2", bulk_patience="2")
    writes = [room.new("account") for _ in range(3)]

    applied = await room.apply("account", *writes)

    assert {type(outcome.error) for outcome in applied.outcomes} == {Unavailable}
    assert room.rows() == []
    assert b"Aborted" in room.wire.requests[-1].content
    await room.close()


async def test_a_bulk_job_whose_upload_got_no_answer_is_unavailable_record_by_record(time: Time):
    room = salesforce(time, bulk_threshold="2")
    await room.poll()
    room.fault("drop_after_write", method="PUT", count=1)

    applied = await room.apply("account", *(room.new("account") for _ in range(3)))

    assert {type(outcome.error) for outcome in applied.outcomes} == {Unavailable}
    await room.close()


async def test_a_bulk_job_with_a_column_that_the_org_does_not_have_is_for_an_operator(time: Time):
    account = STANDARD.objects["Account"]
    fields = {name: field for name, field in account.fields.items() if name != "Website"}
    schema = Schema([SObject("Account", "001", "Accounts", fields), STANDARD.objects["User"]])
    room = salesforce(time, options=Options(CREDENTIALS, schema=schema), bulk_threshold="2")

    with pytest.raises(Misconfigured, match="Website"):
        await room.apply("account", *(room.new("account", website="x") for _ in range(3)))
    await room.close()


def test_looks_at_a_job_grow_apart_and_use_its_patience_up():
    assert list(pauses(540)) == [2, 8, 32, 120, 120, 120, 120, 18]
    assert sum(pauses(540)) == 540


def test_an_error_of_a_bulk_row_is_read_with_its_field():
    error = of_bulk("REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --", CONTACT)

    assert (error.reason, error.field) == ("REQUIRED_FIELD_MISSING", "last_name")
    assert of_bulk("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access: 0035c:--", ACCOUNT).reason == (
        "UNABLE_TO_LOCK_ROW"
    )
    assert isinstance(of_bulk("", ACCOUNT), Unavailable)


# SOQL


@given(some.text().filter(lambda text: "\\%" not in text and "\\_" not in text))
def test_no_text_breaks_out_of_a_query(text: str):
    assert unquote(Token("string", literal(text), 0)) == text


@given(some.lists(some.text(max_size=40), max_size=400))
def test_every_condition_fits_into_an_address_and_none_is_lost(texts: list[str]):
    parts = [literal(text.encode(errors="replace").decode()) for text in texts]

    fit = fitted(parts, ",")

    assert all(len(quote(each, safe="")) <= ADDRESS_BYTES for each in fit)
    assert ",".join(fit) == ",".join(parts)


async def test_a_compound_key_matches_where_all_its_parts_do(crm: Room):
    parent = await crm.create("account")
    await crm.create("contact", account=parent, last_name="Kim", first_name="Ann")
    await crm.create("contact", account=parent, last_name="Kim", first_name="Bob")

    page = await crm.connection.target.find("contact", [{"last_name": "Kim", "first_name": "Bob"}])

    assert [row.values["first_name"] for row in page.rows] == ["Bob"]


async def test_the_time_that_an_answer_took_is_read_again(crm: Room):
    """The server says its clock when it has answered, and the watermark counts from when it was asked."""
    crm.fault("slow", method="GET", seconds=40)

    _, watermark = await crm.poll()

    said = crm.time.micros() - 40_000_000
    assert orjson.loads(watermark)["since"] == said - (40 + 300) * 1_000_000
