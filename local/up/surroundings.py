"""The settings of the hosted functions: in the cloud they are app settings, here they are made.

What a desk does otherwise: it polls every second, waits seconds for a parent where the flow would wait an
hour, and takes up within seconds what a killed host left. Each of these can be set from outside by a
variable of the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.up.doors import DeskDoor
from shared.topology import Topology

DESK = {
    "POLL_SCHEDULE": "*/1 * * * * *",
    "OUTBOX_SCHEDULE": "*/2 * * * * *",
    "CROSSWALK_FRESHNESS": "0.5",
    "CROSSWALK_PARENT_WAIT": "8",
    "CROSSWALK_CLAIM": "30",
    "CROSSWALK_LEASE": "10",
    "CROSSWALK_RETRY_FIRST": "0.5",
    "CROSSWALK_RETRY_LONGEST": "10",
}
OVERLAP = "20"
"""Seconds that each poll reads again: no transaction of a simulated system lasts as long."""

Systems = Mapping[str, Mapping[str, str]]


class NotSimulated(Exception):
    """The topology names a system that the local cloud does not have."""


def claim(outer: Mapping[str, str]) -> int:
    """Seconds that a handler may take: how long a message is locked, and a record claimed."""
    return int(float(tunable(outer)["CROSSWALK_CLAIM"]))


def tunable(outer: Mapping[str, str]) -> dict[str, str]:
    return {name: outer.get(name) or value for name, value in DESK.items()}


def sellers(topology: Topology) -> list[str]:
    """The environments whose salespeople have something to sell, and somebody to send their orders to."""
    return [
        name
        for name in topology.systems_of("dataverse")
        if "price_list_item" in topology.delivered(name) and "order" in topology.polled(name)
    ]


def check(topology: Topology) -> None:
    """Raises NotSimulated where the simulated systems cannot play this topology."""
    for kind in dict.fromkeys(system.kind for system in topology.systems.values()):
        names = topology.systems_of(kind)
        if kind not in ROOMS:
            raise NotSimulated(
                f"systems.{names[0]}: there is no simulated {kind!r}; there are {', '.join(ROOMS)}"
            )
        if len(names) > 1 and kind not in SEVERAL:
            raise NotSimulated(f"systems.{names[1]}: the local cloud has one {kind}, which is {names[0]!r}")


def host_settings(
    outer: Mapping[str, str],
    doors: Mapping[str, DeskDoor],
    topology: Topology,
    topology_file: Path,
    store_url: str,
    bus: str,
    systems: Systems,
) -> dict[str, str]:
    """The host's whole environment."""
    made = {
        **outer,
        **tunable(outer),
        "CROSSWALK_STORE_URL": store_url,
        "CROSSWALK_TOPOLOGY": str(topology_file),
        "SERVICEBUS": bus,
    }
    for name, system in topology.systems.items():
        made.update(room_settings(outer, name, system.kind, systems))
    for name, door in doors.items():
        made.update(door.settings(name))
    return made


def room_settings(outer: Mapping[str, str], name: str, kind: str, systems: Systems) -> dict[str, str]:
    """The settings of one system's room, named for the system."""
    prefix = name.upper().replace("-", "_")
    told = systems[served_as(name, kind)]
    given = {f"{prefix}_{field.upper()}": str(told[field]) for field in ROOMS[kind]}
    return given | {f"{prefix}_OVERLAP": outer.get(f"{prefix}_OVERLAP") or OVERLAP}


def served_as(name: str, kind: str) -> str:
    """The name under which a system of the topology is simulated."""
    return name if kind in SEVERAL else kind


ROOMS = {
    "salesforce": ("url", "client_id", "client_secret"),
    "lms": ("url", "token", "launch_key", "launch_issuer", "launch_audience"),
    "dataverse": ("url", "authority", "tenant", "client_id", "client_secret"),
    "erp": ("database_url",),
}
"""Kind → what its simulated system tells about itself, which its room wants to know."""
SEVERAL = frozenset({"dataverse", "erp"})
"""Kinds of which there may be several systems, each simulated under its own name."""
