"""JSON and XML of strangers: parsed once they are known, and bounded even then.

Entities and document types of XML are refused, so that nothing is fetched and nothing grows. What a text or
a number may be is checked where it is taken, and a refusal names the place, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from shared.push.exchange import malformed

DEEPEST = 32
LONGEST = 200
"""Characters of an id, or of another text on one line."""
LONGEST_ROW = 128
"""Characters of a row's id: as many as the store keeps."""
LATEST = 2**53
"""The last time that is taken: the year 2255, in microseconds."""
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")
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
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        error.__traceback__ = None  # its frames hold the error itself, and with it the whole body
        raise malformed("no XML, or one with entities or a document type", "#") from None


def _rooted(body: bytes) -> Element:
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    finally:
        vars(parser).clear()  # one that has failed holds on to itself, and to all that it has read
    return root


class _Bounded(TreeBuilder):
    """Builds the tree, as deep as is allowed."""

    _depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise malformed(f"deeper than {DEEPEST}", "#")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def object_of(value: Any, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise malformed("not an object", pointer)
    return value


def text_of(holder: Mapping[str, Any], name: str, pointer: str, longest: int = LONGEST) -> str:
    """A text that must be there, on one line."""
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise malformed("missing, or no text", f"{pointer}/{name}")
    return line(value, f"{pointer}/{name}", longest)


def line(value: str, pointer: str, longest: int = LONGEST) -> str:
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
    return ticks((moment - EPOCH) // TICK, pointer)


def ticks(micros: int, pointer: str) -> int:
    if not 0 <= micros <= LATEST:
        raise malformed("a time before 1970, or of a far future", pointer)
    return micros
