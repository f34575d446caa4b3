"""Looks rows up by id or by natural key: queries of some conditions each, many queries in one `$batch`.

A query travels in a part of a batch, where its address may be longer than elsewhere. Dataverse compares text
in any case and with any accent, so a hit may differ from its key in that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from functions.dataverse.batch import Part
from functions.dataverse.client import Client
from functions.dataverse.records import Found, row_of
from functions.dataverse.refusals import judge
from functions.dataverse.tables import WHICH, Table
from shared.adapters.batches import batched, side_by_side
from shared.adapters.http import Answer, Cost
from shared.model.change import Page
from shared.model.field import Kind
from shared.model.golden import Value

CONDITIONS = 200
"""In one query; Dataverse takes 500."""

ADDRESS_BYTES = 40_000
"""What the conditions of one query may take of an address; Dataverse takes 64 KB within a batch."""

QUERIES = 20
"""In one batch: answers stay small enough to be held."""

GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")

Key = Mapping[str, Value]


class Lookup:
    def __init__(self, client: Client, tables: Mapping[str, Table], *, at_once: int) -> None:
        self._client, self._tables, self._at_once = client, tables, at_once

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        table = self._tables[entity]
        ids = [each for each in dict.fromkeys(native_ids) if GUID.fullmatch(each)]
        return await self._page(table, [f"{table.key} eq {each}" for each in ids])

    async def find(self, entity: str, keys: Sequence[Key]) -> Page:
        """The living rows that have one of these keys."""
        table = self._tables[entity]
        conditions = dict.fromkeys(_condition(table, key) for key in keys if _complete(key))
        page = await self._page(table, list(conditions))
        page.rows = [row for row in page.rows if not row.deleted]
        return page

    async def _page(self, table: Table, conditions: Sequence[str]) -> Page:
        cost = Cost()
        parts = [_query(self._client.base, table, each) for each in fitted(conditions)]
        asks = [partial(self._asked, table, some, cost) for some in batched(parts, QUERIES)]
        answers = await side_by_side(asks, at_once=self._at_once)
        found = [each for some in answers for each in some]
        rows = [row_of(record, table, each.read_at) for each in found for record in each.rows]
        once = {row.native_id: row for row in rows}
        return Page(
            list(once.values()), "", min((each.read_at for each in found), default=0), calls=cost.calls
        )

    async def _asked(self, table: Table, parts: Sequence[Part], cost: Cost) -> list[Found]:
        found = []
        for answer in await self._client.batch(parts, reads=True, cost=cost):
            each = self._found(answer)
            found.append(each)
            while each.following is not None:
                each = await self._client.rows(each.following, preferences(table), cost)
                found.append(each)
        return found

    def _found(self, answer: Answer) -> Found:
        if error := judge(answer):
            raise error
        return self._client.found(answer)


def preferences(table: Table, *more: str) -> str:
    """What a request for rows prefers; where a column holds customers, to be told which table they are in."""
    which = [f'odata.include-annotations="{WHICH}"'] if table.customers else []
    return ",".join([*more, *which])


def selection(table: Table) -> str:
    """The address of a table's rows, behind the version."""
    return f"{table.entity_set}?$select={table.columns}"


def fitted(conditions: Iterable[str]) -> list[str]:
    """Conditions joined into filters, escaped, that each fit into a query."""
    filters: list[list[str]] = []
    size = 0
    for condition in conditions:
        escaped = quote(condition, safe="")
        if not filters or size + len(escaped) > ADDRESS_BYTES or len(filters[-1]) == CONDITIONS:
            filters.append([])
            size = 0
        filters[-1].append(escaped)
        size += len(escaped) + len("%20or%20")
    return ["%20or%20".join(some) for some in filters]


def _query(base: str, table: Table, condition: str) -> Part:
    prefer = preferences(table)
    headers = "Accept: application/json\r\n" + (f"Prefer: {prefer}\r\n" if prefer else "")
    return Part("GET", f"{base}{selection(table)}&$filter={condition}", headers)


def _complete(key: Key) -> bool:
    """A key with an empty part identifies nothing."""
    return bool(key) and all(value is not None for value in key.values())


def _condition(table: Table, key: Key) -> str:
    pairs = [_pair(table, field, value) for field, value in key.items()]
    return pairs[0] if len(pairs) == 1 else f"({' and '.join(pairs)})"


def _pair(table: Table, field: str, value: Value) -> str:
    line = table.lines[field]
    native = table.translation.from_canonical({field: value})[line.native]
    if line.kind is Kind.TEXT:
        return f"{line.native} eq {literal(str(native))}"
    return f"{line.native} eq {str(native).lower() if isinstance(native, bool) else native}"


def literal(text: str) -> str:
    """Text as a filter writes it: it cannot break out of its quotes."""
    return "'" + text.replace("'", "''") + "'"
