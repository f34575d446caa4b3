"""What the local Service Bus costs, and whether it keeps what it has promised.

::

    python -m benchmarks.bus              rates, and who spends the time: the client's codec or the broker
    python -m benchmarks.bus --profile    where the broker spends its own
    python -m benchmarks.bus --kill       SIGKILL during 50,000 sends, restart, drain; none lost, none twice

The broker runs as the command that everybody uses, in a process of its own; processor time is what the kernel
counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError

QUEUE = "bench"
BATCH = 100
BODY = b"x" * 1024
IN_FLIGHT = 20
"""Completions that the receiver waits for at a time."""

CONFIG = {
    "UserConfig": {
        "Namespaces": [{"Name": "sbemulatorns", "Queues": [{"Name": QUEUE, "Properties": {}}], "Topics": []}],
        "Logging": {"Type": "Console"},
    }
}


@dataclass(frozen=True)
class Measure:
    """So many messages, in so much time of the wall, of the client's processor and of the broker's."""

    messages: int
    seconds: float
    client: float
    broker: float

    def row(self, name: str) -> str:
        client, broker = (1e6 * each / self.messages for each in (self.client, self.broker))
        share = 100 * self.broker / (self.client + self.broker)
        rate = self.messages / self.seconds
        return f"| {name} | {rate:,.0f} | {client:.0f} | {broker:.0f} | {share:.0f} % |"


class Broker:
    """The command in a process of its own."""

    def __init__(self, folder: Path, *, durable: bool = False, profile: Path | None = None) -> None:
        self._folder = folder
        self._durable = durable
        self._profile = profile
        self._ready = folder / "ready.json"
        (folder / "Config.json").write_text(json.dumps(CONFIG))

    def start(self) -> None:
        self._ready.unlink(missing_ok=True)
        profiled = ["-m", "cProfile", "-o", str(self._profile)] if self._profile else []
        data = ["--data", str(self._folder / "data")] if self._durable else []
        command = [sys.executable, *profiled, "-m", "local", "servicebus", "--port", "0", "--admin-port", "0"]
        files = ["--config", str(self._folder / "Config.json"), "--ready-file", str(self._ready)]
        self._process = subprocess.Popen([*command, *files, *data], stdout=subprocess.DEVNULL)
        while not self._ready.exists():
            if self._process.poll() is not None:
                raise RuntimeError("the broker did not start")
            time.sleep(0.02)
        told = json.loads(self._ready.read_text())
        self.connection_string: str = told["servicebus"]

    def stop(self, number: int = signal.SIGTERM) -> None:
        self._process.send_signal(number)
        self._process.wait()

    def cpu(self) -> float:
        """Seconds of processor time so far, of all its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(**options: Any) -> Iterator[Broker]:
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder), **options)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


@asynccontextmanager
async def connected(broker: Broker) -> AsyncIterator[tuple[ServiceBusSender, ServiceBusReceiver]]:
    async with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_sender(QUEUE) as sender,
        client.get_queue_receiver(QUEUE) as receiver,
    ):
        yield sender, receiver


async def send(sender: ServiceBusSender, count: int) -> None:
    for _ in range(count // BATCH):
        batch = await sender.create_message_batch()
        for _ in range(BATCH):
            batch.add_message(ServiceBusMessage(BODY))
        await sender.send_messages(batch)


async def receive(receiver: ServiceBusReceiver, count: int) -> None:
    """Receive and complete, as many completions under way as one would have."""
    left = count
    while left:
        found = await receiver.receive_messages(min(BATCH, left), max_wait_time=10)
        for start in range(0, len(found), IN_FLIGHT):
            part = found[start : start + IN_FLIGHT]
            await asyncio.gather(*(receiver.complete_message(message) for message in part))
        left -= len(found)


async def measure(broker: Broker, count: int, work: Callable[[], Awaitable[Any]]) -> Measure:
    started, client, served = time.perf_counter(), time.process_time(), broker.cpu()
    await work()
    ended = time.perf_counter()
    return Measure(count, ended - started, time.process_time() - client, broker.cpu() - served)


async def rates(broker: Broker, count: int) -> None:
    async with connected(broker) as (sender, receiver):
        print(
            (await measure(broker, count, lambda: send(sender, count))).row("send, batches of 100"),
            flush=True,
        )
        work = await measure(broker, count, lambda: receive(receiver, count))
        print(work.row("receive and complete"), flush=True)

        async def both() -> None:
            await asyncio.gather(send(sender, count), receive(receiver, count))

        print((await measure(broker, count, both)).row("both at once"), flush=True)


async def depth(broker: Broker, count: int, waiting: int) -> None:
    """Rates beside a queue that holds so many already."""
    async with connected(broker) as (sender, receiver):
        await send(sender, waiting)
        sending = await measure(broker, count, lambda: send(sender, count))
        receiving = await measure(broker, count, lambda: receive(receiver, count))
        print(sending.row(f"send, {waiting:,} waiting"), flush=True)
        print(receiving.row(f"receive and complete, {waiting:,} waiting"), flush=True)


HEAD = "| what | messages/s | client µs each | broker µs each | broker's share |\n|---|---|---|---|---|"


def report(count: int, *, durable: bool) -> None:
    print(f"\n{'Durable' if durable else 'In memory'}\n\n{HEAD}", flush=True)
    with running(durable=durable) as broker:
        asyncio.run(rates(broker, count))
    for waiting in (1_000, 200_000):
        with running(durable=durable) as broker:
            asyncio.run(depth(broker, count, waiting))


def profile(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "broker.prof"
        with running(profile=found) as broker:
            asyncio.run(rates(broker, count))
        subprocess.run([sys.executable, "-c", _SHOW, str(found)], check=True)


_SHOW = "import pstats, sys; pstats.Stats(sys.argv[1]).sort_stats('tottime').print_stats(30)"


async def send_until_killed(broker: Broker, count: int) -> set[int]:
    """The numbers whose batch was acknowledged. The broker dies half way, under the sender's hands."""
    acknowledged: set[int] = set()
    half_way = asyncio.Event()

    async def assassin() -> None:
        await half_way.wait()
        broker.stop(signal.SIGKILL)

    killing = asyncio.create_task(assassin())
    try:
        async with (
            ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0) as client,
            client.get_queue_sender(QUEUE) as sender,
        ):
            for start in range(0, count, BATCH):
                numbers = range(start, start + BATCH)
                if start >= count // 2:
                    half_way.set()
                await sender.send_messages([ServiceBusMessage(str(number)) for number in numbers])
                acknowledged.update(numbers)
    except ServiceBusError:
        await killing
    return acknowledged


async def drain(broker: Broker) -> list[int]:
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    async with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_receiver(QUEUE, receive_mode=mode) as receiver,
    ):
        found: list[int] = []
        while batch := await receiver.receive_messages(1000, max_wait_time=3):
            found += [int(str(message)) for message in batch]
        return found


def kill(count: int) -> bool:
    """Whether every acknowledged message came back, and none twice."""
    with running(durable=True) as broker:
        acknowledged = asyncio.run(send_until_killed(broker, count))
        started = time.perf_counter()
        broker.start()
        restarted = time.perf_counter() - started
        found = asyncio.run(drain(broker))
    lost, twice = acknowledged - set(found), len(found) - len(set(found))
    print(
        f"{len(acknowledged):,} acknowledged before SIGKILL, {len(found):,} delivered after a restart", end=""
    )
    print(f" of {restarted:.2f} s: {len(lost)} lost, {twice} twice")
    return not lost and not twice


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, help="20,000, or 50,000 to be killed under")
    parser.add_argument("--durable", action="store_true", help="measure with a data directory, too")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    if options.kill:
        sys.exit(0 if kill(options.messages or 50_000) else 1)
    count = options.messages or 20_000
    if options.profile:
        profile(count)
        return
    report(count, durable=False)
    if options.durable:
        report(count, durable=True)


if __name__ == "__main__":
    main()
