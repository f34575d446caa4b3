"""The container: AMQP's word for the application that has the nodes; all connections share one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from local.servicebus.amqp.turns import Turns
from local.servicebus.engine.broker import Broker
from local.servicebus.keyring import KeyRing


@dataclass(frozen=True)
class Container:
    broker: Broker
    keys: KeyRing
    clock: Callable[[], datetime]
    turns: Turns
    name: str = "local-service-bus"
    max_frame_size: int = 65_536
    idle_seconds: float = 240.0
    """A connection that says nothing for so long is closed; clients are told half of it."""
    session_wait_seconds: float = 60.0
    """How long a receiver waits for the next free session, if it does not say."""
