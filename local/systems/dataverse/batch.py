"""`POST /$batch`: up to 1,000 requests in one, in their order.

```
  200   every request went well, or `Prefer: odata.continue-on-error`: each part has its own status
  400   one failed: what was done before it stays done, the rest is not begun; the body is multipart too
```
A change set is a part that holds writes, all of them or none; `$1` inside it is the address of what its
request with Content-ID 1 wrote.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

import orjson

from local.systems.dataverse.call import ROOT, Answer, Call
from local.systems.dataverse.errors import Refused
from local.systems.dataverse.forms import resolve
from local.systems.dataverse.multipart import (
    Inner,
    Part,
    boundary_of,
    parse_parts,
    parse_request,
    render_nested,
    render_parts,
    render_response,
)
from local.systems.dataverse.store import Store

MOST: Final = 1000
Dispatch = Callable[[Call], Answer]
"""Answers one call or refuses."""
_PASSED_ON: Final = frozenset({"callerobjectid", "mscrmcallerid"})


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a part."""

    text: bytes
    failed: bool
    records: int = 0


class Batch:
    def __init__(self, store: Store, dispatch: Dispatch) -> None:
        self._store = store
        self._dispatch = dispatch

    def answer(self, call: Call) -> Answer:
        boundary = boundary_of(call.headers.get("content-type", ""))
        if boundary is None:
            raise Refused(
                400, "0x80040203", "The content type of a batch is multipart/mixed with a boundary."
            )
        parts = parse_parts(call.body, boundary)
        _check_size(parts)
        done = self._run(call, parts)
        failed = bool(done) and done[-1].failed and not call.prefer.continues
        shown = done if self._store.switches.batch_shows_earlier_parts or not failed else done[-1:]
        mark = f"batchresponse_{self._store.new_guid()}"
        body = render_parts(mark, [each.text for each in shown])
        headers = {"Content-Type": f"multipart/mixed; boundary={mark}"}
        return Answer(400 if failed else 200, body, headers, sum(each.records for each in done), write=True)

    def _run(self, call: Call, parts: list[Part]) -> list[Done]:
        done: list[Done] = []
        for part in parts:
            done.append(self._part(call, part))
            if done[-1].failed and not call.prefer.continues:
                break
        return done

    def _part(self, call: Call, part: Part) -> Done:
        boundary = boundary_of(part.headers.get("content-type", ""))
        if boundary is not None:
            return self._change_set(call, parse_parts(part.body, boundary))
        request, inner = parse_request(part.body), call
        content_id = part.headers.get("content-id")
        try:
            inner = _call_of(call, request, None)
            answer = self._dispatch(inner)
        except Refused as refused:
            return Done(self._refusal(inner, refused, content_id), failed=True, records=1)
        return Done(_rendered(answer, content_id), failed=False, records=answer.records)

    def _change_set(self, call: Call, parts: list[Part]) -> Done:
        references: dict[str, str] = {}
        texts: list[bytes] = []
        records = 0
        try:
            with self._store.transaction():
                for part in parts:
                    content_id = part.headers.get("content-id")
                    answer = self._write(call, part, references)
                    texts.append(_rendered(answer, content_id))
                    records += answer.records
                    if content_id is not None and answer.address:
                        references[content_id] = answer.address
        except Refused as refused:
            return self._failed_set(call, parts, refused)
        return Done(
            render_nested(f"changesetresponse_{self._store.new_guid()}", texts), failed=False, records=records
        )

    def _write(self, call: Call, part: Part, references: dict[str, str]) -> Answer:
        inner = parse_request(part.body)
        if inner.method == "GET":
            raise Refused(400, "0x80040203", "A change set must not hold a GET request.")
        return self._dispatch(_call_of(call, inner, references))

    def _failed_set(self, call: Call, parts: list[Part], refused: Refused) -> Done:
        text = self._refusal(call, refused, None)
        if not self._store.switches.change_set_fails_as_one:
            mark = f"changesetresponse_{self._store.new_guid()}"
            each = [self._refusal(call, refused, part.headers.get("content-id")) for part in parts]
            text = render_nested(mark, each)
        return Done(text, failed=True, records=len(parts))

    def _refusal(self, call: Call, refused: Refused, content_id: str | None) -> bytes:
        body = orjson.dumps(refused.body(annotated=call.prefer.all_annotations))
        headers = {**_JSON, "REQ_ID": self._store.new_guid(), **refused.headers}
        return render_response(refused.status, headers, body, content_id)


_JSON: Final = {"Content-Type": "application/json; odata.metadata=minimal", "OData-Version": "4.0"}


def _check_size(parts: list[Part]) -> None:
    """Each request of a change set counts."""
    size = sum(_requests_in(part) for part in parts)
    if size > MOST:
        raise Refused(400, "0x80040203", f"The batch holds {size} requests, more than the maximum of {MOST}.")


def _requests_in(part: Part) -> int:
    boundary = boundary_of(part.headers.get("content-type", ""))
    return 1 if boundary is None else max(1, part.body.count(b"--" + boundary.encode()) - 1)


def _call_of(outer: Call, inner: Inner, references: dict[str, str] | None) -> Call:
    url = inner.url
    call = replace(outer, references=references)
    if url.startswith("$") and references is not None:
        url = resolve(url, call)
    path, query = _relative(url)
    if path.startswith("$") and references is not None:
        path = resolve(path, call)
    if path == "$batch":
        raise Refused(400, "0x80040203", "A batch must not hold another batch.")
    headers = {name: text for name, text in outer.headers.items() if name in _PASSED_ON}
    call.method, call.path, call.query = inner.method, path, query
    call.headers, call.body = {**headers, **inner.headers}, inner.body
    return call


def _relative(url: str) -> tuple[str, str]:
    """Path below the version and query, of an address that begins anywhere from the scheme on."""
    if "://" in url:
        parts = urlsplit(url)
        url = parts.path + ("?" + parts.query if parts.query else "")
    path, _, query = url.partition("?")
    if path.startswith(ROOT):
        path = path.removeprefix(ROOT).partition("/")[2]
    return path.lstrip("/"), query


def _rendered(answer: Answer, content_id: str | None) -> bytes:
    body = answer.body
    headers = {"OData-Version": "4.0", **answer.headers}
    if body is not None and not isinstance(body, bytes):
        body = orjson.dumps(body)
        headers = {**_JSON, **headers}
    return render_response(answer.status, headers, body or b"", content_id)
