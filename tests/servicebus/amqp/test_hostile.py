"""A hostile neighbour: whatever it sends, the broker lives, and others notice nothing."""

import random
import socket
import threading

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from hypothesis import given, settings
from hypothesis import strategies as st

from local.servicebus.amqp import management
from local.servicebus.amqp.codec.frames import AMQP_HEADER, SASL_HEADER, encode_frame
from local.servicebus.amqp.codec.performatives import (
    Accepted,
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    Received,
    Released,
    SaslInit,
    Source,
    Target,
    Transfer,
)
from local.servicebus.amqp.codec.values import Described, ULong
from tests.servicebus.amqp.peer import Desk, Peer, message


def of(kind, *fields, **more):
    """Without guesses about the fields that are not given."""
    return st.builds(lambda *given, **others: kind(*given, **others), *fields, **more)  # noqa: PLW0108  # hides the types


HANDLES = st.integers(0, 3)
NUMBERS = st.one_of(st.integers(0, 5), st.sampled_from([255, 256, 2**31, 2**32 - 1]))
ADDRESSES = st.sampled_from(
    [
        "orders",
        "tickets",
        "$cbs",
        "orders/$management",
        "$cbs/$management",
        "/",
        "a//b",
        "%zz",
        "x" * 300,
        "orders/$x",
    ]
)
FILTERS = st.sampled_from(
    [None, {}, {"com.microsoft:session-filter": "s"}, {"com.microsoft:session-filter": None}]
)
STATES = st.sampled_from(
    [None, Accepted(), Released(), Received(0, 0), Described(ULong(0x34), []), Described("mine", 1)]
)
PAYLOADS = st.one_of(
    st.binary(max_size=40),
    st.just(message(b"good", application_properties={"operation": "com.microsoft:peek-message"})),
    st.binary(max_size=20).map(lambda noise: message(b"x", properties=[noise] * 3)),
)
PERFORMATIVES = st.one_of(
    of(Begin, st.none(), NUMBERS, NUMBERS, NUMBERS),
    of(
        Attach,
        st.text(max_size=3),
        HANDLES,
        st.booleans(),
        source=of(Source, ADDRESSES, filter=FILTERS),
        target=of(Target, ADDRESSES),
        initial_delivery_count=NUMBERS,
    ),
    of(
        Flow,
        st.none() | NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
        st.none() | HANDLES,
        NUMBERS,
        NUMBERS,
        drain=st.booleans(),
    ),
    of(
        Transfer,
        HANDLES,
        st.none() | NUMBERS,
        st.none() | st.binary(max_size=40),
        NUMBERS,
        st.booleans(),
        st.booleans(),
        aborted=st.booleans(),
    ),
    of(Disposition, st.booleans(), NUMBERS, st.none() | NUMBERS, st.booleans(), STATES),
    of(Detach, HANDLES, st.booleans()),
    of(End),
    of(Open, st.text(max_size=3), max_frame_size=NUMBERS),
)
FRAMES = st.builds(encode_frame, st.integers(0, 2), PERFORMATIVES, PAYLOADS)


OPERATIONS = tuple(management.OPERATIONS)


def desk_with_queues():
    desk = Desk()
    desk.broker.namespace.create_queue("orders")
    return desk


def assert_others_notice_nothing(desk):
    assert desk.authorized().send("orders") == Accepted()


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_noise_from_the_first_byte_on_is_closed_or_waited_out(chunks):
    desk = desk_with_queues()
    peer = Peer(desk)
    for chunk in chunks:
        peer.connection.receive(chunk)
    desk.sleep(600)
    assert peer.wire.closed
    assert_others_notice_nothing(desk)


@settings(max_examples=100)
@given(st.lists(FRAMES, max_size=12))
def test_sound_frames_in_a_senseless_order_do_no_harm(frames):
    desk = desk_with_queues()
    peer = desk.authorized()
    for frame in frames:
        peer.write(frame)
    assert desk.container.broker.namespace.counts("orders").total >= 0
    assert not any(close.error and "internal" in close.error.condition for close in peer.all(Close))
    assert_others_notice_nothing(desk)


@settings(max_examples=80)
@given(FRAMES, st.data())
def test_a_frame_with_a_bit_turned_over_does_no_harm(frame, data):
    desk = desk_with_queues()
    peer = desk.authorized()
    at, bit = data.draw(st.integers(4, len(frame) - 1)), data.draw(st.integers(0, 7))
    peer.write(frame[:at] + bytes([frame[at] ^ 1 << bit]) + frame[at + 1 :])
    assert not any(close.error and "internal" in close.error.condition for close in peer.all(Close))
    assert_others_notice_nothing(desk)


@settings(max_examples=80)
@given(
    st.dictionaries(
        st.text(max_size=3) | st.just("lock-tokens"), st.none() | st.integers(-9, 9) | st.text(), max_size=4
    ),
    st.data(),
)
def test_a_management_request_of_any_content_is_answered(body, data):
    desk = desk_with_queues()
    peer = desk.authorized()
    operation = data.draw(st.sampled_from([*OPERATIONS, "nothing"]))
    status, _ = peer.manage("orders", operation, data.draw(st.sampled_from([body, None, [1], 7])))
    assert status in range(200, 500)


def strangers(port, seed, stop):
    """Connections that send noise, half a handshake and then noise, or an endless frame."""
    dice = random.Random(seed)
    hello = AMQP_HEADER + encode_frame(0, Open("me")) + encode_frame(0, Begin(None, 0, 9, 9))
    sasl = SASL_HEADER + encode_frame(0, SaslInit("ANONYMOUS"), type_=1)
    endless = encode_frame(0, Attach("l", 0, role=False, source=Source(), target=Target("$cbs"))) + b"".join(
        encode_frame(0, Transfer(0, 0, b"t", 0, more=True), b"x" * 60_000) for _ in range(100)
    )
    while not stop.is_set():
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.settimeout(5)
            start = dice.choice([b"", AMQP_HEADER, hello, sasl + hello, hello + endless, hello + b"\xff" * 8])
            try:
                stranger.sendall(start + dice.randbytes(dice.randrange(2000)))
                stranger.recv(100)
            except OSError:
                continue


@pytest.mark.parametrize("seed", [1])
def test_a_real_client_works_on_while_strangers_make_noise(bus, seed):
    bus.queue("calm")
    stop = threading.Event()
    noise = threading.Thread(target=strangers, args=(bus.port, seed, stop))
    noise.start()
    try:
        with (
            ServiceBusClient.from_connection_string(bus.connection_string(), retry_total=0) as client,
            client.get_queue_sender("calm") as sender,
            client.get_queue_receiver("calm", keep_alive=0) as receiver,
        ):
            for number in range(50):
                sender.send_messages(ServiceBusMessage(str(number)))
                [found] = receiver.receive_messages(1, max_wait_time=5)
                assert str(found) == str(number)
                receiver.complete_message(found)
    finally:
        stop.set()
        noise.join()
    assert bus.active("calm") == 0
