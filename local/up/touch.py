"""`python -m local touch`: does what a sales person does, and looks where it ends up.

It changes the phone number of one account through Salesforce's API, then asks the LMS for the company until
it shows the same. The hub is not told: it polls.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import typer

from local.up.endpoints import Endpoints
from local.up.visit import Data, visiting, watched

VERSION = "/services/data/v62.0"
QUERY = "SELECT Id, Name, AccountNumber, Phone FROM Account WHERE AccountNumber != null LIMIT 200"

Row = dict[str, Any]


def touch(*, data: Data = Path(".local")) -> None:
    """Change an account in the simulated Salesforce, and watch the change arrive in the LMS."""
    with visiting(data) as endpoints, _salesforce(endpoints) as salesforce, _lms(endpoints) as lms:
        found = _shared(salesforce, lms)
        if found is None:
            typer.echo(
                "there is no account that the LMS has as well: wait for the first run to end", err=True
            )
            raise typer.Exit(1)
        _touch(salesforce, lms, *found)


def _touch(salesforce: httpx.Client, lms: httpx.Client, account: Row, company: Row) -> None:
    phone = f"+1 555 {time.time_ns() // 1_000_000 % 10_000_000:07}"
    typer.echo(f"{account['Name']}: the phone number {account['Phone']} becomes {phone} in Salesforce")
    salesforce.patch(f"{VERSION}/sobjects/Account/{account['Id']}", json={"Phone": phone}).raise_for_status()
    _, seconds = watched(lambda: _company(lms, company["id"])["phone"] == phone, "the LMS does not show it")
    typer.echo(f"the LMS shows it {seconds:.1f} s later: company {company['id']}")


def _shared(salesforce: httpx.Client, lms: httpx.Client) -> tuple[Row, Row] | None:
    """An account and its company."""
    answer = salesforce.get(f"{VERSION}/query", params={"q": QUERY}).raise_for_status()
    for account in answer.json()["records"]:
        params = {"numbers": account["AccountNumber"]}
        for company in lms.get("/api/v1/companies", params=params).raise_for_status().json()["data"]:
            if company["external_id"] or company["phone"] == account["Phone"]:
                return account, company
    return None


def _company(lms: httpx.Client, number: int) -> Row:
    answer = lms.get("/api/v1/companies", params={"ids": str(number)}).raise_for_status()
    company: Row = answer.json()["data"][0]
    return company


def _salesforce(endpoints: Endpoints) -> httpx.Client:
    """Logged in, as any other client of the org."""
    system = endpoints.systems["salesforce"]
    grant = {name: system[name] for name in ("client_id", "client_secret")}
    form = {"grant_type": "client_credentials", **grant}
    answer = httpx.post(f"{system['url']}/services/oauth2/token", data=form).raise_for_status()
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx.Client(base_url=system["url"], headers=bearer)


def _lms(endpoints: Endpoints) -> httpx.Client:
    system = endpoints.systems["lms"]
    return httpx.Client(base_url=system["url"], headers={"Authorization": f"Bearer {system['token']}"})
