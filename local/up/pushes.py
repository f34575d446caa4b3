"""Whether the simulated systems push: an administrator's work in each of them, done over their control plane.

They push once the first run is through, for a load tells nobody what polling has not told already. A run with
`--once` pushes nothing unless it is asked to, and then from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from local.up.endpoints import Endpoints
from local.up.surroundings import Systems, served_as
from shared.topology import Topology

PATIENCE = 10.0


@dataclass(frozen=True)
class Pushes:
    topology: Topology

    def begin(self, endpoints: Endpoints) -> list[str]:
        """Names of the systems that push from now on, each to its door."""
        return [
            name
            for name, url in self._planes(endpoints.systems)
            if (door := endpoints.push.get(name)) is not None
            if self._ask("POST", url, {part: door[part] for part in ("url", "secret")})
        ]

    def end(self, systems: Systems) -> None:
        """Also what a run before had begun: somebody else may listen where its doors were."""
        for _, url in self._planes(systems):
            self._ask("DELETE", url)

    def _planes(self, systems: Systems) -> Iterator[tuple[str, str]]:
        """The systems that have an API, and so something to push."""
        for name, system in self.topology.systems.items():
            told = systems.get(served_as(name, system.kind), {})
            if "url" in told:
                yield name, f"{told['url']}/_sim/push"

    def _ask(self, method: str, url: str, body: Mapping[str, str] | None = None) -> bool:
        """Whether it was done; a system that is away just now is started again and polled."""
        try:
            return httpx.request(method, url, json=body, timeout=PATIENCE).is_success
        except httpx.TransportError:
            return False
