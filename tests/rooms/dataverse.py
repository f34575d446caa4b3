"""The room of Dataverse, connected to a simulated environment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import orjson

from functions.dataverse import connection as dataverse_room
from local.systems.control import Controlled
from local.systems.dataverse import Credentials, Dataverse, Options
from local.systems.rows import Rows
from local.systems.transport import SystemTransport
from shared.adapters.http import AT_ONCE
from tests.rooms.systems import Room, Time, Wire

ADDRESS = "https://crm.test"
CREDENTIALS = Credentials("crosswalk", "not-for-logs")
BODY = re.compile(rb"\r\n\r\n(\{.*?\})\r\n--", re.DOTALL)


class DataverseRoom(Room):
    """What a contract asks, in Dataverse's words."""

    @property
    def environment(self) -> Dataverse:
        system = self.system.system
        assert isinstance(system, Dataverse)
        return system

    def load_accounts(self, names: Sequence[str], at: datetime | None = None, start: int = 1) -> None:
        stamp = (at or self.time.at).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = [
            {"accountid": str(UUID(int=start + number)), "name": name, "createdon": stamp}
            for number, name in enumerate(names)
        ]
        self.environment.load("account", rows)

    def sent_records(self) -> list[dict[str, Any]]:
        """The bodies of all parts of all batches."""
        batches = [each.content for each in self.wire.requests if each.url.path.endswith("$batch")]
        return [orjson.loads(body) for batch in batches for body in BODY.findall(batch)]


def dataverse(time: Time, *, options: Options | None = None, **settings: str) -> DataverseRoom:
    options = options or Options(CREDENTIALS)
    system = Controlled(Dataverse(Rows(), time, Random(7), options, "crm"), time)
    wire = Wire(SystemTransport(system, time.sleep))
    environment = {
        "CRM_URL": ADDRESS,
        "CRM_AUTHORITY": ADDRESS,
        "CRM_TENANT": CREDENTIALS.tenant,
        "CRM_CLIENT_ID": "crosswalk",
        "CRM_CLIENT_SECRET": "not-for-logs",
        **{f"CRM_{name.upper()}": value for name, value in settings.items()},
    }
    connection = dataverse_room.connect(
        "crm",
        environment=environment,
        transport=wire,
        clock=time.micros,
        random=Random(7),
        retries=AT_ONCE,
    )
    return DataverseRoom(
        "dataverse",
        time,
        system,
        wire,
        connection,
        batch=500,
        write_method="POST",
        overlaps=False,
        dates_deletes=False,
        tells_when=True,
        lacking=("contact", {"email": "ann@example.org"}),
    )
