"""From the first process to the last word: start, watch the first run, report, go on polling, stop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any

from rich.console import Console

from local.up import screen
from local.up.bus_view import BusView
from local.up.child import StartFailed
from local.up.cloud import Cloud, Stopped
from local.up.directory import BadDirectory, Directory
from local.up.doors import kept_doors
from local.up.options import Options
from local.up.ports import Ports, PortTaken
from local.up.pushes import Pushes
from local.up.report import FlowReport, Report, by_reason, flow_reports
from local.up.settling import Settling
from local.up.store_view import Seen, StoreView
from local.up.surroundings import NotSimulated, check, sellers
from local.up.work_view import WorkView
from shared.adapters.store import Store
from shared.topology_file import TopologyError, load

BAD_INPUT = 2  # as of a command line that is wrong
LOOK = 0.25
"""Seconds between two looks."""


def main(options: Options) -> int:
    """Run, and the exit code: 0 where it ended as it was meant to, 1 where not, 2 for input that is wrong."""
    os.umask(0o077)  # records of customers, and secrets, are among what is stored
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        return 0 if run(options, os.environ, _console(), stop) else 1
    except Stopped:
        return int(options.once)
    except (TopologyError, NotSimulated, PortTaken, BadDirectory, StartFailed) as error:
        Console(stderr=True).print(str(error), highlight=False, markup=False, soft_wrap=True)
        return BAD_INPUT


def _console() -> Console:
    """Where there is no terminal there is no edge at which a table would have to be cut."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def run(options: Options, outer: Mapping[str, str], console: Console, stop: Event) -> bool:
    """Until all has settled (`once`), or until `stop`. True where it ended as it was meant to.

    Raises what stops a start: TopologyError, NotSimulated, PortTaken, BadDirectory, StartFailed, Stopped.
    """
    topology = load(options.topology)
    check(topology)
    ports = Ports.chosen(options.ports)
    with options.directory.held(fresh=options.fresh), _store(options.directory) as store:
        view = StoreView(store, topology, _micros)
        view.begin()
        say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
        doors = kept_doors(options.directory.doors, topology, os.urandom)
        cloud = Cloud(
            options.directory, topology, options.topology, options.content, ports, outer, say, doors
        )
        try:
            say("Starting the systems, the Service Bus and the host …")
            cloud.start(stop)
            return Run(options, cloud, view, console, stop).go()
        finally:
            cloud.stop()


def _micros() -> int:
    return time.time_ns() // 1_000


@contextmanager
def _store(directory: Directory) -> Iterator[Store]:
    store = Store(directory.store_url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


@dataclass
class Run:
    """One run of a cloud that is ready."""

    options: Options
    cloud: Cloud
    view: StoreView
    console: Console
    stop: Event
    clock: Callable[[], float] = time.monotonic
    _began: float = 0.0
    _tallies: dict[Any, Any] = field(default_factory=dict)
    _seconds: dict[Any, float] = field(default_factory=dict)

    @property
    def _work(self) -> WorkView:
        return WorkView(lambda: self.cloud.endpoints)

    def go(self) -> bool:
        self._began = self.clock()
        if self.options.push and self.options.once:
            self._push()
        bus = BusView(lambda: self.cloud.endpoints)
        try:
            report, waiting = self._first(bus)
        finally:
            bus.close()
        if report is None:
            return not self.options.once
        if self.options.push and not self.options.once:
            self._push()
        self._tell(report, waiting)
        if not self.options.once:
            self._follow()
            return True
        return report.converged

    def _push(self) -> None:
        began = Pushes(self.cloud.topology).begin(self.cloud.endpoints)
        self.console.print(f"These push from now on: {', '.join(began)}", highlight=False)

    # The first run

    def _first(self, bus: BusView) -> tuple[Report | None, Sequence[str]]:
        """Nothing where it was stopped before all had settled."""
        settling = Settling(self.view.began, self.options.patience)
        with screen.ProgressDisplay(self.console, self.clock) as progress:
            while not self.stop.wait(LOOK):
                self.cloud.tend()
                seen = self.view.look()
                settling.see(seen, self.clock())
                flows = self._flows(seen)
                progress.show(flows)
                if settling.polled_through() and self._settled(settling, bus):
                    return self._report(flows, converged=True), []
                if settling.given_up(self.clock()):
                    return self._report(flows, converged=False), self._waiting(settling, bus, seen)
        return None, []

    def _settled(self, settling: Settling, bus: BusView) -> bool:
        idle = settling.idle(self._work.look())
        if not idle or bus.waiting() != {} or self.view.under_way():
            settling.disturb()
            return False
        return settling.quiet()

    def _waiting(self, settling: Settling, bus: BusView, seen: Seen) -> list[str]:
        on_bus = bus.waiting()
        lines = [f"{what}: a poll does not come to its end" for what in settling.unpolled()]
        lines += [f"the outbox: {seen.outbox} messages"] if seen.outbox else []
        lines += ["the Service Bus does not say what waits there"] if on_bus is None else []
        lines += [f"the Service Bus, {where}: {count} messages" for where, count in (on_bus or {}).items()]
        under_way = self.view.under_way()
        lines += [f"writes under way: {under_way} records"] if under_way else []
        lines += [f"paused: {system}" for system in self.view.paused()]
        work = self._work.look()
        lines += work.left if work else ["the systems do not say what is left to be done in them"]
        lines.append(f"what the processes said: {self.options.directory.log('host').parent}")
        return lines

    def _flows(self, seen: Seen) -> list[FlowReport]:
        for flow, counted in seen.tallies.items():
            if counted != self._tallies.get(flow):
                self._seconds[flow] = self.clock() - self._began
        self._tallies = seen.tallies
        return flow_reports(self.cloud.topology, seen.tallies, self._seconds)

    def _report(self, flows: list[FlowReport], *, converged: bool) -> Report:
        return Report(converged, self.clock() - self._began, flows, by_reason(self.view.dead_letters()))

    # What is told, and what happens afterwards

    def _tell(self, report: Report, waiting: Sequence[str]) -> None:
        at = self.options.directory
        screen.show_report(self.console, report)
        screen.show_dead_letters(self.console, self.view.dead_letters(), str(at.store))
        if waiting:
            screen.show_waiting(self.console, waiting)
        if self.options.report is not None:
            report.write(self.options.report)
        if not self.options.once:
            screen.show_addresses(self.console, self.cloud.endpoints, str(at.endpoints))
            sold = sellers(self.cloud.topology)
            screen.show_next(self.console, str(at.path), self.cloud.endpoints, sold)

    def _follow(self) -> None:
        """One line for each flow in which something happened, once it has."""
        told = before = self._flows(self.view.look())
        while not self.stop.wait(LOOK):
            self.cloud.tend()
            flows = self._flows(self.view.look())
            if flows == before and flows != told:
                for line in screen.changed(flows, told):
                    self.console.print(f"{time.strftime('%H:%M:%S')} {line}", highlight=False, soft_wrap=True)
                told = flows
            before = flows
