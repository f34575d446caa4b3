import asyncio
import contextlib

import pytest

from local.host.functions import BusTrigger, HostedFunction
from local.host.pump import Pump
from local.host.receiver import BatchSize
from tests.host.conftest import CONNECTION, MemoryBus

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def pumping(bus, call, invoker, *, many=True, at_most=100, waits=None):
    async def sleep(seconds):
        if waits is not None:
            waits.append(seconds)

    trigger = BusTrigger(CONNECTION, "changes", "erp", many)
    pump = Pump(
        HostedFunction("deliver", call, trigger, "messages", None, ()),
        open_receiver=bus.open,
        to_function=str.upper,
        size=BatchSize(at_most),
        invoker=invoker,
        sleep=sleep,
    )
    task = asyncio.create_task(pump.run())
    yield pump
    pump.stop()
    await task


async def test_a_batch_is_completed_when_the_function_returns(invoker):
    bus, seen = MemoryBus("a", "b", "c"), []

    async def deliver(messages):
        seen.append(messages)

    async with pumping(bus, deliver, invoker):
        await bus.until(lambda bus: len(bus.completed) == 3)
    assert (seen, bus.completed, bus.abandoned) == ([["A", "B", "C"]], ["a", "b", "c"], [])


async def test_every_message_is_abandoned_when_the_function_raises_and_they_come_again(invoker):
    bus, seen = MemoryBus("a", "b"), []

    def deliver(messages):
        seen.append(messages)
        if len(seen) == 1:
            raise ValueError

    async with pumping(bus, deliver, invoker):
        await bus.until(lambda bus: bus.completed)
    assert (seen, bus.abandoned) == ([["A", "B"], ["A", "B"]], ["a", "b"])


async def test_a_function_with_cardinality_one_gets_one_message_and_not_a_list(invoker):
    bus, seen = MemoryBus("a", "b"), []

    async def deliver(messages):
        seen.append(messages)

    async with pumping(bus, deliver, invoker, many=False):
        await bus.until(lambda bus: len(bus.completed) == 2)
    assert seen == ["A", "B"]


async def test_a_batch_is_never_larger_than_the_setting(invoker):
    bus, sizes = MemoryBus(*"abcdefg"), []

    async def deliver(messages):
        sizes.append(len(messages))

    async with pumping(bus, deliver, invoker, at_most=3):
        await bus.until(lambda bus: len(bus.completed) == 7)
    assert sizes == [3, 3, 1]


async def test_one_batch_is_served_at_a_time(invoker):
    bus, entered, go_on = MemoryBus("a"), asyncio.Event(), asyncio.Event()

    async def deliver(messages):
        entered.set()
        await go_on.wait()

    async with pumping(bus, deliver, invoker):
        await entered.wait()
        bus.put("b")
        await asyncio.sleep(0)
        assert (bus.locked, bus.waiting) == (["a"], ["b"])
        go_on.set()
        await bus.until(lambda bus: bus.completed == ["a", "b"])


@pytest.mark.parametrize("call", ["receive", "complete"])
async def test_when_the_bus_goes_away_the_receiver_is_opened_anew_and_the_messages_come_again(invoker, call):
    bus, seen = MemoryBus("a"), []
    bus.fail_next(call)

    async def deliver(messages):
        seen.extend(messages)

    async with pumping(bus, deliver, invoker):
        await bus.until(lambda bus: bus.completed == ["a"])
    assert (bus.opened, bus.closed) == (2, 2)
    assert set(seen) == {"A"}


async def test_waits_for_a_bus_that_stays_away_double_up_to_a_limit_and_start_again_once_it_is_back(invoker):
    class Away(MemoryBus):
        def open(self, trigger=None):
            if super().open().opened <= 8:
                self.fail_next("receive")
            return self

    bus, waits = Away("a"), list[float]()

    async def deliver(messages):
        if bus.opened < 10:
            bus.fail_next("complete")

    async with pumping(bus, deliver, invoker, waits=waits):
        await bus.until(lambda bus: bus.completed == ["a"])
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0, 0.1]


async def test_a_stop_while_waiting_ends_at_once_and_closes_the_receiver(invoker):
    bus = MemoryBus()

    async def deliver(messages):
        raise AssertionError

    async with pumping(bus, deliver, invoker):
        await asyncio.sleep(0)
    assert (bus.opened, bus.closed) == (1, 1)


async def test_a_stop_while_a_batch_is_served_lets_it_end_and_settles_it(invoker):
    bus, entered, go_on = MemoryBus("a"), asyncio.Event(), asyncio.Event()

    async def deliver(messages):
        entered.set()
        await go_on.wait()

    async with pumping(bus, deliver, invoker) as pump:
        await entered.wait()
        bus.put("b")
        pump.stop()
        go_on.set()
    assert (bus.completed, bus.waiting, bus.locked) == (["a"], ["b"], [])


async def test_a_function_that_takes_too_long_has_its_batch_abandoned(make_invoker):
    bus, seen = MemoryBus("a"), []

    async def deliver(messages):
        seen.append(messages)
        if len(seen) == 1:
            await asyncio.Event().wait()

    async with pumping(bus, deliver, make_invoker(timeout=0.01)):
        await bus.until(lambda bus: bus.completed)
    assert bus.abandoned == ["a"]
