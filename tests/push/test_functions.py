"""The functions that are doors: there only where a scheme is set, and as the host calls them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from random import Random
from typing import Any, cast

import azure.functions as func
import orjson
import pytest

from functions import triggers
from functions.lms.connection import connect
from shared.model.change import Message
from shared.model.errors import Misconfigured, Unavailable
from shared.pipeline.recoverability import Policy
from shared.push.settings import read
from shared.topology_file import parse
from shared.wiring import Hub
from tests import stores
from tests.push.doors import KEY, SECRET, Clock, body

pytestmark = pytest.mark.anyio

TOPOLOGY = """
systems: {school: {kind: lms}, academy: {kind: lms}}
entities: {account: {key: [number]}, lead: {key: [email]}}
flows: [{entity: lead, from: school, to: academy, guard: read}]
"""


class Broker:
    """Takes messages, or is away."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.away = False

    async def send(self, messages: Any) -> None:
        if self.away:
            raise Unavailable("away")
        self.messages += messages


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def hub(broker: Broker) -> Iterator[Hub]:
    store = stores.fresh()
    environment = {"SCHOOL_PUSH_SCHEME": "key", "SCHOOL_PUSH_SECRET": KEY}
    told = {"URL": "https://lms.test", "TOKEN": secrets.token_hex()}
    clock = Clock()
    connections = {
        name: connect(
            name,
            environment={f"{name.upper()}_{each}": value for each, value in told.items()},
            transport=None,
            clock=clock,
            random=Random(1),
        )
        for name in ("school", "academy")
    }
    doors = {name: read(name, environment) for name in connections}
    yield Hub(parse(TOPOLOGY), store, broker, connections, Policy(), clock=clock, push=doors)
    store.close()


def functions(hub: Hub) -> dict[str, Any]:
    app = func.FunctionApp()
    app.register_functions(triggers.blueprint(hub, "lms"))
    return {str(each.get_function_name()): each for each in app.get_functions()}


def test_a_system_without_a_scheme_has_no_door(hub):
    found = functions(hub)

    assert "events_school" in found
    assert "events_academy" not in found
    with pytest.raises(KeyError):
        hub.door("academy")


def test_the_door_is_at_an_address_of_its_own_and_does_its_own_asking(hub):
    trigger = functions(hub)["events_school"].get_trigger().get_dict_repr()

    assert trigger["route"] == "events/school"
    assert [str(each.value) for each in trigger["methods"]] == ["POST", "OPTIONS"]
    assert str(trigger["authLevel"]).lower().endswith("anonymous")


async def called(hub: Hub, content: bytes, **query: str) -> func.HttpResponse:
    function = functions(hub)["events_school"].get_user_function()
    request = func.HttpRequest(
        "POST",
        "https://hub.test/api/events/school",
        headers={"Content-Type": "application/json"},
        params=query,
        body=content,
    )
    return cast("func.HttpResponse", await function(request))


async def test_what_the_host_hands_over_reaches_the_broker(hub, broker):
    answer = await called(hub, body(), code=KEY)

    assert answer.status_code == 202
    assert [message.destination for message in broker.messages] == ["arrivals"]


async def test_what_is_pushed_twice_is_one_message_to_the_broker(hub, broker):
    """By its id: the broker drops the second."""
    for _ in range(2):
        await called(hub, body(), code=KEY)

    assert len({message.id for message in broker.messages}) == 1


async def test_while_the_broker_is_away_the_host_answers_503(hub, broker):
    broker.away = True

    answer = await called(hub, body(), code=KEY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_a_stranger_is_answered_without_a_word(hub, broker):
    answer = await called(hub, body())

    assert (answer.status_code, broker.messages) == (401, [])
    assert orjson.loads(answer.get_body()) == {"title": "Unauthorized", "status": 401}


TENANT = {"TENANT": "11111111-2222-3333-4444-555555555555"}


@pytest.mark.parametrize(
    "told,named",
    [
        ({"SCHEME": "none"}, "LMS_PUSH_SCHEME"),
        ({"SCHEME": "key"}, "_PUSH_SECRET"),
        ({"SCHEME": "key", "SECRET": "short"}, "24 characters"),
        ({"SCHEME": "key", "SECRET": f"{KEY} {KEY} {KEY}"}, "one secret, or two"),
        ({"SCHEME": "standard-webhooks", "SECRET": KEY}, "no signing secret"),
        ({"SCHEME": "standard-webhooks", "SECRET": "whsec_AAAA"}, "no signing secret"),
        ({"SCHEME": "standard-webhooks", "SECRET": f"{SECRET} x"}, "no signing secret"),
        ({"SCHEME": "entra"}, "_PUSH_TENANT"),
        ({"SCHEME": "entra", "AUDIENCE": "x", **TENANT}, "_PUSH_CLIENTS"),
        ({"NETWORKS": "203.0.113.7/8"}, "LMS_PUSH_NETWORKS"),
        ({"NETWORKS": "everywhere"}, "LMS_PUSH_NETWORKS"),
    ],
)
def test_a_door_that_is_half_told_stops_the_start_and_shows_no_secret(told, named):
    with pytest.raises(Misconfigured, match=named) as raised:
        read("lms", {f"LMS_PUSH_{name}": value for name, value in told.items()})

    assert KEY not in raised.value.description
    assert SECRET not in raised.value.description


LISTS = ("203.0.113.0/24, 10.0.0.1", '["203.0.113.0/24","10.0.0.1"]', "203.0.113.0/24 10.0.0.1/32")


@pytest.mark.parametrize("written", LISTS)
def test_networks_are_a_list_as_people_or_templates_write_it(written):
    assert [str(each) for each in read("lms", {"LMS_PUSH_NETWORKS": written}).push_networks] == [
        "203.0.113.0/24",
        "10.0.0.1/32",
    ]


def test_secrets_of_doors_do_not_show_in_what_is_printed():
    told = read("lms", {"LMS_PUSH_SCHEME": "key", "LMS_PUSH_SECRET": KEY})

    assert KEY not in repr(told)
