"""Faults that a test, or a person at the control plane, orders from a simulated system.

A fault meets the requests, of callers or those by which the system pushes, that its path, method and match
choose, and strikes some of them: the first `count`, a `share` of them drawn from its own seed, or that share
until the count is used up. With neither it strikes each one.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from local.systems.system import Row


class FaultOrder(BaseModel):
    """What `POST /_sim/faults` takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: str
    count: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)
    seed: int = 0
    path: str = ""
    """Requests whose path starts so."""
    method: str = ""
    match: str = ""
    """Requests, or records where the fault is one of records, whose JSON contains this text."""
    seconds: float = Field(default=1.0, ge=0)
    """How slow, how late, or what Retry-After says."""


class Fault:
    def __init__(self, order: FaultOrder) -> None:
        self.order = order
        self.kind = order.kind
        self.seconds = order.seconds
        self.struck = 0
        self._random = Random(order.seed)

    @property
    def spent(self) -> bool:
        return self.order.count is not None and self.struck >= self.order.count

    def meets(self, request: httpx.Request) -> bool:
        order = self.order
        return (
            not self.spent
            and request.url.path.startswith(order.path)
            and order.method.upper() in {"", request.method}
        )

    def draws(self, text: bytes) -> bool:
        """Whether it strikes a request or record of this JSON; `spend` counts it."""
        if self.spent or self.order.match.encode() not in text:
            return False
        return self.order.share is None or self._random.random() < self.order.share

    def spend(self) -> None:
        self.struck += 1

    def describe(self) -> dict[str, Any]:
        left = None if self.order.count is None else self.order.count - self.struck
        return self.order.model_dump() | {"struck": self.struck, "left": left}


class Faults:
    """The faults that are ordered at the moment."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def order(self, order: FaultOrder) -> None:
        self._faults.append(Fault(order))

    def clear(self) -> None:
        self._faults.clear()

    def meeting(self, request: httpx.Request, kinds: frozenset[str]) -> list[Fault]:
        return [fault for fault in self._faults if fault.kind in kinds and fault.meets(request)]

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)


def record_fault(request: httpx.Request, record: Row) -> Fault | None:
    """The fault that strikes this record of a write, if one does. To be asked once for each record."""
    faults: list[Fault] = request.extensions.get("faults", [])
    if faults:
        text = orjson.dumps(record)
        for fault in faults:
            if fault.draws(text):
                fault.spend()
                return fault
    return None
