"""A whole topology in one process and in virtual time: the real pipeline, rooms and store, the engine of the
Service Bus, and the simulated systems mounted on transports.

    world.poll("salesforce")   what the timer does           world.user("lms")   somebody at work in a system
    world.deliver("lms")       what the subscription does    world.settle()      until all is quiet
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx
import orjson

from functions.dataverse import connection as dataverse_room
from functions.erp import connection as erp_room
from functions.lms import connection as lms_room
from functions.salesforce import connection as salesforce_room
from local.entities import rule
from local.in_process import EngineBus, pump
from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import QueueOptions, Rule, SubscriptionOptions, TopicOptions
from local.servicebus.engine.filters import SqlFilter
from local.systems.control import Controlled
from local.systems.dataverse import Credentials as Application
from local.systems.dataverse import Dataverse
from local.systems.dataverse import Options as Environment
from local.systems.lms import Lms
from local.systems.lms.push import LmsManner
from local.systems.rows import Rows
from local.systems.salesforce import Credentials, Options, Salesforce
from local.systems.salesforce.objects import STANDARD
from local.systems.salesforce.schema import Schema
from local.systems.transport import SystemTransport
from shared.adapters.http import AT_ONCE
from shared.adapters.store import Store
from shared.model.budget import Deferral
from shared.model.change import Message
from shared.model.errors import IntegrationError
from shared.model.event import Event
from shared.model.records import DeadLetter, Flows
from shared.pipeline.events import ARRIVALS
from shared.pipeline.recoverability import Policy
from shared.topology import EntityPolicy, Topology
from shared.topology_file import load, parse
from shared.wiring import Hub
from tests import stores
from tests.erps import WatchedErp

PROJECT = Path(__file__).parent.parent
TOPOLOGY = PROJECT / "topology.yaml"
FIRST_COMPANY = frozenset({"salesforce", "lms"})
SECOND_COMPANY = frozenset({"crm", "erp", "partner"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECRET = "not-for-logs"
APPLICATION = Application("crosswalk", SECRET)


class Time:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def micros(self) -> int:
        return (self.at - EPOCH) // timedelta(microseconds=1)

    def after(self, seconds: float) -> datetime:
        return self.at + timedelta(seconds=seconds)

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)


@dataclass
class World:
    """The hub between two simulated systems, and the hands of those who use it."""

    time: Time
    topology: Topology
    hub: Hub
    broker: Broker
    systems: Mapping[str, Controlled]
    wires: Mapping[str, Wire] = field(default_factory=dict)
    bus: NotedBus | None = None
    sent: list[Message] = field(default_factory=list)
    errors: list[IntegrationError] = field(default_factory=list)
    erps: Mapping[str, WatchedErp] = field(default_factory=dict)

    # What the hub does

    async def poll(self, system: str) -> None:
        await self.hub.polling(system).tick()

    async def deliver(self, system: str, batch: int = 16) -> int:
        address = f"changes/Subscriptions/{system}"
        return await pump(self.broker, address, self.hub.delivery(system).deliver, batch)

    async def push(self, system: str, *events: Event) -> None:
        """What a door does with them."""
        await self.hub.arrivals.accept(system, events)

    async def read_arrivals(self, batch: int = 16) -> int:
        return await pump(self.broker, ARRIVALS, self.hub.arrivals.read, batch)

    async def round(self, *, forgiving: bool = False) -> int:
        """Every timer and every subscription once. Forgiving: a failed poll is noted, as a host does."""
        handled = 0
        for system in self.topology.systems:
            try:
                await self.poll(system)
            except IntegrationError as error:
                if not forgiving:
                    raise
                self.errors.append(error)
        handled += await self.read_arrivals()
        for system in self.topology.systems:
            if self.topology.delivered(system):
                handled += await self.deliver(system)
        return handled

    async def settle(
        self, patience: float = 6 * 3600, step: float = 61.0, *, forgiving: bool = False
    ) -> None:
        """Until nothing waits any more; time goes on from round to round, to the next due one if idle."""
        end = self.time.at + timedelta(seconds=patience)
        while self.time.at < end:
            failed = len(self.errors)
            handled = await self.round(forgiving=forgiving)
            if not handled and not self.waiting() and len(self.errors) == failed:
                return
            due = self.broker.due()
            idle = 0.0 if handled or due is None else (due - self.time.at).total_seconds()
            self.time.pass_by(max(step, min(idle, 900.0)))
        raise AssertionError(f"not settled after {patience} s: {self.waiting()} messages wait")

    def waiting(self) -> int:
        """Messages in any queue or subscription, scheduled ones too, in the outbox, and polls that wait for
        calls.
        """
        targets = [name for name in self.topology.systems if self.topology.delivered(name)]
        counts = [self.broker.namespace.counts(f"changes/Subscriptions/{name}") for name in targets]
        topic, queue = self.broker.namespace.counts("changes"), self.broker.namespace.counts(ARRIVALS)
        stored = self.hub.store.transact_now(lambda tx: tx.waiting() + tx.under_way())
        active = sum(each.active for each in (*counts, queue))
        return active + topic.scheduled + queue.scheduled + stored + len(self.deferrals())

    def deferrals(self) -> list[Deferral]:
        """What waits for calls now."""
        found = self.hub.store.transact_now(lambda tx: tx.deferrals())
        return [each for each in found if each.since and each.until > self.time.micros()]

    # What is seen

    def rows(self, system: str, name: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self.systems[system].system.records(name) if not _deleted(row)]

    def calls(self, system: str, *, writes: bool = True) -> list[dict[str, Any]]:
        answer = self.control(system, "GET", "calls")
        return [call for call in answer.json()["calls"] if call["write"] or not writes]

    def dead_letters(self) -> list[DeadLetter]:
        return self.hub.store.transact_now(lambda tx: tx.dead_letters())

    def tallies(self) -> Flows:
        return self.hub.store.transact_now(lambda tx: tx.tallies())

    # What people and systems do

    def fault(self, system: str, kind: str, **more: Any) -> None:
        answer = self.control(system, "POST", "faults", {"kind": kind, **more})
        assert answer.status_code == 201, answer.text

    def struck(self, system: str) -> int:
        """How often its faults have struck."""
        return sum(fault["struck"] for fault in self.control(system, "GET", "faults").json()["faults"])

    def mend(self, system: str) -> None:
        """No faults any more."""
        self.control(system, "DELETE", "faults")

    def control(self, system: str, method: str, path: str, body: Any = None) -> httpx.Response:
        content = orjson.dumps(body) if body is not None else b""
        request = httpx.Request(method, f"http://sim/_sim/{path}", content=content)
        return self.systems[system].handle(request)

    def user(self, system: str) -> httpx.Client:
        """Somebody at work in a system, through its own API."""
        return httpx.Client(transport=_Direct(self.systems[system]), base_url="http://sim")

    async def restart(self, **settings: str) -> None:
        """The hub is started again, with other settings; the store and the bus stay."""
        for connection in self.hub.connections.values():
            closing: Any = connection.close() if connection.close else None
            if closing is not None:
                await closing
        connections = _connections(self.topology, self.wires, self.erps, self.time, Random(1), settings)
        self.hub = replace(self.hub, connections=connections)

    async def close(self) -> None:
        await self.hub.close()


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to a system, and keeps them. `before` and `after` may raise: the wire is cut there.

    `answered` may make another answer of the system's; `behind` is done once, behind the next write.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.requests: list[httpx.Request] = []
        self.before: Callable[[httpx.Request], None] | None = None
        self.after: Callable[[httpx.Request], None] | None = None
        self.answered: Callable[[httpx.Request, httpx.Response], httpx.Response] | None = None
        self.behind: Callable[[], Awaitable[None]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.before:
            self.before(request)
        response = await self._inner.handle_async_request(request)
        if self.after:
            self.after(request)
        if self.behind and request.method == "PATCH":
            behind, self.behind = self.behind, None
            await behind()
        return self.answered(request, response) if self.answered else response


class NotedBus(EngineBus):
    """Sends into the broker, and keeps what was sent. `before` may raise: then the bus is away."""

    def __init__(self, broker: Broker, sent: list[Message]) -> None:
        super().__init__(broker)
        self._sent = sent
        self.before: Callable[[], None] | None = None

    async def send(self, messages: Sequence[Message]) -> None:
        if self.before:
            self.before()
        await super().send(messages)
        self._sent.extend(messages)


class _Direct(httpx.BaseTransport):
    def __init__(self, system: Controlled) -> None:
        self._system = system

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._system.handle(request)


def world(
    topology: str | Topology | None = None,
    *,
    seed: int = 7,
    policy: Policy | None = None,
    calls_a_minute: int = 1_000_000,
    daily_limit: int = 10_000_000,
    settings: Mapping[str, str] | None = None,
    schema: Schema = STANDARD,
    lead_assignment: str | None = None,
    erps: Mapping[str, WatchedErp] | None = None,
    store: Store | None = None,
) -> World:
    """A new world; its database is in memory, unless a store is given. An ERP is a database of its own, and
    comes from outside.
    """
    time, random = Time(), Random(seed)
    topology = _topology(topology)
    options = Options(Credentials("crosswalk", SECRET), schema, daily_limit, lead_assignment=lead_assignment)
    systems = _systems(topology, time, random, calls_a_minute, options)
    broker = _broker(time, topology, random)
    wires = {name: Wire(SystemTransport(system, time.sleep)) for name, system in systems.items()}
    sent: list[Message] = []
    bus = NotedBus(broker, sent)
    ids = (str(UUID(int=number + (4 << 76) + (8 << 60))) for number in count(1))
    hub = Hub(
        topology,
        store or stores.fresh(),
        bus,
        _connections(topology, wires, erps or {}, time, random, settings or {}),
        policy or Policy(),
        clock=time.micros,
        ids=ids.__next__,
        luck=random.random,
    )
    return World(time, topology, hub, broker, systems, wires, bus, sent, erps=erps or {})


def _topology(given: str | Topology | None) -> Topology:
    if given is None:
        return first_company()
    return parse(given) if isinstance(given, str) else given


def first_company() -> Topology:
    """Of the topology that this house comes with: what Salesforce tells the LMS."""
    return _between(FIRST_COMPANY, frozenset({"salesforce"}))


def with_training() -> Topology:
    """And what the LMS tells Salesforce."""
    return _between(FIRST_COMPANY, FIRST_COMPANY)


def second_company() -> Topology:
    """And what there is between the CRM, the ERP and the partner."""
    return _between(SECOND_COMPANY, SECOND_COMPANY)


def _between(names: frozenset[str], sources: frozenset[str]) -> Topology:
    """These systems, the flows from some of them, and what flows; a field keeps its policies if its owner is
    among them.
    """
    whole = load(TOPOLOGY)
    flows = tuple(flow for flow in whole.flows if flow.source in sources and flow.target in names)
    carried = {flow.entity for flow in flows}
    return Topology(
        systems={name: whole.systems[name] for name in whole.systems if name in names},
        entities={name: _kept(policy, names) for name, policy in whole.entities.items() if name in carried},
        flows=flows,
    )


def _kept(policy: EntityPolicy, names: frozenset[str]) -> EntityPolicy:
    fields = {name: field for name, field in policy.fields.items() if field.owner in names}
    return policy.model_copy(
        update={"fields": fields, "owner": policy.owner if policy.owner in names else None}
    )


def _systems(
    topology: Topology, time: Time, random: Random, calls_a_minute: int, options: Options
) -> dict[str, Controlled]:
    """Each system of the topology, with rows of its own."""
    kinds: Mapping[str, Callable[[str], Any]] = {
        "salesforce": lambda _: Salesforce(Rows(), time, random, options),
        "lms": lambda _: Lms(Rows(), time, SECRET, calls_a_minute),
        "dataverse": lambda name: Dataverse(Rows(), time, random, Environment(APPLICATION), name),
    }
    served = {name: system.kind for name, system in topology.systems.items() if system.kind in kinds}
    manners = {"lms": LmsManner(lambda: f"{random.getrandbits(128):032x}")}
    return {
        name: Controlled(kinds[kind](name), time, manner=manners.get(kind)) for name, kind in served.items()
    }


def _connections(
    topology: Topology,
    wires: Mapping[str, Wire],
    erps: Mapping[str, WatchedErp],
    time: Time,
    random: Random,
    settings: Mapping[str, str],
) -> dict[str, Any]:
    common: dict[str, Any] = {"clock": time.micros, "random": random, "retries": AT_ONCE}

    def connect(name: str) -> Any:
        environment = {**_environment(name), **settings}
        if name in erps:
            return _erp(name, erps[name], time, random, environment)
        own = {**common, "environment": environment, "transport": wires[name]}
        match topology.systems[name].kind:
            case "lms":
                return lms_room.connect(name, **own)
            case "dataverse":
                return dataverse_room.connect(name, **own)
            case _:
                return salesforce_room.connect(name, sleep=time.sleep, **own)

    return {name: connect(name) for name in topology.systems}


def _erp(system: str, erp: WatchedErp, time: Time, random: Random, environment: Mapping[str, str]) -> Any:
    """Each transaction finds the database's clock where the test's is."""

    async def run(work: Callable[[], Any]) -> Any:
        erp.arrive(time.at)
        result = work()
        erp.leave()
        return result

    address = {f"{system.upper()}_DATABASE_URL": erp.url}
    return erp_room.connect(
        system,
        environment={**environment, **address},
        transport=None,
        clock=time.micros,
        random=random,
        run=run,
        open_=erp.open,
    )


def _environment(system: str) -> dict[str, str]:
    prefix = system.upper()
    return {
        f"{prefix}_URL": f"https://{system}.test",
        f"{prefix}_AUTHORITY": f"https://{system}.test",
        f"{prefix}_TENANT": APPLICATION.tenant,
        f"{prefix}_CLIENT_ID": "crosswalk",
        f"{prefix}_CLIENT_SECRET": SECRET,
        f"{prefix}_TOKEN": SECRET,
    }


def _broker(time: Time, topology: Topology, random: Random) -> Broker:
    broker = Broker(time, lambda: UUID(int=random.getrandbits(128), version=4))
    namespace = broker.namespace
    namespace.create_queue("dead-letters", QueueOptions(requires_duplicate_detection=True))
    arrivals = QueueOptions(
        requires_duplicate_detection=True,
        lock_duration=timedelta(minutes=5),
        forward_dead_lettered_messages_to="dead-letters",
    )
    namespace.create_queue(ARRIVALS, arrivals)
    namespace.create_topic("changes", TopicOptions(requires_duplicate_detection=True))
    for system in topology.systems:
        if topology.delivered(system):
            options = SubscriptionOptions(
                lock_duration=timedelta(minutes=5), forward_dead_lettered_messages_to="dead-letters"
            )
            namespace.create_subscription(
                "changes", system, options, Rule(name="deliver", filter=SqlFilter(rule(topology, system)))
            )
    return broker


def _deleted(row: Mapping[str, Any]) -> bool:
    return bool(row.get("IsDeleted") or row.get("deleted"))
