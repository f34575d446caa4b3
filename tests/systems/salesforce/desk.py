"""An org on the desk: the simulated Salesforce behind a client, with a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx

from local.systems.control import Controlled
from local.systems.rows import Rows
from local.systems.salesforce import Credentials, Options, Salesforce
from local.systems.salesforce.ids import record_id
from local.systems.transport import SyncSystemTransport
from tests.systems.clock import StillClock

BASE = "https://crosswalk.my.salesforce.com"
CREDENTIALS = Credentials("client", "secret")
ACCOUNT, OTHER_ACCOUNT = record_id("001", 1), record_id("001", 2)
CONTACT, OTHER_CONTACT, LONER = record_id("003", 1), record_id("003", 2), record_id("003", 3)
LEAD = record_id("00Q", 1)
LONG_AGO = "2025-01-01T00:00:00.000+0000"


class Desk:
    def __init__(self, rows: Rows | None = None, **options: Any) -> None:
        self.clock = StillClock(datetime(2026, 3, 1, 9, 0, 30, tzinfo=UTC))
        settings = {"credentials": CREDENTIALS, **options}
        self.system = Salesforce(rows or Rows(), self.clock, Random(7), Options(**settings))
        self.controlled = Controlled(self.system, self.clock, manner=self.system.manner())
        self.client = httpx.Client(transport=SyncSystemTransport(self.controlled), base_url=BASE)

    def token(self, **form: str) -> httpx.Response:
        wanted = {
            "grant_type": "client_credentials",
            "client_id": "client",
            "client_secret": "secret",
            **form,
        }
        return self.client.post("/services/oauth2/token", data=wanted)

    def log_in(self) -> None:
        self.client.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """A request below the version."""
        if body is not None:
            options["json"] = body
        return self.client.request(method, f"/services/data/v62.0/{path}", **options)

    def query(self, soql: str, resource: str = "query", **headers: str) -> dict[str, Any]:
        answer = self.ask("GET", resource, params={"q": soql}, headers=headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def ids(self, soql: str, resource: str = "query") -> list[str]:
        return [row["Id"] for row in self.query(soql, resource)["records"]]

    def row(self, name: str, key: str) -> dict[str, Any]:
        return next(row for row in self.system.records(name) if row["Id"] == key)

    def order_fault(self, **fault: Any) -> None:
        assert self.client.post("/_sim/faults", json=fault).status_code == 201


def stocked(rows: Rows | None = None, **options: Any) -> Desk:
    """An org with two accounts, three contacts and a lead; somebody is logged in."""
    desk = Desk(rows, **options)
    load = desk.system.load
    load(
        "Account",
        [
            {"Id": ACCOUNT, "Name": "Acme", "AccountNumber": "A-1", "CreatedDate": LONG_AGO},
            {"Id": OTHER_ACCOUNT, "Name": "Zenith", "AnnualRevenue": 1000.0, "CreatedDate": LONG_AGO},
        ],
    )
    load(
        "Contact",
        [
            _contact(CONTACT, "Ada", "Lovelace", AccountId=ACCOUNT, Crosswalk_Id__c="Cw-1"),
            _contact(OTHER_CONTACT, "Grace", "Hopper", AccountId=ACCOUNT, MailingCity="New York"),
            _contact(LONER, None, "O'Neil", DoNotCall=True),
        ],
    )
    load("Lead", [{"Id": LEAD, "LastName": "Curie", "Company": "Radium", "CreatedDate": LONG_AGO}])
    desk.log_in()
    return desk


def _contact(key: str, first: str | None, last: str, **more: Any) -> dict[str, Any]:
    email = f"{last.lower().replace(chr(39), '')}@example.com"
    return {"Id": key, "FirstName": first, "LastName": last, "Email": email, "CreatedDate": LONG_AGO, **more}


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal, which has to be an array with one entry."""
    (entry,) = answer.json()
    return answer.status_code, entry["errorCode"], entry["message"]


def outcomes(answer: httpx.Response) -> list[str]:
    """Of a collection: `ok` or the code for each record."""
    assert answer.status_code == 200, answer.text
    return ["ok" if each["success"] else each["errors"][0]["statusCode"] for each in answer.json()]
