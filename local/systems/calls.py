"""The call log of a simulated system: who asked for what, and how much went over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Call:
    number: int
    at: str
    method: str
    path: str
    status: int
    bytes_in: int
    bytes_out: int
    records: int
    write: bool
    client: str


class CallLog:
    """Calls in order, numbered from 1 since the start; clearing does not start the numbers again."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._count = 0

    def add(self, at: str, request: httpx.Request, response: httpx.Response | None) -> None:
        """Notes an exchange; no response means that the connection was dropped."""
        said = {} if response is None else response.extensions
        self._count += 1
        call = Call(
            number=self._count,
            at=at,
            method=request.method,
            path=request.extensions.get("logged_path") or request.url.raw_path.decode("ascii"),
            status=0 if response is None else response.status_code,
            bytes_in=len(request.content),
            bytes_out=0 if response is None else len(response.content),
            records=said.get("records", 0),
            write=said.get("write", request.method not in _READS),
            client=request.headers.get("User-Agent", ""),
        )
        self._calls.append(call)

    def since(self, number: int) -> list[Call]:
        return [call for call in self._calls if call.number > number]

    def clear(self) -> None:
        self._calls.clear()
