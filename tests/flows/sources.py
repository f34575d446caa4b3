"""Salesforce as another kind of source: it may answer with everything, and is told what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from shared.model.change import Page, Row
from shared.pipeline.ports import Source
from tests.flows.office import Office
from tests.world import World

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
    source = Told(office.world.hub.connections["salesforce"].source)
    _stands_in(office, source)
    return source


@dataclass
class Interrupted:
    """A source behind whose next answer about rows something happens, before the hub has merged them."""

    inner: Source
    meanwhile: Iterator[Callable[[], Awaitable[object]]]

    def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        return self.inner.changes(entity, watermark)

    async def acknowledge(self, entity: str, page: Page) -> None:
        await self.inner.acknowledge(entity, page)

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        page = await self.inner.read(entity, native_ids)
        for happens in self.meanwhile:
            await happens()
            break
        return page


def interrupted(office: Office, *meanwhile: Callable[[], Awaitable[object]]) -> None:
    """From now on, Salesforce is one."""
    _stands_in(office, Interrupted(office.world.hub.connections["salesforce"].source, iter(meanwhile)))


@dataclass
class Table:
    """A source that always answers with everything: rows made on the fly, a page at a time."""

    world: World
    rows: int
    page: int = 1_000
    gone: frozenset[int] = frozenset()
    edited: frozenset[int] = frozenset()

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        count, read_at = self.rows if entity == "account" else 0, self.world.time.micros()
        for start in range(0, max(count, 1), self.page):
            numbers = range(start, min(start + self.page, count))
            rows = [self._row(number, read_at) for number in numbers if number not in self.gone]
            last = start + self.page >= count
            yield Page(rows, str(start), read_at, whole=True, first=start == 0, last=last)

    def _row(self, number: int, stamp: int) -> Row:
        name = f"Acme {number}" + "!" * (number in self.edited)
        return Row(f"row-{number}", {"number": f"A-{number}", "name": name, "city": "Ulm"}, stamp)

    async def acknowledge(self, entity: str, page: Page) -> None:
        """Nothing to do."""

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return Page([], "", self.world.time.micros())


def table(office: Office, rows: int) -> Table:
    """From now on, Salesforce is one."""
    source = Table(office.world, rows)
    _stands_in(office, source)
    return source


def _stands_in(office: Office, source: Source) -> None:
    hub = office.world.hub
    connections = {**hub.connections, "salesforce": replace(hub.connections["salesforce"], source=source)}
    office.world.hub = replace(hub, connections=connections)
