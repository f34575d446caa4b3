from __future__ import annotations

import csv
import io

import pytest

from local.systems.rows import Rows
from local.systems.salesforce import bulk
from tests.systems.salesforce.desk import ACCOUNT, CONTACT, LONER, OTHER_CONTACT, Desk, error, stocked


def opened(desk, operation="insert", **more):
    answer = desk.ask("POST", "jobs/ingest", {"object": "Contact", "operation": operation, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def uploaded(desk, text, operation="insert", **more):
    """A job with its data, closed: it works when it is polled."""
    job = opened(desk, operation, **more)
    put = desk.client.put(
        f"/{job['contentUrl']}", content=text.encode(), headers={"Content-Type": "text/csv"}
    )
    assert put.status_code == 201, put.text
    path = f"jobs/ingest/{job['id']}"
    assert desk.ask("PATCH", path, {"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    return path


def ended(desk, path):
    while True:
        job = desk.ask("GET", path).json()
        if job["state"] not in {"UploadComplete", "InProgress"}:
            return job


def table(desk, path, which):
    return list(csv.DictReader(io.StringIO(desk.ask("GET", f"{path}/{which}").text)))


def test_a_job_goes_through_its_states_poll_by_poll(desk):
    path = uploaded(desk, "LastName\nA\n")
    states = [desk.ask("GET", path).json()["state"] for _ in range(3)]
    assert states == ["InProgress", "JobComplete", "JobComplete"]


def test_an_insert_tells_the_rows_that_came_in_from_those_that_did_not(desk):
    path = uploaded(desk, "LastName,Email\nA,a@b.org\n,b@b.org\nC,nowhere\n")
    job = ended(desk, path)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 2)
    (good,) = table(desk, path, "successfulResults")
    assert (good["sf__Created"], good["LastName"], good["sf__Id"][:3]) == ("true", "A", "003")
    assert [row["sf__Error"] for row in table(desk, path, "failedResults")] == [
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
        "INVALID_EMAIL_ADDRESS:Email: invalid email address: nowhere:Email --",
    ]
    assert table(desk, path, "unprocessedrecords") == []


def test_an_update_leaves_what_is_empty_and_empties_what_says_so(desk):
    path = uploaded(desk, f"Id,LastName,FirstName\n{CONTACT},,#N/A\n{LONER},New,\n", "update")
    assert ended(desk, path)["numberRecordsFailed"] == 0
    rows = [desk.row("Contact", key) for key in (CONTACT, LONER)]
    assert [(row["LastName"], row.get("FirstName")) for row in rows] == [("Lovelace", None), ("New", None)]
    assert {row["sf__Created"] for row in table(desk, path, "successfulResults")} == {"false"}


def test_an_upsert_goes_by_the_external_id(desk):
    text = "Crosswalk_Id__c,LastName\ncw-1,Old\nnew,New\n"
    path = uploaded(desk, text, "upsert", externalIdFieldName="Crosswalk_Id__c")
    ended(desk, path)
    assert [row["sf__Created"] for row in table(desk, path, "successfulResults")] == ["false", "true"]
    assert desk.row("Contact", CONTACT)["LastName"] == "Old"


def test_a_delete_goes_by_id(desk):
    path = uploaded(desk, f"Id\n{CONTACT}\nabc\n", "delete")
    assert ended(desk, path)["numberRecordsFailed"] == 1
    assert desk.ids("SELECT Id FROM Contact") == [OTHER_CONTACT, LONER]


def test_a_parent_is_named_by_its_external_id_in_a_column_of_its_own(desk):
    desk.ask("PATCH", f"sobjects/Account/{ACCOUNT}", {"Crosswalk_Id__c": "acme"})
    path = uploaded(desk, "LastName,Account.Crosswalk_Id__c\nA,acme\n")
    ended(desk, path)
    (row,) = table(desk, path, "successfulResults")
    assert desk.row("Contact", row["sf__Id"])["AccountId"] == ACCOUNT


def test_types_are_read_from_text(desk):
    path = uploaded(desk, "LastName,DoNotCall,Birthdate\nA,TRUE,1990-01-02\n")
    ended(desk, path)
    row = desk.row("Contact", table(desk, path, "successfulResults")[0]["sf__Id"])
    assert (row["DoNotCall"], row["Birthdate"]) == (True, "1990-01-02")


def test_an_empty_id_column_of_an_insert_is_let_pass(desk):
    assert ended(desk, uploaded(desk, "Id,LastName\n,A\n"))["numberRecordsFailed"] == 0


def test_other_delimiters_and_line_endings_have_to_be_announced(desk):
    path = uploaded(desk, "LastName;FirstName\r\nA;B\r\n", lineEnding="CRLF", columnDelimiter="SEMICOLON")
    assert ended(desk, path)["state"] == "JobComplete"
    assert desk.ask("GET", f"{path}/successfulResults").text.startswith('"sf__Id";"sf__Created";"LastName"')


@pytest.mark.parametrize(
    "text, reason",
    [
        ("LastName\r\nA\r\n", "ClientInputError : LineEnding is invalid on user data."),
        ("LastName,Foo\nA,b\n", "InvalidBatch : No such column 'Foo' on sobject of type Contact"),
        ("LastName,Email\nA\n", "InvalidBatch : The number of columns"),
        ('LastName\n"A\n', "InvalidBatch : Failed to parse CSV."),
        ("", "InvalidBatch : Failed to parse CSV."),
    ],
)
def test_data_that_cannot_be_understood_fail_the_job(desk, text, reason):
    job = ended(desk, uploaded(desk, text))
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith(reason)
    assert len(list(desk.system.records("Contact"))) == 3


def test_a_large_job_works_one_internal_batch_a_poll(desk):
    path = uploaded(desk, "LastName\n" + "A\n" * (bulk.BATCH + 5))
    seen = [desk.ask("GET", path).json() for _ in range(3)]
    assert [each["numberRecordsProcessed"] for each in seen] == [0, bulk.BATCH, bulk.BATCH + 5]
    assert seen[-1]["state"] == "JobComplete"


def test_an_aborted_job_writes_nothing_and_gives_its_rows_back(desk):
    job = opened(desk)
    path = f"jobs/ingest/{job['id']}"
    desk.client.put(f"/{job['contentUrl']}", content=b"LastName\nA\n", headers={"Content-Type": "text/csv"})
    desk.ask("PATCH", path, {"state": "Aborted"})
    assert desk.ask("GET", path).json()["state"] == "Aborted"
    assert table(desk, path, "unprocessedrecords") == [{"LastName": "A"}]
    assert len(list(desk.system.records("Contact"))) == 3


@pytest.mark.parametrize(
    "wanted, code",
    [
        ({"object": "Foo", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Contact", "operation": "merge"}, "API_ERROR"),
        ({"object": "Contact", "operation": "insert", "lineEnding": "CR"}, "API_ERROR"),
        ({"object": "Contact", "operation": "upsert"}, "NOT_FOUND"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(desk, wanted, code):
    assert error(desk.ask("POST", "jobs/ingest", wanted))[1] == code


def test_a_job_takes_its_data_once_and_as_csv(desk):
    url = f"/{opened(desk)['contentUrl']}"
    wrong = desk.client.put(url, content=b"{}", headers={"Content-Type": "application/json"})
    assert wrong.status_code == 415
    first, second = (
        desk.client.put(url, content=b"LastName\nA\n", headers={"Content-Type": "text/csv"}) for _ in range(2)
    )
    assert (first.status_code, error(second)[1]) == (201, "INVALIDJOBSTATE")


def test_a_finished_job_stays_finished_until_it_is_deleted(desk):
    path = uploaded(desk, "LastName\nA\n")
    assert error(desk.ask("DELETE", path))[1] == "INVALIDJOBSTATE"
    ended(desk, path)
    assert error(desk.ask("PATCH", path, {"state": "Aborted"}))[1] == "INVALIDJOBSTATE"
    assert len(desk.ask("GET", "jobs/ingest").json()["records"]) == 1
    assert desk.ask("DELETE", path).status_code == 204
    assert error(desk.ask("GET", path))[0] == 404


def test_a_job_goes_on_after_a_restart(tmp_path):
    first = stocked(Rows(tmp_path / "rows.sqlite"))
    path = uploaded(first, "LastName\nA\n")
    first.system.rows.close()
    second = Desk(Rows(tmp_path / "rows.sqlite"))
    second.log_in()
    assert ended(second, path)["state"] == "JobComplete"
    assert len(second.ids("SELECT Id FROM Contact")) == 4
    second.system.rows.close()


def test_locks_meet_single_rows_of_a_job(desk):
    desk.order_fault(kind="lock", count=1)
    path = uploaded(desk, f"Id,LastName\n{CONTACT},A\n{LONER},B\n", "update")
    assert ended(desk, path)["numberRecordsFailed"] == 1
    assert table(desk, path, "failedResults")[0]["sf__Error"].startswith("UNABLE_TO_LOCK_ROW:")


def test_results_are_those_of_all_internal_batches(desk):
    good = "A,\n" * bulk.BATCH
    path = uploaded(desk, f"LastName,Account.Crosswalk_Id__c\n{good}B,#N/A\nC,maybe\n")
    job = ended(desk, path)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (bulk.BATCH + 2, 1)
    assert len(table(desk, path, "successfulResults")) == bulk.BATCH + 1
