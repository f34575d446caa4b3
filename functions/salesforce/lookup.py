"""Looks rows up by id, 2000 in a call, or by natural key, as many as fit into one query.

Ids travel in a body. A query has to travel in the address, and Salesforce takes 16,384 bytes of address and
headers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from functions.salesforce.client import Client
from functions.salesforce.records import Found, row_of
from functions.salesforce.schema import Schema
from functions.salesforce.sobject import EXTERNAL_ID, SObject, long_id
from shared.adapters.batches import batched, side_by_side
from shared.model.change import Page, Row
from shared.model.golden import Value
from shared.model.keys import natural_key

AT_A_TIME = 2000
"""The most ids that one call takes."""

ADDRESS_BYTES = 12_000
"""What the conditions of one query may take of an address, its escapes counted."""

ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)


Key = Mapping[str, Value]
Objects = Mapping[str, Sequence[SObject]]


class Lookup:
    """`objects` says where an entity's rows are found; a search that has found one does not go on."""

    def __init__(self, client: Client, objects: Objects, schema: Schema, *, at_once: int) -> None:
        self._client, self._objects, self._schema, self._at_once = client, objects, schema, at_once

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        ids = [each for each in dict.fromkeys(map(long_id, native_ids)) if len(each) == 18]
        page = _page([])
        for each in self._objects[entity]:
            own = [native for native in ids if native.startswith(each.prefix)]
            asks = [partial(self._retrieved, each, some) for some in batched(own, AT_A_TIME)]
            page = _both(page, await self._asked(each, asks))
        return page

    async def find(self, entity: str, keys: Sequence[Key]) -> Page:
        """Salesforce compares text in any case, so a hit may differ from its key in that."""
        wanted = list({tuple(sorted(key.items())): key for key in keys if _complete(key)}.values())
        page = _page([])
        for each in self._objects[entity]:
            asks = [partial(self._queried, each, some) for some in _conditions(each, wanted)]
            page = _both(page, await self._asked(each, asks))
            wanted = _unfound(wanted, page.rows) if len(self._objects[entity]) > 1 else []
        return page

    async def _asked(self, sobject: SObject, asks: Sequence[Callable[[], Awaitable[list[Found]]]]) -> Page:
        if not asks:
            return _page([])
        await self._schema.check(sobject)
        answers = await side_by_side(asks, at_once=self._at_once)
        return _page([(found, sobject) for each in answers for found in each])

    async def _retrieved(self, sobject: SObject, ids: Sequence[str]) -> list[Found]:
        return [await self._client.retrieve(sobject.native, ids, selected(sobject))]

    async def _queried(self, sobject: SObject, condition: str) -> list[Found]:
        living = f" AND {sobject.living}" if sobject.living else ""
        soql = f"{selection(sobject)} WHERE ({condition}){living}"
        return [found async for found in self._client.records(soql)]


def _page(answers: Sequence[tuple[Found, SObject]]) -> Page:
    rows = [row_of(record, sobject) for found, sobject in answers for record in found.records]
    once = {row.native_id: row for row in rows}
    read_at = min((found.read_at for found, _ in answers), default=0)
    return Page(list(once.values()), "", read_at, calls=len(answers))


def _both(one: Page, other: Page) -> Page:
    read_at = min((page.read_at for page in (one, other) if page.calls), default=0)
    return Page([*one.rows, *other.rows], "", read_at, calls=one.calls + other.calls)


def selected(sobject: SObject) -> list[str]:
    """The fields that the table names, and what a row is known by."""
    return ["Id", "SystemModstamp", "IsDeleted", EXTERNAL_ID, *sobject.beside, *sobject.natives]


def selection(sobject: SObject) -> str:
    """`SELECT ... FROM ...`."""
    fields = ", ".join(selected(sobject))
    return f"SELECT {fields} FROM {sobject.native}"  # noqa: S608 - names of our own tables, no values


def _unfound(keys: Sequence[Key], rows: Iterable[Row]) -> list[Key]:
    """The keys, which all name the same fields, that none of the rows has."""
    fields = list(keys[0]) if keys else []
    found = {natural_key(fields, row.values) for row in rows}
    return [key for key in keys if natural_key(fields, key) not in found]


def literal(value: Value) -> str:
    """A value as SOQL writes it; text cannot break out of its quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value.translate(ESCAPES)}'" if isinstance(value, str) else str(value)


def fitted(parts: Iterable[str], between: str) -> list[str]:
    """Parts joined into texts that each fit into an address."""
    texts: list[list[str]] = []
    size = ADDRESS_BYTES
    for part in parts:
        length = len(quote(part, safe="")) + len(quote(between, safe=""))
        if size + length > ADDRESS_BYTES:
            texts.append([])
            size = 0
        texts[-1].append(part)
        size += length
    return [between.join(text) for text in texts]


def _complete(key: Key) -> bool:
    """A key with an empty part identifies nothing."""
    return bool(key) and all(value is not None for value in key.values())


def _conditions(translation: SObject, keys: Sequence[Key]) -> Iterable[str]:
    """Keys of one field as `IN`, compound ones as alternatives."""
    single: dict[str, list[str]] = {}
    compound: list[str] = []
    for key in keys:
        pairs = [(translation.native_of(field), literal(value)) for field, value in key.items()]
        if len(pairs) == 1:
            single.setdefault(pairs[0][0], []).append(pairs[0][1])
        else:
            compound.append("(" + " AND ".join(f"{native} = {value}" for native, value in pairs) + ")")
    for native, values in single.items():
        yield from (f"{native} IN ({some})" for some in fitted(values, ","))
    yield from fitted(compound, " OR ")
