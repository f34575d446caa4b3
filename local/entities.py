"""What the hub needs on its Service Bus, read off the topology, in the form of the emulator's `Config.json`.

topic changes            drops a message that was sent twice; a subscription for each system that is a target
subscription <system>    its rule lets through changes of the systems whence each entity reaches it, an
                         operator's too, and whatever is addressed to it; never its own changes unless they
                         are; what the bus gives up on goes to the queue below
queue arrivals           what systems push; the same event that comes again is dropped
queue dead-letters       the one place that operators watch
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.pipeline.events import ARRIVALS
from shared.pipeline.messages import CHANGES, DEAD_LETTERS
from shared.topology import OPERATOR, Topology

NAMESPACE = "crosswalk"


def rule(topology: Topology, system: str) -> str:
    """The SQL filter of a target's subscription: entities that come from the same systems share a clause.

    Entities and systems stand in the order of their names, the operator behind these.
    """
    entities: dict[str, list[str]] = {}
    for entity in sorted(topology.delivered(system)):
        sources = _listed([*topology.reach(system, entity), OPERATOR])
        entities.setdefault(sources, []).append(entity)
    clauses = [
        f"(entity IN ({_listed(names)}) AND source IN ({sources}))" for sources, names in entities.items()
    ]
    return f"(target IS NULL AND ({' OR '.join(clauses)})) OR target = '{system}'"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def configuration(topology: Topology, lock_duration: str = "PT5M") -> dict[str, Any]:
    """The whole configuration."""
    targets = [system for system in topology.systems if topology.delivered(system)]
    return {
        "UserConfig": {
            "Namespaces": [
                {
                    "Name": NAMESPACE,
                    "Queues": [_arrivals(lock_duration), _dead_letters()],
                    "Topics": [
                        {
                            "Name": CHANGES,
                            "Properties": {
                                "RequiresDuplicateDetection": True,
                                "DuplicateDetectionHistoryTimeWindow": "PT10M",
                            },
                            "Subscriptions": [
                                _subscription(topology, system, lock_duration) for system in targets
                            ],
                        }
                    ],
                }
            ]
        }
    }


def _arrivals(lock_duration: str) -> dict[str, Any]:
    return {
        "Name": ARRIVALS,
        "Properties": {
            "RequiresDuplicateDetection": True,
            "DuplicateDetectionHistoryTimeWindow": "PT10M",
            "LockDuration": lock_duration,
            "DeadLetteringOnMessageExpiration": True,
            "ForwardDeadLetteredMessagesTo": DEAD_LETTERS,
        },
    }


def _dead_letters() -> dict[str, Any]:
    return {
        "Name": DEAD_LETTERS,
        "Properties": {
            "RequiresDuplicateDetection": True,
            "DuplicateDetectionHistoryTimeWindow": "PT10M",
            "LockDuration": "PT1M",
        },
    }


def _subscription(topology: Topology, system: str, lock_duration: str) -> dict[str, Any]:
    return {
        "Name": system,
        "Properties": {
            "LockDuration": lock_duration,
            "MaxDeliveryCount": 10,
            "DeadLetteringOnMessageExpiration": True,
            "ForwardDeadLetteredMessagesTo": DEAD_LETTERS,
        },
        "Rules": [
            {
                "Name": "deliver",
                "Properties": {
                    "FilterType": "Sql",
                    "SqlFilter": {"SqlExpression": rule(topology, system)},
                },
            }
        ],
    }
