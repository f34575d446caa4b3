"""Where each process listens. A port that was asked for is had or refused; one that was not may give way."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

USUAL = {"host": 7071, "servicebus": 5672, "servicebus_admin": 5300, "salesforce": 8081, "lms": 8082}
PORT = re.compile(r"://[^/;:]+:(\d+)")


class PortTaken(Exception):
    """Somebody else listens there."""


@dataclass(frozen=True)
class Ports:
    """0 takes a free one."""

    host: int = 0
    servicebus: int = 0
    servicebus_admin: int = 0
    salesforce: int = 0
    lms: int = 0
    environments: Mapping[str, int] = field(default_factory=dict)
    """Of Dataverse, by the system's name; one that is not here takes a free port."""

    @classmethod
    def chosen(cls, asked: Mapping[str, int | None]) -> Ports:
        """As asked; where nothing was asked, the usual port if it is free. Raises PortTaken."""
        chosen: dict[str, Any] = {name: _chosen(name, port) for name, port in asked.items()}
        return cls(**chosen)

    def kept(self, **addresses: str) -> Ports:
        """With the ports that these addresses name, so that a process comes back where it was."""
        ports = {name: port_of(address) for name, address in addresses.items()}
        usual: dict[str, Any] = {name: ports.pop(name) for name in USUAL if name in ports}
        return replace(self, **usual, environments={**self.environments, **ports})


def port_of(address: str) -> int:
    """The port in a URL or a connection string."""
    found = PORT.search(address)
    if found is None:
        raise ValueError(f"no port in {address.partition(';')[0]}")
    return int(found[1])


def _chosen(name: str, asked: int | None) -> int:
    if asked is None:
        return USUAL[name] if _is_free(USUAL[name]) else 0
    if asked and not _is_free(asked):
        option = f"--{name.replace('_', '-')}-port"
        raise PortTaken(f"port {asked} is taken ({option}): name another one, or 0 for any free one")
    return asked


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
