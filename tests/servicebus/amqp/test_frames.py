"""Cutting the stream: however the bytes arrive, the same frames come out; nonsense is refused early."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.servicebus.amqp.codec.frames import (
    AMQP_HEADER,
    HEARTBEAT,
    Frame,
    FrameError,
    FrameReader,
    encode_frame,
)
from local.servicebus.amqp.codec.performatives import Close, Transfer

FRAMES = [
    HEARTBEAT,
    encode_frame(3, Transfer(1, 2, b"tag", 0), b"x" * 200),
    encode_frame(0, Close()),
]


@given(st.lists(st.integers(0, 300), max_size=6))
def test_frames_come_out_whole_however_the_bytes_arrive(cuts):
    stream, reader, found = AMQP_HEADER + b"".join(FRAMES), FrameReader(512), []
    header = None
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(bounds):
        reader.feed(stream[start:end])
        header = header or reader.next_header()
        while header and (frame := reader.next_frame()):
            found.append(frame)
    assert header == AMQP_HEADER
    assert [(frame.channel, frame.body) for frame in found] == [
        (0, b""),
        (3, FRAMES[1][8:]),
        (0, FRAMES[2][8:]),
    ]


def test_an_extended_header_is_skipped():
    reader = FrameReader(512)
    reader.feed(b"\x00\x00\x00\x0e\x03\x00\x00\x01" + b"more" + b"bo")
    assert reader.next_frame() == Frame(0, 1, b"bo")


@pytest.mark.parametrize(
    "start",
    [
        b"\x7f\xff\xff\xff\x02\x00\x00\x00",  # far too long: refused before it is stored
        b"\x00\x00\x02\x01\x02\x00\x00\x00",  # one byte too long
        b"\x00\x00\x00\x07\x02\x00\x00\x00",  # shorter than its own prefix
        b"\x00\x00\x00\x08\x01\x00\x00\x00",  # a body that starts within the prefix
        b"\x00\x00\x00\x08\x03\x00\x00\x00",  # a body that starts behind the end
    ],
)
def test_what_cannot_be_a_frame_is_refused_by_its_first_bytes(start):
    reader = FrameReader(512)
    reader.feed(start)
    with pytest.raises(FrameError):
        reader.next_frame()
