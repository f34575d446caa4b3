"""How strict the LMS is with tokens that log somebody in: each fault alone is refused, and says so."""

from __future__ import annotations

from contextlib import closing
from random import Random

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.lms.launching import AUDIENCE, ISSUER, trust_in
from local.systems.rows import Rows
from local.systems.transport import SyncSystemTransport
from shared.adapters.signing import SigningKey
from tests.systems.clock import StillClock

STAFF = "dana@crm.example"


def made_key(byte: int) -> str:
    key = Ed25519PrivateKey.from_private_bytes(bytes([byte] * 32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


TRUSTED, STRANGE = SigningKey.read(made_key(1)), SigningKey.read(made_key(2))


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def served(clock):
    """Serves an LMS over these rows."""

    def served(rows: Rows) -> httpx.Client:
        system = Lms(rows, clock, "t")
        system.sign_on(trust_in(made_key(1)), Random(3), [STAFF])
        return httpx.Client(transport=SyncSystemTransport(Controlled(system, clock)), base_url="http://lms")

    return served


@pytest.fixture
def browser(served):
    with served(Rows()) as client:
        yield client


@pytest.fixture
def claims(clock):
    now = int(clock().timestamp())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": STAFF,
        "iat": now,
        "exp": now + 60,
        "jti": "once",
        "target": "/",
    }


def refused(browser, token) -> tuple[int, str]:
    answer = browser.get("/sso", params={"token": token})
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    return answer.status_code, answer.json()["error"]["code"]


def test_a_sound_token_opens_a_session_that_scripts_cannot_read(browser, claims):
    answer = browser.get("/sso", params={"token": TRUSTED.sign(claims)})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "; HttpOnly; SameSite=Lax" in answer.headers["Set-Cookie"]
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_over_tls_the_session_stays_there(browser, claims):
    answer = browser.get("https://lms/sso", params={"token": TRUSTED.sign(claims)})

    assert answer.headers["Set-Cookie"].endswith("; Secure")


def test_nobody_without_a_session_sees_a_page(browser):
    assert browser.get("/").status_code == 401
    assert browser.get("/courses/c-1", headers={"Cookie": "lms_session=guess"}).status_code == 401


FAULTS = [
    ({"aud": "https://other.example"}, 401, "wrong_audience"),
    ({"aud": None}, 401, "wrong_audience"),
    ({"iss": "somebody"}, 401, "wrong_issuer"),
    ({"iss": None}, 401, "wrong_issuer"),
    ({"sub": None}, 401, "incomplete"),
    ({"jti": None}, 401, "incomplete"),
    ({"jti": ""}, 401, "used"),
    ({"exp": None}, 401, "incomplete"),
    ({"target": None}, 401, "incomplete"),
    ({"target": "https://elsewhere.example/"}, 403, "target_not_allowed"),
    ({"target": "//elsewhere.example"}, 403, "target_not_allowed"),
    ({"target": "/courses/../admin"}, 403, "target_not_allowed"),
    ({"target": "/admin"}, 403, "target_not_allowed"),
    ({"target": "/\n"}, 403, "target_not_allowed"),
    ({"sub": "nobody@crm.example"}, 403, "unknown_user"),
]


@pytest.mark.parametrize("changed, status, code", FAULTS)
def test_a_token_with_one_wrong_claim_is_refused_for_it(browser, claims, changed, status, code):
    wrong = {name: value for name, value in {**claims, **changed}.items() if value is not None}

    assert refused(browser, TRUSTED.sign(wrong)) == (status, code)


@pytest.mark.parametrize(
    "iat, exp, code",
    [
        (-60, 0, "expired"),
        (0, 61, "lives_too_long"),
        (-30, 31, "lives_too_long"),
        (6, 60, "not_yet_valid"),
        (5, 5, "lives_too_long"),
    ],
)
def test_a_token_out_of_its_time_is_refused(browser, claims, iat, exp, code):
    now = claims["iat"]

    assert refused(browser, TRUSTED.sign({**claims, "iat": now + iat, "exp": now + exp})) == (401, code)


def test_a_stranger_s_signature_is_refused(browser, claims):
    assert refused(browser, STRANGE.sign(claims)) == (401, "unknown_key")


def test_a_stranger_who_names_a_trusted_key_is_refused(browser, claims):
    forged = jwt.encode(claims, made_key(2), algorithm="EdDSA", headers={"kid": TRUSTED.kid})

    assert refused(browser, forged) == (401, "bad_signature")


def test_claims_that_were_changed_after_signing_are_refused(browser, claims):
    head, _, signature = TRUSTED.sign(claims).split(".")
    _, body, _ = TRUSTED.sign({**claims, "target": "/courses/c-1"}).split(".")

    assert refused(browser, f"{head}.{body}.{signature}") == (401, "bad_signature")


@pytest.mark.parametrize("algorithm, key", [("none", None), ("HS256", "x" * 32)])
def test_no_other_algorithm_stands_in_for_the_keys_own(browser, claims, algorithm, key):
    token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": TRUSTED.kid})

    assert refused(browser, token) == (401, "unknown_key")


@pytest.mark.parametrize("token", ["", "no token", "a.b.c", "e30." * 2000])
def test_what_is_no_token_is_malformed(browser, token):
    assert refused(browser, token) == (400, "malformed_token")


def test_a_token_is_used_up_for_good_also_when_the_lms_starts_again(served, claims, tmp_path):
    token = TRUSTED.sign(claims)
    kept = tmp_path / "lms.sqlite"
    with closing(Rows(kept)) as rows, served(rows) as browser:
        assert browser.get("/sso", params={"token": token}).status_code == 302

    with closing(Rows(kept)) as rows, served(rows) as browser:
        assert refused(browser, token) == (401, "used")


def test_a_refused_token_is_not_used_up(browser, claims):
    refused(browser, TRUSTED.sign({**claims, "target": "/admin"}))

    assert browser.get("/sso", params={"token": TRUSTED.sign(claims)}).status_code == 302


def test_what_was_used_is_forgotten_once_it_has_expired(served, claims, clock):
    rows = Rows()
    with served(rows) as browser:
        browser.get("/sso", params={"token": TRUSTED.sign(claims)})
        clock.advance(60)
        later = {**claims, "iat": claims["iat"] + 60, "exp": claims["exp"] + 60, "jti": "another"}
        browser.get("/sso", params={"token": TRUSTED.sign(later)})

    assert list(rows.table("used launch tokens")) == ["another"]


def test_a_learner_comes_in_until_they_have_left(browser, claims):
    api = {"Authorization": "Bearer t"}
    company = browser.post("/api/v1/companies", json={"name": "Acme"}, headers=api).json()["id"]
    person = {"company_id": company, "last_name": "Ray", "email": "ray@acme.example"}
    learner = browser.post("/api/v1/company-users", json=person, headers=api).json()["id"]
    mine = {**claims, "sub": "ray@acme.example"}

    assert browser.get("/sso", params={"token": TRUSTED.sign(mine)}).status_code == 302
    browser.patch(f"/api/v1/company-users/{learner}", json={"status": "inactive"}, headers=api)
    assert refused(browser, TRUSTED.sign({**mine, "jti": "later"})) == (403, "unknown_user")
