"""XML with Service Bus' names, and a parser for what strangers send.

Entities and document types are refused before parsing: nothing that is asked here needs them, and they are
how a small document becomes a large one.
"""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

ATOM = "http://www.w3.org/2005/Atom"
BUS = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
COUNTS = "http://schemas.microsoft.com/netservices/2011/06/servicebus"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = "http://www.w3.org/2001/XMLSchema"
TYPE = f"{{{INSTANCE}}}type"


class DocumentError(Exception):
    """The document cannot be read."""


def parse(document: bytes) -> ET.Element:
    """Errors: DocumentError."""
    try:
        text = document.decode("utf-8-sig")
        if "<!" in text.replace("<![CDATA[", ""):
            raise DocumentError("document types and comments are not read")
        return ET.fromstring(text)  # noqa: S314 - what makes it unsafe is refused above
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise DocumentError(f"no XML: {error}") from error


def write(element: ET.Element) -> bytes:
    return b'<?xml version="1.0" encoding="utf-8"?>' + ET.tostring(element, encoding="unicode").encode()


def local(element: ET.Element) -> str:
    """The name without its namespace: clients differ in where they put that."""
    return element.tag.rpartition("}")[2]


def find(element: ET.Element, name: str) -> ET.Element | None:
    """The nearest descendant of that name."""
    return next((found for found in element.iter() if local(found) == name), None)


def texts(element: ET.Element) -> dict[str, str]:
    """The children that are plain text."""
    return {local(child): child.text or "" for child in element if not len(child)}


def bus(name: str, content: str | Iterable[ET.Element] = (), **attributes: str) -> ET.Element:
    return _element(BUS, name, content, attributes)


def atom(name: str, content: str | Iterable[ET.Element] = (), **attributes: str) -> ET.Element:
    return _element(ATOM, name, content, attributes)


def count(name: str, number: int) -> ET.Element:
    return _element(COUNTS, name, str(number), {})


def typed(element: ET.Element, kind: str) -> ET.Element:
    """The same, saying which of several kinds it is."""
    element.set(TYPE, kind)
    return element


def kind_of(element: ET.Element) -> str:
    return element.get(TYPE, "").rpartition(":")[2]


def _element(
    namespace: str, name: str, content: str | Iterable[ET.Element], attributes: dict[str, str]
) -> ET.Element:
    element = ET.Element(f"{{{namespace}}}{name}", attributes)
    if isinstance(content, str):
        element.text = content
    else:
        element.extend(content)
    return element


for _prefix, _uri in (("a", ATOM), ("sb", BUS), ("n", COUNTS), ("i", INSTANCE)):
    ET.register_namespace(_prefix, _uri)
