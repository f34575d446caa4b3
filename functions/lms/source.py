"""Polls the LMS by `updated_since`, deleted rows included; its cursor carries a run from page to page.

Without `updated_since` it shows what lives, inactive rows too (believed: a list that hid some would look as
if they were deleted). So what the hub has made before the first poll, and is not there, was deleted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from functions.lms.client import Client
from functions.lms.lookup import Lookup
from functions.lms.records import micros, row_of
from functions.lms.watermark import Watermark
from shared.model.change import Page
from shared.model.errors import Rejected
from shared.model.translation import Translation


class LmsSource:
    def __init__(
        self,
        client: Client,
        translations: Mapping[str, Translation],
        *,
        overlap: int,
        page_size: int,
        lookup: Lookup,
    ) -> None:
        self._client, self._translations, self._lookup = client, translations, lookup
        self._overlap, self._page_size = overlap, page_size

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        translation, mark, more = self._translations[entity], Watermark.read(watermark), True
        while more:
            whole, first = mark.since is None, mark.cursor is None
            try:
                listed = await self._client.listed(translation.native, self._asked(mark))
            except Rejected:
                if mark.cursor is None:
                    raise
                mark = replace(mark, cursor=None)  # it knows this cursor no more: the run starts again
                continue
            more = listed.cursor is not None
            mark = mark.at(listed.cursor, listed.as_of)
            mark = mark if more else mark.ended(self._overlap)
            rows = [row_of(record, translation) for record in listed.rows]
            read_at = micros(listed.as_of)
            yield Page(rows, mark.text(), read_at, whole=whole, first=whole and first, last=not more)

    async def acknowledge(self, entity: str, page: Page) -> None:
        """The watermark says it all."""

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    def _asked(self, mark: Watermark) -> dict[str, str]:
        asked = {"updated_since": mark.since, "cursor": mark.cursor, "limit": str(self._page_size)}
        return {name: value for name, value in asked.items() if value is not None}
