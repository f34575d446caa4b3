"""The processes that a benchmark runs against: the local Service Bus and the simulated systems."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.entities import configuration
from shared.topology import Topology

PATIENCE = 60.0


@dataclass(frozen=True)
class Servers:
    """Addresses and credentials of what runs."""

    servicebus: str
    salesforce: dict[str, Any]
    lms: dict[str, Any]

    def environment(self) -> dict[str, str]:
        """As the hub's settings."""
        return {
            "SERVICEBUS": self.servicebus,
            "SALESFORCE_URL": self.salesforce["url"],
            "SALESFORCE_CLIENT_ID": self.salesforce["client_id"],
            "SALESFORCE_CLIENT_SECRET": self.salesforce["client_secret"],
            "LMS_URL": self.lms["url"],
            "LMS_TOKEN": self.lms["token"],
        }


@contextmanager
def servers(topology: Topology, directory: Path) -> Iterator[Servers]:
    """A durable Service Bus with the topology's entities, and both systems, empty."""
    config = directory / "Config.json"
    config.write_text(json.dumps(configuration(topology)))
    bus_ready, systems_ready = directory / "bus.json", directory / "systems.json"
    bus = ["servicebus", "--port", "0", "--admin-port", "0", "--config", str(config)]
    bus += ["--data", str(directory / "bus"), "--ready-file", str(bus_ready)]
    systems = ["systems", "--records", "0", "--lms-rate", "1000000", "--data", str(directory / "systems")]
    systems += ["--ready-file", str(systems_ready)]
    children = [_start(bus), _start(systems)]
    try:
        bus_facts, facts = _ready(bus_ready, children[0]), _ready(systems_ready, children[1])
        yield Servers(bus_facts["servicebus"], facts["systems"]["salesforce"], facts["systems"]["lms"])
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(10)


def _start(arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "local", *arguments], stdout=subprocess.DEVNULL)


def _ready(path: Path, child: subprocess.Popen[bytes]) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        if child.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"a server did not start: {child.args!r}")
        time.sleep(0.05)
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts
