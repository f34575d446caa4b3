"""A hub that reads the ERP and is killed when it has kept what it read, before it tells the ERP so.

`python -m tests.flows.killed FOLDER`: the ERP's database and the hub's are in this folder.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from typing import Any

from functions.erp.source import ErpSource
from shared.adapters.store import Store
from shared.model.change import Page
from tests.flows.business import Business, business_in, customers_both_ways


class Deadly:
    """A source that kills whoever tells it that rows are kept."""

    def __init__(self, inner: Any) -> None:
        assert isinstance(inner, ErpSource)
        self.changes, self.read = inner.changes, inner.read

    async def acknowledge(self, entity: str, page: Page) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def opened(folder: str) -> Business:
    store = Store(f"sqlite:///{folder}/hub.sqlite")
    store.migrate()
    return business_in(folder, customers_both_ways(), store=store)


async def _poll(office: Business) -> None:
    hub = office.world.hub
    source = Deadly(hub.connections["erp"].source)
    connections = {**hub.connections, "erp": replace(hub.connections["erp"], source=source)}
    office.world.time.pass_by(61)
    await replace(hub, connections=connections).polling("erp").tick()


if __name__ == "__main__":
    asyncio.run(_poll(opened(sys.argv[1])))
