"""The composite types of the specification: frame bodies, and what they are made of.

Each is a named tuple in the order of the specification, with the types of its fields in `_LAYOUTS`.
Written are all fields, also the empty ones at the end that could be left out, and descriptors in their
short form: there are clients that index fields and look at the third byte. Read is what the specification
allows, and nothing of a wrong type. A composite that is not known here stays a `Described`, for the caller
to refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from local.servicebus.amqp.codec import encoding
from local.servicebus.amqp.codec.decoding import DecodeError, decode_from
from local.servicebus.amqp.codec.values import Array, Described, Symbol, UByte, UInt, ULong, UShort


class Error(NamedTuple):
    condition: str
    description: str | None = None
    info: dict[Any, Any] | None = None


class Received(NamedTuple):
    section_number: int
    section_offset: int


class Accepted(NamedTuple):
    """Applied."""


class Rejected(NamedTuple):
    error: Error | None = None


class Released(NamedTuple):
    """Given back, as if it had never been delivered."""


class Modified(NamedTuple):
    delivery_failed: bool | None = None
    undeliverable_here: bool | None = None
    message_annotations: dict[Any, Any] | None = None


class Source(NamedTuple):
    address: Any = None
    durable: int | None = None
    expiry_policy: str | None = None
    timeout: int | None = None
    dynamic: bool | None = None
    dynamic_node_properties: dict[Any, Any] | None = None
    distribution_mode: str | None = None
    filter: dict[Any, Any] | None = None
    default_outcome: Any = None
    outcomes: Any = None
    capabilities: Any = None


class Target(NamedTuple):
    address: Any = None
    durable: int | None = None
    expiry_policy: str | None = None
    timeout: int | None = None
    dynamic: bool | None = None
    dynamic_node_properties: dict[Any, Any] | None = None
    capabilities: Any = None


class Open(NamedTuple):
    container_id: str
    hostname: str | None = None
    max_frame_size: int = 2**32 - 1
    channel_max: int = 2**16 - 1
    idle_time_out: int | None = None
    outgoing_locales: Any = None
    incoming_locales: Any = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: dict[Any, Any] | None = None


class Begin(NamedTuple):
    remote_channel: int | None
    next_outgoing_id: int
    incoming_window: int
    outgoing_window: int
    handle_max: int = 2**32 - 1
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: dict[Any, Any] | None = None


class Attach(NamedTuple):
    name: str
    handle: int
    role: bool
    snd_settle_mode: int = 2
    rcv_settle_mode: int = 0
    source: Source | Described | None = None
    target: Target | Described | None = None
    unsettled: dict[Any, Any] | None = None
    incomplete_unsettled: bool = False
    initial_delivery_count: int | None = None
    max_message_size: int | None = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: dict[Any, Any] | None = None


class Flow(NamedTuple):
    next_incoming_id: int | None
    incoming_window: int
    next_outgoing_id: int
    outgoing_window: int
    handle: int | None = None
    delivery_count: int | None = None
    link_credit: int | None = None
    available: int | None = None
    drain: bool = False
    echo: bool = False
    properties: dict[Any, Any] | None = None


class Transfer(NamedTuple):
    handle: int
    delivery_id: int | None = None
    delivery_tag: bytes | None = None
    message_format: int | None = None
    settled: bool | None = None
    more: bool = False
    rcv_settle_mode: int | None = None
    state: Any = None
    resume: bool = False
    aborted: bool = False
    batchable: bool = False


class Disposition(NamedTuple):
    role: bool
    first: int
    last: int | None = None
    settled: bool = False
    state: Any = None
    batchable: bool = False


class Detach(NamedTuple):
    handle: int
    closed: bool = False
    error: Error | None = None


class End(NamedTuple):
    error: Error | None = None


class Close(NamedTuple):
    error: Error | None = None


class SaslMechanisms(NamedTuple):
    mechanisms: Any


class SaslInit(NamedTuple):
    mechanism: str
    initial_response: bytes | None = None
    hostname: str | None = None


class SaslOutcome(NamedTuple):
    code: int
    additional_data: bytes | None = None


Composite: TypeAlias = (
    Open | Begin | Attach | Flow | Transfer | Disposition | Detach | End | Close
    | SaslMechanisms | SaslInit | SaslOutcome
    | Error | Received | Accepted | Rejected | Released | Modified | Source | Target
)  # fmt: skip


class Kind(NamedTuple):
    """The type of a field: what is accepted from the other side, and how ours is written."""

    accepts: tuple[type[Any], ...]
    write: encoding.Writer
    composed: bool = False
    """Whether `accepts` names composites, which arrive as described lists."""


class Layout(NamedTuple):
    code: int
    build: Callable[..., Composite]
    kinds: tuple[Kind, ...]
    defaults: tuple[Any, ...]
    """Of a field that is mandatory: `MANDATORY`."""


MANDATORY: Any = object()


def encode(value: Composite) -> bytes:
    out = bytearray()
    _write_composite(out, value)
    return bytes(out)


def decode(buffer: bytes) -> tuple[Composite | Described, int]:
    """The composite at the start of a frame's body, and where the payload starts."""
    value, end = decode_from(buffer, 0)
    return compose(value), end


def compose(value: Any) -> Composite | Described:
    """The named tuple for a described list; a described value of an unknown kind is left as it is."""
    if not isinstance(value, Described):
        raise DecodeError("a described list was expected")
    layout = _LAYOUTS_BY_CODE.get(value.descriptor) if type(value.descriptor) is ULong else None
    if layout is None:
        return value
    given = value.value
    if not isinstance(given, list) or len(given) > len(layout.kinds):
        raise DecodeError(f"no fields of {layout.build}")
    fields = [*map(_field, layout.kinds, given, layout.defaults), *layout.defaults[len(given) :]]
    if MANDATORY in fields:
        raise DecodeError(f"a mandatory field of {layout.build} is missing")
    return layout.build(*fields)


def _field(kind: Kind, given: Any, default: Any) -> Any:
    if given is None:
        return default
    value = compose(given) if kind.composed else given
    if not isinstance(value, kind.accepts):
        raise DecodeError(f"a field is of the type {type(given).__name__}")
    return value


def _write_composite(out: bytearray, value: Any) -> None:
    if type(value) is Described:
        encoding.write(out, value)
        return
    layout = _LAYOUTS[type(value)]
    body = bytearray()
    for kind, field in zip(layout.kinds, value, strict=True):
        if field is None:
            body.append(0x40)
        else:
            kind.write(body, field)
    out += b"\x00\x53"
    out.append(layout.code)
    encoding.write_compound(out, 0xC0, len(layout.kinds), body)


_OUTCOMES = (Accepted, Released, Rejected, Modified, Received)
_KINDS = {
    "boolean": Kind((bool,), encoding.write_boolean),
    "ubyte": Kind((UByte,), encoding.write_ubyte),
    "ushort": Kind((UShort,), encoding.write_ushort),
    "uint": Kind((UInt,), encoding.write_uint),
    "ulong": Kind((ULong,), encoding.write_ulong),
    "string": Kind((str,), encoding.write_string),
    "symbol": Kind((Symbol,), encoding.write_symbol),
    "binary": Kind((bytes,), encoding.write_binary),
    "map": Kind((dict,), encoding.write),
    "multiple": Kind((Symbol, Array), encoding.write),
    "any": Kind((object,), encoding.write),
    "error": Kind((Error,), _write_composite, composed=True),
    "outcome": Kind((*_OUTCOMES, Described), _write_composite, composed=True),
    "terminus": Kind((Source, Target, Described), _write_composite, composed=True),
}


def _layout(code: int, build: Any, kinds: str) -> Layout:
    """A field without a default in its named tuple is mandatory, save where null is one of its values."""
    defaults = {"remote_channel": None, "next_incoming_id": None, **build._field_defaults}
    fields = tuple(_KINDS[kind] for kind in kinds.split())
    return Layout(code, build, fields, tuple(defaults.get(name, MANDATORY) for name in build._fields))


_OPEN = "string string uint ushort uint multiple multiple multiple multiple map"
_BEGIN = "ushort uint uint uint uint multiple multiple map"
_ATTACH = """string uint boolean ubyte ubyte terminus terminus map boolean uint ulong
    multiple multiple map"""
_FLOW = "uint uint uint uint uint uint uint uint boolean boolean map"
_TRANSFER = "uint uint binary uint boolean boolean ubyte outcome boolean boolean boolean"
_SOURCE = "any uint symbol uint boolean map symbol map any multiple multiple"

_LAYOUTS: dict[type[Any], Layout] = {
    layout.build: layout  # type: ignore[misc]  # the builder of a layout is its class
    for layout in (
        _layout(0x10, Open, _OPEN),
        _layout(0x11, Begin, _BEGIN),
        _layout(0x12, Attach, _ATTACH),
        _layout(0x13, Flow, _FLOW),
        _layout(0x14, Transfer, _TRANSFER),
        _layout(0x15, Disposition, "boolean uint uint boolean outcome boolean"),
        _layout(0x16, Detach, "uint boolean error"),
        _layout(0x17, End, "error"),
        _layout(0x18, Close, "error"),
        _layout(0x1D, Error, "symbol string map"),
        _layout(0x23, Received, "uint ulong"),
        _layout(0x24, Accepted, ""),
        _layout(0x25, Rejected, "error"),
        _layout(0x26, Released, ""),
        _layout(0x27, Modified, "boolean boolean map"),
        _layout(0x28, Source, _SOURCE),
        _layout(0x29, Target, "any uint symbol uint boolean map multiple"),
        _layout(0x40, SaslMechanisms, "multiple"),
        _layout(0x41, SaslInit, "symbol binary string"),
        _layout(0x44, SaslOutcome, "ubyte binary"),
    )
}
_LAYOUTS_BY_CODE: dict[int, Layout] = {layout.code: layout for layout in _LAYOUTS.values()}
