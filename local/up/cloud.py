"""The three processes together: started in the order in which they need one another, and kept alive.

systems, servicebus ──ready──> host ──ready──> endpoints.json
     ^
     └── one that dies by itself is started again on its own ports, as a cloud would; one that cannot be
         started several times in a row is given up, with its own words
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import orjson

from local.entities import configuration
from local.host.keys import FUNCTION_KEY, FUNCTION_KEY_VARIABLE
from local.up.child import Child, StartFailed
from local.up.directory import Directory
from local.up.doors import DeskDoor
from local.up.endpoints import Endpoints
from local.up.options import Content
from local.up.ports import Ports
from local.up.pushes import Pushes
from local.up.surroundings import claim, host_settings, sellers
from shared.topology import Topology

MODULES = {name: f"local.{name}.command" for name in ("systems", "servicebus", "host")}
LOOK = 0.05
GRACE = 10.0
"""Seconds for a process to end in, once it was asked to."""
TRIES = 5
PASSED_ON = 40
"""Lines of the systems that are shown at the start."""
PAUSE = 0.5
"""Seconds before a process that could not be started is tried again; doubles."""

Say = Callable[[str], None]


class Stopped(Exception):
    """Somebody asked for the end while the start was under way."""


@dataclass
class Comeback:
    """A process that is being started again."""

    tries: int = 0
    not_before: float = 0.0
    started: bool = False

    def put_off(self) -> None:
        self.tries += 1
        self.started = False
        self.not_before = time.monotonic() + PAUSE * 2**self.tries


@dataclass
class Cloud:
    directory: Directory
    topology: Topology
    topology_file: Path
    content: Content
    ports: Ports
    outer: Mapping[str, str]
    say: Say
    doors: Mapping[str, DeskDoor] = field(default_factory=dict)
    """System → how it proves itself when it pushes; without one it has nowhere to push to."""
    all_systems: bool = True
    """Else Salesforce and the LMS alone: what is not started is not filled either."""
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Process → what it wrote into its ready file."""
    _children: dict[str, Child] = field(default_factory=dict)
    _comebacks: dict[str, Comeback] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = self.directory
        self._children = {name: Child(name, MODULES[name], at.log(name), at.ready(name)) for name in MODULES}

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(
            host=self.told["host"]["url"],
            servicebus=self.told["servicebus"]["servicebus"],
            servicebus_admin=self.told["servicebus"]["servicebus_admin"],
            servicebus_cert=self.told["servicebus"].get("cert"),
            systems=self.told["systems"]["systems"],
            processes={name: child.pid for name, child in self._children.items()},
            push={name: door.endpoint(name, self.told["host"]["url"]) for name, door in self.doors.items()},
            launch={name: self._launch(name) for name in self.topology.systems_of("lms")},
        )

    def _launch(self, system: str) -> dict[str, str]:
        key = self.outer.get(FUNCTION_KEY_VARIABLE) or FUNCTION_KEY
        return {"url": f"{self.told['host']['url']}/api/launch/{system}", "key": key}

    # Start and stop

    def start(self, stop: Event) -> None:
        """Until all are ready. Raises StartFailed, or Stopped."""
        self._configure_bus()
        self._start("systems", "servicebus")
        self._await(stop, "systems", "servicebus")
        Pushes(self.topology).end(self.told["systems"]["systems"])
        self._pass_on()
        self._start("host")
        self._await(stop, "host")
        self.endpoints.write(self.directory.endpoints)

    def _pass_on(self) -> None:
        """What the systems said of their rows: where they come from, and lines that were not loaded."""
        lines = [line for line in self._children["systems"].said() if "://" not in line]
        for line in lines[:PASSED_ON]:
            self.say(line)
        if len(lines) > PASSED_ON:
            self.say(f"and {len(lines) - PASSED_ON} more: {self.directory.log('systems')}")

    def start_systems(self, stop: Event) -> Mapping[str, Mapping[str, str]]:
        """These alone: what a tool needs that works on a cloud at rest."""
        self._start("systems")
        self._await(stop, "systems")
        found: Mapping[str, Mapping[str, str]] = self.told["systems"]["systems"]
        Pushes(self.topology).end(found)
        return found

    def stop(self) -> None:
        """The host first: what it has begun, it ends while the others still answer."""
        self.directory.endpoints.unlink(missing_ok=True)
        for group in (("host",), ("systems", "servicebus")):
            for name in group:
                self._children[name].ask_to_stop()
            deadline = time.monotonic() + GRACE
            for name in group:
                self._children[name].stop(deadline)

    # Keep alive

    def tend(self) -> None:
        """Start again what has died. Raises StartFailed where that is of no use any more."""
        for name, child in self._children.items():
            if name in self._comebacks:
                self._bring_back(name, child, self._comebacks[name])
            elif (code := child.ended()) is not None:
                how = f"was killed (signal {-code})" if code < 0 else f"ended (exit code {code})"
                self.say(f"{name} {how}; starting it again")
                self._comebacks[name] = Comeback()

    def _bring_back(self, name: str, child: Child, comeback: Comeback) -> None:
        if not comeback.started:
            if time.monotonic() >= comeback.not_before:
                self._start(name)
                comeback.started = True
            return
        try:
            told = child.ready()
        except StartFailed:
            comeback.put_off()
            if comeback.tries >= TRIES:
                raise
            return
        if told is not None:
            self._remember(name, told)
            del self._comebacks[name]
            self.endpoints.write(self.directory.endpoints)
            self.say(f"{name} is back (process {child.pid})")

    # One process

    def _start(self, *names: str) -> None:
        for name in names:
            environment = self._host_environment() if name == "host" else self.outer
            self._children[name].start(self._arguments(name), environment)

    def _await(self, stop: Event, *names: str) -> None:
        waiting = list(names)
        while waiting:
            if stop.wait(LOOK):
                raise Stopped
            for name in list(waiting):
                told = self._children[name].ready()
                if told is not None:
                    self._remember(name, told)
                    waiting.remove(name)

    def _remember(self, name: str, told: dict[str, Any]) -> None:
        self.told[name] = told
        self.ports = self.ports.kept(**_addresses(name, told))

    def _arguments(self, name: str) -> Sequence[str]:
        at, ports = self.directory, self.ports
        match name:
            case "systems":
                where = ["--salesforce-port", str(ports.salesforce), "--lms-port", str(ports.lms)]
                return ["--data", str(at.systems), *where, *self._company(), *self.content.options()]
            case "servicebus":
                where = ["--port", str(ports.servicebus), "--admin-port", str(ports.servicebus_admin)]
                config = ["--config", str(at.bus_configuration), "--data", str(at.servicebus)]
                return [*where, *config]
            case _:
                return ["--port", str(ports.host), "--grace", "5"]

    def _company(self) -> list[str]:
        """The Dataverse environments of the topology, each with its port, who sells there, and the ERPs."""
        if not self.all_systems:
            return []
        names, known = self.topology.systems_of("dataverse"), self.ports.environments
        options = [("--dataverse", f"{name}:{known.get(name, 0)}") for name in names]
        options += [("--sales", name) for name in sellers(self.topology)]
        options += [("--erp", name) for name in self.topology.systems_of("erp")]
        return [part for option in options for part in option]

    def _configure_bus(self) -> None:
        wanted = configuration(self.topology, f"PT{claim(self.outer)}S")
        self.directory.bus_configuration.write_bytes(orjson.dumps(wanted, option=orjson.OPT_INDENT_2))

    def _host_environment(self) -> dict[str, str]:
        return host_settings(
            self.outer,
            self.doors,
            self.topology,
            self.topology_file,
            self.directory.store_url,
            self.told["servicebus"]["servicebus"],
            self.told["systems"]["systems"],
        )


def _addresses(name: str, told: Mapping[str, Any]) -> dict[str, str]:
    """Port → the address that names it."""
    match name:
        case "systems":
            return {system: shown["url"] for system, shown in told["systems"].items() if "url" in shown}
        case "servicebus":
            return {key: told[key] for key in ("servicebus", "servicebus_admin")}
        case _:
            return {"host": told["url"]}
