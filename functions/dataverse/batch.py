r"""`$batch`: many requests in the body of one, and their answers in the body of its answer (multipart/mixed).

    --batch                              --batchresponse_…
    Content-Type: application/http       Content-Type: application/http
                                         Content-Transfer-Encoding: binary
    PATCH /api/data/v9.2/accounts(…)
    If-Match: *                          HTTP/1.1 204 No Content
                                         OData-EntityId: …
    {"name": "Acme"}

Answers come in the order of their requests. A boundary that is always the same is safe: it counts only at the
beginning of a line, and neither JSON nor an address holds a line end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BOUNDARY = "batch_crosswalk"
CONTENT_TYPE = f'multipart/mixed; boundary="{BOUNDARY}"'
ENVELOPE = f"--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
END = f"--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch. `address` is a path from the root, escaped; `headers` end each with CRLF."""

    method: str
    address: str
    headers: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one part: status, header lines, body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Malformed(ValueError):
    """No answer to a batch."""


def written(parts: Sequence[Part]) -> bytes:
    pieces: list[bytes] = []
    for part in parts:
        head = f"{ENVELOPE}{part.method} {part.address} HTTP/1.1\r\n{part.headers}\r\n"
        pieces += [head.encode(), part.body, b"\r\n"]
    return b"".join([*pieces, END])


def is_batch(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/mixed")


def replies(content_type: str, body: bytes) -> list[Reply]:
    """Of each part; Malformed where the body is nothing of the kind."""
    mark = b"\r\n--" + _boundary(content_type)
    _, *parts = (b"\r\n" + body).split(mark)
    return [_reply(part) for part in parts if not part.startswith(b"--")]


def _boundary(content_type: str) -> bytes:
    _, found, rest = content_type.partition("boundary=")
    boundary = rest.partition(";")[0].strip().strip('"')
    if not found or not boundary:
        raise Malformed("no boundary")
    return boundary.encode()


def _reply(part: bytes) -> Reply:
    """Behind the part's own headers stands an HTTP answer."""
    _, _, answer = part.partition(b"\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    words = first.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise Malformed("no status in a part")
    pairs = (line.partition(b":") for line in lines)
    return Reply(int(words[1]), [(name.strip(), value.strip()) for name, _, value in pairs], body)
