"""Opens a door as the settings of its system say."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from random import Random

from shared.adapters.http import Http, Transport
from shared.adapters.store import Store
from shared.push.door import Accepting, Door
from shared.push.entra import Entra, Keys
from shared.push.formats import Formats
from shared.push.remembered import Remembered
from shared.push.schemes import Key, Scheme
from shared.push.settings import SchemeName, Settings
from shared.push.standard_webhooks import StandardWebhooks

Clock = Callable[[], int]


def open_door(
    system: str,
    settings: Settings,
    formats: Formats,
    entities: AbstractSet[str],
    arrivals: Accepting,
    *,
    store: Store,
    clock: Clock,
    random: Random,
    transport: Transport | None = None,
) -> Door:
    """The door of a system that has a scheme."""
    scheme = _scheme(system, settings, store, clock, random, transport)
    return Door(system, entities, scheme, settings.push_networks, formats, arrivals)


def _scheme(
    system: str, settings: Settings, store: Store, clock: Clock, random: Random, transport: Transport | None
) -> Scheme:
    match settings.push_scheme:
        case SchemeName.KEY:
            return Key(settings.secrets)
        case SchemeName.STANDARD_WEBHOOKS:
            return StandardWebhooks(system, settings.secrets, Remembered(store, clock), clock)
        case SchemeName.ENTRA:
            return _entra(settings, Http(settings.push_authority, random=random, transport=transport), clock)
        case None:
            raise AssertionError("without a scheme there is no door to be opened")


def _entra(settings: Settings, http: Http, clock: Clock) -> Entra:
    tenant, audience = settings.push_tenant, settings.push_audience
    if tenant is None or audience is None:
        raise AssertionError("settings that take tokens from nobody are refused when they are read")
    keys = Keys(http, tenant, clock)
    return Entra(settings.push_authority, tenant, audience, settings.push_clients, keys, clock)
