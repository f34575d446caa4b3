"""query, queryAll and their further pages.

A query's ids are found once and kept under a locator for two days; each page shows the rows as they are
when it is fetched. The server may give fewer rows than asked for, so a page that is not full does not mean
that it is the last: `done` does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.errors import ApiError
from local.systems.salesforce.ids import record_id
from local.systems.salesforce.org import Org
from local.systems.salesforce.soql.answer import Show, answer
from local.systems.salesforce.soql.lexer import SoqlError
from local.systems.salesforce.stamps import days

SMALLEST_PAGE: Final = 200
LARGEST_PAGE: Final = 2000
MOST_CURSORS: Final = 1000


@dataclass(frozen=True, slots=True)
class Cursor:
    sobject: str
    keys: list[str]
    show: Show
    page: int
    ends: datetime


class Queries:
    def __init__(self, org: Org, page_size: int) -> None:
        self._org = org
        self._page_size = page_size
        self._cursors: dict[str, Cursor] = {}
        self._opened = 0

    def query(self, call: Call) -> Answer:
        return self._first(call, deleted=False)

    def query_all(self, call: Call) -> Answer:
        """Rows in the recycle bin too. The further pages' address says `query`, as the real one's does."""
        return self._first(call, deleted=True)

    def _first(self, call: Call, *, deleted: bool) -> Answer:
        text = call.params.get("q")
        if text is None:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        try:
            found = answer(self._org, text, call.base, deleted=deleted)
        except SoqlError as error:
            raise ApiError(400, error.code, error.message(text)) from error
        if found.show is None:
            return Answer(200, {"totalSize": len(found.keys), "done": True, "records": []})
        page = _page_size(call.option("Sforce-Query-Options", "batchSize"), self._page_size)
        cursor = Cursor(found.sobject.name, found.keys, found.show, page, self._org.now() + days(2))
        name = self._open(cursor) if len(found.keys) > page else ""
        return self._page(call, cursor, name, 0)

    def more(self, call: Call, locator: str) -> Answer:
        name, _, start = locator.partition("-")
        cursor = self._cursors.get(name)
        if cursor is None or cursor.ends <= self._org.now() or not start.isdecimal():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, cursor, name, int(start))

    def _open(self, cursor: Cursor) -> str:
        """Keeps a cursor. The oldest go where thousands are open: memory is not without end here."""
        now = self._org.now()
        living = [(name, each) for name, each in self._cursors.items() if each.ends > now]
        self._cursors = dict(living[-MOST_CURSORS:])
        self._opened += 1
        name = record_id("01g", self._opened)
        self._cursors[name] = cursor
        return name

    def _page(self, call: Call, cursor: Cursor, name: str, start: int) -> Answer:
        end = start + cursor.page
        rows, show = self._org.tables[cursor.sobject].seen, cursor.show
        records = [show(rows[key]) for key in cursor.keys[start:end] if key in rows]
        body: dict[str, Any] = {"totalSize": len(cursor.keys), "done": end >= len(cursor.keys)}
        if not body["done"]:
            body["nextRecordsUrl"] = f"{call.base}/query/{name}-{end}"
        body["records"] = records
        return Answer(200, body, records=len(records))


def _page_size(wanted: str | None, largest: int) -> int:
    size = int(wanted) if wanted is not None and wanted.isdecimal() else LARGEST_PAGE
    return min(max(size, SMALLEST_PAGE), LARGEST_PAGE, largest)
