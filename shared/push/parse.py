"""JSON and XML of strangers: parsed once they are known, and bounded even then.

Entities and document types of XML are refused, so that nothing is fetched and nothing grows. What a text or
a number may be is checked where it is taken, and a refusal names the place, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from shared.push.exchange import LONGEST_ID, malformed

DEEPEST = 32
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]+")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def json_of(body: bytes) -> Any:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise malformed("no JSON", "#") from None
    if deeper_than(found, DEEPEST):
        raise malformed(f"deeper than {DEEPEST}", "#")
    return found


def deeper_than(value: Any, most: int) -> bool:
    """Level by level, for a recursion would be as deep as the stranger likes."""
    level = [value]
    for _ in range(most):
        level = [each for one in level for each in _children(one)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def xml_of(body: bytes) -> Element:
    """The root of a document without entities."""
    try:
        return _rooted(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise malformed("no XML, or one with entities or a document type", "#") from None


def _rooted(body: bytes) -> Element:
    depth = 0
    root: Element | None = None
    for event, element in iterparse(BytesIO(body), ("start", "end"), forbid_dtd=True):
        depth += 1 if event == "start" else -1
        root = element if root is None else root
        if depth > DEEPEST:
            raise malformed(f"deeper than {DEEPEST}", "#")
    if root is None:
        raise ValueError("no element")
    return root


def object_of(value: Any, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise malformed("not an object", pointer)
    return value


def text_of(holder: Mapping[str, Any], name: str, pointer: str, longest: int = LONGEST_ID) -> str:
    """A text that must be there, on one line."""
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise malformed("missing, or no text", f"{pointer}/{name}")
    return line(value, f"{pointer}/{name}", longest)


def line(value: str, pointer: str, longest: int = LONGEST_ID) -> str:
    if len(value) > longest:
        raise malformed(f"longer than {longest} characters", pointer)
    if not PRINTABLE.fullmatch(value):
        raise malformed("with characters that cannot be shown", pointer)
    return value


def micros_of(value: Any, pointer: str) -> int:
    """An RFC 3339 time as microseconds since 1970."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise malformed("no time such as 2026-01-31T12:00:00Z", pointer) from None
    if moment.tzinfo is None:
        raise malformed("a time without its zone", pointer)
    return _ticks(moment, pointer)


def _ticks(moment: datetime, pointer: str) -> int:
    if not 1970 <= moment.year <= 9000:  # a zone may carry an edge over the calendar's
        raise malformed("a time before 1970, or of a far future", pointer)
    return (moment - EPOCH) // TICK
