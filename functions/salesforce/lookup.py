"""Looks rows up by id or by natural key: many in one query, within the length that an address may have.

A query in a POST body would know no such limit, but there is none; 16,384 bytes of address and headers are
what Salesforce takes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from urllib.parse import quote

from functions.salesforce.client import Client
from functions.salesforce.records import Found, row_of
from shared.adapters.batches import side_by_side
from shared.model.change import Page, Row
from shared.model.golden import Value
from shared.model.translation import Translation

ADDRESS_BYTES = 12_000
"""What the conditions of one query may take of an address, its escapes counted."""

ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)


class Lookup:
    def __init__(self, client: Client, translations: Mapping[str, Translation], *, at_once: int) -> None:
        self._client, self._translations, self._at_once = client, translations, at_once

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        translation = self._translations[entity]
        literals = (literal(native_id) for native_id in dict.fromkeys(native_ids))
        return await self._page(translation, [f"Id IN ({some})" for some in fitted(literals, ",")])

    async def find(self, entity: str, keys: Sequence[Mapping[str, Value]]) -> Page:
        """Salesforce compares text in any case, so a hit may differ from its key in that."""
        translation = self._translations[entity]
        wanted = list({tuple(sorted(key.items())): key for key in keys if _complete(key)}.values())
        return await self._page(translation, list(_conditions(translation, wanted)))

    async def _page(self, translation: Translation, conditions: list[str]) -> Page:
        found = await side_by_side(
            [self._asking(f"{selection(translation)} WHERE {each}") for each in conditions],
            at_once=self._at_once,
        )
        answers = [answer for answers in found for answer in answers]
        rows: dict[str, Row] = {}
        for answer in answers:
            for record in answer.records:
                row = row_of(record, translation)
                rows[row.native_id] = row
        return Page(list(rows.values()), "", min((each.read_at for each in answers), default=0))

    def _asking(self, soql: str) -> Callable[[], Awaitable[list[Found]]]:
        async def ask() -> list[Found]:
            return [found async for found in self._client.records(soql)]

        return ask


def selection(translation: Translation) -> str:
    """`SELECT ... FROM ...`: what the table names, and what a row is known by."""
    fields = ", ".join(("Id", "SystemModstamp", "IsDeleted", "MasterRecordId", *translation.natives))
    return f"SELECT {fields} FROM {translation.native}"  # noqa: S608 - names of our own tables, no values


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


def _complete(key: Mapping[str, Value]) -> bool:
    """A key with an empty part identifies nothing."""
    return bool(key) and all(value is not None for value in key.values())


def _conditions(translation: Translation, keys: list[Mapping[str, Value]]) -> Iterable[str]:
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
