"""Looks rows up by native id or by natural key, some hundreds in a statement.

Text is compared in lower case. A compound key is narrowed in the database by each of its columns alone, and
the rest is compared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select

from functions.erp.client import Client, Statements
from functions.erp.tables import Held, among
from shared.adapters.batches import batched
from shared.model.change import Page, Row
from shared.model.errors import Rejected
from shared.model.golden import Value
from shared.model.keys import fold

AT_A_TIME = 500

Key = Mapping[str, Value]


class Lookup:
    def __init__(self, client: Client, entities: Mapping[str, Held]) -> None:
        self._client, self._entities = client, entities

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        held, page = self._entities[entity], Page([], "", 0, calls=0)
        for some in batched(list(dict.fromkeys(native_ids)), AT_A_TIME):
            await self._read(held, some, page)
        return page

    async def _read(self, held: Held, native_ids: Sequence[str], page: Page) -> None:
        """What is no key of this table at all would fail the others: it is found by halving, and absent."""
        keys = [held.parts(native_id) for native_id in native_ids]
        try:
            await self._add(held, _living(held).where(among(held.key, keys)), page)
        except Rejected:
            middle = len(native_ids) // 2
            for half in (native_ids[:middle], native_ids[middle:]) if middle else ():
                await self._read(held, half, page)

    async def find(self, entity: str, keys: Sequence[Key]) -> Page:
        """The living rows that have one of these keys, which all name the same fields."""
        held, page = self._entities[entity], Page([], "", 0, calls=0)
        wanted = [key for key in keys if key and all(value is not None for value in key.values())]
        sought = {_folded(key) for key in wanted}
        for some in batched(wanted, AT_A_TIME):
            await self._add(held, _living(held).where(*_narrowed(held, some)), page)
        fields = list(wanted[0]) if wanted else []
        page.rows = [row for row in page.rows if _folded(_part(row, fields)) in sought]
        return page

    async def _add(self, held: Held, query: Select[Any], page: Page) -> None:
        found = await self._client.read(partial(_rows, held, query))
        page.rows += found.rows
        page.calls += found.calls
        page.read_at = min(page.read_at or found.read_at, found.read_at)


def _rows(held: Held, query: Select[Any], statements: Statements) -> Page:
    read_at = statements.now()
    rows = [held.row(wire, read_at) for wire in statements.rows(query)]
    return Page(rows, "", read_at, calls=statements.cost.calls)


def _living(held: Held) -> Select[Any]:
    return select(*held.columns).where(*living(held))


def living(held: Held) -> list[ColumnElement[bool]]:
    """Rows that do not say of themselves that they are deleted."""
    deletes = held.mapping.deletes
    if not deletes.column:
        return []
    says = held.source.c[deletes.column]
    return [or_(says.is_(None), says != deletes.value)]


def _narrowed(held: Held, keys: Sequence[Key]) -> Iterable[ColumnElement[bool]]:
    """For each field: its column holds one of the values that the keys have there."""
    for field in keys[0]:
        natives = [held.translation.from_canonical({field: key[field]}) for key in keys]
        column = held.source.c[held.translation.native_of(field)]
        values = list(dict.fromkeys(value for native in natives for value in native.values()))
        texts = all(isinstance(value, str) for value in values)
        text = func.lower(cast(column, String))
        yield text.in_([value.lower() for value in values]) if texts else column.in_(values)


def _part(row: Row, fields: Iterable[str]) -> Key:
    return {field: row.values.get(field) for field in fields}


def _folded(key: Key) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((field, fold(value)) for field, value in key.items()))
