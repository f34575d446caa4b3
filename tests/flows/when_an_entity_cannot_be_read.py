"""One entity that cannot be read keeps no other from being read; and somebody is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest

from shared.model.change import Page
from shared.model.errors import Rejected
from shared.pipeline.ports import Source
from tests.flows.office import ACME, Office

pytestmark = pytest.mark.anyio


@dataclass
class Choosy:
    """A source that refuses the query of one entity."""

    inner: Source
    refused: str

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self.inner.read(entity, native_ids)

    async def acknowledge(self, entity: str, page: Page) -> None:
        await self.inner.acknowledge(entity, page)

    async def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        if entity == self.refused:
            raise Rejected("no such column", reason="INVALID_FIELD")
        async for page in self.inner.changes(entity, watermark):
            yield page


async def test_the_others_are_read_and_the_error_is_raised(office: Office):
    world = office.world
    connection = world.hub.connections["salesforce"]
    choosy = replace(connection, source=Choosy(connection.source, "account"))
    world.hub = replace(world.hub, connections={**world.hub.connections, "salesforce": choosy})
    office.sales.create("Account", **ACME)
    office.sales.create("Lead", LastName="Lovelace", Company="Analytical Engines", Email="ada@lead.example")

    with pytest.raises(Rejected):
        await world.poll("salesforce")

    assert {change.properties["entity"] for change in office.changes()} == {"lead"}
