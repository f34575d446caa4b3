"""The doors of a desk: how each system proves itself when it pushes, with secrets made at the first start."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.systems.credentials import write_private
from shared.adapters.credentials import variable
from shared.topology import Topology

SIGNING = frozenset({"lms"})
"""Kinds that sign what they push; the others show a key."""
LENGTH = 32

Entropy = Callable[[int], bytes]


@dataclass(frozen=True)
class DeskDoor:
    """One system's: the scheme and the secret, for both sides."""

    scheme: str
    secret: str

    def settings(self, system: str) -> dict[str, str]:
        """What the hub is told."""
        return {variable(system, "push_scheme"): self.scheme, variable(system, "push_secret"): self.secret}

    def endpoint(self, system: str, host: str) -> dict[str, str]:
        """What the sender is told."""
        return {"url": f"{host}/api/events/{system}", "scheme": self.scheme, "secret": self.secret}


def kept_doors(path: Path, topology: Topology, entropy: Entropy) -> dict[str, DeskDoor]:
    """System → its door. Those in the file; what it lacks is made, and is in it from now on."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    lacking = {name: system.kind for name, system in topology.systems.items() if name not in known}
    secrets = known | _made(lacking, entropy)
    if lacking:
        write_private(path, json.dumps(secrets))
    return {name: _door(system.kind, secrets[name]) for name, system in topology.systems.items()}


def _made(kinds: Mapping[str, str], entropy: Entropy) -> dict[str, str]:
    return {name: _secret(kind, entropy(LENGTH)) for name, kind in kinds.items()}


def _secret(kind: str, random: bytes) -> str:
    """A signing secret, or a key that needs no escape in an address."""
    if kind in SIGNING:
        return "whsec_" + base64.b64encode(random).decode()
    return base64.urlsafe_b64encode(random).decode().rstrip("=")


def _door(kind: str, secret: str) -> DeskDoor:
    return DeskDoor("standard-webhooks" if kind in SIGNING else "key", secret)
