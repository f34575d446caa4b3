"""`endpoints.json`: where everything is, for tests, scripts and people, while the local cloud runs.

It holds secrets, so it is the owner's alone; whoever reads it sees a whole file or none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.systems.credentials import write_private


@dataclass(frozen=True)
class Endpoints:
    host: str
    servicebus: str
    servicebus_admin: str
    servicebus_cert: str | None
    """What the administration client has to trust."""
    systems: Mapping[str, Mapping[str, str]]
    processes: Mapping[str, int]
    push: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """System → its door: the address to push to, how to prove oneself there, and the secret for it."""
    launch: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """System → where the CRM's server asks for links into it, and the key for that."""

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, path: Path) -> Endpoints:
        """Raises FileNotFoundError while nothing is ready."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
