"""Polls the ERP, by whatever its mapping says of an entity.

    flag        the rows that are marked, by key; what is kept is unmarked, while it has the version read
    modified    the rows changed since the last run began, less the overlap, by time and key
    shadow      all rows, by key: what is missing was deleted
    first run   all rows, by key, whatever is marked

After the changed rows come the keys of deleted ones, where the ERP keeps them in a table.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select, update

from functions.erp.client import Client, Statements
from functions.erp.lookup import Lookup, living
from functions.erp.mapping import Delete, Detect
from functions.erp.tables import NATIVE, Held, Wire, behind, joined, micros, named_table, native_time
from functions.erp.watermark import ROWS, Watermark
from shared.adapters.http import Cost
from shared.model.change import Page, Row
from shared.model.errors import InvalidChange

SECOND = 1_000_000


class ErpSource:
    def __init__(
        self, client: Client, entities: Mapping[str, Held], *, page_size: int, lookup: Lookup
    ) -> None:
        self._client, self._entities, self._lookup = client, entities, lookup
        self._page_size = page_size

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        mark, more = Watermark.read(watermark), True
        reading = _Reading(self._entities[entity], self._page_size)
        while more:
            page, mark = await self._client.read(partial(reading.page, mark))
            more = not page.last
            yield page

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    async def acknowledge(self, entity: str, page: Page) -> None:
        held = self._entities[entity]
        rows = [row for row in page.rows if row.version is not None]
        if held.mapping.detect.by is Detect.FLAG and rows:
            await self._client.write(partial(_unmark, held, rows), Cost())


def _unmark(held: Held, rows: Sequence[Row], statements: Statements) -> None:
    detect, table, version = held.mapping.detect, held.table, held.mapping.version or ""
    statement = (
        update(table)
        .where(
            held.is_row(),
            table.c[version] == bindparam("seen", type_=NATIVE),
            or_(table.c[detect.column] == detect.new, table.c[detect.column] == detect.updated),
        )
        .values({detect.column: detect.processed})
    )
    statements.run(statement, [{**held.bound(row.native_id), "seen": row.version} for row in rows])


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one kind, in an order in which reading can go on behind any of them."""

    query: Select[Any]
    order: Sequence[ColumnElement[Any]]
    names: Sequence[str]

    def some(self, statements: Statements, after: Sequence[str], most: int) -> list[Wire]:
        query = self.query.order_by(*self.order).limit(most)
        return statements.rows(query.where(behind(self.order, after)) if after else query)

    def place(self, wire: Wire) -> tuple[str, ...]:
        return tuple(str(wire[name]) for name in self.names)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads one entity, page by page."""

    held: Held
    size: int

    def page(self, mark: Watermark, statements: Statements) -> tuple[Page, Watermark]:
        now, first = statements.now(), mark.began is None
        if first and (refused := self._too_many(statements)):
            row = Row("*", {}, now, refused=refused)
            return Page([row], mark.text(), now, statements.cost.calls, last=True), mark
        if first:
            mark = mark.begun(now, whole=self._reads_whole(mark, now))
        whole, rows = mark.whole, list[Row]()
        while mark.began is not None and len(rows) < self.size:
            found, mark = self._more(statements, mark, now, self.size - len(rows))
            rows += found
        last, calls = mark.began is None, statements.cost.calls
        return Page(rows, mark.text(), now, calls, whole=whole, first=first and whole, last=last), mark

    def _too_many(self, statements: Statements) -> InvalidChange | None:
        """A query multiplies: what it would bring is counted before it is read."""
        most, entity = self.held.mapping.detect.most, self.held.translation.entity
        if most is None:
            return None
        there = statements.count(select(func.count()).select_from(self.held.source))
        if there <= most:
            return None
        return InvalidChange(
            f"{entity}: the ERP has {there} rows, and the mapping allows {most}: none is read. See what makes"
            " them so many, or raise `most`",
            reason="TooManyRows",
        )

    def _reads_whole(self, mark: Watermark, now: int) -> bool:
        mapping = self.held.mapping
        if mark.since is None or mapping.detect.by is Detect.SHADOW:
            return True
        due = (mark.whole_at or 0) + mapping.deletes.every * SECOND
        return mapping.deletes.by is Delete.SHADOW and now >= due

    def _more(
        self, statements: Statements, mark: Watermark, now: int, most: int
    ) -> tuple[list[Row], Watermark]:
        """Rows of the part that reading is in, and where it then is."""
        part = self._rows(mark) if mark.part == ROWS else self._deleted(mark)
        found = part.some(statements, mark.after, most)
        rows = [self._row(mark, wire, now) for wire in found]
        if len(found) == most:
            return rows, mark.at(part.place(found[-1]))
        by_table = self.held.mapping.deletes.by is Delete.TABLE
        if mark.part == ROWS and by_table and not mark.whole:
            return rows, mark.following()
        return rows, mark.ended()

    def _row(self, mark: Watermark, wire: Wire, now: int) -> Row:
        if mark.part == ROWS:
            return self.held.row(wire, now)
        deletes = self.held.mapping.deletes
        key = joined([wire[name] for name in deletes.key])
        return Row(key, {}, micros(wire[deletes.at], now), deleted=True)

    def _rows(self, mark: Watermark) -> Part:
        held, detect = self.held, self.held.mapping.detect
        query = select(*held.columns)
        if mark.whole:
            return Part(query.where(*living(held)), held.key, held.mapping.key)
        column = held.source.c[detect.column]
        if detect.by is Detect.FLAG:
            marked = column.in_([detect.new, detect.updated])
            return Part(query.where(marked), held.key, held.mapping.key)
        since = column >= _since(mark, detect.overlap)
        return Part(query.where(since), [column, *held.key], [detect.column, *held.mapping.key])

    def _deleted(self, mark: Watermark) -> Part:
        """Keys of deleted rows; one that is in use again is none."""
        held, deletes = self.held, self.held.mapping.deletes
        names = [deletes.at, *deletes.key]
        dead = named_table(deletes.table, names)
        columns = [dead.c[name] for name in names]
        same = and_(*(key == dead.c[name] for key, name in zip(held.key, deletes.key, strict=True)))
        again = exists().where(same)
        query = select(*columns).where(dead.c[deletes.at] >= _since(mark, deletes.overlap), ~again)
        return Part(query, columns, names)


def _since(mark: Watermark, overlap: int) -> ColumnElement[Any]:
    return literal(native_time((mark.since or 0) - overlap * SECOND), NATIVE)
