"""Builds this room for one environment of the topology: settings in, a connection out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from functions.dataverse.client import Client
from functions.dataverse.login import Login
from functions.dataverse.lookup import CONDITIONS, QUERIES, Lookup
from functions.dataverse.push import FORMATS
from functions.dataverse.settings import Settings
from functions.dataverse.source import DataverseSource
from functions.dataverse.target import DataverseTarget
from functions.dataverse.translate import TABLES, TRANSLATIONS
from functions.dataverse.unit_group import UnitGroup
from shared.adapters.credentials import read_settings
from shared.adapters.http import Http, Retries, Transport
from shared.pipeline.ports import Clock, Connection, Sizes

SIZES = Sizes(page=5_000, writes=500, reads=CONDITIONS * QUERIES)
"""Of one call, as long as no setting says otherwise."""


def connect(
    system: str,
    *,
    environment: Mapping[str, str] | None,
    transport: Transport | None,
    clock: Clock,
    random: Random,
    retries: Retries | None = None,
) -> Connection:
    """The environment that `system` names; Misconfigured says which variables are missing."""
    settings = read_settings(Settings, system, environment)
    login = Login(
        Http(settings.authority, random=random, transport=transport, retries=retries),
        f"{settings.authority}/{settings.tenant}",
        settings.client_id,
        settings.client_secret.get_secret_value(),
        f"{settings.url}/.default",
    )
    http = Http(settings.url, random=random, transport=transport, retries=retries)
    client = Client(http, login, api_version=settings.api_version, clock=clock)
    lookup = Lookup(client, TABLES, at_once=settings.at_once)
    source = DataverseSource(client, TABLES, page_size=settings.page_size, lookup=lookup)
    target = DataverseTarget(
        client,
        TABLES,
        lookup=lookup,
        unit_group=UnitGroup(client, settings.unit_group),
        batch_size=settings.batch_size,
        at_once=settings.at_once,
    )
    sizes = replace(SIZES, page=settings.page_size, writes=settings.batch_size)
    return Connection(system, source, target, TRANSLATIONS, close=client.close, push=FORMATS, sizes=sizes)
