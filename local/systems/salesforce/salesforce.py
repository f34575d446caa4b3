"""The simulated Salesforce as a whole: from an HTTP request to its answer.

```
  too long (414) ─> versions, token endpoint ─> session (401) ─> daily limit (403) ─> routes.py
```

On the control plane `POST /_sim/merge` and `POST /_sim/convert` do what users do in the browser and no part
of this API offers. What is stored lives in `Rows`; sessions, cursors and the count of calls end with the
process, and callers have to cope, as they have to with the real one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from itertools import count
from random import Random
from typing import Any, Final

import httpx
import orjson

from local.systems.faults import Fault
from local.systems.rows import Rows
from local.systems.salesforce.bulk import Bulk
from local.systems.salesforce.call import Answer, Call, is_version, params_of, segments_of
from local.systems.salesforce.collection import Collection
from local.systems.salesforce.composite import Composite
from local.systems.salesforce.errors import ApiError, OAuthError, Refusal, not_found
from local.systems.salesforce.loading import Loader
from local.systems.salesforce.oauth import Credentials, Sessions, TokenEndpoint, session_expired
from local.systems.salesforce.objects import STANDARD
from local.systems.salesforce.org import SETUP, Org
from local.systems.salesforce.push import SalesforceManner
from local.systems.salesforce.queries import LARGEST_PAGE, Queries
from local.systems.salesforce.records import Records
from local.systems.salesforce.replication import Replication
from local.systems.salesforce.routes import Route, Routes
from local.systems.salesforce.schema import Schema
from local.systems.salesforce.usage import Usage, limit_exceeded
from local.systems.salesforce.writer import Forms
from local.systems.system import Clock, Row, noted

LONGEST_HEAD: Final = 16_384
"""Bytes of address and headers together."""
_VERSIONS: Final = [(f"v{number}.0", number) for number in range(40, 68)]
_TOKEN_PATH: Final = "/services/oauth2/token"  # noqa: S105 - an address, no secret
_JSON: Final = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Options:
    """How this org is set up."""

    credentials: Credentials
    schema: Schema = STANDARD
    daily_limit: int = 1_000_000
    session: timedelta = timedelta(hours=2)
    page_size: int = LARGEST_PAGE
    """The most rows that the server gives in a page, whatever is asked for."""
    replication_lag: timedelta = timedelta(0)
    """How far `latestDateCovered` stays behind the clock."""
    duplicate_rules: Mapping[str, str] = field(default_factory=dict)
    """Object to the (indexed) field in which no two records may agree."""
    lead_assignment: str | None = None
    """The user to whom the active assignment rule gives new leads, unless `Sforce-Auto-Assign: false`."""


class Salesforce:
    """One org."""

    name = "salesforce"
    request_faults = frozenset({"throttle", "error", "unavailable", "expire_session"})
    record_faults = frozenset({"lock", "reject_records"})

    def __init__(self, rows: Rows, clock: Clock, random: Random, options: Options) -> None:
        self.rows = rows
        self._clock = clock
        self._random = random
        self._org = Org(options.schema, rows, clock)
        self._forms = Forms(self._org, options.duplicate_rules, options.lead_assignment)
        self.loader = Loader(self._org, self._forms)
        self._sessions = Sessions(random, options.session)
        self._token = TokenEndpoint(options.credentials, self._sessions, clock)
        self._usage = Usage(options.daily_limit)
        self._routes = Routes(options.schema, self._all_routes(options))

    # What the furniture asks of every system

    def handle(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = self._answer(request)
        except (ApiError, OAuthError) as error:
            answer = _refused(error)
        return self._response(answer)

    def fault(self, fault: Fault, request: httpx.Request) -> httpx.Response | None:
        if request.url.path == _TOKEN_PATH:
            return None
        if fault.kind == "expire_session":
            self._sessions.close(request.headers.get("Authorization", ""))
        return self._response(_refused(_FAULTS[fault.kind]()))

    def control(self, request: httpx.Request) -> httpx.Response | None:
        """`POST /_sim/merge {"object", "winner", "losers": [...]}`, and
        `POST /_sim/convert {"lead"[, "account", "contact"]}`.
        """
        action = request.url.path.removeprefix("/_sim/")
        if request.method != "POST" or action not in {"merge", "convert"}:
            return None
        call = Call("POST", (), {}, request.content, "v62.0", request)
        try:
            answer = self.loader.act(action, call)
            self.rows.commit()
        except (ApiError, Refusal) as error:
            answer = _refused(error)
        return self._response(answer)

    def objects(self) -> list[str]:
        return [name for name in self._org.tables if name not in SETUP]

    def records(self, name: str) -> Iterator[Row]:
        """All rows of an object, those in the recycle bin too."""
        return iter(self._org.tables[name].written.values())

    def manner(self) -> SalesforceManner:
        """How this org pushes."""
        numbers = count(self._random.randrange(62**8))
        return SalesforceManner(self._org, lambda: next(numbers))

    # For who fills the org

    def load(self, name: str, rows: Iterable[Row]) -> int:
        """Takes rows as they are, ids and stamps included, and says how many."""
        return self.loader.load(name, rows)

    # From request to answer

    def _answer(self, request: httpx.Request) -> Answer:
        raw_path = request.url.raw_path.decode("ascii", "replace")
        if (
            len(raw_path) + sum(len(name) + len(value) + 4 for name, value in request.headers.raw)
            > LONGEST_HEAD
        ):
            return Answer(414, b"<html><body>URI Too Long</body></html>", {"Content-Type": "text/html"})
        path, _, query = raw_path.partition("?")
        if path == _TOKEN_PATH:
            return self._log_in(request)
        if path.rstrip("/") == "/services/data":
            return Answer(200, [_version(name, number) for name, number in _VERSIONS])
        return self._authenticated(request, path, query)

    def _log_in(self, request: httpx.Request) -> Answer:
        if request.method != "POST":
            raise ApiError(405, "METHOD_NOT_ALLOWED", "The token endpoint takes POST only")
        url = request.url
        instance = f"{url.scheme}://{url.netloc.decode('ascii')}"
        return self._token.answer(request.content, request.headers.get("Authorization", ""), instance)

    def _authenticated(self, request: httpx.Request, path: str, query: str) -> Answer:
        now = self._clock()
        self._sessions.check(request.headers.get("Authorization", ""), now)
        limit = {"Sforce-Limit-Info": self._usage.header}
        try:
            self._usage.count(now)
            answer = self._dispatch(_call(request, path, query))
        except ApiError as error:
            answer = _refused(error)
        limit["Sforce-Limit-Info"] = self._usage.header
        return Answer(answer.status, answer.body, {**answer.headers, **limit}, answer.records, answer.write)

    def _dispatch(self, call: Call) -> Answer:
        """Answers one call, the outer one or one inside a composite."""
        try:
            return self._routes.answer(call)
        except (ApiError, Refusal) as error:
            return _refused(error)

    def _response(self, answer: Answer) -> httpx.Response:
        body, headers = answer.body, {"Date": format_datetime(self._clock(), usegmt=True), **answer.headers}
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body)
            headers["Content-Type"] = _JSON
        response = httpx.Response(answer.status, content=body, headers=headers)
        return noted(response, records=answer.records, write=answer.write)

    def _limits(self, _: Call) -> Answer:
        return Answer(200, self._usage.limits)

    def _resources(self, call: Call) -> Answer:
        names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
        return Answer(200, {name: f"{call.base}/{name}" for name in names})

    def _all_routes(self, options: Options) -> list[Route]:
        org, forms = self._org, self._forms
        collection = Collection(org, forms)
        return [
            ("GET", "", self._resources),
            ("GET", "limits", self._limits),
            *_query_routes(Queries(org, options.page_size)),
            *_composite_routes(collection, Composite(org, self._dispatch)),
            *_bulk_routes(Bulk(org, forms, collection)),
            *_replication_routes(Replication(org, options.replication_lag)),
            *_record_routes(Records(org, forms)),
        ]


_FAULTS: Final[Mapping[str, Callable[[], ApiError]]] = {
    "throttle": limit_exceeded,
    "expire_session": session_expired,
    "error": lambda: ApiError(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    "unavailable": lambda: ApiError(
        503, "SERVER_UNAVAILABLE", "Too many requests are waiting for the server"
    ),
}


def _call(request: httpx.Request, path: str, query: str) -> Call:
    segments = segments_of(path.removeprefix("/services/data"))
    if not path.startswith("/services/data/") or not segments or not is_version(segments[0]):
        raise not_found()
    return Call(request.method, segments[1:], params_of(query), request.content, segments[0], request)


def _refused(error: ApiError | OAuthError | Refusal) -> Answer:
    if isinstance(error, Refusal):
        return Answer(error.status, [error.alone()])
    headers = error.headers if isinstance(error, ApiError) else {}
    return Answer(error.status, error.body, headers)


def _version(name: str, number: int) -> dict[str, Any]:
    label = f"Release {number}"
    return {"label": label, "url": f"/services/data/{name}", "version": f"{number}.0"}


def _query_routes(queries: Queries) -> Iterator[Route]:
    yield "GET", "query", queries.query
    yield "GET", "queryAll", queries.query_all
    yield "GET", "query/{locator}", queries.more
    yield "GET", "queryAll/{locator}", queries.more


def _composite_routes(collection: Collection, composite: Composite) -> Iterator[Route]:
    yield "POST", "composite", composite.composite
    yield "POST", "composite/batch", composite.batch
    yield "POST", "composite/sobjects", collection.create
    yield "PATCH", "composite/sobjects", collection.update
    yield "DELETE", "composite/sobjects", collection.delete
    yield "GET", "composite/sobjects/{object}", collection.read
    yield "POST", "composite/sobjects/{object}", collection.read
    yield "PATCH", "composite/sobjects/{object}/{field}", collection.upsert


def _bulk_routes(bulk: Bulk) -> Iterator[Route]:
    yield "POST", "jobs/ingest", bulk.open
    yield "GET", "jobs/ingest", bulk.jobs
    yield "GET", "jobs/ingest/{job}", bulk.poll
    yield "PATCH", "jobs/ingest/{job}", bulk.close
    yield "DELETE", "jobs/ingest/{job}", bulk.delete
    yield "PUT", "jobs/ingest/{job}/batches", bulk.upload
    yield "GET", "jobs/ingest/{job}/successfulResults", bulk.successful
    yield "GET", "jobs/ingest/{job}/failedResults", bulk.failed
    yield "GET", "jobs/ingest/{job}/unprocessedrecords", bulk.unprocessed


def _replication_routes(replication: Replication) -> Iterator[Route]:
    yield "GET", "sobjects/{object}/updated", replication.updated
    yield "GET", "sobjects/{object}/deleted", replication.deleted


def _record_routes(records: Records) -> Iterator[Route]:
    yield "GET", "sobjects", records.objects
    yield "GET", "sobjects/{object}", records.object
    yield "POST", "sobjects/{object}", records.create
    yield "GET", "sobjects/{object}/describe", records.describe
    yield "GET", "sobjects/{object}/{id}", records.read
    yield "PATCH", "sobjects/{object}/{id}", records.update
    yield "DELETE", "sobjects/{object}/{id}", records.delete
    yield "GET", "sobjects/{object}/{field}/{value}", records.read_by
    yield "PATCH", "sobjects/{object}/{field}/{value}", records.upsert
    yield "DELETE", "sobjects/{object}/{field}/{value}", records.delete_by
