"""The rows of one resource: what a create, a patch, a delete does to them, and how they are found.

Writes answer with an outcome, the result that a batch shows for the record: `{"status": 201, "id": 7, ...}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.systems.lms.check import check_create, check_patch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.systems.lms.shape import Shape
    from local.systems.rows import Rows
    from local.systems.system import Row

Position = tuple[str, int]
"""Where a row stands in the order of changes: its stamp and id."""


class Resource:
    def __init__(self, shape: Shape, rows: Rows) -> None:
        self.shape = shape
        self._rows = rows
        self._name = shape.path
        self._order = rows.order(self._name, lambda row: (row["updated_at"], row["id"]))
        self._holders = {field: rows.finder(self._name, _living(field)) for field in shape.lookups}
        self._children = rows.finder(self._name, _living(shape.parent.field)) if shape.parent else None
        self.parent: Resource | None = None
        self.children: list[Resource] = []

    # Reading

    def get(self, number: int) -> Row | None:
        row = self._rows.view(self._name).get(str(number))
        return None if row is None or "deleted" in row else row

    def find(self, field: str, value: str) -> Iterator[Row]:
        """Rows with this value; an e-mail address in whatever capitals."""
        for key in self._holders[field].find(_comparable(field, value)):
            if row := self.get(int(key)):
                yield row

    def changes(self, since: str, after: Position | None, *, deleted: bool) -> Iterator[Row]:
        """Rows in the order of (updated_at, id), from a stamp on or behind a position."""
        entries = self._order.after(after, str(after[1])) if after else self._order.since((since,))
        view = self._rows.view(self._name)
        rows = (view[key] for _, key in entries)
        return (row for row in rows if deleted or "deleted" not in row)

    def living(self) -> Iterator[Row]:
        return (row for row in self._rows.table(self._name).values() if "deleted" not in row)

    def has(self, number: int) -> bool:
        return self._written(number) is not None

    def has_children(self, number: int) -> bool:
        return self._children is not None and bool(self._children.find(number))

    # Writing

    def create(self, record: Row, stamp: str) -> Row:
        stored, faults = check_create(self.shape, record)
        if refusal := self._refusal(stored, faults, None):
            return refusal
        number = self._rows.count(self._name)
        row = {"id": number, **stored, "created_at": stamp, "updated_at": stamp}
        self._rows.put(self._name, str(number), row)
        return {"status": 201, "id": number, "updated_at": stamp}

    def patch(self, number: int, changes: Row, stamp: str) -> Row:
        row = self._written(number)
        if row is None:
            return {"status": 404, "code": "not_found"}
        expected = changes.get("if_updated_at", row["updated_at"])
        if expected != row["updated_at"]:
            return {"status": 412, "code": "stale", "updated_at": row["updated_at"]}
        stored, faults = check_patch(self.shape, _without(changes, "if_updated_at"))
        if refusal := self._refusal(stored, faults, number):
            return refusal
        if any(row[name] != value for name, value in stored.items()):
            row = row | stored | {"updated_at": stamp}
            self._rows.put(self._name, str(number), row)
        return {"status": 200, "id": number, "updated_at": row["updated_at"]}

    def delete(self, number: int, stamp: str) -> Row:
        row = self._written(number)
        if row is None:
            return {"status": 404, "code": "not_found"}
        if any(child.has_children(number) for child in self.children):
            return {"status": 409, "code": "has_children"}
        gone = {"id": number, "external_id": row["external_id"], "deleted": True, "updated_at": stamp}
        self._rows.put(self._name, str(number), gone)
        return {"status": 204}

    def load(self, rows: Iterable[Row]) -> None:
        """Puts rows as they are, ids and stamps included."""
        last = 0
        for row in rows:
            self._rows.put(self._name, str(row["id"]), row)
            last = max(last, row["id"])
        self._rows.count_on(self._name, last)

    def _written(self, number: int) -> Row | None:
        row = self._rows.table(self._name).get(str(number))
        return None if row is None or "deleted" in row else row

    def _refusal(self, stored: Row, faults: list[Row], number: int | None) -> Row | None:
        faults = faults or self._orphan(stored)
        return {"status": 422, "errors": faults} if faults else self._clash(stored, number)

    def _orphan(self, stored: Row) -> list[Row]:
        if self.parent is None or self.shape.parent is None:
            return []
        field, number = self.shape.parent.field, stored.get(self.shape.parent.field)
        if number is None or self.parent.has(number):
            return []
        message = f"there is no {self.shape.parent.what} {number}"
        return [{"field": field, "code": "unknown_parent", "message": message}]

    def _clash(self, stored: Row, number: int | None) -> Row | None:
        for field in self.shape.lookups:
            if field not in self.shape.unique:
                continue
            holders = self._holders[field].find(_comparable(field, stored.get(field)))
            others = (int(key) for key in holders if int(key) != number)
            if (holder := next(others, None)) is not None:
                return {"status": 409, "code": f"duplicate_{field}", "id": holder, "field": field}
        return None


def _living(field: str) -> Any:
    return lambda row: None if "deleted" in row else _comparable(field, row[field])


def _comparable(field: str, value: Any) -> Any:
    return value.lower() if field == "email" and isinstance(value, str) else value


def _without(record: Row, name: str) -> Row:
    return {each: value for each, value in record.items() if each != name}
