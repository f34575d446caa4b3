"""CloudEvents in every mode, written by the package of those who specified them, read here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.erp import mapping
from functions.erp.push import formats
from functions.erp.settings import MAPPING
from functions.erp.tables import held
from shared.model.event import Event
from shared.push.exchange import Reading, Refused, Request
from tests.push.doors import KEY, Street, keyed, pointer, said

pytestmark = pytest.mark.anyio

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ERP = formats(held("the ERP", mapping.load(MAPPING)))
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
EVENT = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/erp/orders",
    "type": "crosswalk.order.changed",
    "subject": "4711",
    "time": "2026-01-31T12:00:00Z",
}
NAMES = {
    "crosswalk.account.changed": "account",
    "com.example.erp.customers.updated": "account",
    "crosswalk.order_line.created.v1": "order_line",
    "orders.deleted": "order",
}

text = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=60).map(str.strip).filter(bool)
moments = st.integers(0, 2**52).map(lambda ticks: EPOCH + timedelta(microseconds=ticks))
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text
values = st.dictionaries(text, scalars | st.lists(scalars, max_size=3), max_size=5)


@st.composite
def events(draw: st.DrawFn) -> CloudEvent:
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": draw(text),
        "source": draw(text),
        "type": draw(st.sampled_from([*NAMES])),
        "subject": draw(text),
        "time": draw(moments),
        "datacontenttype": "application/json",
    }
    for name in draw(st.sets(st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True), max_size=3)) - {
        *attributes,
        "data",
    }:
        attributes[name] = draw(text)
    return CloudEvent(attributes, draw(values))


def read(message: Any) -> Reading:
    return ERP.cloudevents.read(Request.of("POST", message.headers, {}, message.body))


def told(event: CloudEvent) -> tuple[str, Event]:
    """What is to be understood, values aside."""
    source, sent, subject = event.get_source(), event.get_id(), event.get_subject()
    return sent, Event(f"{source} {sent}", NAMES[event.get_type()], str(subject))


def heard(reading: Reading) -> list[tuple[str, Event]]:
    return [
        (each.id, Event(each.event.id, each.event.entity, each.event.native_id))
        for each in reading.told
        if each.event
    ]


@settings(max_examples=60, deadline=None)
@given(events())
def test_what_the_package_writes_is_understood_in_either_mode(event: CloudEvent):
    for message in (http.to_structured_event(event), http.to_binary_event(event)):
        assert heard(read(message)) == [told(event)]


@settings(max_examples=25, deadline=None)
@given(st.lists(events(), max_size=4))
def test_a_batch_is_its_events_in_their_order(several: list[CloudEvent]):
    written = b",".join(http.to_structured_event(each).body for each in several)
    reading = ERP.cloudevents.read(Request.of("POST", BATCH, {}, b"[" + written + b"]"))

    assert heard(reading) == [told(each) for each in several]


@settings(max_examples=25, deadline=None)
@given(events())
def test_a_delete_has_the_time_of_the_event_to_the_microsecond(event: CloudEvent):
    moment = event.get_time()
    assert moment is not None
    for message in (http.to_structured_event(event), http.to_binary_event(event)):
        (heard,) = read(message).events
        deleted = event.get_type() == "orders.deleted"
        assert (heard.row is not None) == deleted
        if heard.row:
            assert heard.row.deleted
            assert timedelta(microseconds=heard.row.stamp) == moment - EPOCH


@settings(max_examples=25, deadline=None)
@given(events(), st.sampled_from(["id", "source", "type", "subject", "specversion"]))
def test_without_an_attribute_that_is_needed_nothing_is_made_up(event: CloudEvent, lost: str):
    structured = {
        name: each
        for name, each in orjson.loads(http.to_structured_event(event).body).items()
        if name != lost
    }
    binary = http.to_binary_event(event)
    headers = {name: value for name, value in binary.headers.items() if name != f"ce-{lost}"}

    for request, where in (
        (Request.of("POST", STRUCTURED, {}, orjson.dumps(structured)), f"#/{lost}"),
        (Request.of("POST", headers, {}, binary.body), f"ce-{lost}"),
    ):
        with pytest.raises(Refused) as refused:
            ERP.cloudevents.read(request)
        assert pointer(refused.value.answer) == where


@pytest.fixture
def erp() -> Street:
    return keyed(ERP)


async def post(erp: Street, *several: Any) -> Any:
    if len(several) == 1:
        return await erp.post(orjson.dumps(several[0]), STRUCTURED, code=KEY)
    return await erp.post(orjson.dumps(several), BATCH, code=KEY)


async def test_ids_are_answered_as_the_sender_calls_them(erp):
    answer = await post(erp, EVENT, {**EVENT, "id": "A-2"})

    assert (answer.status, said(answer)) == (202, {"ids": ["A-1", "A-2"]})


async def test_two_sources_may_use_one_id(erp):
    await post(erp, EVENT, {**EVENT, "source": "/erp/other"})

    assert len({event.id for event in erp.queue.events}) == 2


CUSTOMER = {
    "customer_no": " a-1 ",
    "name": "Acme",
    "phone": None,
    "website": "",
    "industry": None,
    "street": "1 Main St",
    "city": "Springfield",
    "region": None,
    "postcode": 12345,
    "country": "US",
    "credit_limit": 1000.5,
    "blocked": 0,
}


async def test_a_row_that_is_whole_comes_along_with_its_own_time(erp):
    changed = {**EVENT, "type": "com.example.customers.updated", "data": CUSTOMER}
    await post(erp, changed, {**changed, "time": None}, {**changed, "data": {"name": "Acme"}})

    whole, timeless, partial = (event.row for event in erp.queue.events)
    assert whole is not None
    assert (whole.values["number"], whole.values["postal_code"], whole.values["on_hold"]) == (
        "A-1",
        "12345",
        False,
    )
    assert (whole.stamp, whole.native_id, whole.refused) == (1_769_860_800_000_000, "4711", None)
    assert (timeless, partial) == (None, None), "half a row would empty the other half"


WRONG: dict[str, list[Any]] = {
    "id": [1, "", None, "x" * 201, "a\nb"],
    "source": [1, "", "x" * 501],
    "type": ["", "x", "crosswalk.unicorn.changed", "crosswalk.order.exploded", "order", 7],
    "subject": [1, "", " ", "x" * 129, "\x00"],
    "specversion": ["0.3", "2.0", 1, ""],
    "time": ["yesterday", 5, "2026-01-31T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
    "datacontenttype": ["", 5],
    "UPPER": ["x"],
    "data_base64": ["%", 5],
}


@pytest.mark.parametrize("name,value", [(name, value) for name, wrong in WRONG.items() for value in wrong])
async def test_a_wrong_attribute_is_pointed_at(erp, name, value):
    alone, second = await post(erp, {**EVENT, name: value}), await post(erp, EVENT, {**EVENT, name: value})

    assert (pointer(alone), pointer(second)) == (f"#/{name}", f"#/1/{name}")
    assert erp.queue.events == [], "of a batch with a bad one nothing is taken"


@pytest.mark.parametrize(
    "body,where",
    [
        (b"", "#"),
        (b"{", "#"),
        (b"[]", "#"),
        (b"null", "#"),
        (b'"\xff"', "#"),
        (b'{"id": NaN}', "#"),
        (b"[" * 2000, "#"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "#"),
    ],
)
async def test_what_is_no_event_is_refused(erp, body, where):
    assert pointer(await erp.post(body, STRUCTURED, code=KEY)) == where


@pytest.mark.parametrize("name", ["a/b", "~", "ä", "a b", "X" * 41, "jane@example.com", ""])
async def test_a_name_that_no_attribute_can_have_is_not_repeated(erp, name):
    assert pointer(await post(erp, {**EVENT, name: "x"})) == "#"


async def test_a_batch_is_bounded_and_may_be_empty(erp):
    assert (await erp.post(orjson.dumps([EVENT] * 1001), BATCH, code=KEY)).status == 413
    assert (await erp.post(b"[]", BATCH, code=KEY)).status == 202
    assert pointer(await erp.post(b"{}", BATCH, code=KEY)) == "#"
    assert erp.queue.events == []


@pytest.mark.parametrize(
    "name,value", [("ce-id", "%"), ("ce-source", "%ZZ"), ("ce-subject", "%ff"), ("ce-time", "x")]
)
async def test_a_wrong_header_is_named(erp, name, value):
    headers = {f"ce-{each}": shown for each, shown in EVENT.items()}

    assert pointer(await erp.post(b"", headers | {name: value}, code=KEY)) == name


async def test_headers_may_hold_anything_that_is_escaped(erp):
    headers = {f"ce-{each}": shown for each, shown in EVENT.items()} | {"ce-subject": "K%C3%B6ln%20%25"}
    await erp.post(b"anything", headers | {"Content-Type": "application/octet-stream"}, code=KEY)

    assert [event.native_id for event in erp.queue.events] == ["Köln %"]


async def test_data_of_another_type_than_its_field_is_refused_or_a_matter_for_an_operator(erp):
    changed = {**EVENT, "type": "customers.updated"}
    nested = await post(erp, {**changed, "data": {**CUSTOMER, "name": {"a": 1}}})
    odd = await post(erp, {**changed, "data": {**CUSTOMER, "credit_limit": "much"}})

    assert pointer(nested) == "#/data"
    assert odd.status == 202
    assert erp.queue.events[0].row.refused.field == "credit_limit"
