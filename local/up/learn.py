"""`python -m local learn`: does what a learner does, and what sales makes of it.

Somebody registers in the LMS and buys a course; the hub makes a lead in Salesforce, with the purchase. A
sales person converts the lead; then the course is passed: result and purchase are the contact's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import typer

from local.up.endpoints import Endpoints
from local.up.visit import Data, visiting, watched

COURSE = "Forklift Licence"

Row = Mapping[str, Any]


def learn(*, data: Data = Path(".local")) -> None:
    """Register a learner in the simulated LMS, and watch the lead, and then the contact, in Salesforce."""
    with visiting(data) as endpoints:
        salesforce, school = endpoints.systems["salesforce"]["url"], School(endpoints)
        number = f"N{time.time_ns() // 1_000_000}"
        email = f"nora.{number.lower()}@newcomers.example"
        learner = school.create(
            "learners", number=number, last_name="Newcomer", email=email, audience="customer"
        )
        typer.echo(f"Nora Newcomer registers in the LMS as learner {learner}, and buys a course")
        school.buy(learner, number)
        lead, seconds = watched(lambda: _of(salesforce, "Lead", email), "Salesforce has no lead of her")
        typer.echo(f"Salesforce has lead {lead['Id']} {seconds:.1f} s later")
        _show(salesforce, "Training_Purchase__c", number, "Lead__c", lead["Id"])
        contact = _convert(salesforce, lead["Id"])
        typer.echo(f"sales converts the lead: she is contact {contact} now; and she passes the course")
        school.pass_course(learner, number)
        _show(salesforce, "Course_Result__c", number, "Contact__c", contact)
        _show(salesforce, "Training_Purchase__c", number, "Contact__c", contact)


class School:
    """The LMS, as its people use it."""

    def __init__(self, endpoints: Endpoints) -> None:
        system = endpoints.systems["lms"]
        self._url, self._headers = system["url"], {"Authorization": f"Bearer {system['token']}"}

    def create(self, resource: str, **values: Any) -> int:
        url = f"{self._url}/api/v1/{resource}"
        return int(httpx.post(url, json=values, headers=self._headers).raise_for_status().json()["id"])

    def buy(self, learner: int, number: str) -> None:
        order = {"quantity": 1, "amount": "490.00", "currency": "EUR", "state": "paid"}
        day = time.strftime("%Y-%m-%d", time.gmtime())
        of = {"number": number, "learner_id": learner, "course": COURSE}
        self.create("purchases", **of, **order, purchased_on=day)

    def pass_course(self, learner: int, number: str) -> None:
        of = {"number": number, "learner_id": learner, "course": COURSE}
        self.create("results", **of, outcome="passed", grade="1.7")


def _of(salesforce: str, name: str, email: str) -> Row | None:
    return next((row for row in _records(salesforce, name) if row.get("Email") == email), None)


def _show(salesforce: str, name: str, number: str, column: str, person: str) -> None:
    def look() -> list[Row]:
        rows = _records(salesforce, name)
        return [row for row in rows if row.get("Number__c") == number and row.get(column) == person]

    (row, *_), seconds = watched(look, f"Salesforce has no {name} of {person}")
    typer.echo(f"{name} {row['Name']} is that person's {seconds:.1f} s later: {row['Status__c']}")


def _convert(salesforce: str, lead: str) -> str:
    answer = httpx.post(f"{salesforce}/_sim/convert", json={"lead": lead}).raise_for_status()
    return str(answer.json()["contactId"])


def _records(url: str, name: str) -> list[Row]:
    rows: list[Row] = httpx.get(f"{url}/_sim/records/{name}").raise_for_status().json()["records"]
    return rows
