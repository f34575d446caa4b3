"""Looks rows up by id, 2000 in a call, or by natural key, as many as fit into one query.

Ids travel in a body. A query has to travel in the address, and Salesforce takes 16,384 bytes of address and
headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from functions.salesforce.client import Client
from functions.salesforce.records import Found, row_of
from functions.salesforce.translate import EXTERNAL_ID, long_id
from shared.adapters.batches import batched, side_by_side
from shared.model.change import Page
from shared.model.golden import Value
from shared.model.translation import Translation

AT_A_TIME = 2000
"""The most ids that one call takes."""

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
        ids = [each for each in dict.fromkeys(map(long_id, native_ids)) if len(each) == 18]
        asks = [partial(self._retrieved, translation, some) for some in batched(ids, AT_A_TIME)]
        return _page(await side_by_side(asks, at_once=self._at_once), translation)

    async def find(self, entity: str, keys: Sequence[Mapping[str, Value]]) -> Page:
        """Salesforce compares text in any case, so a hit may differ from its key in that."""
        translation = self._translations[entity]
        wanted = list({tuple(sorted(key.items())): key for key in keys if _complete(key)}.values())
        asks = [
            partial(self._queried, f"{selection(translation)} WHERE {each}")
            for each in _conditions(translation, wanted)
        ]
        return _page(await side_by_side(asks, at_once=self._at_once), translation)

    async def _retrieved(self, translation: Translation, ids: Sequence[str]) -> list[Found]:
        return [await self._client.retrieve(translation.native, ids, selected(translation))]

    async def _queried(self, soql: str) -> list[Found]:
        return [found async for found in self._client.records(soql)]


def _page(answers: Sequence[Sequence[Found]], translation: Translation) -> Page:
    every = [found for each in answers for found in each]
    rows = [row_of(record, translation) for found in every for record in found.records]
    once = {row.native_id: row for row in rows}
    read_at = min((found.read_at for found in every), default=0)
    return Page(list(once.values()), "", read_at, calls=len(every))


def selected(translation: Translation) -> list[str]:
    """The fields that the table names, and what a row is known by."""
    return ["Id", "SystemModstamp", "IsDeleted", "MasterRecordId", EXTERNAL_ID, *translation.natives]


def selection(translation: Translation) -> str:
    """`SELECT ... FROM ...`."""
    fields = ", ".join(selected(translation))
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
