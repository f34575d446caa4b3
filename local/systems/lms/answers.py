"""The LMS's answers: JSON, and errors in their one shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import orjson

if TYPE_CHECKING:
    from local.systems.system import Row

_HEADERS = {"Content-Type": "application/json"}
_MESSAGES = {
    "has_children": "the company still has users",
    "not_found": "there is no such row",
    "stale": "the row has changed since",
    "unavailable": "the LMS cannot do this at the moment",
}


class Refused(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.answer = error(status, code, message, **more)


def answer(status: int, value: Any = None) -> httpx.Response:
    content = b"" if value is None else orjson.dumps(value)
    return httpx.Response(status, content=content, headers=_HEADERS if content else None)


def error(status: int, code: str, message: str, **more: Any) -> httpx.Response:
    return answer(status, {"error": {"code": code, "message": message, **more}})


def malformed(message: str, path: str) -> Refused:
    return Refused(400, "malformed", message, path=path)


def of_outcome(outcome: Row) -> httpx.Response:
    """An outcome that is not success, as the answer to a request for one row."""
    more = {name: value for name, value in outcome.items() if name not in {"status", "code"}}
    if faults := outcome.get("errors"):
        first = faults[0]
        return error(outcome["status"], first["code"], first["message"], path=first["field"], **more)
    code: str = outcome["code"]
    message = _MESSAGES.get(code, f"another row has this {outcome.get('field')}")
    return error(outcome["status"], code, message, **more)
