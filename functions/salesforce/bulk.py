"""Bulk API 2.0: many writes of one kind as one job, for a handful of calls.

    create job ─ upload CSV ─ close ─ look, at growing intervals ─ results ──> one outcome for each write

    10,000 records: 3 calls to start, 4 looks in about three minutes, at most 3 for results

What a cell says: empty leaves the field as it is, `#N/A` clears it, so each record carries its own changed
fields only. A job that never ends is aborted, and its writes are Unavailable: nobody knows which were done.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from functions.salesforce.client import Client
from functions.salesforce.records import Job, read
from functions.salesforce.refusals import GONE, of_bulk
from functions.salesforce.sobject import EXTERNAL_ID, long_id
from shared.adapters.batches import failed
from shared.adapters.http import Cost
from shared.model.change import Outcome, Verb, Write
from shared.model.errors import IntegrationError, Misconfigured, Unavailable
from shared.model.translation import Translation

Sleep = Callable[[float], Awaitable[None]]
Lines = list[dict[str, str]]

CLEARED = "#N/A"
FIRST_LOOK, GROWTH, LONGEST_PAUSE = 2.0, 4, 120.0

JOB = 10
"""Calls of a job of 10,000 records, at most."""

OPERATIONS = {Verb.CREATE: "upsert", Verb.UPDATE: "update", Verb.DELETE: "delete"}


def fits(write: Write) -> bool:
    """Whether a CSV can say it: a text that reads as the mark for `nothing` would clear its field."""
    return CLEARED not in write.values.values()


@dataclass(frozen=True, slots=True)
class Bulk:
    client: Client
    sleep: Sleep
    patience: float
    """Seconds that a job may take."""

    async def outcomes(
        self, translation: Translation, verb: Verb, writes: Sequence[Write], cost: Cost
    ) -> list[Outcome]:
        try:
            job = await self._start(translation, verb, writes, cost)
            ended = await self._ended(job, cost)
            return await self._results(ended, translation, verb, writes, cost)
        except Misconfigured:
            raise
        except IntegrationError as error:
            return failed(writes, error)

    async def _start(self, translation: Translation, verb: Verb, writes: Sequence[Write], cost: Cost) -> str:
        order = {
            "object": translation.native,
            "operation": OPERATIONS[verb],
            "contentType": "CSV",
            "lineEnding": "LF",
        }
        if verb is Verb.CREATE:
            order["externalIdFieldName"] = EXTERNAL_ID
        created = await self.client.call("POST", "/jobs/ingest", content=orjson.dumps(order), cost=cost)
        job = read(Job, created).id
        await self.client.call(
            "PUT",
            f"/jobs/ingest/{job}/batches",
            content=table(translation, verb, writes),
            content_type="text/csv",
            cost=cost,
        )
        await self._move(job, "UploadComplete", cost)
        return job

    async def _move(self, job: str, state: str, cost: Cost) -> None:
        content = orjson.dumps({"state": state})
        await self.client.call("PATCH", f"/jobs/ingest/{job}", content=content, cost=cost)

    async def _ended(self, job: str, cost: Cost) -> Job:
        for pause in pauses(self.patience):
            await self.sleep(pause)
            answer = await self.client.call("GET", f"/jobs/ingest/{job}", cost=cost)
            state = read(Job, answer)
            if state.ended:
                return state
        await self._move(job, "Aborted", cost)
        raise Unavailable(f"A bulk job took longer than {self.patience:.0f} seconds", reason="BulkTimeout")

    async def _results(
        self, job: Job, translation: Translation, verb: Verb, writes: Sequence[Write], cost: Cost
    ) -> list[Outcome]:
        """Reads only the lists that can hold something: an update that went well says nothing new."""
        if job.state == "Failed" and job.numberRecordsProcessed == 0:
            raise Misconfigured(
                f"Salesforce refuses a bulk job of {translation.native}: {_told(job)}", reason="BulkFailed"
            )
        complete = job.state == "JobComplete"
        refused = (
            await self._lines(job, "failedResults", cost) if job.numberRecordsFailed or not complete else []
        )
        done = (
            await self._lines(job, "successfulResults", cost) if verb is Verb.CREATE or not complete else []
        )
        left: Lines = []
        if complete and job.numberRecordsProcessed < len(writes):
            left = await self._lines(job, "unprocessedrecords", cost)
        return list(_matched(translation, verb, writes, done, refused, left, complete=complete))

    async def _lines(self, job: Job, which: str, cost: Cost) -> Lines:
        answer = await self.client.call("GET", f"/jobs/ingest/{job.id}/{which}/", cost=cost)
        return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))


def pauses(patience: float) -> Iterator[float]:
    """Growing, so that few looks are enough for a short job and for a long one."""
    pause, left = FIRST_LOOK, patience
    while left > 0:
        yield min(pause, left)
        left -= pause
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def table(translation: Translation, verb: Verb, writes: Sequence[Write]) -> bytes:
    """The job's CSV: the key, and every field that one of the writes changes."""
    key = _key(verb)
    records = [translation.from_canonical(write.values) for write in writes]
    columns = [key, *dict.fromkeys(native for record in records for native in record)]
    sheet = io.StringIO(newline="")
    out = csv.writer(sheet, lineterminator="\n")
    out.writerow(columns)
    for write, record in zip(writes, records, strict=True):
        out.writerow([_key_of(verb, write), *(_cell(record, column) for column in columns[1:])])
    return sheet.getvalue().encode()


def _cell(record: Mapping[str, Any], column: str) -> str:
    if column not in record:
        return ""
    value = record[column]
    return CLEARED if value is None else str(value)


def _key(verb: Verb) -> str:
    return EXTERNAL_ID if verb is Verb.CREATE else "Id"


def _key_of(verb: Verb, write: Write) -> str:
    return write.id if verb is Verb.CREATE else long_id(write.native_id or "")


def _told(job: Job) -> str:
    return job.errorMessage or job.state


def _matched(
    translation: Translation,
    verb: Verb,
    writes: Sequence[Write],
    done: Lines,
    refused: Lines,
    left: Lines,
    *,
    complete: bool,
) -> Iterator[Outcome]:
    """Results come in any order: they are matched by key."""
    ids = {_key_in(verb, line): line.get("sf__Id") or "" for line in done}
    errors = {_key_in(verb, line): of_bulk(line.get("sf__Error", ""), translation) for line in refused}
    waiting = {_key_in(verb, line) for line in left}
    undone = Unavailable("A bulk job ended before it came to this record", reason="BulkUnprocessed")
    for write in writes:
        key = _key_of(verb, write)
        if (error := errors.get(key)) is not None:
            gone = verb is Verb.DELETE and error.reason in GONE
            yield Outcome(write, write.native_id, error=None if gone else error)
        elif key in ids:
            yield Outcome(write, long_id(ids[key]) or write.native_id)
        elif key in waiting or not complete or verb is Verb.CREATE:
            yield Outcome(write, write.native_id, error=undone)
        else:
            yield Outcome(write, write.native_id)


def _key_in(verb: Verb, line: Mapping[str, str]) -> str:
    key = line.get(_key(verb)) or ""
    return key if verb is Verb.CREATE else long_id(key or line.get("sf__Id") or "")
