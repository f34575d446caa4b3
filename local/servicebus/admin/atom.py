"""Entries and feeds: the wrapping of every answer."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from local.servicebus.admin.xml import atom


def stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def entry(address: str, title: str, published: datetime, updated: datetime, content: Element) -> Element:
    return atom(
        "entry",
        [
            atom("id", address),
            atom("title", title, type="text"),
            atom("published", stamp(published)),
            atom("updated", stamp(updated)),
            atom("author", [atom("name", "crosswalk")]),
            atom("link", rel="self", href=address),
            atom("content", [content], type="application/xml"),
        ],
    )


def feed(address: str, title: str, updated: datetime, entries: Iterable[Element], following: str) -> Element:
    """`following` is the address of the next page; empty at the last."""
    links = [atom("link", rel="self", href=address)]
    if following:
        links.append(atom("link", rel="next", href=following))
    head = [atom("id", address), atom("title", title, type="text"), atom("updated", stamp(updated))]
    return atom("feed", [*head, *links, *entries])


def page_after(address: str, skip: int, top: int) -> str:
    return f"{address}?{urlencode({'$skip': skip + top, '$top': top})}"


def error(code: int, detail: str) -> Element:
    """As Service Bus says it: without a namespace."""
    element = Element("Error")
    for name, text in (("Code", str(code)), ("Detail", detail)):
        child = Element(name)
        child.text = text
        element.append(child)
    return element
