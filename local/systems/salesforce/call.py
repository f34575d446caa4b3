"""One request and its answer, as the resources see them: no sockets, no sessions, no limits.

A composite request holds further ones; each becomes a `Call` of its own that shares the outer HTTP request,
whose faults and headers count for all of them.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import orjson

from local.systems.salesforce.errors import ApiError, parser_error


@dataclass(frozen=True)
class Call:
    method: str
    path: tuple[str, ...]
    """Segments behind the version: ("sobjects", "Account")."""
    params: dict[str, str]
    body: bytes
    version: str
    """As in the address: v62.0."""
    request: httpx.Request

    @property
    def base(self) -> str:
        return f"/services/data/{self.version}"

    @property
    def number(self) -> int:
        """The version as a number: 62."""
        return int(self.version[1:-2])

    @cached_property
    def client(self) -> str | None:
        """Who the caller says it is; kept on what it writes."""
        return _option(self.header("Sforce-Call-Options")).get("client")

    def header(self, name: str) -> str:
        return str(self.request.headers.get(name, ""))

    def option(self, header: str, name: str) -> str | None:
        """A setting inside a header such as `Sforce-Query-Options: batchSize=200`."""
        return _option(self.header(header)).get(name.lower())

    def flag(self, name: str) -> bool:
        return self.params.get(name, "").lower() == "true"

    def json(self) -> Any:
        """The body; refused where it is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise parser_error(f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from error

    def json_object(self) -> dict[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise parser_error("The HTTP entity body is required to be a JSON object at [line:1, column:1]")
        return body

    def within(self, method: str, url: str, body: Any) -> "Call":
        """A request inside this one; `url` starts at the host or at the version."""
        parts = urlsplit(url)
        segments = segments_of(parts.path.removeprefix("/services/data"))
        if not segments or not is_version(segments[0]):
            raise ApiError(400, "INVALID_INPUT", f"The subrequest's url is not valid: {url}")
        return replace(
            self,
            method=method.upper(),
            path=segments[1:],
            params=params_of(parts.query),
            body=b"" if body is None else orjson.dumps(body),
            version=segments[0],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    records: int = 0
    """How many records the exchange named, for the call log."""
    write: bool | None = None
    """Whether it wrote, where the method misleads."""


def params_of(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def segments_of(path: str) -> tuple[str, ...]:
    """The decoded parts of a path; an escaped slash stays inside its part."""
    return tuple(unquote(part) for part in path.split("/") if part)


def is_version(text: str) -> bool:
    number = text[1:-2]
    return text[:1] == "v" and text[-2:] == ".0" and number.isdecimal() and 40 <= int(number) <= 67


def _option(header: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in header.split(","))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
