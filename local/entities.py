"""What the hub needs on its Service Bus, read off the topology, in the form of the emulator's `Config.json`.

topic changes            drops a message that was sent twice; a subscription for each system that is a target
subscription <system>    its rule lets through the entities that flow to it, never its own changes unless
                         they are addressed to it; what the bus gives up on goes to the queue below
queue dead-letters       the one place that operators watch
"""

from __future__ import annotations

from typing import Any

from shared.pipeline.messages import CHANGES, DEAD_LETTERS
from shared.topology import Topology

NAMESPACE = "crosswalk"


def rule(topology: Topology, system: str) -> str:
    """The SQL filter of a target's subscription."""
    entities = ", ".join(f"'{entity}'" for entity in topology.delivered(system))
    return f"(target IS NULL AND source <> '{system}' AND entity IN ({entities})) OR target = '{system}'"


def configuration(topology: Topology, lock_duration: str = "PT5M") -> dict[str, Any]:
    """The whole configuration."""
    targets = [system for system in topology.systems if topology.delivered(system)]
    return {
        "UserConfig": {
            "Namespaces": [
                {
                    "Name": NAMESPACE,
                    "Queues": [_dead_letters()],
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
