"""The codec: what is written is read back the same, and what is not AMQP is refused, whatever it is."""

import math
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.servicebus.amqp.codec import performatives
from local.servicebus.amqp.codec.decoding import MAX_DEPTH, DecodeError, decode, entries, skip
from local.servicebus.amqp.codec.encoding import EncodeError, encode
from local.servicebus.amqp.codec.performatives import Attach, Disposition, Modified, Source, Target, Transfer
from local.servicebus.amqp.codec.values import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)


def integers(kind, bits, *, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(low, high).map(kind)


INTEGERS = [
    integers(UByte, 8, signed=False),
    integers(UShort, 16, signed=False),
    integers(UInt, 32, signed=False),
    integers(ULong, 64, signed=False),
    integers(Byte, 8, signed=True),
    integers(Short, 16, signed=True),
    integers(Int, 32, signed=True),
    integers(int, 64, signed=True),
    integers(Timestamp, 64, signed=True),
]
SYMBOLS = st.text(st.characters(max_codepoint=127), max_size=300).map(Symbol)
KEYS = st.one_of(*INTEGERS, st.text(max_size=300), SYMBOLS, st.uuids())
SCALARS = st.one_of(
    KEYS,
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.floats(width=32, allow_nan=False).map(Float),
    st.binary(max_size=300),
    st.characters().map(Char),
    st.binary(min_size=4, max_size=4).map(Decimal32),
    st.binary(min_size=8, max_size=8).map(Decimal64),
    st.binary(min_size=16, max_size=16).map(Decimal128),
)
ARRAYS = st.one_of(
    *(st.lists(kind, max_size=300).map(Array) for kind in (*INTEGERS, SYMBOLS, st.uuids(), st.booleans()))
)
VALUES = st.recursive(
    st.one_of(SCALARS, ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(KEYS, inner, max_size=5),
        st.builds(Described, integers(ULong, 64, signed=False), inner),
    ),
    max_leaves=20,
)


def types_of(value):
    if isinstance(value, Described):
        return (Described, types_of(value.descriptor), types_of(value.value))
    if isinstance(value, dict):
        return (dict, [(types_of(key), types_of(each)) for key, each in value.items()])
    if isinstance(value, list):
        return (type(value), [types_of(each) for each in value])
    return type(value)


@given(VALUES)
def test_what_is_written_is_read_back_with_its_types(value):
    read = decode(encode(value))
    assert read == value
    assert types_of(read) == types_of(value)


@given(VALUES)
def test_skipping_a_value_ends_where_reading_it_ends(value):
    written = encode(value)
    assert skip(written + b"\x40", 0) == len(written)


@given(VALUES, st.data())
def test_a_value_that_is_cut_short_is_refused(value, data):
    written = encode(value)
    cut = written[: data.draw(st.integers(0, len(written) - 1))]
    with pytest.raises(DecodeError):
        decode(cut)


@given(st.binary(max_size=200))
@example(bytes.fromhex("e00503a1016100"))
@example(bytes.fromhex("f000000005ffffffff40"))  # four thousand million nulls
@example(bytes.fromhex("c1040200ffff4040"))
@example(bytes.fromhex("c10502c0010040"))  # a list as a key
@example(bytes.fromhex("7300110000"))  # no character
@example(bytes.fromhex("a10180"))  # no UTF-8
def test_any_bytes_are_a_value_or_refused(noise):
    try:
        decode(noise)
    except DecodeError:
        return
    encode(decode(noise))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_performative_or_refused(noise):
    try:
        performatives.decode(b"\x00\x53" + noise)
    except DecodeError:
        return


def test_nesting_has_an_end():
    nested: list[object] = []
    for _ in range(MAX_DEPTH):
        nested = [nested]
    decode(encode(nested))
    with pytest.raises(DecodeError, match="nested deeper"):
        decode(encode([nested]))
    with pytest.raises(DecodeError, match="nested deeper"):
        decode(b"\x00" * 10_000)
    with pytest.raises(DecodeError, match="nested deeper"):
        skip(b"\x00" * 10_000, 0)


def test_a_special_number_keeps_its_nature():
    assert math.isnan(decode(encode(math.nan)))


def test_a_number_out_of_the_range_of_its_type_is_not_written():
    with pytest.raises(EncodeError):
        encode(UByte(256))
    with pytest.raises(EncodeError):
        encode(2**63)


def test_a_value_without_an_amqp_type_is_not_written():
    with pytest.raises(EncodeError, match="complex"):
        encode(1j)


def test_an_array_is_of_one_type():
    with pytest.raises(EncodeError, match="one type"):
        encode(Array([1, "two"]))


def test_a_map_gives_its_entries_as_the_bytes_they_came_in():
    written = encode({"small": Int(5), "uuid": UUID(int=7)})
    assert [(key, raw) for key, _, raw in entries(written)] == [
        ("small", encode("small") + encode(Int(5))),
        ("uuid", encode("uuid") + encode(UUID(int=7))),
    ]


def test_a_performative_writes_its_empty_fields_too():
    """There is a client that takes the fourteenth field of an attach without asking whether it is there."""
    attach = Attach("link", 1, role=True, source=Source("orders"), target=Target())
    fields = decode(performatives.encode(attach)).value
    assert len(fields) == 14
    assert performatives.decode(performatives.encode(attach))[0] == attach


def test_a_performative_may_leave_its_last_fields_out():
    written = b"\x00\x53\x15" + encode([True, UInt(7)])
    assert performatives.decode(written)[0] == Disposition(role=True, first=7)


def test_an_outcome_within_a_performative_is_read_as_one():
    disposition = Disposition(role=True, first=1, state=Modified(delivery_failed=True))
    assert performatives.decode(performatives.encode(disposition))[0] == disposition


@pytest.mark.parametrize(
    "fields",
    [
        [None],  # the handle is mandatory
        ["one"],  # and a number
        [UInt(1), UInt(1), "tag"],  # a tag is binary
        [UInt(1), *[None] * 11],  # and there is no twelfth field
    ],
)
def test_a_performative_with_a_wrong_field_is_refused(fields):
    with pytest.raises(DecodeError):
        performatives.decode(b"\x00\x53\x14" + encode(fields))


def test_a_transfer_ends_where_its_payload_starts():
    written = performatives.encode(Transfer(3, 4, b"tag")) + b"payload"
    transfer, end = performatives.decode(written)
    assert transfer == Transfer(3, 4, b"tag")
    assert written[end:] == b"payload"
