"""Bulk API 2.0 ingest: /jobs/ingest. A job is opened, given its CSV, closed, and works while it is polled.

```
  Open ── PUT data, PATCH UploadComplete ──> UploadComplete ──> InProgress ──> JobComplete
    └──── PATCH Aborted ───────────────────> Aborted                └────────> Failed (the CSV is wrong)
```

Each poll moves a job one step; in progress it works off one internal batch of 10,000 rows. A job that is
complete may still have refused rows: `failedResults` says which and why. Jobs live with the org's rows, so
they survive a restart.
"""

from typing import Any, Final

from local.systems.salesforce.bulk_csv import DELIMITERS, LINE_ENDINGS, CsvError, csv_text, record_of, rows_of
from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.collection import Collection
from local.systems.salesforce.errors import ApiError, Refusal, not_found
from local.systems.salesforce.ids import record_id
from local.systems.salesforce.org import USER_ID, Org
from local.systems.salesforce.records import external
from local.systems.salesforce.schema import SObject
from local.systems.salesforce.stamps import stamp
from local.systems.salesforce.writer import Forms, Writer
from local.systems.system import Row

BATCH: Final = 10_000
LARGEST: Final = 150_000_000
OPERATIONS: Final = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
_JOBS: Final = "bulk jobs"
_DATA: Final = "bulk data"
_RESULTS: Final = "bulk results"
_FINISHED: Final = frozenset({"JobComplete", "Failed", "Aborted"})
_CSV: Final = {"Content-Type": "text/csv"}


class Bulk:
    def __init__(self, org: Org, forms: Forms, collection: Collection) -> None:
        self._org = org
        self._forms = forms
        self._collection = collection
        self._working: dict[str, tuple[list[str], list[list[str]]]] = {}

    def open(self, call: Call) -> Answer:
        wanted = call.json_object()
        sobject, operation = self._org.schema.object(str(wanted.get("object"))), wanted.get("operation")
        if sobject is None:
            raise ApiError(400, "INVALIDENTITY", f"Entity '{wanted.get('object')}' is not supported")
        if operation not in OPERATIONS:
            raise ApiError(400, "API_ERROR", f"Unknown operation: {operation}")
        job = self._new_job(call, wanted, sobject)
        self._keep(job)
        return Answer(200, job, write=True)

    def _new_job(self, call: Call, wanted: Row, sobject: SObject) -> Row:
        key, now = record_id("750", self._org.rows.count(_JOBS)), stamp(self._org.now())
        job: Row = {
            "id": key,
            "operation": wanted["operation"],
            "object": sobject.name,
            "createdById": USER_ID,
            "createdDate": now,
            "systemModstamp": now,
            "state": "Open",
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(call.number),
            "contentUrl": f"services/data/{call.version}/jobs/ingest/{key}/batches",
            "lineEnding": _one_of(wanted, "lineEnding", "LF", LINE_ENDINGS),
            "columnDelimiter": _one_of(wanted, "columnDelimiter", "COMMA", DELIMITERS),
            "numberRecordsProcessed": 0,
            "numberRecordsFailed": 0,
        }
        if job["operation"] == "upsert":
            job["externalIdFieldName"] = external(sobject, str(wanted.get("externalIdFieldName"))).name
        return job

    def jobs(self, _: Call) -> Answer:
        shown = list(self._org.rows.table(_JOBS).values())
        return Answer(200, {"done": True, "records": shown, "nextRecordsUrl": None})

    def upload(self, call: Call, key: str) -> Answer:
        job = self._job(key)
        if job["state"] != "Open" or key in self._org.rows.table(_DATA):
            raise _bad_state(
                f"Found multiple contents for job: <{key}>, please 'Close' / 'Abort' / 'Delete' it"
            )
        if not call.header("Content-Type").lower().startswith("text/csv"):
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The data of a job have to be text/csv")
        if len(call.body) > LARGEST:
            raise ApiError(413, "INVALIDBATCH", "The data of a job must not exceed 150 MB")
        self._org.rows.put(_DATA, key, {"text": call.body.decode("utf-8-sig", "replace")})
        return Answer(201, records=max(0, call.body.count(b"\n") - 1))

    def close(self, call: Call, key: str) -> Answer:
        job, state = self._job(key), call.json_object().get("state")
        if state not in {"UploadComplete", "Aborted"}:
            raise ApiError(400, "INVALIDJOBSTATE", f"A job cannot be set to {state}")
        if job["state"] in _FINISHED or (state == "UploadComplete" and job["state"] != "Open"):
            raise _bad_state(f"Job {key} is already {job['state']}")
        job = {**job, "state": state, "systemModstamp": stamp(self._org.now())}
        self._keep(job)
        return Answer(200, job)

    def delete(self, _: Call, key: str) -> Answer:
        if self._job(key)["state"] not in _FINISHED:
            raise _bad_state(f"Job {key} has not ended yet")
        for table, inner in ((_JOBS, key), (_DATA, key), *((_RESULTS, each) for each in self._batches(key))):
            self._org.rows.delete(table, inner)
        return Answer(204)

    def poll(self, call: Call, key: str) -> Answer:
        """The job's state, one step further than at the last poll."""
        job = self._job(key)
        if job["state"] == "UploadComplete":
            job = {**job, "state": "InProgress"}
            self._keep(job)
        elif job["state"] == "InProgress":
            job = self._work(call, job)
            self._keep(job)
        return Answer(200, job, write=False)

    # Working a job off

    def _work(self, call: Call, job: Row) -> Row:
        try:
            header, rows = self._parsed(job)
            done = job["numberRecordsProcessed"]
            successful, failed = self._write(call, job, header, rows[done : done + BATCH])
        except CsvError as error:
            return {**job, "state": "Failed", "errorMessage": str(error)}
        except ApiError as error:
            return {**job, "state": "Failed", "errorMessage": f"InvalidBatch : {error.body[0]['message']}"}
        self._keep_results(job, {"header": header, "successful": successful, "failed": failed})
        processed = done + len(successful) + len(failed)
        return {
            **job,
            "numberRecordsProcessed": processed,
            "numberRecordsFailed": job["numberRecordsFailed"] + len(failed),
            "state": "JobComplete" if processed >= len(rows) else "InProgress",
        }

    def _parsed(self, job: Row) -> tuple[list[str], list[list[str]]]:
        """Header and rows of a job's data; kept while the job works, for it is asked for batch by batch."""
        key = job["id"]
        if key not in self._working:
            text = self._org.rows.table(_DATA).get(key, {"text": ""})["text"]
            self._working = {key: rows_of(text, job["lineEnding"], job["columnDelimiter"])}
        return self._working[key]

    def _keep_results(self, job: Row, results: Row) -> None:
        batch = f"{job['id']}-{job['numberRecordsProcessed']:012}"
        self._org.rows.put(_RESULTS, batch, results)

    def _batches(self, key: str) -> list[str]:
        return sorted(each for each in self._org.rows.table(_RESULTS) if each.startswith(f"{key}-"))

    def _write(
        self, call: Call, job: Row, header: list[str], rows: list[list[str]]
    ) -> tuple[list[list[str]], list[list[str]]]:
        sobject, writer = self._org.schema.objects[job["object"]], Writer(self._forms, call)
        successful, failed = [], []
        with self._org.transaction() as transaction:
            for row in rows:
                try:
                    key, created = self._write_one(writer, job, sobject, record_of(header, row))
                    successful.append([key, str(created).lower(), *row])
                except Refusal as refusal:
                    failed.append(["", _as_text(refusal), *row])
                except ApiError:
                    transaction.roll_back()
                    raise
        return successful, failed

    def _write_one(self, writer: Writer, job: Row, sobject: SObject, record: Row) -> tuple[str, bool]:
        operation = job["operation"]
        if operation == "insert":
            return writer.create(sobject, record), True
        if operation == "upsert":
            column = sobject.fields[job["externalIdFieldName"]]
            outcome = self._collection.upsert_one(writer, sobject, column, record)
            return outcome["id"], outcome["created"]
        key = writer.key_of(
            sobject, next((value for name, value in record.items() if name.lower() == "id"), None)
        )
        if operation == "update":
            writer.update(sobject, key, record)
        else:
            writer.delete(sobject, key)
        return key, False

    # Results

    def successful(self, _: Call, key: str) -> Answer:
        return self._result(key, ["sf__Id", "sf__Created"], "successful")

    def failed(self, _: Call, key: str) -> Answer:
        return self._result(key, ["sf__Id", "sf__Error"], "failed")

    def unprocessed(self, _: Call, key: str) -> Answer:
        job = self._job(key)
        try:
            header, rows = self._parsed(job)
        except CsvError:
            return Answer(200, self._org.rows.table(_DATA).get(key, {"text": ""})["text"].encode(), _CSV)
        rest = rows[job["numberRecordsProcessed"] :] if job["state"] in {"Failed", "Aborted"} else []
        return Answer(200, csv_text(header, rest, job).encode(), _CSV, records=len(rest))

    def _result(self, key: str, columns: list[str], which: str) -> Answer:
        job = self._job(key)
        batches = [self._org.rows.table(_RESULTS)[batch] for batch in self._batches(key)]
        rows = [row for batch in batches for row in batch[which]]
        header = batches[0]["header"] if batches else []
        return Answer(200, csv_text([*columns, *header], rows, job).encode(), _CSV, records=len(rows))

    def _job(self, key: str) -> Row:
        job = self._org.rows.table(_JOBS).get(key)
        if job is None:
            raise not_found()
        return job

    def _keep(self, job: Row) -> None:
        self._org.rows.put(_JOBS, job["id"], job)


def _one_of(wanted: Row, name: str, default: str, known: Any) -> str:
    value = str(wanted.get(name, default))
    if value not in known:
        raise ApiError(400, "API_ERROR", f"Unknown {name}: {value}")
    return value


def _as_text(refusal: Refusal) -> str:
    return f"{refusal.code}:{refusal.message}:{', '.join(refusal.fields)} --"


def _bad_state(message: str) -> ApiError:
    return ApiError(400, "INVALIDJOBSTATE", message)
