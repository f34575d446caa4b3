"""The commands: what they serve, what they keep, and what they say of bad input."""

from __future__ import annotations

import json
import signal
import ssl
import stat
import subprocess
import sys
from contextlib import contextmanager
from random import Random

import httpx
import pytest

from local.systems.credentials import make_secrets


@contextmanager
def started(*arguments, ready_file, last="lms: http"):
    """A process of ours that is ready; it is stopped at the end, if it has not ended before.

    `last` begins the line that it says last, once it serves.
    """
    command = [sys.executable, "-m", "local", *map(str, arguments), "--ready-file", str(ready_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(last):
                    break
            else:
                pytest.fail(f"not ready: {process.communicate()}")
            yield process, json.loads(ready_file.read_text())["systems"]
        finally:
            process.terminate()
            process.communicate(timeout=20)


def lms_api(systems):
    lms = systems["lms"]
    return httpx.Client(base_url=lms["url"], headers={"Authorization": f"Bearer {lms['token']}"})


def test_both_systems_are_served_filled_and_go_on_from_where_they_were_killed(tmp_path):
    arguments = ("systems", "--data", tmp_path / "data", "--records", 200, "--seed", 3)
    ready = tmp_path / "ready.json"
    with started(*arguments, ready_file=ready) as (process, systems), lms_api(systems) as lms:
        assert httpx.get(f"{systems['salesforce']['url']}/_sim/records").json()["records"] == {
            "Account": 40,
            "Contact": 120,
            "Lead": 40,
            "Course_Result__c": 0,
            "Training_Purchase__c": 0,
        }
        assert lms.get("/api/v1/companies").json()["data"]
        assert lms.post("/api/v1/companies", json={"name": "Before the kill"}).status_code == 201
        rows = lms.get("/api/v1/companies?limit=1000").json()["data"]
        process.kill()
        process.wait()
    with started(*arguments, ready_file=ready) as (process, again), lms_api(again) as lms:
        assert again["lms"]["token"] == systems["lms"]["token"]
        assert again["salesforce"]["client_secret"] == systems["salesforce"]["client_secret"]
        assert lms.get("/api/v1/companies?limit=1000").json()["data"] == rows
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
    kept = [ready, *(tmp_path / "data").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    with started(*arguments, "--fresh", ready_file=ready) as (_, fresh), lms_api(fresh) as lms:
        names = [row["name"] for row in lms.get("/api/v1/companies?limit=1000").json()["data"]]
        assert "Before the kill" not in names


def test_one_system_alone_lives_in_memory_with_credentials_that_follow_from_the_seed(tmp_path):
    arguments = ("system", "lms", "--records", 0, "--seed", 8, "--lms-rate", 5)
    with started(*arguments, ready_file=tmp_path / "ready") as (_, systems), lms_api(systems) as lms:
        answer = lms.get("/api/v1/companies")
        assert (answer.json()["data"], answer.headers["X-RateLimit-Limit"]) == ([], "5")
        assert systems.keys() == {"lms"}
        assert systems["lms"]["token"] == make_secrets(Random(8)).token


def test_an_environment_is_served_under_its_own_name_over_https(tmp_path):
    arguments = ("system", "dataverse", "--name", "partner", "--records", 8, "--https", tmp_path / "tls")
    ready = {"ready_file": tmp_path / "ready", "last": "partner: https://localhost:"}
    with started(*arguments, **ready) as (_, systems):
        trusted = ssl.create_default_context(cafile=tmp_path / "tls" / "localhost.pem")
        with httpx.Client(base_url=systems["partner"]["url"], verify=trusted) as client:
            counts = client.get("/_sim/records").json()["records"]
            partner = systems["partner"]
            form = {name: partner[name] for name in ("client_id", "client_secret")}
            form |= {"grant_type": "client_credentials", "scope": f"{partner['url']}/.default"}
            token = client.post(f"/{partner['tenant']}/oauth2/v2.0/token", data=form)
    assert (counts["account"], counts["contact"]) == (2, 6)
    assert token.json()["token_type"] == "Bearer"


def test_several_environments_are_served_beside_the_other_systems(tmp_path):
    arguments = ("systems", "--dataverse", "crm", "--dataverse", "partner:0", "--records", 4)
    with started(*arguments, ready_file=tmp_path / "ready.json") as (_, systems):
        assert systems.keys() == {"salesforce", "lms", "crm", "partner"}
        assert systems["crm"]["authority"] == systems["crm"]["url"] != systems["partner"]["url"]


def test_a_company_with_an_erp_has_people_at_work_in_both(tmp_path):
    arguments = (
        "systems",
        "--data",
        tmp_path / "data",
        "--dataverse",
        "crm",
        "--sales",
        "crm",
        "--erp",
        "erp",
    )
    ready = {"ready_file": tmp_path / "ready.json", "last": "erp: sqlite:"}
    with started(*arguments, "--records", 0, "--customers", 80, **ready) as (_, systems):
        work = httpx.get(f"{systems['crm']['url']}/_sim/work").json()
        assert systems["erp"] == {"database_url": f"sqlite:///{tmp_path / 'data' / 'erp.sqlite'}"}
    assert work == {"done": 0, "left": ["crm: 4 quotes wait for the prices of their products"]}


@pytest.mark.parametrize(
    "option, said",
    [
        (("--dataverse", "crm:x"), "NAME or NAME:PORT"),
        (("--erp", "erp"), "an ERP is a database: say in which folder"),
        (("--sales", "lms"), "lms is no Dataverse environment: nobody sells anything there"),
    ],
)
def test_a_company_that_cannot_be_is_refused(option, said):
    command = [sys.executable, "-m", "local", "systems", "--records", "0", *option]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 2
    assert said in " ".join(ended.stderr.replace("│", " ").split())
    assert "Traceback" not in ended.stderr


def test_reports_fill_salesforce_in_place_of_the_sample(tmp_path):
    (tmp_path / "accounts.csv").write_text("Account Number,Account Name\nA-1,Acme\n")
    (tmp_path / "contacts.csv").write_text(
        "Last Name,Account Number,Email\nHopper,A-1,g@b.org\nBad,A-1,no address\n"
    )
    reports = ("--accounts", tmp_path / "accounts.csv", "--contacts", tmp_path / "contacts.csv")
    with started("systems", *reports, ready_file=tmp_path / "ready.json") as (process, systems):
        url = systems["salesforce"]["url"]
        (account,) = httpx.get(f"{url}/_sim/records/Account").json()["records"]
        (contact,) = httpx.get(f"{url}/_sim/records/Contact").json()["records"]
        assert (contact["LastName"], contact["AccountId"]) == ("Hopper", account["Id"])
        assert not any(httpx.get(f"{systems['lms']['url']}/_sim/records").json()["records"].values())
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert "contacts.csv:3: " in said
    assert "contacts.csv: 1 rows loaded into Contact" in said


def test_a_file_that_is_no_report_stops_the_start_with_what_it_needs(tmp_path):
    (tmp_path / "accounts.csv").write_text("Colour\nred\n")
    command = [
        sys.executable,
        "-m",
        "local",
        "system",
        "salesforce",
        "--accounts",
        str(tmp_path / "accounts.csv"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 2
    assert "accounts.csv:1: a report of accounts needs a column Name" in ended.stderr
    assert "Traceback" not in ended.stderr
