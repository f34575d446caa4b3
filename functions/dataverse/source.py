"""Polls a table by change tracking: what the server's delta link shows, deletes among it, page by page.

None ── all rows ── next … next ── delta link ──┐
                                    ┌───────────┘
refused as expired: all rows again  └─> changes, then deletes ── next … ── the next delta link
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from functions.dataverse.client import Client
from functions.dataverse.lookup import Lookup, preferences, selection
from functions.dataverse.records import Found, row_of
from functions.dataverse.refusals import EXPIRED
from functions.dataverse.tables import Table
from functions.dataverse.watermark import Watermark
from shared.model.change import Page, Row
from shared.model.errors import Misconfigured, Rejected


class DataverseSource:
    def __init__(
        self, client: Client, tables: Mapping[str, Table], *, page_size: int, lookup: Lookup
    ) -> None:
        self._client, self._tables, self._lookup = client, tables, lookup
        self._page_size = page_size

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        table = self._tables[entity]
        mark, last = Watermark.read(watermark, table.columns), False
        while not last:
            asked = mark
            try:
                found = await self._found(table, mark)
            except Rejected as error:
                mark = _back(mark, error)
                continue
            mark, last = mark.behind(found.following, found.delta, found.read_at), found.following is None
            yield Page(
                _ends_first([row_of(record, table, asked.at or found.read_at) for record in found.rows]),
                mark.text(),
                found.read_at,
                whole=asked.whole,
                first=asked.whole and asked.next is None,
                last=last,
            )

    async def acknowledge(self, entity: str, page: Page) -> None:
        """The watermark says it all."""

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    async def _found(self, table: Table, mark: Watermark) -> Found:
        prefer = preferences(table, "odata.track-changes", f"odata.maxpagesize={self._page_size}")
        found = await self._client.rows(mark.link or selection(table), prefer)
        if found.following is None and found.delta is None:
            raise Misconfigured(
                f"Dataverse tracks no changes of {table.name}: turn change tracking on for it",
                reason="NotTracked",
            )
        return found


def _ends_first(rows: list[Row]) -> list[Row]:
    """The server puts deletes last; but who deletes a customer may give its number to another at once."""
    return sorted(rows, key=lambda row: not row.deleted or row.merged_into is not None)


def _back(mark: Watermark, error: Rejected) -> Watermark:
    """Where to begin again, once a link is refused."""
    if mark.link is None:
        raise Misconfigured(
            f"Dataverse cannot be polled: {error.description}", reason=error.reason
        ) from error
    if error.reason == EXPIRED:
        return mark.anew()
    if mark.next is not None:
        return mark.again()
    raise Misconfigured(
        f"Dataverse does not take its own link back ({error.reason}): clear the watermark to read everything",
        reason=error.reason,
    ) from error
