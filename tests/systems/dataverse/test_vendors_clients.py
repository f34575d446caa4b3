"""Microsoft's own clients against the simulator, over https with a certificate of its own.

They insist on https. The server runs in the tests' process, on a thread with a loop of its own.
"""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

import msal
import pytest
import requests
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError

from local.servicebus.admin.certificate import certificate_in
from local.systems.dataverse.oauth import DEFAULT_TENANT
from local.systems.server import SystemServer
from tests.systems.dataverse.desk import ACCOUNT, stocked


def application(url, session, secret="secret"):
    return msal.ConfidentialClientApplication(
        "client",
        authority=f"{url}/{DEFAULT_TENANT}",
        client_credential=secret,
        instance_discovery=False,
        http_client=session,
    )


class Credential:
    """A token by msal, in the shape that the client asks for it."""

    def __init__(self, url, session):
        self._application = application(url, session)

    def get_token(self, *scopes, **_):
        granted = self._application.acquire_token_for_client(list(scopes))
        return AccessToken(granted["access_token"], granted["expires_in"])


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The desk and the address at which it is served."""
    desk, ready, patch = stocked(), threading.Event(), pytest.MonkeyPatch()
    files = certificate_in(tmp_path_factory.mktemp("tls"), datetime.now(UTC))
    server = SystemServer({"crm": (desk.controlled, 0)}, files)
    loop, stopped = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(ready.set, stopped),))
    thread.start()
    patch.setenv("REQUESTS_CA_BUNDLE", str(files.certificate))
    try:
        assert ready.wait(20)
        yield desk, server.url("crm")
    finally:
        patch.undo()
        loop.call_soon_threadsafe(stopped.set)
        thread.join(20)
        loop.close()


@pytest.fixture(scope="module")
def session(served):
    with requests.Session() as made:
        yield made


@pytest.fixture(scope="module")
def client(served, session):
    with DataverseClient(served[1], Credential(served[1], session)) as made:
        yield made


def test_the_server_is_trusted_by_its_one_certificate(served):
    assert served[1].startswith("https://localhost:")


def test_msal_is_refused_with_the_directorys_error(served, session):
    refusing = application(served[1], session, "wrong")
    answer = refusing.acquire_token_for_client([f"{served[1]}/.default"])
    assert answer["error_codes"] == [7000215]


def test_rows_are_created_read_changed_and_deleted(client):
    key = client.records.create("account", {"name": "Contoso", "industrycode": "Brokers"})
    row = client.records.retrieve("account", key, select=["name", "industrycode"])
    assert (row["name"], row["industrycode"]) == ("Contoso", 4)
    client.records.update("account", key, {"name": "Fabrikam"})
    assert [row["name"] for row in client.records.list("account", filter=f"accountid eq {key}")] == [
        "Fabrikam"
    ]
    client.records.delete("account", key)
    assert not list(client.records.list("account", filter=f"accountid eq {key}"))


def test_many_rows_are_created_and_changed_at_once(client):
    keys = client.records.create("account", [{"name": f"Many {number}"} for number in range(7)])
    assert len(set(keys)) == 7
    client.records.update("account", keys, {"telephone1": "1"})
    rows = client.records.list(
        "account", select=["name"], filter="telephone1 eq '1'", orderby=["name desc"], page_size=3
    )
    assert [row["name"] for row in rows] == [f"Many {number}" for number in range(6, -1, -1)]


def test_rows_are_upserted_by_an_alternate_key_alone_and_together(client, served):
    one = {"alternate_key": {"accountnumber": "U'1"}, "record": {"name": "One"}}
    client.records.upsert("account", [one])
    two = {"alternate_key": {"accountnumber": "U-2"}, "record": {"name": "Two"}}
    client.records.upsert("account", [{**one, "record": {"name": "Uno"}}, two])
    found = served[0].names("accounts?$filter=startswith(accountnumber,'U')&$orderby=accountnumber")
    assert found == ["Uno", "Two"]


def test_a_batch_with_a_change_set_goes_through(client, served):
    batch = client.batch.new()
    with batch.changeset() as together:
        account = together.records.create("account", {"name": "Parent"})
        together.records.create(
            "contact", {"lastname": "Child", "parentcustomerid_account@odata.bind": account}
        )
    batch.records.update("account", ACCOUNT, {"telephone1": "77"})
    batch.records.list("account", filter="telephone1 eq '77'", select=["name"])
    result = batch.execute()
    assert not result.has_errors
    assert [response.status_code for response in result.responses] == [204, 204, 204, 200]
    assert result.responses[3].data["value"][0]["name"] == "Acme"
    contact = served[0].row("contact", result.responses[1].entity_id)
    assert contact["_parentcustomerid_value"] == result.responses[0].entity_id


def test_a_batch_that_fails_is_read_by_its_parts(client):
    batch = client.batch.new()
    batch.records.create("account", {"name": "x" * 161})
    batch.records.create("account", {"name": "Fine"})
    stopped = batch.execute()
    assert [response.error_code for response in stopped.responses] == ["0x80044331"]
    assert [response.status_code for response in batch.execute(continue_on_error=True).responses] == [
        400,
        204,
    ]


def test_an_error_arrives_with_its_code(client):
    with pytest.raises(HttpError) as refused:
        client.records.create("account", {"name": "Copy", "accountnumber": "A-1"})
    assert (refused.value.status_code, refused.value.details["service_error_code"]) == (412, "0x80060892")
