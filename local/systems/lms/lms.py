"""The LMS itself: who may call, how often, and which request means what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from local.systems.faults import record_fault
from local.systems.lms.answers import Refused, answer, error, malformed, of_outcome
from local.systems.lms.bucket import Bucket
from local.systems.lms.query import read_list
from local.systems.lms.resource import Resource
from local.systems.lms.shape import ACTIVE, COMPANY_USERS, SHAPES
from local.systems.lms.sso import SingleSignOn
from local.systems.lms.stamp import stamp
from local.systems.system import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    import httpx

    from local.systems.faults import Fault
    from local.systems.lms.sso import Trust
    from local.systems.rows import Rows
    from local.systems.system import Clock, Row

LARGEST_BATCH = 100
_PATH = re.compile(r"/api/v1/(?P<name>[a-z-]+)(?:/(?P<rest>batch|batch-delete|[0-9]{1,18}))?")


class Lms:
    name = "lms"
    request_faults = frozenset({"throttle", "error", "expire_session"})
    record_faults = frozenset({"lock", "reject_records"})

    def __init__(self, rows: Rows, clock: Clock, token: str, calls_a_minute: int = 600) -> None:
        self.rows = rows
        self._clock = clock
        self._token = token
        self._bucket = Bucket(calls_a_minute, clock)
        self._resources = {path: Resource(shape, rows) for path, shape in SHAPES.items()}
        for child in self._resources.values():
            if child.shape.parent is not None:
                child.parent = self._resources[child.shape.parent.path]
                child.parent.children.append(child)
        self._sso: SingleSignOn | None = None
        self._staff: frozenset[str] = frozenset()

    def sign_on(self, trust: Trust, random: Random, staff: Iterable[str] = ()) -> None:
        """Lets users in whom a trusted party sends: those of companies, and staff by their addresses."""
        self._staff = frozenset(staff)
        self._sso = SingleSignOn(self.rows, self._clock, random, trust, self._may_come_in)

    def handle(self, request: httpx.Request) -> httpx.Response:
        try:
            if page := self._sso and self._sso.answer(request):
                return page
            response = self._admitted(request)
        except Refused as refused:
            response = refused.answer
        return self._limited(response)

    def fault(self, fault: Fault, request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.startswith("/api/"):
            return None
        match fault.kind:
            case "throttle":
                return self._limited(_rate_limited(max(1, round(fault.seconds))))
            case "expire_session":
                return self._limited(_unauthorized().answer)
            case _:
                return self._limited(error(503, "unavailable", "the LMS cannot answer at the moment"))

    def control(self, request: httpx.Request) -> httpx.Response | None:  # noqa: ARG002 - it has no further paths
        return None

    def objects(self) -> list[str]:
        return list(SHAPES)

    def records(self, name: str) -> Iterable[Row]:
        return self._resources[name].living()

    def load(self, name: str, rows: Iterable[Row]) -> None:
        """Sample rows, put as they are; parents before their children."""
        self._resources[name].load(rows)

    def _may_come_in(self, address: str) -> bool:
        if address in self._staff:
            return True
        return any(
            user["status"] == ACTIVE for user in self._resources[COMPANY_USERS.path].find("email", address)
        )

    # What stands before every request

    def _admitted(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            raise _unauthorized()
        if wait := self._bucket.take():
            return _rate_limited(wait)
        found = _PATH.fullmatch(request.url.path)
        resource = self._resources.get(found["name"]) if found else None
        if found is None or resource is None:
            raise Refused(404, "not_found", f"there is nothing at {request.url.path}")
        return self._routed(resource, found["rest"] or "", request)

    def _limited(self, response: httpx.Response) -> httpx.Response:
        response.headers["X-RateLimit-Limit"] = str(self._bucket.size)
        response.headers["X-RateLimit-Remaining"] = str(self._bucket.remaining)
        return response

    def _routed(self, resource: Resource, rest: str, request: httpx.Request) -> httpx.Response:
        kind = "row" if rest.isdecimal() else rest
        action = self._ACTIONS.get((request.method, kind))
        if action is None:
            raise Refused(405, "method_not_allowed", f"{request.method} is not for {request.url.path}")
        return action(self, resource, rest, request)

    # Requests, one by one

    def _list(self, resource: Resource, _: str, request: httpx.Request) -> httpx.Response:
        as_of = stamp(self._clock())
        found = read_list(resource, request.url.params)
        return noted(answer(200, {**found, "as_of": as_of}), records=len(found["data"]))

    def _get(self, resource: Resource, rest: str, _: httpx.Request) -> httpx.Response:
        row = resource.get(int(rest))
        if row is None:
            return of_outcome({"status": 404, "code": "not_found"})
        return noted(answer(200, row), records=1)

    def _create(self, resource: Resource, _: str, request: httpx.Request) -> httpx.Response:
        record = _object(_json(request), "")
        outcome = _struck(request, record) or resource.create(record, stamp(self._clock()))
        return _row_answer(resource, outcome)

    def _patch(self, resource: Resource, rest: str, request: httpx.Request) -> httpx.Response:
        record = _object(_json(request), "")
        outcome = _struck(request, record) or resource.patch(int(rest), record, stamp(self._clock()))
        return _row_answer(resource, outcome)

    def _delete(self, resource: Resource, rest: str, _: httpx.Request) -> httpx.Response:
        outcome = resource.delete(int(rest), stamp(self._clock()))
        return noted(answer(204) if outcome["status"] == 204 else of_outcome(outcome), records=1)

    def _create_batch(self, resource: Resource, _: str, request: httpx.Request) -> httpx.Response:
        return self._batch(request, resource.create)

    def _patch_batch(self, resource: Resource, _: str, request: httpx.Request) -> httpx.Response:
        return self._batch(request, lambda record, at: _patched(resource, record, at))

    def _delete_batch(self, resource: Resource, _: str, request: httpx.Request) -> httpx.Response:
        ids, at = _listed(request, "ids"), stamp(self._clock())
        for position, number in enumerate(ids):
            if type(number) is not int:
                raise malformed("an id is an integer", f"ids[{position}]")
        results = [_struck(request, {"id": number}) or resource.delete(number, at) for number in ids]
        return noted(answer(200, {"results": results}), records=len(ids))

    def _batch(self, request: httpx.Request, write: Callable[[Row, str], Row]) -> httpx.Response:
        listed, at = _listed(request, "records"), stamp(self._clock())
        records = [_object(record, f"records[{position}]") for position, record in enumerate(listed)]
        results = [_struck(request, record) or write(record, at) for record in records]
        return noted(answer(200, {"results": results}), records=len(records))

    _ACTIONS = {  # noqa: RUF012 - a table of this class's own methods, never changed
        ("GET", ""): _list,
        ("POST", ""): _create,
        ("GET", "row"): _get,
        ("PATCH", "row"): _patch,
        ("DELETE", "row"): _delete,
        ("POST", "batch"): _create_batch,
        ("PATCH", "batch"): _patch_batch,
        ("POST", "batch-delete"): _delete_batch,
    }


def _unauthorized() -> Refused:
    return Refused(401, "unauthorized", "the bearer token is missing, unknown or no longer valid")


def _rate_limited(seconds: int) -> httpx.Response:
    response = error(429, "rate_limited", f"too many requests; try again in {seconds} s")
    response.headers["Retry-After"] = str(seconds)
    return response


def _struck(request: httpx.Request, record: Row) -> Row | None:
    """The outcome of a record that a fault strikes: busy for the moment, or refused for good."""
    fault = record_fault(request, record)
    if fault is None:
        return None
    if fault.kind == "lock":
        return {"status": 503, "code": "unavailable"}
    field = next((name for name in record if name != "id"), "id")
    return {
        "status": 422,
        "errors": [{"field": field, "code": "rejected", "message": f"{field} was refused"}],
    }


def _patched(resource: Resource, record: Row, at: str) -> Row:
    changes = {name: value for name, value in record.items() if name != "id"}
    number = record.get("id")
    if type(number) is int:
        return resource.patch(number, changes, at)
    code, what = ("wrong_type", "must be an integer") if number is not None else ("required", "is required")
    return {"status": 422, "errors": [{"field": "id", "code": code, "message": f"id {what}"}]}


def _row_answer(resource: Resource, outcome: Row) -> httpx.Response:
    if "id" not in outcome or outcome["status"] == 409:
        return noted(of_outcome(outcome), records=1)
    return noted(answer(outcome["status"], resource.get(outcome["id"])), records=1)


def _json(request: httpx.Request) -> Any:
    try:
        return orjson.loads(request.content)
    except orjson.JSONDecodeError as cause:
        raise malformed(f"the body is not JSON: {cause}", "") from cause


def _object(value: Any, path: str) -> Row:
    if not isinstance(value, dict):
        raise malformed("a record is an object", path)
    return value


def _listed(request: httpx.Request, name: str) -> list[Any]:
    """The list under the one name that the body of a batch has."""
    body = _object(_json(request), "")
    if body.keys() != {name} or not isinstance(body[name], list):
        raise malformed(f'the body is {{"{name}": [...]}} and nothing else', name)
    if len(body[name]) > LARGEST_BATCH:
        raise Refused(413, "too_many_records", f"a batch takes up to {LARGEST_BATCH} records")
    listed: list[Any] = body[name]
    return listed
