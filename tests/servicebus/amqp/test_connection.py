"""Opening, living and closing a connection; and what is said when a client does it wrong."""

import pytest

from local.servicebus.amqp.codec.frames import AMQP_HEADER, SASL_HEADER, TLS_HEADER, encode_frame
from local.servicebus.amqp.codec.performatives import (
    Attach,
    Begin,
    Close,
    End,
    Flow,
    Open,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Transfer,
)
from tests.servicebus.amqp.peer import Desk, Peer


@pytest.fixture
def desk():
    return Desk()


def test_sasl_offers_mechanisms_and_accepts_anonymous(desk):
    peer = Peer(desk)
    peer.write(SASL_HEADER)
    assert "ANONYMOUS" in peer.last(SaslMechanisms).mechanisms
    peer.write(encode_frame(0, SaslInit("ANONYMOUS"), type_=1))
    assert peer.last(SaslOutcome).code == 0


def test_an_unknown_sasl_mechanism_is_refused(desk):
    peer = Peer(desk)
    peer.write(SASL_HEADER)
    peer.write(encode_frame(0, SaslInit("KERBEROS"), type_=1))
    assert peer.last(SaslOutcome).code == 1
    assert peer.wire.closed


@pytest.mark.parametrize("header", [b"GET / HT", TLS_HEADER, b"AMQP\x00\x00\x09\x01"])
def test_an_unknown_protocol_is_answered_with_the_known_one(desk, header):
    peer = Peer(desk)
    peer.write(header)
    assert peer.headers == [AMQP_HEADER]
    assert peer.wire.closed


def test_open_and_begin_are_answered_in_kind(desk):
    peer = Peer(desk)
    peer.write(AMQP_HEADER)
    peer.say(Open("me"))
    peer.say(Begin(None, 5, 9, 9), channel=3)
    assert peer.last(Open).max_frame_size == 65_536
    assert [(channel, told.remote_channel) for channel, told, _ in peer.told if isinstance(told, Begin)] == [
        (3, 3)
    ]


def test_close_is_answered_and_the_socket_closed(desk):
    peer = desk.peer()
    peer.say(Close())
    assert peer.last(Close).error is None
    assert peer.wire.closed


def test_end_is_answered_and_the_channel_free_again(desk):
    peer = desk.peer()
    peer.say(End())
    assert peer.last(End).error is None
    peer.say(Begin(None, 0, 9, 9))
    assert peer.last(Begin).remote_channel == 0


@pytest.mark.parametrize(
    "wrong, condition",
    [
        (b"\x7f\xff\xff\xff\x02\x00\x00\x00", "amqp:connection:framing-error"),
        (b"\x00\x00\x00\x0c\x02\x01\x00\x00abcd", "amqp:connection:framing-error"),
        (b"\x00\x00\x00\x0c\x02\x00\x00\x00abcd", "amqp:decode-error"),
        (b"\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x99\x45", "amqp:decode-error"),
        (encode_frame(7, End()), "amqp:not-allowed"),
        (encode_frame(7, Flow(0, 1, 0, 1)), "amqp:not-allowed"),
        (encode_frame(0, Begin(None, 0, 1, 1)), "amqp:not-allowed"),
        (encode_frame(999, Begin(None, 0, 1, 1)), "amqp:not-allowed"),
    ],
)
def test_what_cannot_be_meant_closes_the_connection_and_says_why(desk, wrong, condition):
    peer = desk.peer()
    peer.write(wrong)
    assert peer.last(Close).error.condition == condition
    assert peer.wire.closed


@pytest.mark.parametrize(
    "wrong, condition",
    [
        (Transfer(5, 0, b"tag", 0), "amqp:session:unattached-handle"),
        (Flow(0, 9, 0, 9, handle=5), "amqp:session:unattached-handle"),
        (Attach("link", 256, role=True), "amqp:session:unattached-handle"),
        (Open("again"), "amqp:illegal-state"),
    ],
)
def test_what_a_session_cannot_do_ends_the_session_alone(desk, wrong, condition):
    peer = desk.peer()
    peer.say(Begin(None, 0, 9, 9), channel=1)
    peer.say(wrong)
    assert peer.last(End).error.condition == condition
    peer.say(wrong)  # the session waits for the client's end, and takes nothing any more
    assert len(peer.all(End)) == 1
    peer.say(End())
    peer.say(End(), channel=1)
    assert not peer.wire.closed


def test_a_frame_size_below_the_minimum_is_refused(desk):
    peer = Peer(desk)
    peer.write(AMQP_HEADER)
    peer.say(Open("me", max_frame_size=511))
    assert peer.last(Close).error.condition == "amqp:invalid-field"


def test_nothing_but_an_open_opens_a_connection(desk):
    peer = Peer(desk)
    peer.write(AMQP_HEADER)
    peer.say(Begin(None, 0, 9, 9))
    assert peer.last(Close).error.condition == "amqp:illegal-state"


def test_a_client_that_says_nothing_for_too_long_is_left(desk):
    peer = desk.peer()
    desk.sleep(241)
    peer.write(b"\x00\x00\x00\x08\x02\x00\x00\x00")
    desk.sleep(241)
    assert not peer.wire.closed
    desk.sleep(241)
    assert peer.last(Close).error.condition == "amqp:connection:forced"
    assert peer.wire.closed


def test_a_client_that_never_opens_is_left_too(desk):
    peer = Peer(desk)
    desk.sleep(500)
    assert peer.wire.closed


def test_a_client_hears_a_heartbeat_as_often_as_it_wishes(desk):
    peer = Peer(desk)
    peer.write(AMQP_HEADER)
    peer.say(Open("me", idle_time_out=10_000))
    peer.told.clear()
    desk.sleep(10)
    peer.listen()
    assert peer.told == [(0, None, b"")] * 2


def test_nothing_is_written_to_a_socket_that_is_gone(desk):
    peer = desk.peer()
    peer.hang_up()
    peer.wire.closed = True
    desk.sleep(1000)
