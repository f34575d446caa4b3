"""The unmodified client on asyncio."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.aio import AutoLockRenewer, ServiceBusClient
from azure.servicebus.exceptions import (
    MessageLockLostError,
    OperationTimeoutError,
    ServiceBusAuthenticationError,
    SessionLockLostError,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def connect(bus, **credentials):
    return ServiceBusClient.from_connection_string(bus.connection_string(**credentials), retry_total=0)


async def test_many_messages_are_sent_received_and_settled_side_by_side(bus):
    bus.queue("crowd")
    async with connect(bus) as client, client.get_queue_sender("crowd") as sender:
        await sender.send_messages([ServiceBusMessage(str(number)) for number in range(300)])
        async with client.get_queue_receiver("crowd", prefetch_count=100) as receiver:
            seen: list[int] = []
            while len(seen) < 300:
                found = await receiver.receive_messages(100, max_wait_time=5)
                await asyncio.gather(*(receiver.complete_message(message) for message in found))
                seen += [int(str(message)) for message in found]
    assert seen == list(range(300))
    assert bus.active("crowd") == 0


async def test_all_that_can_be_done_with_a_message(bus):
    bus.queue("orders")
    async with connect(bus) as client, client.get_queue_sender("orders") as sender:
        await sender.send_messages([ServiceBusMessage(str(number)) for number in range(4)])
        async with client.get_queue_receiver("orders") as receiver:
            first, second, third, fourth = await receiver.receive_messages(4, max_wait_time=5)
            await receiver.complete_message(first)
            await receiver.abandon_message(second)
            await receiver.defer_message(third)
            await receiver.dead_letter_message(fourth, reason="why")
            [again] = await receiver.receive_messages(4, max_wait_time=5)
            assert (str(again), again.delivery_count) == ("1", 1)
            assert await receiver.renew_message_lock(again) > datetime.now(UTC)
            await receiver.complete_message(again)
            [deferred] = await receiver.receive_deferred_messages(third.sequence_number)
            await receiver.complete_message(deferred)
            due = datetime.now(UTC) + timedelta(hours=1)
            numbers = await sender.schedule_messages(ServiceBusMessage("later"), due)
            [peeked] = await receiver.peek_messages(9, sequence_number=1)
            assert peeked.sequence_number == numbers[0]
            await sender.cancel_scheduled_messages(numbers)
    counts = bus.do(lambda namespace: namespace.counts("orders"))
    assert (counts.active, counts.scheduled, counts.dead_lettered) == (0, 0, 1)


async def test_the_next_session_is_waited_for_as_long_as_the_client_wants(bus):
    bus.queue("quiet", requires_session=True)
    async with connect(bus) as client:
        receiver = client.get_queue_receiver("quiet", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1)
        with pytest.raises(OperationTimeoutError):
            await receiver.__aenter__()


async def lose_a_session(client):
    async with client.get_queue_sender("tickets") as sender:
        await sender.send_messages(ServiceBusMessage("x", session_id="s"))
    async with client.get_queue_receiver("tickets", session_id=NEXT_AVAILABLE_SESSION) as receiver:
        [held] = await receiver.receive_messages(1, max_wait_time=5)
        await receiver.session.set_state("open")
        await until(receiver.session.locked_until_utc)
        with pytest.raises(SessionLockLostError):
            await receiver.complete_message(held)


async def lose_one_lock_and_keep_another(client):
    async with client.get_queue_sender("short") as sender:
        await sender.send_messages([ServiceBusMessage("lost"), ServiceBusMessage("kept")])
    async with client.get_queue_receiver("short") as receiver, AutoLockRenewer() as renewer:
        lost, kept = await receiver.receive_messages(2, max_wait_time=5)
        renewer.register(receiver, kept, max_lock_renewal_duration=60)
        await until(lost.locked_until_utc)
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(lost)
        await receiver.complete_message(kept)
        [again] = await receiver.receive_messages(1, max_wait_time=5)
        assert (str(again), again.delivery_count) == ("lost", 1)


async def until(moment):
    """The client compares a lock's end with the clock on the wall, and the shortest lock has five seconds."""
    await asyncio.sleep((moment - datetime.now(UTC)).total_seconds())


async def test_locks_are_lost_when_their_time_is_over_and_kept_when_they_are_renewed(bus):
    bus.queue("tickets", requires_session=True, lock_duration=timedelta(seconds=5))
    bus.queue("short", lock_duration=timedelta(seconds=5))
    async with connect(bus) as client:
        await asyncio.gather(lose_a_session(client), lose_one_lock_and_keep_another(client))


async def test_what_is_not_there_and_what_is_not_allowed_raise_their_own_errors(bus):
    async with connect(bus) as client:
        with pytest.raises(ServiceBusAuthenticationError) as refusal:
            await client.get_queue_sender("nowhere").__aenter__()
    assert "404" in refusal.value.exc_msg
    async with connect(bus, key="another") as stranger:
        with pytest.raises(ServiceBusAuthenticationError):
            await stranger.get_queue_sender("orders").__aenter__()
