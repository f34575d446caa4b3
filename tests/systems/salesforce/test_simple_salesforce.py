"""A client that this project did not write, over real HTTP.

It insists on https and on salesforce.com, so its session gets an adapter that carries such requests to the
port here.
"""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from local.systems.salesforce.ids import record_id
from local.systems.server import SystemServer
from tests.systems.salesforce.desk import ACCOUNT, CONTACT, LONER, LONG_AGO, OTHER_CONTACT, Desk, stocked

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ToPort(HTTPAdapter):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._netloc = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = urlunsplit(("http", self._netloc, *parts[2:]))
        return super().send(request, *args, **options)


@pytest.fixture
def served() -> Iterator[tuple[Desk, str]]:
    desk = stocked()
    server = SystemServer({"salesforce": (desk.controlled, 0)})
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve(ready.set, stopped)))
    thread.start()
    assert ready.wait(10)
    yield desk, server.url("salesforce")
    loop.call_soon_threadsafe(stopped.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def session(served: tuple[Desk, str]) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.mount("https://", _ToPort(served[1]))
        yield made


@pytest.fixture
def org(session: requests.Session) -> Salesforce:
    return logged_in(session)


def logged_in(session: requests.Session, secret: str = "secret") -> Salesforce:
    return Salesforce(
        consumer_key="client",
        consumer_secret=secret,
        domain="crosswalk.my",
        session=session,
        version="62.0",
        object_pairs_hook=dict,
    )


def test_it_logs_in_and_is_told_when_it_may_not(session):
    assert logged_in(session).session_id.startswith("00D")
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        logged_in(session, "wrong")


def test_it_queries_and_walks_the_pages(served, org):
    rows = (
        {"Id": record_id("003", 10 + n), "LastName": f"N{n}", "CreatedDate": LONG_AGO} for n in range(4000)
    )
    served[0].system.load("Contact", rows)
    found = org.query_all("SELECT Id FROM Contact WHERE LastName LIKE 'N%'")
    assert (found["totalSize"], len(found["records"])) == (4000, 4000)
    assert sum(1 for _ in org.query_all_iter("SELECT Id, Account.Name FROM Contact")) == 4003
    assert org.query("SELECT COUNT() FROM Contact", include_deleted=True)["totalSize"] == 4003


def test_it_creates_reads_updates_upserts_and_deletes(org):
    key = org.Contact.create({"LastName": "Turing", "AccountId": ACCOUNT})["id"]
    assert org.Contact.update(key, {"FirstName": "Alan"}) == 204
    assert org.Contact.get(key)["Name"] == "Alan Turing"
    assert org.Contact.upsert("Crosswalk_Id__c/t-1", {"LastName": "Twin"}) == 201
    assert org.Contact.upsert("Crosswalk_Id__c/t-1", {"LastName": "Twin"}) == 200
    assert org.Contact.get_by_custom_id("Crosswalk_Id__c", "t-1")["LastName"] == "Twin"
    assert org.Contact.delete(key) == 204
    with pytest.raises(SalesforceResourceNotFound):
        org.Contact.get(key)


def test_it_understands_the_refusals(org):
    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        org.Contact.create({"FirstName": "Nobody"})
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        org.query("SELECT Foo FROM Contact")
    org.Contact.update(LONER, {"Email": "hopper@example.com"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        org.Contact.upsert("Email/hopper@example.com", {"LastName": "X"})


def test_it_describes(org):
    custom = {each["name"]: each["custom"] for each in org.describe()["sobjects"]}
    assert custom == {
        "Account": False,
        "Contact": False,
        "Lead": False,
        "Course_Result__c": True,
        "Training_Purchase__c": True,
        "RecordType": False,
        "User": False,
    }
    assert "Crosswalk_Id__c" in [field["name"] for field in org.Contact.describe()["fields"]]


def test_it_reads_limits_and_the_usage_of_its_calls(org):
    assert org.limits()["DailyApiRequests"]["Max"] == 1_000_000
    assert org.api_usage["api-usage"].used == 1


def test_it_asks_what_changed_and_what_went(served, org):
    org.Contact.update(CONTACT, {"LastName": "X"})
    org.Contact.delete(OTHER_CONTACT)
    served[0].clock.advance(120)
    window = (datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert org.Contact.updated(*window)["ids"] == [CONTACT]
    assert [each["id"] for each in org.Contact.deleted(*window)["deletedRecords"]] == [OTHER_CONTACT]


def test_it_loads_in_bulk(org):
    (result,) = org.bulk2.Contact.insert(
        records=[{"LastName": f"Bulk {n}", "Email": f"{n}@x.org"} for n in range(300)], wait=0
    )
    assert (result["numberRecordsProcessed"], result["numberRecordsFailed"]) == (300, 0)
    keys = [
        row["Id"] for row in org.query_all("SELECT Id FROM Contact WHERE LastName LIKE 'Bulk%'")["records"]
    ]
    changed = [{"Id": key, "LastName": "Changed" if n else ""} for n, key in enumerate(keys)]
    (result,) = org.bulk2.Contact.update(
        records=[*changed, {"Id": "003000000000099AAA", "LastName": "X"}], wait=0
    )
    assert (result["numberRecordsProcessed"], result["numberRecordsFailed"]) == (301, 1)
    assert "INVALID_CROSS_REFERENCE_KEY" in org.bulk2.Contact.get_failed_records(result["job_id"])


def test_it_notices_that_its_session_has_ended(served, org):
    served[0].clock.advance(3 * 3600)
    direct = Salesforce(
        session_id=org.session_id, instance_url="https://crosswalk.my.salesforce.com", session=org.session
    )
    with pytest.raises(SalesforceExpiredSession):
        direct.query("SELECT Id FROM Contact")


def test_it_composes_through_the_rest_resource(org):
    body = {"records": [{"attributes": {"type": "Contact"}, "Id": CONTACT, "LastName": "Y"}]}
    answer = org.restful("composite/sobjects", method="PATCH", json=body)
    assert answer == [{"id": CONTACT, "success": True, "errors": []}]
