import asyncio
import contextlib
from datetime import timedelta

import pytest

from local.host.functions import HostedFunction, TimerTrigger
from local.host.schedule import Schedule
from local.host.timer import Timer
from tests.host.conftest import SteppedClock

pytestmark = pytest.mark.anyio


def timer_of(call, invoker, clock, *, run_on_startup=False):
    trigger = TimerTrigger(Schedule.parse("0 */5 * * * *"), run_on_startup)
    return Timer(HostedFunction("tick", call, trigger, "timer", None, ()), invoker, clock)


@contextlib.asynccontextmanager
async def running(timer):
    task = asyncio.create_task(timer.run())
    yield task
    timer.stop()
    await task


async def test_a_timer_runs_at_each_time_of_its_schedule(invoker):
    clock, runs = SteppedClock(), []

    async def tick(timer):
        runs.append((clock.now().minute, timer.past_due))

    async with running(timer_of(tick, invoker, clock)):
        for _ in range(3):
            await clock.next_sleep()
            clock.wake()
        await clock.next_sleep()
    assert runs == [(5, False), (10, False), (15, False)]


async def test_run_on_startup_runs_before_the_first_time(invoker):
    clock, runs = SteppedClock(), []

    async def tick(timer):
        runs.append(clock.now())

    async with running(timer_of(tick, invoker, clock, run_on_startup=True)):
        await clock.next_sleep()
        assert runs == [clock.now()]


async def test_a_run_longer_than_its_interval_skips_the_times_it_missed(invoker):
    clock, runs = SteppedClock(), []

    async def tick(timer):
        runs.append(clock.now().minute)
        clock.pass_by(timedelta(minutes=12))

    async with running(timer_of(tick, invoker, clock)):
        await clock.next_sleep()
        clock.wake()
        assert (await clock.next_sleep()).minute == 20
    assert runs == [5]


async def test_a_run_that_comes_late_knows_that_it_is_past_due(invoker):
    clock, runs = SteppedClock(), []

    async def tick(timer):
        runs.append(timer.past_due)

    async with running(timer_of(tick, invoker, clock)):
        await clock.next_sleep()
        clock.wake(late=timedelta(seconds=90))
        await clock.next_sleep()
    assert runs == [True]


async def test_a_run_that_raises_does_not_end_the_timer(invoker):
    clock, runs = SteppedClock(), []

    def tick(timer):
        runs.append(clock.now().minute)
        raise ValueError

    async with running(timer_of(tick, invoker, clock)):
        for _ in range(2):
            await clock.next_sleep()
            clock.wake()
        await clock.next_sleep()
    assert runs == [5, 10]


async def test_a_run_asked_for_by_hand_waits_for_the_one_under_way(invoker):
    clock, now_running, most = SteppedClock(), 0, 0
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def tick(timer):
        nonlocal now_running, most
        now_running += 1
        most = max(most, now_running)
        entered.set()
        await go_on.wait()
        now_running -= 1

    timer = timer_of(tick, invoker, clock)
    runs = [asyncio.create_task(timer.run_now()) for _ in range(3)]
    await entered.wait()
    go_on.set()
    await asyncio.gather(*runs)
    assert most == 1


async def test_stopping_waits_for_the_run_under_way_and_begins_no_other(invoker):
    clock, runs = SteppedClock(), []
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def tick(timer):
        entered.set()
        await go_on.wait()
        runs.append(clock.now().minute)

    timer = timer_of(tick, invoker, clock)
    async with running(timer) as task:
        await clock.next_sleep()
        clock.wake()
        await entered.wait()
        timer.stop()
        assert not task.done()
        go_on.set()
        await task
    assert runs == [5]


async def test_a_timer_request_says_when_it_ran_last_and_will_run_next(invoker):
    clock, statuses = SteppedClock(), []

    async def tick(timer):
        statuses.append(timer.schedule_status)

    async with running(timer_of(tick, invoker, clock)):
        for _ in range(2):
            await clock.next_sleep()
            clock.wake()
        await clock.next_sleep()
    assert statuses[1]["Last"] == "2026-01-05T12:05:00+00:00"
    assert statuses[1]["Next"] == "2026-01-05T12:15:00+00:00"
