"""What the rooms' triggers ask the cloud for, given a topology: read off the functions as the host would."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import azure.functions as func

from shared.topology import Topology
from shared.wiring import Hub
from tests.infra.sandbox import PROJECT


@dataclass(frozen=True)
class Known:
    """All that a blueprint looks at while it registers: which systems there are. Each has a door."""

    topology: Topology

    def launch(self, system: str) -> None:
        """No key is set, so nobody comes in by a link."""

    def pushed(self, system: str) -> bool:
        return system in self.topology.systems


def triggers(topology: Topology) -> dict[str, dict[str, Any]]:
    """Function → its trigger, of every room."""
    app = func.FunctionApp()
    for room in rooms():
        app.register_functions(room.blueprint(cast("Hub", Known(topology))))
    return {str(each.get_function_name()): _trigger(each) for each in app.get_functions()}


def _trigger(function: Any) -> dict[str, Any]:
    found: dict[str, Any] = function.get_trigger().get_dict_repr()
    return found


def rooms() -> Iterator[Any]:
    for file in sorted((PROJECT / "functions").glob("*/triggers.py")):
        yield importlib.import_module(f"functions.{file.parent.name}.triggers")


def subscriptions(topology: Topology) -> dict[str, str]:
    """Subscription → the topic that it is on."""
    found = [each for each in triggers(topology).values() if each.get("subscriptionName")]
    return {each["subscriptionName"]: each["topicName"] for each in found}
