"""A simulated system with its control plane, `/_sim/`: what was called, what is inside, and faults to order.

| request                       | answer                                                                     |
|-------------------------------|----------------------------------------------------------------------------|
| `GET /_sim/calls?since=N`     | `{"calls": [...]}` in order, numbered since the start                      |
| `DELETE /_sim/calls`          | 204, the list is empty                                                     |
| `GET /_sim/records`           | `{"records": {object: count}}`                                             |
| `GET /_sim/records/<object>`  | `{"records": [row, ...]}`                                                  |
| `POST /_sim/faults`           | 201; the body is a `FaultOrder`                                            |
| `GET /_sim/faults`            | `{"faults": [...]}` with how often each has struck and what is left        |
| `DELETE /_sim/faults`         | 204, no faults any more                                                    |
| `GET /_sim/work`              | `{"done": n, "left": [...]}`: those who work in any system by themselves   |
| `POST /_sim/push`             | 204: the system pushes there from now on (`push/`); 404 where it cannot    |
| `GET /_sim/push`              | where it pushes, what waits, and how many messages came to which end       |
| `DELETE /_sim/push`           | 204, it pushes no more                                                     |

It asks for no credentials: servers listen on the loopback address only. Its own requests are not in the log.

Faults that every system has: `drop` (no answer, nothing done), `drop_after_write` (done, no answer), `slow`
(the answer comes `seconds` later), `late` (what is written meanwhile shows up in queries `seconds` later,
with its older stamp). The others are the system's own, for each vendor answers in a shape of its own.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import orjson
from pydantic import ValidationError

from local.systems.calls import CallLog
from local.systems.faults import FaultOrder, Faults
from local.systems.push.courier import FAULTS, Courier
from local.systems.staff import Staff
from local.systems.system import Dropped

if TYPE_CHECKING:
    from local.systems.push.manner import Manner
    from local.systems.system import Clock, System

PREFIX = "/_sim/"
_DROP = frozenset({"drop"})
_DROP_AFTER = frozenset({"drop_after_write"})
_SLOW = frozenset({"slow"})
_LATE = frozenset({"late"})
_EVERY_SYSTEM = _DROP | _DROP_AFTER | _SLOW | _LATE


class Controlled:
    """Stands before a system: notes calls, lets faults strike, commits what a request wrote.

    With a manner of pushing it has a courier, for somebody to set to work.
    """

    def __init__(
        self, system: System, clock: Clock, staff: Staff | None = None, manner: Manner | None = None
    ) -> None:
        self.system = system
        self.calls = CallLog()
        self.faults = Faults()
        self._clock = clock
        self._staff = staff or Staff()
        self.courier = Courier(manner, system.rows, clock, self.faults) if manner else None
        self._routes = {
            ("GET", "calls"): self._list_calls,
            ("DELETE", "calls"): self._clear_calls,
            ("GET", "records"): self._list_records,
            ("POST", "faults"): self._order_fault,
            ("GET", "faults"): self._list_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "work"): self._tell_work,
            ("POST", "push"): self._subscribe,
            ("GET", "push"): self._tell_pushes,
            ("DELETE", "push"): self._unsubscribe,
        }

    @property
    def name(self) -> str:
        return self.system.name

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The answer; raises `Dropped` where the connection ends without one."""
        if request.url.path.startswith(PREFIX):
            return self._control(request)
        at = self._clock()
        self.system.rows.reveal(at)
        try:
            response = self._faulty(request)
        except Dropped:
            self.calls.add(at.isoformat(), request, None)
            raise
        self.calls.add(at.isoformat(), request, response)
        return response

    # Faults, in the order in which a request meets them

    def _faulty(self, request: httpx.Request) -> httpx.Response:
        if self._strikes(request, _DROP):
            raise Dropped
        response = self._refusal(request) or self._held(request)
        wrote = response.is_success and response.extensions.get("write", request.method != "GET")
        if wrote and self._strikes(request, _DROP_AFTER):
            raise Dropped
        if slow := self._strikes(request, _SLOW):
            response.extensions["delay"] = slow
        return response

    def _refusal(self, request: httpx.Request) -> httpx.Response | None:
        for fault in self.faults.meeting(request, self.system.request_faults):
            if fault.draws(request.content) and (answer := self.system.fault(fault, request)):
                fault.spend()
                return answer
        return None

    def _held(self, request: httpx.Request) -> httpx.Response:
        rows = self.system.rows
        if request.method != "GET" and (late := self._strikes(request, _LATE)):
            rows.hold(self._clock() + timedelta(seconds=late))
        request.extensions["faults"] = self.faults.meeting(request, self.system.record_faults)
        try:
            return self.system.handle(request)
        finally:  # also what a bug half wrote: the disk says what the memory says
            rows.hold(None)
            rows.commit()

    def _strikes(self, request: httpx.Request, kinds: frozenset[str]) -> float:
        """The seconds of a fault that strikes this request (never 0), else 0."""
        for fault in self.faults.meeting(request, kinds):
            if fault.draws(request.content):
                fault.spend()
                return fault.seconds or 1e-6
        return 0.0

    # The control plane

    def _control(self, request: httpx.Request) -> httpx.Response:
        what = request.url.path.removeprefix(PREFIX).partition("/")[0]
        route = self._routes.get((request.method, what))
        answer = route(request) if route else self.system.control(request)
        return answer or _json(404, {"error": "no such path under /_sim/"})

    def _list_calls(self, request: httpx.Request) -> httpx.Response:
        since = request.url.params.get("since", "0")
        if not since.isdecimal():
            return _json(400, {"error": "since is the number of a call"})
        return _json(200, {"calls": [asdict(call) for call in self.calls.since(int(since))]})

    def _clear_calls(self, _: httpx.Request) -> httpx.Response:
        self.calls.clear()
        return httpx.Response(204)

    def _list_records(self, request: httpx.Request) -> httpx.Response:
        system, name = self.system, request.url.path.removeprefix(PREFIX + "records").strip("/")
        if not name:
            counts = {each: sum(1 for _ in system.records(each)) for each in system.objects()}
            return _json(200, {"records": counts})
        if name not in system.objects():
            return _json(404, {"error": f"no object {name}; there are {', '.join(system.objects())}"})
        return _json(200, {"records": list(system.records(name))})

    def _list_faults(self, _: httpx.Request) -> httpx.Response:
        return _json(200, {"faults": [fault.describe() for fault in self.faults]})

    def _clear_faults(self, _: httpx.Request) -> httpx.Response:
        self.faults.clear()
        return httpx.Response(204)

    def _tell_work(self, _: httpx.Request) -> httpx.Response:
        return _json(200, self._staff.tell())

    def _subscribe(self, request: httpx.Request) -> httpx.Response | None:
        if self.courier is None:
            return None
        try:
            self.courier.subscribe(request.content)
        except ValidationError as error:
            told = error.errors(include_url=False, include_input=False, include_context=False)
            return _json(400, {"error": [f"{_path(each['loc'])}: {each['msg']}" for each in told]})
        return httpx.Response(204)

    def _tell_pushes(self, _: httpx.Request) -> httpx.Response | None:
        return _json(200, self.courier.tell()) if self.courier else None

    def _unsubscribe(self, _: httpx.Request) -> httpx.Response | None:
        if self.courier is None:
            return None
        self.courier.unsubscribe()
        return httpx.Response(204)

    def _order_fault(self, request: httpx.Request) -> httpx.Response:
        try:
            order = FaultOrder.model_validate_json(request.content)
        except ValidationError as error:
            return _json(400, {"error": str(error)})
        kinds = _EVERY_SYSTEM | self.system.request_faults | self.system.record_faults
        kinds |= FAULTS if self.courier else frozenset()
        if order.kind not in kinds:
            return _json(400, {"error": f"unknown kind {order.kind}; there are {', '.join(sorted(kinds))}"})
        self.faults.order(order)
        return _json(201, {"faults": [fault.describe() for fault in self.faults]})


def _path(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place)) or "the body"


def _json(status: int, value: Any) -> httpx.Response:
    return httpx.Response(
        status, content=orjson.dumps(value), headers={"Content-Type": "application/json; charset=utf-8"}
    )
