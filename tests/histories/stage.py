"""The world that a history happens in: two instances of the hub, systems with clocks of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from random import Random
from uuid import UUID

from functions.lms import connection as lms_room
from functions.salesforce import connection as salesforce_room
from local.in_process import EngineBus
from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.rows import Rows
from local.systems.salesforce import Credentials, Options, Salesforce
from local.systems.system import Clock
from local.systems.transport import SystemTransport
from shared.adapters.http import AT_ONCE
from shared.adapters.store import Store
from shared.adapters.store.database import inline
from shared.model.change import Message
from shared.pipeline.ports import Connection
from shared.pipeline.recoverability import Policy
from shared.topology import parse
from shared.wiring import Hub
from tests.histories.power import Power, PoweredBus, PoweredStore, PoweredTransport
from tests.world import SECRET, Time, World
from tests.world import _broker as broker_of

ENVIRONMENT = {
    "SALESFORCE_URL": "https://org.my.salesforce.test",
    "SALESFORCE_CLIENT_ID": "crosswalk",
    "SALESFORCE_CLIENT_SECRET": SECRET,
    "LMS_URL": "https://lms.test",
    "LMS_TOKEN": SECRET,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a history is given before it begins. Skews in seconds; small pages, so that there are several."""

    seed: int
    topology: str
    skews: tuple[float, float] = (0.0, 0.0)
    page_size: int = 3


@dataclass
class Instance:
    """One process of the hub."""

    hub: Hub
    power: Power


@dataclass
class Stage:
    """Everything that a history can touch."""

    setting: Setting
    time: Time = field(default_factory=Time)
    sent: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.setting.seed)
        self.topology = parse(self.setting.topology)
        self.broker = broker_of(self.time, self.topology, self.random)
        self.store = Store("sqlite://", inline)
        self.store.migrate()
        self._ids = (str(UUID(int=number + (4 << 76) + (8 << 60))) for number in count(1))
        self.systems = self._systems()
        self.instances = [self.instance(), self.instance()]

    def instance(self) -> Instance:
        """A process that has just been started."""
        power = Power(self.random)
        hub = Hub(
            self.topology,
            PoweredStore(self.store, power),
            PoweredBus(EngineBus(self.broker), power, self.sent),
            self._connections(power),
            Policy(),
            clock=self.time.micros,
            ids=self._ids.__next__,
            luck=self.random.random,
        )
        return Instance(hub, power)

    @cached_property
    def world(self) -> World:
        """The same, undisturbed: what the last instance sees."""
        return World(self.time, self.topology, self.instances[0].hub, self.broker, self.systems)

    def _systems(self) -> dict[str, Controlled]:
        options = Options(Credentials("crosswalk", SECRET))
        crm, school = (self._clock(skew) for skew in self.setting.skews)
        return {
            "salesforce": Controlled(Salesforce(Rows(), crm, self.random, options), crm),
            "lms": Controlled(Lms(Rows(), school, SECRET, 1_000_000), school),
        }

    def _clock(self, skew: float) -> Clock:
        def clock() -> datetime:
            return self.time.at + timedelta(seconds=skew)

        return clock

    def _connections(self, power: Power) -> dict[str, Connection]:
        size = str(self.setting.page_size)
        environment = {**ENVIRONMENT, "SALESFORCE_PAGE_SIZE": size, "LMS_PAGE_SIZE": size}
        transports = {
            name: PoweredTransport(SystemTransport(system, self.time.sleep), power, self.time, self.random)
            for name, system in self.systems.items()
        }
        return {
            "salesforce": salesforce_room.connect(
                "salesforce",
                environment=environment,
                transport=transports["salesforce"],
                clock=self.time.micros,
                random=self.random,
                sleep=self.time.sleep,
                retries=AT_ONCE,
            ),
            "lms": lms_room.connect(
                "lms",
                environment=environment,
                transport=transports["lms"],
                clock=self.time.micros,
                random=self.random,
                retries=AT_ONCE,
            ),
        }
