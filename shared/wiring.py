"""Puts the hub together: topology, store, bus, and a connection for each system of it.

Everything is checked when it is built (a mistake in the topology or a setting that is missing stops the
start, and says what to write); nothing is opened before it is used.
"""

from __future__ import annotations

import gc
import inspect
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random, SystemRandom
from typing import Protocol
from uuid import uuid4

import httpx

from shared import settings as hub_settings
from shared import topology_file
from shared.adapters import service_bus
from shared.adapters.store import Store
from shared.adapters.store.sign_in import Password, by_identity
from shared.model.errors import Misconfigured
from shared.pipeline.allowance import Allowance
from shared.pipeline.arrivals import Arrivals
from shared.pipeline.delivery import LARGEST, ROUND, Delivery
from shared.pipeline.outbox import Outbox
from shared.pipeline.polling import Polling
from shared.pipeline.ports import Bus, Clock, Connection, Launch
from shared.pipeline.recoverability import Policy
from shared.push import settings as push_settings
from shared.push.door import Door
from shared.push.opening import open_door
from shared.terms import Mode
from shared.topology import Delete, Flow, Guard, Topology


class Connect(Protocol):
    """How a room connects one system of its kind."""

    def __call__(
        self,
        system: str,
        *,
        environment: Mapping[str, str] | None,
        transport: httpx.AsyncBaseTransport | None,
        clock: Clock,
        random: Random,
    ) -> Connection: ...


def now() -> int:
    """The wall clock, in microseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000


def new_id() -> str:
    return str(uuid4())


@dataclass(frozen=True)
class Hub:
    """The whole of it. One for each process."""

    topology: Topology
    store: Store
    bus: Bus
    connections: Mapping[str, Connection]
    policy: Policy
    clock: Clock = now
    ids: Callable[[], str] = new_id
    luck: Callable[[], float] = SystemRandom().random
    freshness: float | None = None
    claim: float = 300.0
    lease: float = 300.0
    push: Mapping[str, push_settings.Settings] = field(default_factory=dict)
    """System → what its door is told."""

    def __post_init__(self) -> None:
        for flow in self.topology.flows:
            for system in (flow.source, flow.target):
                _check_carries(self.connections[system], flow.entity)
            _check_able(self.connections[flow.target], flow)
            _check_readable(self.connections[flow.source], self.connections[flow.target], flow)
            _check_once(self.connections, flow)
            _check_allowed(self.connections[flow.target], flow, self.topology.systems[flow.target].writes)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.store, self.bus)

    @cached_property
    def arrivals(self) -> Arrivals:
        """What systems push."""
        return Arrivals(
            self.topology,
            self.store,
            self.connections,
            self.bus,
            self.outbox,
            self.clock,
            self.ids,
            self.luck,
            self.policy,
            self.allowance,
        )

    def polling(self, system: str) -> Polling:
        """Polls this system."""
        return Polling(
            self.topology,
            self.store,
            self.connections[system],
            self.outbox,
            self.clock,
            self.ids,
            self.policy,
            self.allowance(system),
            self.freshness,
            self.lease,
            self._together(system),
        )

    def _together(self, system: str) -> int:
        """Changed records that are told together: a round's, or as many as go in one job of a target."""
        targets = {flow.target for flow in self.topology.flows if flow.source == system}
        jobs = [self.connections[target].bulk for target in targets]
        return LARGEST if any(bulk is not None and bulk <= LARGEST for bulk in jobs) else ROUND

    def delivery(self, system: str) -> Delivery:
        """Delivers to this system."""
        return Delivery(
            self.topology,
            self.store,
            self.connections[system],
            self.outbox,
            self.clock,
            self.ids,
            self.luck,
            self.policy,
            self.allowance(system),
            self.claim,
            self.freshness,
        )

    def launch(self, system: str) -> Launch | None:
        """Makes links into this system, where it is told how."""
        return self.connections[system].launch

    def pushed(self, system: str) -> bool:
        """Whether this system has a door: one that nobody has to prove himself at is not opened."""
        told = self.push.get(system)
        return told is not None and told.push_scheme is not None and self.connections[system].push is not None

    def door(self, system: str) -> Door:
        """Where this system pushes to. One for each process, for it keeps what it has asked for."""
        return self._doors[system]

    @cached_property
    def _doors(self) -> Mapping[str, Door]:
        return {system: self._door(system) for system in self.connections if self.pushed(system)}

    def _door(self, system: str) -> Door:
        formats = self.connections[system].push
        if formats is None:
            raise AssertionError("a door is opened only where there is something to read at it")
        return open_door(
            system,
            self.push[system],
            formats,
            frozenset(self.topology.polled(system)),
            self.arrivals,
            store=self.store,
            clock=self.clock,
            random=SystemRandom(),
        )

    def allowance(self, system: str) -> Allowance:
        """The budget of this system's calls."""
        connection = self.connections[system]
        return Allowance(self.topology, self.store, connection, self.clock, self.ids, self.freshness)

    async def close(self) -> None:
        for door in self.__dict__.get("_doors", {}).values():
            await door.close()
        for connection in self.connections.values():
            closing = connection.close() if connection.close else None
            if inspect.isawaitable(closing):
                await closing
        if isinstance(self.bus, service_bus.ServiceBus):
            await self.bus.close()
        self.store.close()


def _check_carries(connection: Connection, entity: str) -> None:
    if entity not in connection.translations:
        known = ", ".join(connection.translations)
        raise Misconfigured(
            f"topology: {connection.system} does not carry {entity!r}; it carries {known}",
            reason="NotCarried",
        )


def _check_able(connection: Connection, flow: Flow) -> None:
    """What the flow asks of its target, the target can do."""
    where = f"topology: the flow of {flow.entity} from {flow.source} to {flow.target}"
    if flow.guard is Guard.CONDITIONAL and not connection.conditional:
        raise Misconfigured(
            f"{where}: guard: {flow.target} has no conditional writes; write read", reason="NotConditional"
        )
    if flow.delete is Delete.DEACTIVATE and not connection.deactivates:
        raise Misconfigured(
            f"{where}: delete: {flow.target} has no inactive state; write propagate or ignore",
            reason="NoDeactivation",
        )


def _check_readable(source: Connection, target: Connection, flow: Flow) -> None:
    """A write has to be read back after a crash; and what is left to a poll, a poll has to find."""
    where = f"topology: the flow of {flow.entity} from {flow.source} to {flow.target}"
    if not target.readable:
        raise Misconfigured(f"{where}: rows of {flow.target} cannot be read", reason="NotReadable")
    if not source.readable and flow.mode is not Mode.PUSH:
        raise Misconfigured(
            f"{where}: mode: {flow.source} only pushes, and has no polls; write push", reason="NotReadable"
        )


def _check_once(connections: Mapping[str, Connection], flow: Flow) -> None:
    """What a system takes once, it does not show either."""
    where = f"topology: the flow of {flow.entity} from {flow.source} to {flow.target}"
    if flow.entity in connections[flow.target].once and not flow.once:
        raise Misconfigured(
            f"{where}: {flow.target} takes a {flow.entity} once, and owns it then; write once: true",
            reason="OnlyOnce",
        )
    if flow.entity in connections[flow.source].once:
        raise Misconfigured(f"{where}: {flow.source} only takes a {flow.entity}", reason="OnlyOnce")


def _check_allowed(connection: Connection, flow: Flow, writes: Sequence[str]) -> None:
    """A table is written only where the topology says so: whoever keeps that database has agreed to it."""
    table = connection.tables.get(flow.entity) if connection.tables is not None else None
    if table is not None and table not in writes:
        raise Misconfigured(
            f"topology: the flow of {flow.entity} from {flow.source} to {flow.target} would write the table"
            f" {table} there, which nobody has allowed; write systems.{flow.target}.writes:"
            f" [{', '.join([*writes, table])}]",
            reason="TableNotAllowed",
        )


def from_environment(rooms: Mapping[str, Connect], environment: Mapping[str, str] | None = None) -> Hub:
    """The hub that the environment describes. Raises Misconfigured, all at once where that is possible."""
    _collect_seldom()
    given = os.environ if environment is None else environment
    settings = hub_settings.read(given)
    topology = topology_file.load(settings.topology)
    connections = {name: _connect(rooms, topology, name, given) for name in topology.systems}
    store = Store(settings.store_url, password=_password(settings))
    if settings.migrate:
        store.migrate()
    bus = service_bus.ServiceBus(service_bus.connect(given, hub_settings.BUS))
    return Hub(
        topology,
        store,
        bus,
        connections,
        settings.policy(),
        freshness=settings.freshness,
        claim=settings.claim,
        lease=settings.lease,
        push={name: push_settings.read(name, given) for name in topology.systems},
    )


def _password(settings: hub_settings.Settings) -> Password | None:
    return by_identity(settings.store_identity) if settings.store_identity else None


def _connect(
    rooms: Mapping[str, Connect], topology: Topology, system: str, given: Mapping[str, str]
) -> Connection:
    kind = topology.systems[system].kind
    if kind not in rooms:
        raise Misconfigured(
            f"topology: systems.{system}.kind: there is no room {kind!r}; there are {', '.join(rooms)}",
            reason="NoSuchRoom",
        )
    return rooms[kind](system, environment=given, transport=None, clock=now, random=SystemRandom())


def _collect_seldom() -> None:
    """Records make no cycles, yet each batch wakes the cycle collector, which then walks through all of them.

    Started seldom it costs a third less time for the whole path; what makes cycles is still found.
    """
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
