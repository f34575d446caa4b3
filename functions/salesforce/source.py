"""Polls Salesforce by (SystemModstamp, Id), deleted rows included, also in the first poll: the hub may have
made rows before it, and somebody deleted or merged them.

Each page is a query of its own that starts behind the last row, so it needs no cursor that could expire, and
any number of rows may share one stamp. A poll reads an overlap again, for a transaction that commits late
shows rows with older stamps; the pipeline drops what it has seen.

An entity that lives in several objects is read from one after the other, each from a watermark of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from functions.salesforce.client import Client
from functions.salesforce.lookup import Lookup, Objects, selection
from functions.salesforce.records import Found, Record, micros, row_of, soql_time
from functions.salesforce.schema import Schema
from functions.salesforce.sobject import SObject, long_id
from functions.salesforce.watermark import Marks, Watermark
from shared.model.change import Page


class SalesforceSource:
    def __init__(
        self,
        client: Client,
        objects: Objects,
        schema: Schema,
        *,
        overlap: int,
        page_size: int,
        clock: Callable[[], int],
        lookup: Lookup,
    ) -> None:
        self._client, self._objects, self._schema, self._lookup = client, objects, schema, lookup
        self._overlap, self._page_size, self._clock = overlap, page_size, clock

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        objects = self._objects[entity]
        if len(objects) == 1:
            async for page in self._changes(objects[0], Watermark.read(watermark)):
                yield page
            return
        marks = Marks.read(watermark)
        for each in objects:
            async for page in self._changes(each, marks.of(each.native)):
                marks = marks.at(each.native, page.watermark)
                yield replace(page, watermark=marks.text(), last=page.last and each is objects[-1])

    async def _changes(self, sobject: SObject, mark: Watermark) -> AsyncIterator[Page]:
        await self._schema.check(sobject)
        more = True
        while more:
            asked = self._clock()
            found = await self._client.query(self._soql(sobject, mark), deleted=True)
            mark = mark.begun(found.read_at - (self._clock() - asked))
            more = self._goes_on(found)
            mark = _behind(mark, found.records[-1]) if more else mark.ended(self._overlap)
            rows = [row_of(record, sobject) for record in found.records]
            yield Page(rows, mark.text(), found.read_at, last=not more)

    async def acknowledge(self, entity: str, page: Page) -> None:
        """The watermark says it all."""

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    def _goes_on(self, found: Found) -> bool:
        """A server may give fewer rows than were asked for and say so."""
        return bool(found.records) and (len(found.records) >= self._page_size or found.more is not None)

    def _soql(self, sobject: SObject, mark: Watermark) -> str:
        where = f" WHERE {_beyond(mark)}" if mark.since is not None else ""
        return f"{selection(sobject)}{where} ORDER BY SystemModstamp, Id LIMIT {self._page_size}"


def _beyond(mark: Watermark) -> str:
    stamp = soql_time(mark.since or 0)
    if mark.after is None:
        return f"SystemModstamp >= {stamp}"
    return f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{mark.after}'))"


def _behind(mark: Watermark, record: Record) -> Watermark:
    return mark.behind(micros(record["SystemModstamp"]), long_id(record["Id"]))
