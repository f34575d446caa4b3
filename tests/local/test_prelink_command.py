"""The command, with real processes: what staff do before the feature is turned on."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest

from local.prelink.run import Order, run
from local.systems.sample import make_sample
from local.up.directory import Directory
from local.up.options import Content
from shared.pipeline.prelink import Status
from tests.local.running import PROJECT, local, once

RECORDS, SEED = 120, 3
SAMPLE = make_sample(RECORDS, SEED, datetime(2026, 1, 31, tzinfo=UTC))
HELD = SAMPLE.existing["companies"]


def write(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def accounts(tmp_path):
    """The accounts that the LMS holds; a short id, as a report has it."""
    ids = {*HELD["identical"], *HELD["different"]}
    rows = [row for row in SAMPLE.salesforce["Account"] if row["Id"] in ids]
    lines = [(row["Id"][:15], row["AccountNumber"], row["Name"], "ignored") for row in rows]
    header = ("Account ID", "account number", "Account Name", "Region")
    return write(tmp_path / "accounts.csv", header, lines)


def test_what_was_linked_before_the_first_run_is_updated_by_it_and_made_no_second_time(tmp_path, accounts):
    data = tmp_path / "cloud"
    fill = ("--data", data, "--records", RECORDS, "--seed", SEED)
    with accounts.open("a") as file:
        file.write("001000000000001,NOT-THERE,Nobody,\nnonsense,A-1,Acme,\n")

    linked = local("prelink", "lms", "--accounts", accounts, *fill)

    assert linked.returncode == 0, linked.stderr
    held = len(HELD["identical"]) + len(HELD["different"])
    assert f"accounts.csv:{held + 2}: unknown: lms has no such row" in linked.stdout
    assert f"accounts.csv:{held + 3}: bad row: Account ID is missing" in linked.stdout
    assert "column not used: Region" in linked.stdout
    assert [line.split()[1:] for line in linked.stdout.splitlines() if line.startswith("accounts.csv  ")] == [
        [str(held), "0", "1", "0", "0", "1"]
    ]
    _, report = once("--customers", 0, data=data)
    account = next(flow for flow in report["flows"] if flow["entity"] == "account")
    assert (account["updated"], account["unchanged"]) == (len(HELD["different"]), len(HELD["identical"]))


def order(data, accounts):
    content = Content(RECORDS, SEED)
    reports = {"account": accounts, "contact": None}
    return Order("lms", reports, Directory(data), PROJECT / "topology.yaml", content)


def test_a_dry_run_links_nothing(tmp_path, accounts):
    for _ in range(2):
        ((_, results),) = run(order(tmp_path / "cloud", accounts), dry_run=True)
        assert {result.status for result in results} == {Status.LINKED}
    assert not (tmp_path / "cloud" / "hub.sqlite").exists()


@pytest.mark.parametrize(
    "header, said",
    [
        ("Account Number,Account Name", "there is no column Account ID"),
        ("Account ID,Region", "one of LMS ID, Account Number, Account Name is needed"),
        ("Account ID,Account Number,AccountNumber", "more than one column means Account Number"),
    ],
)
def test_a_file_that_is_no_such_report_is_refused_with_what_it_needs(tmp_path, header, said):
    report = tmp_path / "accounts.csv"
    report.write_text(f"{header}\n")
    with pytest.raises(ValueError, match=f"accounts.csv:1: .*{said}"):
        run(order(tmp_path / "cloud", report), dry_run=False)
