"""Looks rows up by id or by natural key, a hundred at once.

The LMS searches numbers and e-mail addresses. Of a compound key the part that it can search narrows the
rows, and the rest is compared here, in normal form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from functions.lms.client import Client
from functions.lms.records import micros, row_of
from shared.adapters.batches import batched, side_by_side
from shared.model.change import Page, Row
from shared.model.errors import Misconfigured
from shared.model.golden import Value
from shared.model.translation import Translation

AT_A_TIME = 100
SEARCHED = {"number": "numbers", "email": "emails"}
"""Canonical field → the parameter that finds rows by it."""

Key = Mapping[str, Value]


class Lookup:
    def __init__(self, client: Client, translations: Mapping[str, Translation], *, at_once: int) -> None:
        self._client, self._translations, self._at_once = client, translations, at_once

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        numbers = list(dict.fromkeys(each for each in native_ids if _is_number(each)))
        return await self._page(self._translations[entity], "ids", numbers)

    async def find(self, entity: str, keys: Sequence[Key]) -> Page:
        """The living rows that have one of these keys, which all name the same fields."""
        wanted = [key for key in keys if key and all(value is not None for value in key.values())]
        if not wanted:
            return Page([], "", 0, calls=0)
        translation = self._translations[entity]
        field = _searched(translation, wanted[0])
        sought = {_comparable(key) for key in wanted}
        page = await self._page(translation, SEARCHED[field], list(_values(field, wanted)))
        fields = list(wanted[0])
        page.rows = [row for row in page.rows if _comparable(_part(row, fields)) in sought]
        return page

    async def _page(self, translation: Translation, parameter: str, values: Sequence[str]) -> Page:
        asks = [
            partial(self._client.listed, translation.native, {parameter: ",".join(some)})
            for some in batched(values, AT_A_TIME)
        ]
        answers = await side_by_side(asks, at_once=self._at_once)
        rows = [row_of(record, translation) for answer in answers for record in answer.rows]
        read_at = min((micros(answer.as_of) for answer in answers), default=0)
        return Page(rows, "", read_at, calls=len(answers))


def _is_number(native_id: str) -> bool:
    return native_id.isascii() and native_id.isdecimal() and len(native_id) <= 18


def _searched(translation: Translation, key: Key) -> str:
    for field in key:
        if field in SEARCHED and field in translation.fields:
            return field
    raise Misconfigured(
        f"The LMS cannot look {translation.native} up by {', '.join(key)}: a natural key needs one of"
        f" {', '.join(field for field in SEARCHED if field in translation.fields)}",
        reason="KeyNotSearchable",
    )


def _values(field: str, keys: Iterable[Key]) -> Iterable[str]:
    """The list in the address has no escape for a comma: such a value has no row that could be asked for."""
    values = dict.fromkeys(str(key[field]).strip() for key in keys)
    return (value for value in values if value and "," not in value)


def _part(row: Row, fields: Iterable[str]) -> Key:
    return {field: row.values.get(field) for field in fields}


def _comparable(key: Key) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted((field, _folded(value)) for field, value in key.items()))


def _folded(value: Value) -> Value:
    return value.strip().casefold() if isinstance(value, str) else value
