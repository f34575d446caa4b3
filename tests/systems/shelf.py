"""The smallest system there is: notes that are put on a shelf and read in the order of their stamps."""

from __future__ import annotations

import httpx
import orjson

from local.systems.control import Controlled
from local.systems.faults import record_fault
from local.systems.rows import Rows
from local.systems.system import noted


class Shelf:
    name = "shelf"
    request_faults = frozenset({"error"})
    record_faults = frozenset({"reject_records"})

    def __init__(self, rows, clock):
        self.rows = rows
        self._clock = clock
        self._order = rows.order("notes", lambda row: row["at"])

    def handle(self, request):
        if request.method == "GET":
            view = self.rows.view("notes")
            return noted(_json([view[key] for _, key in self._order]), records=len(view))
        if request.url.path == "/search":
            return noted(_json([]), write=False)
        notes = orjson.loads(request.content)
        results = [self._put(request, note) for note in notes]
        return noted(_json(results), records=len(notes))

    def _put(self, request, note):
        if record_fault(request, note):
            return "refused"
        self.rows.put("notes", note["key"], note | {"at": self._clock().isoformat()})
        return "done"

    def fault(self, fault, request):
        return None if request.url.path == "/login" else httpx.Response(500, content=b"broken")

    def control(self, request):
        return httpx.Response(200, content=b"dusted") if request.url.path == "/_sim/dust" else None

    def objects(self):
        return ["notes"]

    def records(self, name):
        return self.rows.table(name).values()


def controlled_shelf(clock, path=None):
    return Controlled(Shelf(Rows(path), clock), clock)


def _json(value):
    return httpx.Response(200, content=orjson.dumps(value))
