"""Addresses as clients write them: a name, a path or a whole URI, in any case of letters.

::

    orders    /orders    amqps://host:5671/orders    sb://host/changes/Subscriptions/deliver_erp/$management
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from local.servicebus.amqp.errors import INVALID_FIELD, LinkError

CBS = "$cbs"
MANAGEMENT = "/$management"


def path_of(address: Any) -> str:
    """The address less scheme and host, with the case of its letters kept."""
    if not isinstance(address, str) or not address:
        raise LinkError(INVALID_FIELD, "An address is a string that is not empty.")
    _, scheme, rest = address.partition("://")
    return unquote(rest.partition("/")[2] if scheme else address).strip("/")


def is_cbs(path: str) -> bool:
    return path.lower() == CBS


def managed_entity(path: str) -> str | None:
    """The entity whose management node this is, if it is one."""
    return path[: -len(MANAGEMENT)] if path.lower().endswith(MANAGEMENT) else None


def covers(audience: str, path: str) -> bool:
    """Whether a token for the audience opens the path: itself, and what lies below it."""
    outer, inner = audience.lower(), path.lower()
    return not outer or inner == outer or inner.startswith(outer + "/")
