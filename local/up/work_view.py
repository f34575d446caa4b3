"""What those do who work in the simulated systems by themselves, asked of the systems' control plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from local.up.endpoints import Endpoints


@dataclass(frozen=True)
class Work:
    """What they have done since their process began, and what is left."""

    done: int
    left: tuple[str, ...]


@dataclass(frozen=True)
class WorkView:
    endpoints: Callable[[], Endpoints]

    def look(self) -> Work | None:
        """None where the systems do not say."""
        url = next(each["url"] for each in self.endpoints().systems.values() if "url" in each)
        try:
            told: dict[str, Any] = httpx.get(f"{url}/_sim/work", timeout=5).raise_for_status().json()
        except httpx.HTTPError:
            return None
        return Work(told["done"], tuple(told["left"]))
