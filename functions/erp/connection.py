"""Builds this room for one ERP of the topology: settings and mapping in, a connection out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from sqlalchemy import URL, Engine, make_url

from functions.erp import mapping as mappings
from functions.erp.client import Client, open_engine
from functions.erp.lookup import Lookup
from functions.erp.push import formats
from functions.erp.settings import Settings
from functions.erp.source import ErpSource
from functions.erp.tables import Held, held
from functions.erp.target import ErpTarget
from shared.adapters.credentials import read_settings
from shared.adapters.http import Transport
from shared.adapters.store.database import Runner, Threads
from shared.pipeline.ports import Clock, Connection


def connect(
    system: str,
    *,
    environment: Mapping[str, str] | None,
    transport: Transport | None,  # noqa: ARG001 - every room connects with the same words; a database has a driver
    clock: Clock,  # noqa: ARG001 - as above; the database says its own time
    random: Random,  # noqa: ARG001 - as above; nothing is left to chance
    run: Runner | None = None,
    open_: Callable[[URL, int], Engine] = open_engine,
) -> Connection:
    """The ERP that `system` names; Misconfigured says which variables are missing, or which lines wrong."""
    settings = read_settings(Settings, system, environment)
    mapping = mappings.load(settings.mapping)
    engine = open_(make_url(settings.database_url.get_secret_value()), settings.at_once)
    client = Client(engine, run or _threads(engine, settings.at_once), mapping.clock)
    entities = _held(settings.mapping, mapping)
    lookup = Lookup(client, entities)
    return Connection(
        system,
        ErpSource(client, entities, page_size=settings.page_size, lookup=lookup),
        ErpTarget(client, entities, lookup=lookup, batch=settings.batch, at_once=settings.at_once),
        {name: entity.translation for name, entity in entities.items()},
        close=client.close,
        conditional=all(entity.version for entity in mapping.entities.values() if entity.creates),
        deactivates=any(entity.active for entity in mapping.entities.values()),
        tables={name: entity.table for name, entity in mapping.entities.items() if entity.table},
        push=formats(entities),
    )


def _held(path: Path, mapping: mappings.ErpMapping) -> dict[str, Held]:
    """What a translation itself refuses (a column twice, an `absent` of another form) has no line."""
    try:
        return held("the ERP", mapping)
    except ValueError as error:
        raise mappings.MappingError(f"{path.name}: {error}") from None


def _threads(engine: Engine, at_once: int) -> Runner:
    """SQLite writes one at a time: there one thread waits its turn for nothing, where several would sleep."""
    return Threads(1 if engine.dialect.name == "sqlite" else at_once)
