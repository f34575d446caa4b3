from __future__ import annotations

import base64
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.systems.salesforce import Credentials
from local.systems.salesforce.oauth import JWT_BEARER
from local.systems.salesforce.org import INTEGRATION_USER
from tests.systems.salesforce.desk import BASE, Desk, error

EXPIRED = (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_a_token_comes_with_the_instance_and_without_an_expiry():
    body = Desk().token().json()
    assert (body["token_type"], body["instance_url"], body["scope"]) == ("Bearer", BASE, "api")
    assert body["id"].startswith("https://login.salesforce.com/id/00D")
    assert "expires_in" not in body


def test_the_secret_may_come_in_a_basic_header():
    header = base64.b64encode(b"client:secret").decode()
    answer = Desk().client.post(
        "/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {header}"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "form, fault",
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_the_token_endpoint_refuses_with_an_object(form, fault):
    answer = Desk().token(**form)
    assert (answer.status_code, answer.json()["error"]) == (400, fault)
    assert answer.json()["error_description"]


def test_a_broken_basic_header_is_refused():
    data, headers = {"grant_type": "client_credentials"}, {"Authorization": "Basic ###"}
    answer = Desk().client.post("/services/oauth2/token", data=data, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


# JWT bearer


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def signing(key):
    """An org that knows our public key, and a function that shows it an assertion."""
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    desk = Desk(credentials=Credentials("client", "secret", pem.decode()))

    def show(signer=key, algorithm="RS256", **changed):
        claims = {
            "iss": "client",
            "sub": INTEGRATION_USER,
            "aud": "https://login.salesforce.com",
            "exp": int(desk.clock().timestamp()) + 180,
        }
        assertion = jwt.encode({**claims, **changed}, signer, algorithm=algorithm)
        return desk.token(grant_type=JWT_BEARER, assertion=assertion)

    return show


def test_a_signed_assertion_opens_a_session(signing):
    assert signing().status_code == 200
    assert signing(aud="https://test.salesforce.com").status_code == 200


@pytest.mark.parametrize(
    "changed, fault",
    [
        ({"iss": "other"}, "invalid_client_id"),
        ({"sub": "other@example.com"}, "invalid_grant"),
        ({"aud": "https://example.com"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"exp": 4_000_000_000}, "invalid_grant"),
        ({"exp": "soon"}, "invalid_grant"),
    ],
)
def test_an_assertion_that_says_the_wrong_things_is_refused(signing, changed, fault):
    answer = signing(**changed)
    assert (answer.status_code, answer.json()["error"]) == (400, fault)


def test_an_assertion_that_somebody_else_signed_is_refused(signing):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert signing(signer=other).json()["error"] == "invalid_grant"
    assert signing(signer="x" * 32, algorithm="HS256").json()["error"] == "invalid_grant"


def test_without_a_public_key_no_assertion_is_good():
    assert Desk().token(grant_type=JWT_BEARER, assertion="a.b.c").json()["error"] == "invalid_grant"


# Sessions


def test_without_a_session_nothing_is_answered():
    desk = Desk()
    assert error(desk.ask("GET", "limits")) == EXPIRED
    desk.client.headers["Authorization"] = "Bearer made-up"
    answer = desk.ask("GET", "limits")
    assert error(answer) == EXPIRED
    assert "Sforce-Limit-Info" not in answer.headers


def test_a_session_ends_after_its_time():
    desk = Desk(session=timedelta(minutes=15))
    desk.log_in()
    desk.clock.advance(15 * 60 - 1)
    assert desk.ask("GET", "limits").status_code == 200
    desk.clock.advance(1)
    assert error(desk.ask("GET", "limits")) == EXPIRED
    desk.log_in()
    assert desk.ask("GET", "limits").status_code == 200


def test_a_session_can_be_ended_by_order(desk):
    desk.order_fault(kind="expire_session", count=1)
    assert error(desk.ask("GET", "limits")) == EXPIRED
    assert error(desk.ask("GET", "limits")) == EXPIRED
    desk.log_in()
    assert desk.ask("GET", "limits").status_code == 200


def test_the_versions_are_told_to_everybody():
    versions = Desk().client.get("/services/data/").json()
    assert (versions[0]["version"], versions[-1]["url"]) == ("40.0", "/services/data/v67.0")
