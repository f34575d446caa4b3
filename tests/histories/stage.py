"""The world that a history happens in: two instances of the hub, systems with clocks of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from functions.dataverse import connection as dataverse_room
from functions.erp import connection as erp_room
from functions.lms import connection as lms_room
from functions.salesforce import connection as salesforce_room
from local.in_process import EngineBus
from local.systems.control import Controlled
from local.systems.dataverse import Dataverse
from local.systems.dataverse import Options as DataverseOptions
from local.systems.lms import Lms
from local.systems.rows import Rows
from local.systems.salesforce import Credentials, Options, Salesforce
from local.systems.system import Clock, System
from local.systems.transport import SystemTransport
from shared.adapters.http import AT_ONCE
from shared.model.change import Message
from shared.pipeline.ports import Connection
from shared.pipeline.recoverability import Policy
from shared.topology_file import parse
from shared.wiring import Hub
from tests import stores
from tests.erps import WatchedErp
from tests.histories.hands import Environment, Hands, Ledgers, Org, School
from tests.histories.power import Power, PoweredBus, PoweredStore, PoweredTransport
from tests.world import APPLICATION, SECRET, Time, World
from tests.world import _broker as broker_of
from tests.world import _environment as environment_of


@dataclass(frozen=True, slots=True)
class Setting:
    """What a history is given before it begins. Skews in seconds; small pages, so that there are several.

    With `pushes`, systems push as well: late, twice, what never changed, and not all that did.
    """

    seed: int
    topology: str
    skews: tuple[float, ...] = (0.0, 0.0, 0.0)
    page_size: int = 3
    pushes: bool = False


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
        self.store = stores.fresh()
        self._folder: TemporaryDirectory[str] | None = None
        self._opened: list[Connection] = []
        self._ids = (str(UUID(int=number + (4 << 76) + (8 << 60))) for number in count(1))
        self.erps: dict[str, WatchedErp] = {}
        self.systems: dict[str, Controlled] = {}
        self.hands: dict[str, Hands] = {}
        for name, skew in zip(self.topology.systems, self.setting.skews, strict=False):
            self._furnish(name, self.topology.systems[name].kind, self._clock(skew))
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

    def close(self) -> None:
        """Nothing is left of it."""
        for connection in self._opened:
            if connection.system in self.erps and connection.close:
                connection.close()
        for erp in self.erps.values():
            erp.close()
        if self._folder:
            self._folder.cleanup()

    def _furnish(self, name: str, kind: str, clock: Clock) -> None:
        """A system of this kind, and the hands of its people."""
        if kind == "erp":
            self.erps[name] = self._erp(name)
            self.hands[name] = Ledgers(self.erps[name], clock)
            return
        controlled = Controlled(self._system(name, kind, clock), clock)
        hands: Mapping[str, Callable[[], Hands]] = {
            "salesforce": lambda: Org(controlled, self.time),
            "lms": lambda: School(controlled, self.time),
            "dataverse": lambda: Environment(controlled),
        }
        self.systems[name], self.hands[name] = controlled, hands[kind]()

    def _system(self, name: str, kind: str, clock: Clock) -> System:
        match kind:
            case "salesforce":
                return Salesforce(Rows(), clock, self.random, Options(Credentials("crosswalk", SECRET)))
            case "lms":
                return Lms(Rows(), clock, SECRET, 1_000_000)
            case _:
                return Dataverse(Rows(), clock, self.random, DataverseOptions(APPLICATION), name)

    def _erp(self, name: str) -> WatchedErp:
        self._folder = self._folder or TemporaryDirectory()
        path = Path(self._folder.name) / f"{name}.sqlite"
        path.write_bytes(empty_erp())
        return WatchedErp(f"sqlite:///{path}")

    def _clock(self, skew: float) -> Clock:
        def clock() -> datetime:
            return self.time.at + timedelta(seconds=skew)

        return clock

    def _connections(self, power: Power) -> dict[str, Connection]:
        found = {name: self._connection(name, power) for name in self.topology.systems}
        self._opened += found.values()
        return found

    def _connection(self, name: str, power: Power) -> Connection:
        kind = self.topology.systems[name].kind
        settings = {**environment_of(name), f"{name.upper()}_PAGE_SIZE": str(self.setting.page_size)}
        common: dict[str, Any] = {"clock": self.time.micros, "random": self.random, "environment": settings}
        if kind == "erp":
            return self._erp_connection(name, power, common)
        system = SystemTransport(self.systems[name], self.time.sleep)
        common["transport"] = PoweredTransport(system, power, self.time, self.random)
        match kind:
            case "salesforce":
                return salesforce_room.connect(name, sleep=self.time.sleep, retries=AT_ONCE, **common)
            case "lms":
                return lms_room.connect(name, retries=AT_ONCE, **common)
            case _:
                return dataverse_room.connect(name, retries=AT_ONCE, **common)

    def _erp_connection(self, name: str, power: Power, common: dict[str, Any]) -> Connection:
        """Each transaction is two steps; between them it is the time that the ERP's clock shows."""
        erp, hands = self.erps[name], self.hands[name]
        assert isinstance(hands, Ledgers)
        common["environment"] |= {f"{name.upper()}_DATABASE_URL": erp.url}

        async def run(work: Callable[[], Any]) -> Any:
            await power.pace()
            self.time.pass_by(self.random.randrange(1, 40) / 1000)
            erp.set_clock(hands.now())
            result = work()
            power.step()
            return result

        return erp_room.connect(name, transport=None, run=run, open_=erp.open, **common)


@cache
def empty_erp() -> bytes:
    """The ERP's database with nothing in it: made once, and copied."""
    with TemporaryDirectory() as folder:
        erp = WatchedErp(f"sqlite:///{folder}/erp.sqlite")
        erp.create()
        erp.close()
        return Path(folder, "erp.sqlite").read_bytes()
