"""The unit group of the settings: every new unit and product belongs to one, and nobody types which."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from functions.dataverse.client import Client
from functions.dataverse.lookup import literal
from functions.dataverse.tables import Table
from shared.adapters.http import Cost
from shared.model.errors import Misconfigured, Rejected


class UnitGroup:
    """Looked up once, when it is first needed, however many calls are under way."""

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name = client, name
        self._address: str | None = None
        self._door = asyncio.Lock()

    async def bound(self, table: Table, cost: Cost) -> dict[str, str]:
        """What a new row of this table says of it; nothing where a table knows no groups."""
        if table.unit_group is None:
            return {}
        async with self._door:
            self._address = self._address or await self._found(cost)
        return {f"{table.unit_group}@odata.bind": self._address}

    async def _found(self, cost: Cost) -> str:
        condition = quote(f"name eq {literal(self._name)}", safe="")
        path = f"uomschedules?$select=uomscheduleid&$filter={condition}"
        try:
            found = await self._client.rows(path, "odata.maxpagesize=2", cost)
        except Rejected as error:  # of the question, and no fault of the records that wait for the answer
            raise Misconfigured(error.description, reason=error.reason) from error
        if len(found.rows) != 1:
            raise Misconfigured(
                f"Dataverse has {len(found.rows)} unit groups with the name of the setting that ends in"
                " _UNIT_GROUP: create it, or name another",
                reason="NoUnitGroup",
            )
        return f"/uomschedules({found.rows[0]['uomscheduleid']})"
