"""Builds this room for one org of the topology: settings in, a connection out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from functions.salesforce.bulk import JOB, Bulk, Sleep
from functions.salesforce.client import Client
from functions.salesforce.lookup import AT_A_TIME, Lookup
from functions.salesforce.push import formats
from functions.salesforce.registration import Registration
from functions.salesforce.schema import Schema
from functions.salesforce.settings import Settings
from functions.salesforce.source import SalesforceSource
from functions.salesforce.target import COLLECTION, SalesforceTarget
from functions.salesforce.translate import OBJECTS, ONCE, TRANSLATIONS
from shared.adapters.credentials import ClientCredentials, Grant, JwtBearer, read_settings
from shared.adapters.http import Http, Retries, Transport
from shared.pipeline.ports import Clock, Connection, Sizes

SIZES = Sizes(page=2_000, writes=COLLECTION, reads=AT_A_TIME, bulk=2_000, job=JOB)
"""Of one call, as long as no setting says otherwise."""


def connect(
    system: str,
    *,
    environment: Mapping[str, str] | None,
    transport: Transport | None,
    clock: Clock,
    random: Random,
    sleep: Sleep = asyncio.sleep,
    retries: Retries | None = None,
) -> Connection:
    """The org that `system` names; Misconfigured says which variables are missing."""
    settings = read_settings(Settings, system, environment)
    http = Http(settings.url, random=random, transport=transport, retries=retries)
    client = Client(http, _grant(settings, clock), api_version=settings.api_version, clock=clock)
    schema = Schema(client, TRANSLATIONS)
    lookup = Lookup(client, OBJECTS, schema, at_once=settings.at_once)
    return Connection(
        system,
        _source(settings, client, schema, lookup, clock),
        _target(settings, client, schema, lookup, sleep),
        TRANSLATIONS,
        close=client.close,
        conditional=False,
        deactivates=False,
        bulk=settings.bulk_threshold,
        push=formats(settings.push_organization),
        meter=client,
        sizes=replace(SIZES, page=settings.page_size, bulk=settings.bulk_threshold),
        once=ONCE,
    )


def _source(
    settings: Settings, client: Client, schema: Schema, lookup: Lookup, clock: Clock
) -> SalesforceSource:
    return SalesforceSource(
        client,
        OBJECTS,
        schema,
        overlap=settings.overlap,
        page_size=settings.page_size,
        clock=clock,
        lookup=lookup,
    )


def _target(
    settings: Settings, client: Client, schema: Schema, lookup: Lookup, sleep: Sleep
) -> SalesforceTarget:
    return SalesforceTarget(
        client,
        TRANSLATIONS,
        lookup=lookup,
        schema=schema,
        registration=Registration(schema, settings.lead_owner),
        bulk=Bulk(client, sleep, settings.bulk_patience),
        bulk_threshold=settings.bulk_threshold,
        at_once=settings.at_once,
    )


def _grant(settings: Settings, clock: Clock) -> Grant:
    if settings.client_secret is not None:
        return ClientCredentials(settings.client_id, settings.client_secret)
    if settings.username is None or settings.private_key is None:
        raise AssertionError("settings without a way in are refused when they are read")
    return JwtBearer(settings.client_id, settings.username, settings.private_key, settings.audience, clock)
