"""What an ERP pushes: nothing by itself, for it is a database; a job beside it may send CloudEvents.

A row in the event's data has the columns of the mapping, as the database would show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.erp.tables import Held
from shared.push.cloudevents import CloudEvents
from shared.push.formats import Formats


def formats(entities: Mapping[str, Held]) -> Formats:
    def shown(entity: str, wire: Mapping[str, Any]) -> Mapping[str, Any]:
        return entities[entity].shown(dict(wire))

    translations = {name: held.translation for name, held in entities.items()}
    return Formats(CloudEvents(translations, key, shown))


def key(native_id: str) -> str | None:
    return native_id.strip() or None
