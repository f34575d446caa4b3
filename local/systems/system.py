"""What a simulated system is: a name, its rows, and a function from request to response.

Rules for who writes one
- `handle` answers every request, refusals included, in the vendor's shapes; it never raises for bad input.
- State lives in `rows` and nowhere else; `Controlled` commits it after each request.
- Time, randomness and ids come in through the constructor.
- What the call log should say beyond method and bytes goes into the response's `extensions`, see `noted`.
- Faults that strike a whole request come through `fault`; faults that strike single records are drawn while
  the records are written, with `faults.record_fault(request, record)`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from local.systems.faults import Fault
    from local.systems.rows import Rows

Row = dict[str, Any]
Clock = Callable[[], datetime]
"""Now, in UTC."""


class Dropped(ConnectionError):
    """The connection ends with no answer; whether the work was done is for the client to find out."""


def noted(response: httpx.Response, *, records: int = 0, write: bool | None = None) -> httpx.Response:
    """Tells the call log how many records an exchange named and, where the method misleads, if it wrote."""
    response.extensions["records"] = records
    if write is not None:
        response.extensions["write"] = write
    return response


class System(Protocol):
    """One vendor's API in front of rows."""

    name: str
    rows: Rows
    request_faults: frozenset[str]
    """Kinds of fault that `fault` answers: throttle, error, expire_session."""
    record_faults: frozenset[str]
    """Kinds of fault drawn record by record during a write: lock, reject_records."""

    def handle(self, request: httpx.Request) -> httpx.Response: ...

    def fault(self, fault: Fault, request: httpx.Request) -> httpx.Response | None:
        """The vendor's own answer for a fault; None where this fault cannot meet this request."""

    def control(self, request: httpx.Request) -> httpx.Response | None:
        """Further paths under /_sim/ that only this system has; None for a path that it does not know."""

    def objects(self) -> list[str]: ...

    def records(self, name: str) -> Iterable[Row]: ...
