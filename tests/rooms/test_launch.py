"""The link by which the CRM's users come into the LMS, from the request to the session it opens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import azure.functions as func
import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from functions.lms import triggers
from functions.lms.connection import connect
from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.lms.launching import AUDIENCE, trust_in
from local.systems.rows import Rows
from local.systems.transport import SyncSystemTransport
from shared.model.errors import Misconfigured
from shared.pipeline.ports import Launch
from shared.push.exchange import Request, Response
from tests.systems.clock import StillClock

USER = "dana@crm.example"
ASKED = {"X-Launch-User": USER}


def pem(key, password=None) -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return made.decode()


ED25519 = pem(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NEWER = pem(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
RSA_KEY = generate_private_key(65537, 2048)
RSA = pem(RSA_KEY)


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def make(clock):
    """The room's launch on these settings."""

    def make(key=ED25519, **more) -> Launch:
        environment = {
            "LMS_URL": "http://lms",
            "LMS_TOKEN": "t",
            "LMS_LAUNCH_AUDIENCE": AUDIENCE,
            "LMS_LAUNCH_KEY": key,
            **more,
        }
        now = lambda: round(clock().timestamp() * 1_000_000)  # noqa: E731 - a clock, named where it is used
        connection = connect("lms", environment=environment, transport=None, clock=now, random=Random(key))
        assert connection.launch is not None
        return connection.launch

    return make


@pytest.fixture
def lms(clock):
    system = Lms(Rows(), clock, "t")
    system.sign_on(trust_in(ED25519, RSA), Random(2), [USER])
    return Controlled(system, clock)


@pytest.fixture
def browser(lms) -> Iterator[httpx.Client]:
    with httpx.Client(transport=SyncSystemTransport(lms), base_url="http://lms") as client:
        yield client


def ask(launch: Launch, query=None, headers=ASKED) -> Response:
    return launch.answer(Request.of("GET", headers, query or {}, b""))


def url_of(reply: Response) -> str:
    assert reply.status == 200
    return str(orjson.loads(reply.body)["url"])


@pytest.mark.parametrize("key", [ED25519, RSA, ED25519.replace("\n", "\\n")], ids=["EdDSA", "RS256", "line"])
def test_a_link_opens_the_home_page_as_the_user_who_asked(make, browser, key):
    entered = browser.get(url_of(ask(make(key))))

    assert (entered.status_code, entered.headers["Location"]) == (302, "/")
    assert USER in browser.get(entered.headers["Location"]).text


def test_a_link_to_a_course_opens_that_course(make, browser):
    entered = browser.get(url_of(ask(make(), {"course": "safety-1"})))

    assert entered.headers["Location"] == "/courses/safety-1"
    assert "/courses/safety-1" in browser.get("/courses/safety-1").text


def test_a_link_that_is_used_a_second_time_is_refused(make, browser):
    url = url_of(ask(make()))
    browser.get(url)

    again = browser.get(url)

    assert (again.status_code, again.json()["error"]["code"]) == (401, "used")


def test_two_links_are_two(make, browser):
    launch = make()

    assert [browser.get(url_of(ask(launch))).status_code for _ in range(2)] == [302, 302]


def test_a_link_is_good_for_a_minute_and_no_longer(make, browser, clock):
    launch = make()
    early, late = url_of(ask(launch)), url_of(ask(launch))

    clock.advance(59)
    assert browser.get(early).status_code == 302
    clock.advance(1)
    assert browser.get(late).json()["error"]["code"] == "expired"


def test_the_answer_says_until_when(make, clock):
    body = orjson.loads(ask(make(LMS_LAUNCH_SECONDS="30")).body)

    assert body["expires_at"] == (clock() + timedelta(seconds=30)).isoformat()


def test_whoever_asks_for_a_page_is_sent_there(make):
    reply = ask(make(), headers={**ASKED, "Accept": "text/html,application/xhtml+xml"})

    assert reply.status == 302
    assert reply.headers["Location"].startswith("http://lms/sso?token=")


def test_no_answer_may_be_kept_or_tell_where_it_led(make):
    replies = [ask(make(), headers=each) for each in (ASKED, {**ASKED, "Accept": "text/html"}, {})]

    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-store"}
    assert {reply.headers["Referrer-Policy"] for reply in replies} == {"no-referrer"}


ODD = [
    ({}, {}, "X-Launch-User"),
    ({}, {"X-Launch-User": " "}, "X-Launch-User"),
    ({}, {"X-Launch-User": "dana"}, "X-Launch-User"),
    ({}, {"X-Launch-User": f"{USER},lee@crm.example"}, "X-Launch-User"),
    ({}, {"X-Launch-User": "a" * 250 + "@crm.example"}, "X-Launch-User"),
    ({}, {"X-Launch-User": "dänä@crm.example"}, "X-Launch-User"),
    ({"user": USER}, ASKED, None),
    ({"target": "https://elsewhere.example"}, ASKED, None),
    ({"code": "the-key"}, ASKED, "code"),
    ({"course": ""}, ASKED, "course"),
    ({"course": "../admin"}, ASKED, "course"),
    ({"course": "//elsewhere.example"}, ASKED, "course"),
    ({"course": "a,b"}, ASKED, "course"),
    ({"course": "c" * 65}, ASKED, "course"),
    ({"course": "safety\n"}, ASKED, "course"),
]


@pytest.mark.parametrize("query, headers, where", ODD)
def test_what_is_odd_is_a_problem_that_names_the_place_and_quotes_nothing(make, query, headers, where):
    reply = ask(make(), query, headers)

    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/problem+json")
    (error,) = orjson.loads(reply.body)["errors"]
    assert error.get("header", error.get("parameter")) == where
    given = [*query.values(), *headers.values()]
    assert not any(value in error["detail"] for value in given if len(value) > 3)


def test_users_of_other_domains_do_not_come_by_a_link(make):
    launch = make(LMS_LAUNCH_DOMAINS="crm.example, sales.example")

    assert ask(launch, headers={"X-Launch-User": "Dana@CRM.example"}).status == 200
    assert ask(launch, headers={"X-Launch-User": "dana@sales.example"}).status == 200
    assert ask(launch, headers={"X-Launch-User": "dana@evil-crm.example"}).status == 400


def test_a_new_key_takes_over_once_the_lms_trusts_both(make, clock):
    old, new = url_of(ask(make(ED25519))), url_of(ask(make(NEWER)))
    results = []
    for trusted in ([ED25519], [ED25519, NEWER], [NEWER]):
        system = Lms(Rows(), clock, "t")
        system.sign_on(trust_in(*trusted), Random(2), [USER])
        with httpx.Client(transport=SyncSystemTransport(Controlled(system, clock))) as client:
            results.append([client.get(url).status_code for url in (old, new)])

    assert results == [[302, 401], [302, 302], [401, 302]]


def test_without_a_key_there_is_no_link():
    environment = {"LMS_URL": "http://lms", "LMS_TOKEN": "t"}

    connected = connect("lms", environment=environment, transport=None, clock=lambda: 0, random=Random(1))

    assert connected.launch is None


PUBLIC = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
WEAK = [
    "hush",
    pem(Ed25519PrivateKey.from_private_bytes(bytes(32)))[:-60],
    PUBLIC,
    pem(RSA_KEY, b"locked"),
    pem(generate_private_key(65537, 1024)),
]


@pytest.mark.parametrize("key", WEAK, ids=["no-key", "cut", "public", "locked", "short"])
def test_a_key_that_cannot_sign_well_stops_the_start_and_is_not_shown(make, key):
    with pytest.raises(Misconfigured, match="LMS_LAUNCH_KEY is wrong") as raised:
        make(key)

    assert key.strip().splitlines()[len(key.strip().splitlines()) // 2] not in raised.value.description


def test_a_link_of_more_than_a_minute_cannot_be_set(make):
    with pytest.raises(Misconfigured, match="LMS_LAUNCH_SECONDS is wrong"):
        make(LMS_LAUNCH_SECONDS="61")


def test_neither_key_nor_token_is_said_anywhere(make, browser, lms, caplog):
    caplog.set_level(logging.DEBUG, "functions")
    caplog.set_level(logging.DEBUG, "shared")
    launch = make()
    url = url_of(ask(launch))
    browser.get(url)

    assert "PRIVATE" not in repr(launch)
    assert caplog.text == ""
    assert [call.path for call in lms.calls.since(0)] == ["/sso"]


def test_the_function_wants_a_key_and_hands_the_reply_on(make):
    functions = func.Blueprint()
    triggers.launch(functions, "lms", make())
    app = func.FunctionApp()
    app.register_functions(functions)
    (function,) = app.get_functions()
    request = func.HttpRequest(method="GET", url="/api/launch/lms", headers=ASKED, params={}, body=b"")

    answer = asyncio.run(function.get_user_function()(request))

    shown = [each.get_dict_repr() for each in function.get_bindings()]
    (trigger,) = [each for each in shown if each["type"] == "httpTrigger"]
    assert (trigger["route"], trigger["authLevel"]) == ("launch/lms", func.AuthLevel.FUNCTION)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert orjson.loads(answer.get_body())["url"].startswith("http://lms/sso?token=")
