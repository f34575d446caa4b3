"""A poll of many pages holds few of them: memory does not grow with the number of records."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from shared.model.change import Page, Row
from tests.flows.office import Office

pytestmark = pytest.mark.anyio

PAGES, ROWS = 30, 20
HELD = 3
"""The page that is merged, the one that is read meanwhile, and the one that was just let go."""


class Rows(list[Row]):
    """A page's rows, which can be watched."""


class Endless:
    """A source of many pages that counts how many of them somebody still holds."""

    def __init__(self, read_at: int) -> None:
        self._read_at = read_at
        self._made: list[weakref.ref[Rows]] = []
        self.most_held = 0

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        for number in range(PAGES if entity == "account" else 0):
            rows = Rows(self._row(number * ROWS + each) for each in range(ROWS))
            self._made.append(weakref.ref(rows))
            page = Page(rows, str(number), self._read_at)
            del rows
            self.most_held = max(self.most_held, sum(each() is not None for each in self._made))
            yield page
            del page

    async def acknowledge(self, entity: str, page: Page) -> None:
        """Nothing to do."""

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return Page([], "", self._read_at)

    def _row(self, number: int) -> Row:
        return Row(f"row-{number}", {"number": f"A-{number}", "name": f"Acme {number}"}, self._read_at)


async def test_no_more_than_three_pages_are_held_at_once(office: Office):
    hub, source = office.world.hub, Endless(office.world.time.micros())
    crm = replace(hub.connections["salesforce"], source=source)
    office.world.hub = replace(hub, connections={**hub.connections, "salesforce": crm})

    await office.world.poll("salesforce")

    assert office.tally("account", "read") == PAGES * ROWS
    assert source.most_held <= HELD
