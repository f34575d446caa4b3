"""What is Dataverse's own: delta links, batches, both meanings of 412, lookups, what new rows need."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from functions.dataverse.batch import Malformed, Part, Reply, replies, written
from functions.dataverse.login import Login
from functions.dataverse.lookup import ADDRESS_BYTES, CONDITIONS, fitted, literal
from functions.dataverse.tables import HUB_ID
from functions.dataverse.translate import ACCOUNT, TABLES
from local.systems.dataverse import Options, Switches
from local.systems.dataverse.multipart import render_parts, render_response
from local.systems.dataverse.odata.parser import parse_filter
from local.systems.dataverse.odata.syntax import Compare, Condition, Either
from local.systems.dataverse.tables import STANDARD
from shared.adapters.http import Http
from shared.model.change import Verb, Write
from shared.model.errors import Conflict, Misconfigured, NotYet, Rejected, Throttled, Unavailable
from tests.rooms.dataverse import ADDRESS, CREDENTIALS, DataverseRoom, dataverse
from tests.rooms.systems import Time, outcome_of

pytestmark = pytest.mark.anyio

DAY = 86_400
ELSEWHERE = "0f0f0f0f-0000-4000-8000-00000000000f"


def tokens(room: DataverseRoom) -> list[httpx.Request]:
    return [each for each in room.wire.requests if each.url.path.endswith("/token")]


def update(native_id: str, version: str | None = None, **values: object) -> Write:
    return Write(Verb.UPDATE, "x", values, native_id, version)  # type: ignore[arg-type]  # values of all kinds


# Coming in


async def test_a_session_that_has_ended_logs_in_once_more_and_nobody_notices(sales: DataverseRoom):
    await sales.poll()
    sales.time.pass_by(2 * 3600)
    sales.wire.requests.clear()

    applied = await sales.apply("account", sales.new("account"))

    assert applied.outcomes[0].error is None
    assert len(tokens(sales)) == 1
    assert applied.calls == 2, "the refused call is counted, the login is not"


async def test_many_calls_that_find_the_session_ended_log_in_once(time: Time):
    room = dataverse(time, batch_size="10")
    await room.poll()
    time.pass_by(2 * 3600)
    room.wire.requests.clear()

    applied = await room.apply("account", *(room.new("account") for _ in range(100)))

    assert {outcome.error for outcome in applied.outcomes} == {None}
    assert len(tokens(room)) == 1
    await room.close()


async def test_a_session_that_is_refused_twice_is_a_matter_for_an_operator(sales: DataverseRoom):
    sales.fault("expire_session")

    with pytest.raises(Misconfigured) as raised:
        await sales.poll()

    assert raised.value.reason == "Unauthorized"


@pytest.mark.parametrize(
    "setting, said",
    [
        ({"tenant": "nowhere.example"}, "_CLIENT_ID"),
        ({"client_id": "somebody"}, "AADSTS700016"),
        ({"client_secret": "wrong"}, "invalid_client, AADSTS7000215"),
    ],
)
async def test_a_refused_login_says_what_to_look_at_and_no_secret(
    time: Time, setting: dict[str, Any], said: str
):
    room = dataverse(time, **setting)

    with pytest.raises(Misconfigured, match=said) as raised:
        await room.poll()

    assert "wrong" not in raised.value.description
    await room.close()


async def test_an_authority_that_cannot_answer_is_unavailable(sales: DataverseRoom):
    sales.fault("drop", path=f"/{CREDENTIALS.tenant}")

    with pytest.raises(Unavailable):
        await sales.poll()


async def test_a_secret_leaves_this_machine_encrypted_or_not_at_all(time: Time):
    with pytest.raises(Misconfigured, match="CRM_AUTHORITY is wrong"):
        dataverse(time, authority="http://login.test")

    desk = "http://127.0.0.1:7071"
    room = dataverse(time, url=desk, authority=desk)
    await room.poll()
    assert {str(each.url.copy_with(raw_path=b"")).rstrip("/") for each in room.wire.requests} == {desk}
    await room.close()


def test_a_login_does_not_show_its_secret():
    assert "hush" not in repr(Login(Http("https://x.test", random=None), "", "id", "hush", ""))  # type: ignore[arg-type]  # nothing is sent


# Change tracking


async def test_a_row_that_comes_and_goes_between_two_polls_is_shown_as_deleted(sales: DataverseRoom):
    _, watermark = await sales.poll()
    native_id = await sales.create("account")
    await sales.apply("account", Write(Verb.DELETE, "x", {}, native_id))

    rows, _ = await sales.poll(watermark)

    assert [(row.native_id, row.deleted) for row in rows] == [(native_id, True)]


@pytest.mark.parametrize("what", ["a week passes", "the table changes"])
async def test_a_token_that_is_no_good_any_more_is_followed_by_a_whole_read(time: Time, what: str):
    room = dataverse(time, page_size="10")
    room.load_accounts([f"Account {number}" for number in range(25)])
    _, watermark = await room.poll()
    if what == "a week passes":
        time.pass_by(8 * DAY)
    else:
        table = orjson.dumps({"table": "account"})
        room.system.handle(httpx.Request("POST", "http://sim/_sim/metadata", content=table))

    pages = await room.pages(watermark)

    assert [(page.whole, page.first, page.last) for page in pages] == [
        (True, True, False),
        (True, False, False),
        (True, False, True),
    ]
    assert sum(len(page.rows) for page in pages) == 25
    (after,) = await room.pages(pages[-1].watermark)
    assert (after.rows, after.whole, after.first, after.last) == ([], False, False, True)
    await room.close()


@pytest.mark.parametrize("status", [404, 410, 412])
async def test_a_token_has_expired_whatever_status_says_so(time: Time, status: int):
    room = dataverse(time, options=Options(CREDENTIALS, switches=Switches(expired_token_status=status)))
    _, watermark = await room.poll()
    time.pass_by(8 * DAY)

    (page,) = await room.pages(watermark)

    assert page.whole
    await room.close()


async def test_a_whole_read_that_is_broken_off_goes_on_without_beginning_again(time: Time):
    room = dataverse(time, page_size="10")
    room.load_accounts([f"Account {number}" for number in range(25)])
    pages = room.connection.source.changes("account", None)
    first = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]  # a source is an async generator

    rest = await room.pages(first.watermark)

    assert [(page.whole, page.first, page.last) for page in rest] == [
        (True, False, False),
        (True, False, True),
    ]
    await room.close()


async def test_a_place_in_a_run_that_the_server_does_not_know_starts_the_run_again(time: Time):
    room = dataverse(time, page_size="10")
    _, watermark = await room.poll()
    room.load_accounts([f"Account {number}" for number in range(25)])
    pages = room.connection.source.changes("account", watermark)
    first = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]  # as above
    lost = orjson.loads(first.watermark)
    lost["next"] = "accounts?$select=name&$skiptoken=nonsense"

    pages_again = await room.pages(orjson.dumps(lost).decode())

    assert sum(len(page.rows) for page in pages_again) == 25
    assert not any(page.whole for page in pages_again)
    await room.close()


async def test_a_column_that_the_table_has_gained_is_read_of_every_row(sales: DataverseRoom):
    """The old link does not show it, and what is not shown would look as if somebody had emptied it."""
    await sales.create("account")
    _, watermark = await sales.poll()
    older = orjson.loads(watermark)
    older["columns"] = older["columns"].replace(",websiteurl", "")

    (page,) = await sales.pages(orjson.dumps(older).decode())

    assert (len(page.rows), page.whole, page.first) == (1, True, True)


async def test_nothing_is_read_twice(sales: DataverseRoom):
    for number in range(5):
        await sales.create("account", name=f"Account {number}")
    _, watermark = await sales.poll()

    assert (await sales.poll(watermark))[0] == []


async def test_a_link_to_somewhere_else_is_not_followed_with_our_token(time: Time):
    room = dataverse(time)
    tampered = orjson.dumps({"columns": ACCOUNT.columns, "since": "https://elsewhere.test/x", "whole": False})

    with pytest.raises(Misconfigured):
        await room.poll(tampered.decode())

    assert {each.url.host for each in room.wire.requests} == {httpx.URL(ADDRESS).host}
    await room.close()


async def test_a_merge_is_shown_as_the_losers_end_with_its_winner(sales: DataverseRoom):
    winner, loser = await sales.create("account", name="Winner"), await sales.create("account", name="Loser")
    _, watermark = await sales.poll()
    sales.environment.people.merge("account", winner, loser)

    rows, _ = await sales.poll(watermark)

    found = {row.native_id: row for row in rows}
    assert (found[loser].deleted, found[loser].merged_into) == (True, winner)
    assert not found[winner].deleted
    assert (await sales.connection.target.find("account", [{"name": "Loser"}])).rows == []


# Lookups


async def test_a_customer_column_that_holds_a_contact_names_no_account(sales: DataverseRoom):
    parent = await sales.create("contact", last_name="Parent")
    people = sales.environment.people
    people.create(
        "contact", {"lastname": "Child", "parentcustomerid_contact@odata.bind": f"contacts({parent})"}
    )

    rows, _ = await sales.poll(entity="contact")

    assert {row.values["last_name"]: row.values["account"] for row in rows} == {"Parent": None, "Child": None}


async def test_a_reference_is_set_moved_and_cleared(sales: DataverseRoom):
    one, two = await sales.create("account", name="One"), await sales.create("account", name="Two")
    contact = await sales.create("contact", account=one)

    for account in (two, None):
        applied = await sales.apply("contact", update(contact, account=account))
        assert applied.outcomes[0].error is None
        (row,), _ = await sales.poll(entity="contact")
        assert row.values["account"] == account


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.UPDATE])
async def test_a_parent_that_is_not_there_is_the_fields_fault_and_no_delete(sales: DataverseRoom, verb: Verb):
    native_id = await sales.create("contact") if verb is Verb.UPDATE else None
    write = Write(verb, "golden-9", {"last_name": "Kim", "account": ELSEWHERE}, native_id)

    error = (await sales.apply("contact", write)).outcomes[0].error

    assert isinstance(error, Rejected)
    assert (error.reason, error.field) == ("ObjectDoesNotExist", "account")


# Writes


async def test_both_meanings_of_412_are_told_apart(sales: DataverseRoom):
    await sales.create("account", number="A-1")
    native_id = await sales.create("account", number="A-2")
    (seen,) = [row for row in (await sales.poll())[0] if row.native_id == native_id]
    await sales.apply("account", update(native_id, name="A user's"))

    stale = update(native_id, seen.version, phone="1")
    taken = update(native_id, number="A-1")
    applied = await sales.apply("account", stale, taken)

    assert isinstance(outcome_of(applied, stale).error, Conflict)
    error = outcome_of(applied, taken).error
    assert isinstance(error, Rejected)
    assert (error.reason, error.field) == ("DuplicateRecordEntityKey", "number")
    assert "A-1" not in error.description


async def test_a_version_conflict_without_a_code_is_one_all_the_same(time: Time):
    room = dataverse(time, options=Options(CREDENTIALS, switches=Switches(blank_conflict_code=True)))
    native_id = await room.create("account")

    error = (await room.apply("account", update(native_id, 'W/"1"', name="N"))).outcomes[0].error

    assert isinstance(error, Conflict)
    await room.close()


async def test_a_write_says_the_new_version_which_the_next_may_be_conditional_on(sales: DataverseRoom):
    created = (await sales.apply("account", sales.new("account"))).outcomes[0]
    native_id = created.native_id or ""

    first = (await sales.apply("account", update(native_id, created.version, name="Two"))).outcomes[0]
    second = (await sales.apply("account", update(native_id, first.version, name="Three"))).outcomes[0]

    assert (first.error, second.error) == (None, None)
    assert len({created.version, first.version, second.version}) == 3
    (row,), _ = await sales.poll()
    assert (row.values["name"], row.version) == ("Three", second.version)


async def test_a_delete_of_a_row_that_has_moved_is_a_conflict(sales: DataverseRoom):
    native_id = await sales.create("account")
    (seen,), _ = await sales.poll()
    await sales.apply("account", update(native_id, name="A user's"))

    error = (
        (await sales.apply("account", Write(Verb.DELETE, "x", {}, native_id, seen.version))).outcomes[0].error
    )

    assert isinstance(error, Conflict)
    assert len(sales.rows()) == 1


async def test_an_account_that_orders_refer_to_is_not_deleted_yet(sales: DataverseRoom):
    account = await sales.create("account")
    await sales.create("order", account=account, number="O-1")

    error = (await sales.apply("account", Write(Verb.DELETE, "x", {}, account))).outcomes[0].error

    assert isinstance(error, NotYet)
    assert error.reason == "CannotDeleteDueToAssociation"


class Willing(httpx.AsyncBaseTransport):
    """Lets in whom it let in before, and takes every write: what ten thousand cost is seen sooner."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("$batch"):
            return await self.inner.handle_async_request(request)
        done = render_response(200, {}, b'{"@odata.etag": "W/\\"2\\""}', None)
        parts = [done] * request.content.count(b"\r\nIf-Match: W/")
        kind = {"Content-Type": "multipart/mixed; boundary=b"}
        return httpx.Response(200, headers=kind, content=render_parts("b", parts))


async def test_ten_thousand_changed_accounts_are_twenty_calls(sales: DataverseRoom):
    sales.wire._inner = Willing(sales.wire._inner)  # between the wire and the system, for this test alone
    writes = [update(str(UUID(int=number)), 'W/"1"', phone="1") for number in range(10_000)]

    applied = await sales.apply("account", *writes)

    assert {(outcome.error, outcome.version) for outcome in applied.outcomes} == {(None, 'W/"2"')}
    assert applied.calls == len(sales.calls()) == 20
    assert applied.bytes_sent < 10_000 * 400


async def test_a_text_that_is_too_long_says_how_long_it_may_be_and_never_what(sales: DataverseRoom):
    applied = await sales.apply("contact", sales.new("contact", first_name="Secretly" * 10))

    error = applied.outcomes[0].error
    assert isinstance(error, Rejected)
    assert (error.field, error.reason) == ("first_name", "StringLengthTooLong")
    assert "50" in error.description
    assert "Secretly" not in error.description


def test_lengths_are_counted_in_utf16():
    assert ACCOUNT.translation.normal("name", "🦊" * 80) == "🦊" * 80
    with pytest.raises(Exception, match="160 UTF-16 units, this has 162"):
        ACCOUNT.translation.normal("name", "🦊" * 81)


async def test_text_that_looks_like_the_border_between_two_parts_is_text(sales: DataverseRoom):
    name = "A\r\n--batch_crosswalk--\r\nHTTP/1.1 204"

    native_id = await sales.create("account", name=name)

    assert [row["name"] for row in sales.rows() if row["accountid"] == native_id] == [name]


async def test_an_amount_travels_with_all_its_digits(sales: DataverseRoom):
    await sales.create("account", credit_limit="12345678901.2345", on_hold=True)

    assert sales.sent_records()[0]["creditlimit"] == 12345678901.2345
    (row,), _ = await sales.poll()
    assert (row.values["credit_limit"], row.values["on_hold"]) == ("12345678901.2345", True)


async def test_a_table_without_the_hubs_column_is_a_matter_for_an_operator(time: Time):
    room = dataverse(time, options=Options(CREDENTIALS, schema=STANDARD.without(HUB_ID)))

    with pytest.raises(Misconfigured, match=HUB_ID):
        await room.apply("account", room.new("account"))
    with pytest.raises(Misconfigured, match=HUB_ID):
        await room.poll()
    await room.close()


async def test_a_batch_that_is_refused_as_too_much_is_waited_out_for_as_long_as_it_says(sales: DataverseRoom):
    await sales.poll()
    sales.fault("throttle_time", seconds=21)

    error = (await sales.apply("account", sales.new("account"))).outcomes[0].error

    assert isinstance(error, Throttled)
    assert (error.reason, error.retry_after) == ("CombinedExecutionTimeExceeded", 21)


# States


@pytest.mark.parametrize("entity, status", [("account", 2), ("contact", 2), ("price_list", 100002)])
async def test_a_deactivated_row_shows_as_inactive_and_a_second_time_is_done(
    sales: DataverseRoom, entity: str, status: int
):
    native_id = await sales.create(entity)

    for _ in range(2):
        write = Write(Verb.DEACTIVATE, "x", {}, native_id)
        assert (await sales.apply(entity, write)).outcomes[0].error is None

    (row,), _ = await sales.poll(entity=entity)
    assert (row.active, row.deleted) == (False, False)
    assert sales.rows(entity)[0]["statuscode"] == status


async def test_deactivating_what_is_gone_is_done_already(sales: DataverseRoom):
    native_id = await sales.create("account")
    await sales.apply("account", Write(Verb.DELETE, "x", {}, native_id))

    applied = await sales.apply("account", Write(Verb.DEACTIVATE, "x", {}, native_id))

    assert applied.outcomes[0].error is None


async def test_what_has_no_inactive_state_says_what_to_do(sales: DataverseRoom):
    native_id = await sales.create("unit", name="Box")

    error = (await sales.apply("unit", Write(Verb.DEACTIVATE, "x", {}, native_id))).outcomes[0].error

    assert isinstance(error, Rejected)
    assert "propagate or ignore" in error.description


# What is sold


async def test_units_and_products_belong_to_the_group_of_the_settings(sales: DataverseRoom):
    unit = await sales.create("unit", name="Box")
    product = await sales.create("product", number="P-1", name="Lamp", unit=unit, price="9.5")
    prices = await sales.create("price_list", name="Retail")
    await sales.create("price_list_item", price_list=prices, product=product, unit=unit, amount="8.25")

    (row,), _ = await sales.poll(entity="price_list_item")
    assert row.refused is None
    assert dict(row.values) == {"price_list": prices, "product": product, "unit": unit, "amount": "8.25"}
    (row,), _ = await sales.poll(entity="product")
    assert (row.values["unit"], row.values["price"], row.active) == (unit, "9.5", True)
    asked = [each for each in sales.wire.requests if each.url.path.endswith("uomschedules")]
    assert len(asked) == 1


async def test_a_unit_group_that_is_not_there_is_a_matter_for_an_operator(time: Time):
    room = dataverse(time, unit_group="O'Neill's")

    with pytest.raises(Misconfigured, match="_UNIT_GROUP"):
        await room.apply("unit", Write(Verb.CREATE, "g", {"name": "Box"}))
    await room.close()


async def test_an_item_is_found_by_all_parts_of_its_key(sales: DataverseRoom):
    unit = await sales.create("unit", name="Box")
    one, two = [
        await sales.create("product", number=number, name=number, unit=unit) for number in ("P-1", "P-2")
    ]
    prices = await sales.create("price_list", name="Retail")
    for product in (one, two):
        await sales.create("price_list_item", price_list=prices, product=product, unit=unit, amount="1")

    page = await sales.connection.target.find(
        "price_list_item",
        [{"price_list": prices, "product": two}, {"price_list": prices, "product": ELSEWHERE}],
    )

    assert [row.values["product"] for row in page.rows] == [two]


async def test_a_won_quote_is_an_order_with_its_lines(sales: DataverseRoom):
    unit = await sales.create("unit", name="Box")
    product = await sales.create("product", number="P-1", name="Lamp", unit=unit, price="9.5")
    prices = await sales.create("price_list", name="Retail")
    await sales.create("price_list_item", price_list=prices, product=product, unit=unit, amount="8.25")
    account = await sales.create("account", name="Acme")
    order = sales.environment.people.sell(account, [{"productnumber": "P-1", "quantity": 4}])

    (row,), _ = await sales.poll(entity="order")
    (line,), _ = await sales.poll(entity="order_line")

    assert (row.refused, line.refused) == (None, None)
    assert (row.native_id, row.values["account"], row.values["status"]) == (order, account, "Submitted")
    assert (row.values["total"], row.values["ordered_on"]) == ("33", "2026-01-31")
    assert (line.values["order"], line.values["product"], line.values["unit"]) == (order, product, unit)
    assert (line.values["quantity"], line.values["price"]) == ("4", "8.25")


async def test_a_submitted_order_is_not_ours_to_edit_unless_we_are_an_integration_user(time: Time):
    room = dataverse(time, options=Options(CREDENTIALS, integration_user=False))
    account = await room.create("account")
    order = await room.create("order", account=account, number="O-1")
    room.environment.people.submit(order)

    error = (await room.apply("order", update(order, name="Ours"))).outcomes[0].error

    assert isinstance(error, Rejected)
    await room.close()


async def test_an_invoice_is_made_and_paid(sales: DataverseRoom):
    account = await sales.create("account")
    invoice = await sales.create(
        "invoice", number="I-1", account=account, status="Open", due_on="2026-02-28", total="33.10"
    )

    paid = (await sales.apply("invoice", update(invoice, status="Paid"))).outcomes[0]

    assert paid.error is None
    (row,), _ = await sales.poll(entity="invoice")
    assert {name: row.values[name] for name in ("number", "status", "due_on", "total")} == {
        "number": "I-1",
        "status": "Paid",
        "due_on": "2026-02-28",
        "total": "33.1",
    }
    assert sales.rows("invoice")[0]["name"] == "I-1"


# Looking up


async def test_thousands_of_rows_are_read_in_two_calls(sales: DataverseRoom):
    sales.load_accounts([f"Account {number}" for number in range(4_200)])
    ids = [row["accountid"] for row in sales.rows()]
    await sales.poll()
    sales.wire.requests.clear()

    page = await sales.connection.source.read("account", ids)

    assert {row.native_id for row in page.rows} == set(ids)
    assert page.calls == len(sales.wire.requests) == 2


async def test_a_search_with_more_hits_than_a_page_is_read_to_the_end(time: Time):
    room = dataverse(time, options=Options(CREDENTIALS, page_size=100))
    await room.apply("contact", *(room.new("contact", email="same@example.org") for _ in range(250)))

    page = await room.connection.target.find("contact", [{"email": "SAME@example.org"}])

    assert len(page.rows) == 250
    assert page.calls == 3
    await room.close()


@given(some.lists(some.text(min_size=1), min_size=1, max_size=8))
def test_whatever_a_text_holds_it_stays_within_its_quotes(texts: list[str]):
    (escaped,) = fitted(f"name eq {literal(text)}" for text in texts)

    assert sought(parse_filter(unquote(escaped))) == texts


def sought(condition: Condition) -> list[Any]:
    """The values of all alternatives."""
    if isinstance(condition, Either):
        return sought(condition.left) + sought(condition.right)
    assert isinstance(condition, Compare)
    return [condition.value]


def test_long_filters_become_several_queries():
    filters = fitted("name eq 'x'" for _ in range(CONDITIONS + 1))
    long = fitted(f"name eq '{'x' * (ADDRESS_BYTES // 2)}'" for _ in range(3))

    assert len(filters) == 2
    assert len(long) == 3


# Batches


def test_every_entity_that_the_room_carries_has_its_set():
    assert {table.translation.entity for table in TABLES.values()} == set(TABLES)
    assert all(table.key == f"{table.name}id" for table in TABLES.values())


def test_the_answer_to_a_batch_is_read_part_by_part():
    parts = [
        render_response(204, {"OData-EntityId": "x"}, b"", None),
        render_response(412, {"Content-Type": "application/json"}, b'{"error": {}}', None),
    ]

    found = replies('multipart/mixed; boundary="b1"', render_parts("b1", parts))

    assert [(each.status, each.body.strip()) for each in found] == [(204, b""), (412, b'{"error": {}}')]
    assert (b"OData-EntityId", b"x") in found[0].headers


@pytest.mark.parametrize(
    "kind, body",
    [
        ("multipart/mixed", b"--b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n--b--"),
        ("multipart/mixed; boundary=b", b"--b\r\nContent-Type: application/http\r\n\r\nhello\r\n--b--"),
    ],
)
def test_what_is_no_answer_to_a_batch_is_malformed(kind: str, body: bytes):
    with pytest.raises(Malformed):
        replies(kind, body)


def test_a_part_is_a_request_of_its_own():
    body = written([Part("PATCH", "/api/x(1)", "If-Match: *\r\n", b"{}")])

    assert body == (
        b"--batch_crosswalk\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        b"PATCH /api/x(1) HTTP/1.1\r\nIf-Match: *\r\n\r\n{}\r\n--batch_crosswalk--\r\n"
    )
    assert replies("multipart/mixed; boundary=x", b"--x--") == []
    assert Reply(204, [], b"").status == 204


class Stopped(httpx.AsyncBaseTransport):
    """A server that does not hear `continue-on-error`: 400, and what came until then."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$batch"):
            del request.headers["Prefer"]
        return await self.inner.handle_async_request(request)


async def test_a_batch_that_stopped_at_a_bad_record_is_told_part_by_part_as_far_as_it_came(time: Time):
    room = dataverse(time)
    room.wire._inner = Stopped(room.wire._inner)  # between the wire and the system, for this test alone
    bad, good = room.new("account", name="x" * 200), room.new("account")

    alone = await room.apply("account", bad)
    with_another = await room.apply("account", bad, good)

    assert isinstance(alone.outcomes[0].error, Rejected)
    assert [type(outcome.error) for outcome in with_another.outcomes] == [Unavailable, Unavailable]
    await room.close()
