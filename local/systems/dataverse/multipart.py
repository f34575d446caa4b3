"""multipart/mixed as `$batch` has it: bytes to parts with their headers, and back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from local.systems.dataverse.errors import Refused

_BOUNDARY: Final = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_LINE: Final = b"\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Inner:
    """A request inside a part."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def boundary_of(content_type: str) -> str | None:
    found = _BOUNDARY.search(content_type)
    return found[1] if found and content_type.lower().startswith("multipart/mixed") else None


def parse_parts(body: bytes, boundary: str) -> list[Part]:
    """A boundary counts only where a line begins with it."""
    _, *pieces = (b"\n" + body).split(b"\n--" + boundary.encode())
    if not pieces or not pieces[-1].startswith(b"--"):
        raise Refused(400, "0x80040203", "The batch has no end: its last boundary is missing.")
    return [Part(*_split(piece.lstrip(b"\r\n"))) for piece in pieces[:-1]]


def parse_request(body: bytes) -> Inner:
    """`PATCH /api/data/v9.2/accounts(…) HTTP/1.1`, headers, a blank line, a body."""
    line, _, rest = body.lstrip(b"\r\n").partition(b"\n")
    method, _, target = line.decode("utf-8", "replace").strip().partition(" ")
    url, protocol, _ = target.rpartition(" HTTP/")  # the address may hold blanks that nobody has escaped
    if not protocol:
        raise Refused(400, "0x80040203", "A part of the batch holds no request.")
    headers, content = _split(rest)
    return Inner(method.upper(), url.strip(), headers, content)


def _split(text: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and what comes behind the blank line; lines may end in LF alone."""
    if text.startswith((b"\r\n", b"\n")):  # no headers
        return {}, text.lstrip(b"\r\n").rstrip(b"\r\n")
    separator = b"\r\n\r\n" if b"\r\n\r\n" in text else b"\n\n"
    head, _, body = text.partition(separator)
    headers = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers, body.strip(b"\r\n")


def render_response(status: int, headers: dict[str, str], body: bytes, content_id: str | None) -> bytes:
    """One answer as a part, without its boundary."""
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        head.append(f"Content-ID: {content_id}")
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    said = [line, *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*head, "", *said, "", ""]).encode() + body + _LINE


def render_parts(boundary: str, parts: Iterable[bytes]) -> bytes:
    opening = b"--" + boundary.encode() + _LINE
    return b"".join(opening + part for part in parts) + b"--" + boundary.encode() + b"--" + _LINE


def render_nested(boundary: str, parts: Iterable[bytes]) -> bytes:
    head = f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode()
    return head + render_parts(boundary, parts) + _LINE
