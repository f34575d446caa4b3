"""Who may come in: tokens, what they are refused for, and when they end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.systems.dataverse.oauth import DEFAULT_TENANT
from local.systems.dataverse.store import HUB_USER, PERSON
from tests.systems.dataverse.desk import API, HOST, Desk, error, stocked


def test_a_token_lets_in_until_it_ends():
    desk = stocked(token=timedelta(minutes=10))
    assert desk.token().json()["expires_in"] == 600
    assert desk.get("WhoAmI()")["UserId"] == HUB_USER
    desk.clock.advance(600)
    answer = desk.ask("GET", "accounts")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith(f"Bearer authorization_uri={HOST}/{DEFAULT_TENANT}/")


@pytest.mark.parametrize(
    "form, status, name, number",
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "other"}, 400, "unauthorized_client", 700016),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": HOST}, 400, "invalid_scope", 1002012),
        ({"scope": "https://other.example/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_the_directory_says_what_is_wrong_with_a_request(form, status, name, number):
    answer = Desk().token(**form)
    assert answer.status_code == status
    assert (answer.json()["error"], answer.json()["error_codes"]) == (name, [number])


def test_another_tenant_is_not_known():
    answer = Desk().token("/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token")
    assert answer.json()["error_codes"] == [90002]


def test_the_older_endpoint_wants_a_resource():
    path = f"/{DEFAULT_TENANT}/oauth2/token"
    assert Desk().token(path, resource=f"{HOST}/").status_code == 200
    assert Desk().token(path).status_code == 400


@pytest.mark.parametrize("below", ["/v2.0", ""])
def test_discovery_leads_to_the_token_endpoint(below):
    desk = Desk()
    found = desk.client.get(f"/{DEFAULT_TENANT}{below}/.well-known/openid-configuration").json()
    assert desk.token(found["token_endpoint"]).status_code == 200


def test_a_caller_acts_for_another_user_by_its_id(desk):
    assert desk.get("WhoAmI", CallerObjectId=PERSON)["UserId"] == PERSON
    answer = desk.ask("GET", "WhoAmI", CallerObjectId="00000000-0000-0000-0000-00000000ffff")
    assert error(answer)[:2] == (403, "0x80072560")


@pytest.mark.parametrize("path", ["/api/data/v8.2/accounts", "/api/accounts", "/api/data/v9.2/colours"])
def test_what_is_not_there_is_404(desk, path):
    assert desk.client.get(path).status_code == 404


def test_versions_of_nine_all_work(desk):
    assert desk.client.get(API.replace("9.2", "9.0") + "accounts").status_code == 200
