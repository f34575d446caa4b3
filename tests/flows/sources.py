"""Salesforce as another kind of source: it may answer with everything, and is told what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from shared.model.change import Page, Row
from shared.pipeline.ports import Source
from tests.flows.office import Office

WHOLE = "whole "
"""What a watermark in the middle of a whole read begins with."""


@dataclass
class Told:
    """A source that is told what is kept. `expired`: the next run answers with all that lives.

    `shown` says which rows of such an answer are there at all, `meanwhile` happens behind its first page, and
    `before` may raise when it is told.
    """

    inner: Source
    expired: bool = False
    shown: Callable[[Row], bool] = lambda row: True
    meanwhile: Callable[[], Awaitable[object]] | None = None
    before: Callable[[], None] = lambda: None
    kept: list[str] = field(default_factory=list)

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        whole = (watermark or "").startswith(WHOLE)
        first = self.expired and not whole
        self.expired = False
        since = None if first else (watermark or "").removeprefix(WHOLE) or None
        async for page in self.inner.changes(entity, since):
            yield self._marked(page, first=first) if whole or first else page
            if first and self.meanwhile:
                await self.meanwhile()
            whole, first = whole or first, False

    def _marked(self, page: Page, *, first: bool) -> Page:
        rows = [row for row in page.rows if self.shown(row)]
        mark = page.watermark if page.last else WHOLE + page.watermark
        return replace(page, rows=rows, watermark=mark, whole=True, first=first)

    async def acknowledge(self, entity: str, page: Page) -> None:
        self.before()
        self.kept += [row.native_id for row in page.rows]

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self.inner.read(entity, native_ids)


def told(office: Office) -> Told:
    """From now on, Salesforce is one."""
    hub = office.world.hub
    salesforce = hub.connections["salesforce"]
    source = Told(salesforce.source)
    connections = {**hub.connections, "salesforce": replace(salesforce, source=source)}
    office.world.hub = replace(hub, connections=connections)
    return source
