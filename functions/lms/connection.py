"""Builds this room for one LMS of the topology: settings in, a connection out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from functions.lms.client import Client
from functions.lms.launch import Launch
from functions.lms.lookup import AT_A_TIME, Lookup
from functions.lms.push import FORMATS
from functions.lms.settings import Settings
from functions.lms.source import LmsSource
from functions.lms.target import BATCH, LmsTarget
from functions.lms.translate import TRANSLATIONS
from shared.adapters.credentials import read_settings
from shared.adapters.http import Http, Retries, Transport
from shared.adapters.signing import SigningKey
from shared.pipeline.ports import Clock, Connection, Sizes

SIZES = Sizes(page=1_000, writes=BATCH, reads=AT_A_TIME)
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
    """The LMS that `system` names; Misconfigured says which variables are missing."""
    settings = read_settings(Settings, system, environment)
    client = Client(Http(settings.url, random=random, transport=transport, retries=retries), settings.token)
    lookup = Lookup(client, TRANSLATIONS, at_once=settings.at_once)
    source = LmsSource(
        client, TRANSLATIONS, overlap=settings.overlap, page_size=settings.page_size, lookup=lookup
    )
    sizes = replace(SIZES, page=settings.page_size)
    target = LmsTarget(client, TRANSLATIONS, lookup=lookup, at_once=settings.at_once)
    return Connection(
        system,
        source,
        target,
        TRANSLATIONS,
        close=client.close,
        push=FORMATS,
        launch=launch_into(settings, clock, random),
        sizes=sizes,
    )


def launch_into(settings: Settings, clock: Clock, random: Random) -> Launch | None:
    """No key, no links."""
    if settings.launch_key is None:
        return None
    return Launch(
        address=settings.url.rstrip("/") + settings.launch_path,
        key=SigningKey.read(settings.launch_key.get_secret_value()),
        issuer=settings.launch_issuer,
        audience=settings.launch_audience or settings.url,
        domains=settings.domains,
        seconds=settings.launch_seconds,
        clock=clock,
        new_id=lambda: f"{random.getrandbits(128):032x}",
    )
