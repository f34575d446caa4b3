"""`GET /accounts`: filter, order, columns, pages.

```
  options ─> refused, if not known ─> $filter ─> ids by index, or all in the order of ids ─> $orderby
                                                                                         ─> page, cookie
```
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from local.systems.dataverse.call import Answer, Call
from local.systems.dataverse.cookies import Cookie, parse_cookie, with_option
from local.systems.dataverse.errors import invalid
from local.systems.dataverse.odata.parser import parse_filter
from local.systems.dataverse.odata.predicates import Test, candidates, test_of
from local.systems.dataverse.schema import Column, Table
from local.systems.dataverse.shown import select, shower
from local.systems.dataverse.store import Store
from local.systems.dataverse.tracking import Tracking
from local.systems.system import Row

MOST_COUNTED: Final = 5000
_KNOWN: Final = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$count", "$skiptoken", "$deltatoken", "tag"}
)


@dataclass(frozen=True, slots=True)
class Sort:
    column: Column
    descending: bool


class Queries:
    def __init__(self, store: Store, tracking: Tracking, largest_page: int) -> None:
        self._store = store
        self._tracking = tracking
        self._largest_page = largest_page

    def page(self, call: Call, table: Table) -> Answer:
        _check_options(call)
        page = min(call.prefer.page or self._largest_page, self._largest_page)
        cookie = parse_cookie(call.params["$skiptoken"]) if "$skiptoken" in call.params else None
        if call.prefer.tracks_changes or "$deltatoken" in call.params or (cookie and cookie.tracking):
            return self._tracking.changes(call, table, page, cookie)
        return self._page(call, table, page, cookie)

    def count(self, call: Call, table: Table) -> Answer:
        """`/accounts/$count`: of all rows that pass, or of the changes behind a token."""
        _check_options(call)
        if "$deltatoken" in call.params:
            number = self._tracking.count(call, table)
        else:
            number = min(sum(1 for _ in self._rows(call, table, "")), MOST_COUNTED)
        return Answer(200, str(number).encode(), {"Content-Type": "text/plain"})

    def _page(self, call: Call, table: Table, size: int, cookie: Cookie | None) -> Answer:
        show = shower(self._store, selection := select(table, call.params.get("$select")), call.prefer)
        rows, more = self._some(call, table, size, cookie)
        body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{table.set_name}{selection.text}"}
        if call.params.get("$count") == "true":
            body["@odata.count"] = min(sum(1 for _ in self._rows(call, table, "")), MOST_COUNTED)
        body["value"] = [show(row) for row in rows]
        if more:
            at = Cookie(
                (cookie.page if cookie else 1) + 1,
                table.id,
                rows[-1][table.id],
                (cookie.seen if cookie else 0) + len(rows),
            )
            body["@odata.nextLink"] = with_option(call.root, call.path, call.query, "$skiptoken", str(at))
        return Answer(200, body, call.prefer.applied, records=len(rows))

    def _some(self, call: Call, table: Table, size: int, cookie: Cookie | None) -> tuple[list[Row], bool]:
        """The rows of this page, and whether there are more."""
        top = call.params.get("$top")
        if top is not None and call.prefer.page is None:
            return list(islice(self._rows(call, table, ""), min(_number(top), size))), False
        if "$orderby" in call.params:
            found = _behind(list(self._rows(call, table, "")), table, cookie)
        else:
            found = self._rows(call, table, cookie.last if cookie else "")
        rows = list(islice(found, size + 1))
        return rows[:size], len(rows) > size

    def _rows(self, call: Call, table: Table, after: str) -> Iterator[Row]:
        """The rows that pass, in their order; without `$orderby` those behind an id."""
        text, order = call.params.get("$filter"), call.params.get("$orderby")
        test, keys = self._filter(table, text, after)
        seen = self._store.tables[table.name].seen
        rows = (seen[key] for key in keys if key in seen)
        passing = rows if test is None else (row for row in rows if test(row))
        return iter(_sorted(passing, _sorts(table, order))) if order else passing

    def _filter(self, table: Table, text: str | None, after: str) -> tuple[Test | None, Iterable[str]]:
        rows = self._store.tables[table.name]
        every = (key for _, key in rows.by_id.after(after, after))
        if not text:
            return None, every
        condition = parse_filter(text)
        test = test_of(table, condition)
        found = candidates(rows, condition)
        return test, every if found is None else (key for key in sorted(found) if key > after)


def _check_options(call: Call) -> None:
    for name in call.params:
        if name in {"$skip", "$expand", "$apply", "$search", "$compute"}:
            raise invalid(f"The query parameter {name} is not supported")
        if name not in _KNOWN and not name.startswith("@"):
            raise invalid(f"The query parameter {name} is not supported")


def _number(text: str) -> int:
    if not text.isdecimal():
        raise invalid(f"Invalid value '{text}' for $top query option found.")
    return int(text)


def _sorts(table: Table, text: str) -> list[Sort]:
    return [_sort(table, part.split()) for part in text.split(",")]


def _sort(table: Table, words: list[str]) -> Sort:
    column = table.column(words[0]) if words else None
    if column is None or len(words) > 2 or words[1:] not in ([], ["asc"], ["desc"]):
        raise invalid(f"The $orderby expression '{' '.join(words)}' is not understood.")
    return Sort(column, words[1:] == ["desc"])


def _sorted(rows: Iterable[Row], sorts: list[Sort]) -> list[Row]:
    """Stable, so that rows with equal values stay in the order of their ids; null comes first."""
    found = list(rows)
    for sort in reversed(sorts):
        found.sort(key=_ranked_by(sort.column.shown), reverse=sort.descending)
    return found


def _ranked_by(name: str) -> Callable[[Row], tuple[bool, Any]]:
    return lambda row: _rank(row.get(name))


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, value.lower() if isinstance(value, str) else value)


def _behind(rows: list[Row], table: Table, cookie: Cookie | None) -> Iterator[Row]:
    """Those behind the last row shown; where it is gone, behind as many as have been shown."""
    if cookie is None:
        return iter(rows)
    at = next((at for at, row in enumerate(rows, 1) if row[table.id] == cookie.last), cookie.seen)
    return islice(rows, at, None)
