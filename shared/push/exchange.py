"""A request at a door and the answer to it, as plain values; what is refused is an exception with its answer.

    Request ──> Door ──> Response
                 └ Refused: an answer as `application/problem+json` (RFC 9457)

A refusal of what was not proven says nothing but its status. A refusal of a body points at the place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from shared.model.event import Event

PROBLEM = "application/problem+json"
LONGEST_ID = 200
"""Characters of a row's id: as many as the store keeps."""


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by names in lower case. `peer` is whom the front end heard, if it says so."""

    method: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    peer: str | None = None

    @classmethod
    def of(cls, method: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Request:
        """As a front end hands it over, which adds whom it heard to the end of `X-Forwarded-For`.

        What stands before the end is what the caller says of itself.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        last = lower.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return cls(method.upper(), lower, dict(query), body, last or None)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Refused(Exception):
    """What came is not taken; `answer` says so to the sender."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a sender tells: what it calls it, and the event, if the hub has a use for it."""

    id: str
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says. `taken` is the answer that the sender's own convention asks for, if it has one."""

    told: tuple[Told, ...]
    taken: Response | None = None

    def only(self, entities: AbstractSet[str]) -> Reading:
        """The others are ignored."""
        kept = (each if each.event and each.event.entity in entities else Told(each.id) for each in self.told)
        return Reading(tuple(kept), self.taken)

    @property
    def events(self) -> list[Event]:
        return [each.event for each in self.told if each.event]

    @property
    def ids(self) -> list[str]:
        """What the sender calls what was taken, each once."""
        return list(dict.fromkeys(each.id for each in self.told if each.event))

    @property
    def ignored(self) -> list[str]:
        return list(dict.fromkeys(each.id for each in self.told if not each.event))


Reader = Callable[[Request], Reading]
"""Raises Refused."""


def json_answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, orjson.dumps(content))


def problem(
    status: int, detail: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """What is the matter, by the status, and what to mend."""
    content: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": status, **more}
    if detail:
        content["detail"] = detail
    return Response(status, {"Content-Type": PROBLEM, **(headers or {})}, orjson.dumps(content))


def refuse(status: int, detail: str = "", **headers: str) -> Refused:
    """A refusal by its status; headers are written with underscores."""
    return Refused(
        problem(status, detail, headers={name.replace("_", "-"): value for name, value in headers.items()})
    )


def malformed(detail: str, pointer: str) -> Refused:
    """A body that is not what it should be: `pointer` is the place in it, `#/data/id`."""
    return Refused(
        problem(400, "The body is not as it should be.", errors=[{"detail": detail, "pointer": pointer}])
    )


def malformed_header(detail: str, header: str) -> Refused:
    return Refused(
        problem(400, "A header is not as it should be.", errors=[{"detail": detail, "header": header}])
    )
