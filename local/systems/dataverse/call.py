"""One request and its answer, as the resources see them: no sockets, no tokens, no limits.

A batch holds further requests; each becomes a `Call` of its own that shares the outer HTTP request, whose
faults count for all of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx
import orjson

from local.systems.dataverse.errors import Refused
from local.systems.system import Row

ROOT: Final = "/api/data/"
_PREFERENCE: Final = re.compile(r'([\w.-]+)(?:=("[^"]*"|[^,;]*))?')
_FORMATTED: Final = "OData.Community.Display.V1.FormattedValue"
_LOOKUPS: Final = "Microsoft.Dynamics.CRM.lookuplogicalname"
_NAVIGATION: Final = "Microsoft.Dynamics.CRM.associatednavigationproperty"


@dataclass(frozen=True)
class Preferences:
    """What the header `Prefer` asks for."""

    named: Mapping[str, str]

    @property
    def representation(self) -> bool:
        return self.named.get("return") == "representation"

    @property
    def tracks_changes(self) -> bool:
        return "odata.track-changes" in self.named

    @property
    def continues(self) -> bool:
        return self.named.get("odata.continue-on-error", "false") in {"", "true"}

    @property
    def page(self) -> int | None:
        text = self.named.get("odata.maxpagesize", "")
        return int(text) if text.isdecimal() and int(text) > 0 else None

    def annotates(self, name: str) -> bool:
        wanted = self.named.get("odata.include-annotations", "").split(",")
        return any(each in {"*", name} or _covers(each, name) for each in wanted)

    @cached_property
    def formatted(self) -> bool:
        return self.annotates(_FORMATTED)

    @cached_property
    def lookup_tables(self) -> bool:
        return self.annotates(_LOOKUPS)

    @cached_property
    def navigations(self) -> bool:
        return self.annotates(_NAVIGATION)

    @cached_property
    def all_annotations(self) -> bool:
        return "*" in self.named.get("odata.include-annotations", "").split(",")

    @cached_property
    def applied(self) -> dict[str, str]:
        """The header that says which were obeyed."""
        known = {name: text for name, text in self.named.items() if name in _APPLIED}
        shown = ", ".join(_shown(name, text) for name, text in known.items())
        return {"Preference-Applied": shown} if shown else {}


_APPLIED: Final = frozenset(
    {"return", "odata.include-annotations", "odata.maxpagesize", "odata.track-changes"}
)
_NONE: Final = Preferences({})


def _covers(pattern: str, name: str) -> bool:
    return pattern.endswith(".*") and name.startswith(pattern[:-1])


def _shown(name: str, text: str) -> str:
    if not text:
        return name
    return f'{name}="{text}"' if name == "odata.include-annotations" else f"{name}={text}"


def preferences(header: str) -> Preferences:
    if not header:
        return _NONE
    found = (
        (match[1].lower(), (match[2] or "").strip().strip('"')) for match in _PREFERENCE.finditer(header)
    )
    return Preferences({name: text for name, text in found if name})


@dataclass
class Call:
    method: str
    path: str
    """Behind the version, as it came: `accounts(accountnumber='A%27%271')`."""
    query: str
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    root: str
    """The address of the API: https://host/api/data/v9.2."""
    user: str
    """The id of the system user who calls."""
    request: httpx.Request
    references: dict[str, str] | None = None
    """Inside a change set: Content-ID to the address of what it made."""

    @cached_property
    def prefer(self) -> Preferences:
        return preferences(self.headers.get("prefer", ""))

    @cached_property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True)) if self.query else {}

    @property
    def if_match(self) -> str | None:
        return self.headers.get("if-match") or None

    @property
    def if_none_match(self) -> str | None:
        """The literal word null is what clients send against caches: it is no condition."""
        text = self.headers.get("if-none-match")
        return None if not text or text == "null" else text

    def json(self) -> Row:
        """The body, which is an object."""
        try:
            body = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError as error:
            message = "An error occurred while parsing the request payload: the payload is not valid JSON."
            raise Refused(400, "0x80048d19", message) from error
        if not isinstance(body, dict):
            raise Refused(400, "0x80048d19", "Error identified in Payload: an object was expected.")
        return body


@dataclass(slots=True)
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    records: int = 0
    """How many rows the exchange named, for the call log."""
    write: bool | None = None
    """Whether it wrote, where the method misleads."""
    address: str = ""
    """Of the row that it wrote, for references inside a change set."""
