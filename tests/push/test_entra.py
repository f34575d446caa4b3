"""Tokens of Entra ID, signed by a directory that these tests play."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from tests.push.doors import NOW, Street, body, said, street

pytestmark = pytest.mark.anyio

TENANT = "11111111-2222-3333-4444-555555555555"
AUTHORITY = "https://login.microsoftonline.com"
CLIENT = "66666666-7777-8888-9999-000000000000"
CLAIMS: dict[str, Any] = {
    "iss": f"{AUTHORITY}/{TENANT}/v2.0",
    "aud": "hub-app",
    "azp": CLIENT,
    "tid": TENANT,
    "nbf": NOW - 10,
    "exp": NOW + 3600,
}


def new_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


OURS, FOREIGN = new_key(), new_key()


class Directory:
    """Shows its public keys; may be away."""

    def __init__(self) -> None:
        self.keys, self.asked, self.away = {"k1": OURS}, 0, False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{AUTHORITY}/{TENANT}/discovery/v2.0/keys"
        self.asked += 1
        if self.away:
            return httpx.Response(500)
        shown = [
            RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name}
            for name, key in self.keys.items()
        ]
        return httpx.Response(200, json={"keys": [*shown, {"kty": "EC", "kid": "other"}, "odd"]})


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def hub(directory) -> Street:
    return street(
        SCHEME="entra",
        SECRET="",
        TENANT=TENANT,
        AUDIENCE="hub-app",
        CLIENTS=f"{CLIENT}, other",
        transport=httpx.MockTransport(directory),
    )


def token(key: Any = OURS, kid: str = "k1", algorithm: str = "RS256", **changed: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changed).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


async def knock(hub: Street, shown: str) -> int:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {shown}"}
    answer = await hub.post(body(), headers)
    if answer.status == 401:
        assert said(answer) == {"title": "Unauthorized", "status": 401}
    return answer.status


async def test_a_token_of_an_application_that_may_push_opens(hub, directory):
    assert [await knock(hub, token()) for _ in range(3)] == [202, 202, 202]
    assert directory.asked == 1


async def test_tokens_of_the_first_version_open_too(hub):
    older = token(iss=f"https://sts.windows.net/{TENANT}/", aud="api://hub-app", azp=None, appid=CLIENT)

    assert await knock(hub, older) == 202


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://login.microsoftonline.com/other/v2.0"},
        {"aud": "another-app"},
        {"azp": "stranger"},
        {"azp": None},
        {"azp": ["x"]},
        {"tid": "other"},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "never"},
        {"exp": [1]},
        {"nbf": NOW + 61},
        {"kid": "unknown"},
    ],
    ids=str,
)
async def test_any_other_token_is_a_401_that_says_nothing(hub, changed):
    assert await knock(hub, token(**changed)) == 401


async def test_a_minute_is_granted_to_clocks_that_differ(hub):
    assert [await knock(hub, token(exp=NOW - 59)), await knock(hub, token(nbf=NOW + 60))] == [202, 202]


def _resigned(key: Any, algorithm: str) -> str:
    return jwt.encode(CLAIMS, key, algorithm=algorithm, headers={"kid": "k1"})


def _with_other_claims() -> str:
    head, _, signature = token().split(".")
    return f"{head}.e30.{signature}"


FORGED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "x",
    "no base64": lambda: "a.b.c",
    "without its signature": lambda: token().rpartition(".")[0] + ".",
    "with other claims": _with_other_claims,
    "signed by nothing": lambda: _resigned("", "none"),
    "signed by a word": lambda: _resigned("k" * 32, "HS256"),
    "signed by a stranger": lambda: token(FOREIGN),
    "endless": lambda: "y" * 20_000,
}


@pytest.mark.parametrize("made", FORGED)
async def test_a_forged_token_is_refused(hub, made):
    assert await knock(hub, FORGED[made]()) == 401


async def test_a_key_that_the_directory_has_made_since_is_asked_for_but_seldom(hub, directory):
    await knock(hub, token())
    directory.keys["k2"] = FOREIGN
    early = [await knock(hub, token(FOREIGN, "k2")) for _ in range(5)]
    hub.clock.seconds += 300
    late = await knock(hub, token(FOREIGN, "k2"))

    assert (early, late, directory.asked) == ([401] * 5, 202, 2)


async def test_a_key_that_was_taken_back_ends_within_a_day(hub, directory):
    await knock(hub, token())
    directory.keys = {"k2": FOREIGN}
    hub.clock.seconds += 86_400

    assert await knock(hub, token(exp=NOW + 90_000)) == 401


async def test_while_the_directory_is_away_the_sender_is_asked_to_come_again(hub, directory):
    directory.away = True
    assert await knock(hub, token()) == 503
    directory.away = False
    assert await knock(hub, token()) == 202
