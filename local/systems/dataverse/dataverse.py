"""The simulated Dataverse as a whole: from an HTTP request to its answer.

```
  directory (tokens) ─> version ─> token (401) ─> user ─> limits (429) ─> dispatch
```
On the control plane, beside what every system has:

| request                                | answer                                                        |
|----------------------------------------|---------------------------------------------------------------|
| `GET`, `POST /_sim/switches`           | the switches, after those in the body were set                |
| `GET`, `POST /_sim/limits`             | the service protection limits, in the same way                |
| `POST /_sim/metadata` `{"table"}`      | 204: its columns have changed, delta tokens are no good       |
| `POST /_sim/people/…`                  | what people do in the browser: `people.py`                    |

What is stored lives in `Rows`; tokens and what has been used of the limits end with the process.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from random import Random
from typing import Final

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from local.systems.dataverse.batch import Batch
from local.systems.dataverse.call import ROOT, Answer, Call
from local.systems.dataverse.dispatch import Dispatch
from local.systems.dataverse.environment import furnish
from local.systems.dataverse.errors import Refused, no_segment
from local.systems.dataverse.oauth import Credentials, Directory, Tokens
from local.systems.dataverse.people import People, said
from local.systems.dataverse.protection import Limits, Protection, too_concurrent, too_long, too_many
from local.systems.dataverse.push import DataverseManner
from local.systems.dataverse.queries import Queries
from local.systems.dataverse.sales import Sales
from local.systems.dataverse.salespeople import Salespeople
from local.systems.dataverse.schema import Schema
from local.systems.dataverse.store import HUB_USER, Store
from local.systems.dataverse.switches import Switches
from local.systems.dataverse.tables import STANDARD
from local.systems.dataverse.tracking import Tracking, expired
from local.systems.dataverse.writer import Rulebook
from local.systems.faults import Fault
from local.systems.rows import Rows
from local.systems.system import Clock, Row, noted

LARGEST_PAGE: Final = 5000
_VERSION: Final = re.compile(r"v9\.[0-2]")
_JSON: Final = "application/json; odata.metadata=minimal"


@dataclass(frozen=True)
class Options:
    """How this environment is set up."""

    credentials: Credentials
    schema: Schema = STANDARD
    switches: Switches = field(default_factory=Switches)
    limits: Limits = field(default_factory=Limits)
    token: timedelta = timedelta(seconds=3599)
    page_size: int = LARGEST_PAGE
    """The most rows that the server gives in a page, whatever is asked for."""
    integration_user: bool = True
    """Whether the caller's application user is one (IsIntegrationUser)."""


class Dataverse:
    """One environment. Its name is that of the system, for a company may have several."""

    request_faults = frozenset(
        {
            "throttle",
            "throttle_time",
            "throttle_concurrency",
            "error",
            "unavailable",
            "expire_session",
            "expire_tracking",
        }
    )
    record_faults = frozenset({"lock", "reject_records"})

    def __init__(
        self, rows: Rows, clock: Clock, random: Random, options: Options, name: str = "dataverse"
    ) -> None:
        self.name = name
        self.rows = rows
        self.switches = options.switches
        self._clock = clock
        self._store = Store(options.schema, rows, clock, random, options.switches)
        furnish(self._store, integration_user=options.integration_user)
        rulebook = Rulebook(self._store)
        self._tracking = Tracking(self._store)
        sales = Sales(self._store, rulebook)
        queries = Queries(self._store, self._tracking, options.page_size)
        self._dispatch = Dispatch(self._store, rulebook, queries, sales)
        self._batch = Batch(self._store, self._dispatch.answer)
        self.people = People(self._store, rulebook, sales)
        self.salespeople = Salespeople(name, self._store, self.people)
        self._tokens = Tokens(random, options.token)
        self._directory = Directory(options.credentials, self._tokens, clock)
        self.protection = Protection(options.limits)

    # What the furniture asks of every system

    def handle(self, request: httpx.Request) -> httpx.Response:
        host = _host(request)
        answer = self._directory.answer(request, host)
        return self._response(answer if answer is not None else self._api(request, host))

    def fault(self, fault: Fault, request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.startswith(ROOT):
            return None
        if fault.kind == "expire_session":
            self._tokens.close(request.headers.get("Authorization", ""))
            return self._response(self._unauthorized(_host(request)))
        if fault.kind == "expire_tracking" and b"deltatoken" not in request.url.query:
            return None
        return self._response(_refused(self._struck(fault), annotated=False))

    def control(self, request: httpx.Request) -> httpx.Response | None:
        what, _, rest = request.url.path.removeprefix("/_sim/").partition("/")
        try:
            if what == "people" and request.method == "POST":
                return self._people(rest, said(orjson.loads(request.content)))
            if what == "metadata" and request.method == "POST":
                return self._forget(said(orjson.loads(request.content)))
            if what in {"switches", "limits"} and not rest:
                return self._set(what, request)
        except Refused as refused:
            return self._response(_refused(refused, annotated=False))
        except (ValidationError, TypeError, orjson.JSONDecodeError) as error:
            return httpx.Response(400, json={"error": str(error)})
        return None

    def objects(self) -> list[str]:
        return list(self._store.tables)

    def records(self, name: str) -> Iterator[Row]:
        return iter(self._store.tables[name].written.values())

    def manner(self) -> DataverseManner:
        """How this environment pushes."""
        return DataverseManner(self._store.schema, f"{self.name}.example", self._store.new_guid)

    # For who fills the environment

    def load(self, table: str, rows: Iterable[Row]) -> int:
        """Takes rows as they are shown, ids and stamps included, and says how many."""
        return self.people.load(table, rows)

    # From request to answer

    def _api(self, request: httpx.Request, host: str) -> Answer:
        now = self._clock()
        if not self._tokens.good(request.headers.get("Authorization", ""), now):
            return self._unauthorized(host)
        try:
            call = self._call(request, host)
            self.protection.admit(call.user, now)
        except Refused as refused:
            return _refused(refused, annotated=False)
        answer = self._answered(call)
        counted = self.switches.batch_parts_count and call.path == "$batch"
        self.protection.spend(
            call.user, now, rows=answer.records, requests=answer.records - 1 if counted else 0
        )
        answer.headers = {**answer.headers, **self.protection.headers(call.user)}
        return answer

    def _answered(self, call: Call) -> Answer:
        try:
            if call.path == "$batch" and call.method == "POST":
                return self._batch.answer(call)
            return self._dispatch.answer(call)
        except Refused as refused:
            return _refused(refused, annotated=call.prefer.all_annotations)

    def _call(self, request: httpx.Request, host: str) -> Call:
        path, _, query = request.url.raw_path.decode("ascii", "replace").partition("?")
        version, _, below = path.removeprefix(ROOT).partition("/")
        if not path.startswith(ROOT) or not _VERSION.fullmatch(version):
            raise no_segment(path)
        headers = {name.lower(): text for name, text in request.headers.items()}
        user = self._user(headers)
        return Call(
            request.method, below, query, headers, request.content, f"{host}{ROOT}{version}", user, request
        )

    def _user(self, headers: dict[str, str]) -> str:
        """The application user, or who it acts for."""
        other = headers.get("callerobjectid") or headers.get("mscrmcallerid")
        if other is None:
            return HUB_USER
        if other.lower() not in self._store.tables["systemuser"].written:
            raise Refused(403, "0x80072560", "The user is not a member of the organization.")
        return other.lower()

    def _unauthorized(self, host: str) -> Answer:
        return Answer(401, b"", self._directory.challenge(host), write=False)

    def _response(self, answer: Answer) -> httpx.Response:
        body = answer.body
        headers = {
            "Date": format_datetime(self._clock(), usegmt=True),
            "OData-Version": "4.0",
            **answer.headers,
        }
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body)
            headers["Content-Type"] = _JSON
        if answer.status >= 400:
            headers["REQ_ID"] = headers["x-ms-service-request-id"] = self._store.new_guid()
        response = httpx.Response(answer.status, content=body, headers=headers)
        return noted(response, records=answer.records, write=answer.write)

    # Faults and the control plane

    def _struck(self, fault: Fault) -> Refused:
        limits, wait = self.protection.limits, max(1, round(fault.seconds))
        match fault.kind:
            case "throttle":
                return too_many(limits, wait)
            case "throttle_time":
                return too_long(limits, wait)
            case "throttle_concurrency":
                return too_concurrent(limits, wait)
            case "expire_tracking":
                return expired(self.switches.expired_token_status)
            case "unavailable":
                return Refused(503, "0x8004a001", "The server is busy and the request was not completed.")
            case _:
                return Refused(500, "0x80040216", "An unexpected error occurred.")

    def _people(self, verb: str, body: Row) -> httpx.Response | None:
        key = self.people.act(verb, body)
        return None if key is None else httpx.Response(200, json={"id": key})

    def _forget(self, body: Row) -> httpx.Response:
        table = self._store.schema.tables.get(str(body.get("table")))
        if table is None:
            raise Refused(400, "0x80040203", "There is no such table.")
        self._tracking.forget(table)
        self.rows.commit()
        return httpx.Response(204)

    def _set(self, what: str, request: httpx.Request) -> httpx.Response | None:
        holder: BaseModel = self.switches if what == "switches" else self.protection.limits
        if request.method == "POST":
            changed = said(orjson.loads(request.content))
            checked = type(holder).model_validate({**holder.model_dump(), **changed})
            for name in changed:
                setattr(holder, name, getattr(checked, name))
        elif request.method != "GET":
            return None
        return httpx.Response(200, json=holder.model_dump())


def _host(request: httpx.Request) -> str:
    """As the caller named it, for addresses in answers lead back there."""
    named = request.headers.get("Host") or request.url.netloc.decode("ascii")
    return f"{request.url.scheme}://{named}"


def _refused(refused: Refused, *, annotated: bool) -> Answer:
    return Answer(refused.status, refused.body(annotated=annotated), refused.headers, write=False)
