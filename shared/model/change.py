"""What travels: a row as a source showed it, a change set on the bus, a write and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from shared.model.errors import IntegrationError
from shared.model.golden import Value


class Row(Struct):
    """One row of a system, translated: canonical `values` of the fields that the system carries.

    `stamp` is the row's own time (microseconds, UTC). A reference is the parent's native id in that
    system. `version` is what the system wants back in a conditional write (ETag, modified stamp).
    `refused` says why the row cannot be taken; its values are then as far as they could be read.
    `merged_into` is the winner's native id where two rows were merged in the system. `external_id` is the
    golden id that a create of the hub left in the row. `became` is the native id under which the same record
    goes on, and this row with it no more: a lead that was converted.
    """

    native_id: str
    values: Mapping[str, Value]
    stamp: int
    deleted: bool = False
    active: bool = True
    version: str | None = None
    merged_into: str | None = None
    external_id: str | None = None
    became: str | None = None
    refused: IntegrationError | None = None


@dataclass(slots=True)
class Page:
    """Rows read in one call, and where reading goes on once they are merged.

    `watermark` is the source's own and opaque to everyone else; `read_at` is the source's clock at the
    start of the request (microseconds, UTC), which no stamp may pass. `calls` is what the page cost.

    `last` says that the run ends here. `whole` says that the page is a part of an answer that holds every
    living row, so that what it leaves out was deleted; `first` begins such an answer, and a page that goes
    on from a watermark in its middle does not say so.
    """

    rows: list[Row]
    watermark: str
    read_at: int
    calls: int = 1
    whole: bool = False
    first: bool = False
    last: bool = False


class Verb(StrEnum):
    """What a write does in the target, in the order in which a target does it.

    What goes makes room: a number that one row gives up may be the next one's, and no two rows may have it.
    """

    DELETE = "delete"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    CREATE = "create"


class Write(Struct):
    """One record to be made so in the target.

    `values` holds the differing fields only, in the target's normal form, references as the target's
    own native ids. `id` is the golden id, which a create carries as external id so that a repeated
    create finds what it made. `version` guards a conditional write where the flow asks for one.
    """

    verb: Verb
    id: str
    values: Mapping[str, Value]
    native_id: str | None = None
    version: str | None = None


class Outcome(Struct):
    """What became of one write. No `error` means that the target now shows the values.

    `taught` holds values that the write's own answer showed to be stored otherwise than they were sent.
    """

    write: Write
    native_id: str | None = None
    version: str | None = None
    error: IntegrationError | None = None
    taught: Mapping[str, Value] | None = None


@dataclass(slots=True)
class Applied:
    """The outcomes of some writes, with what they cost: API calls, and bytes of request bodies."""

    outcomes: list[Outcome]
    calls: int = 0
    bytes_sent: int = 0


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Which records to look at. It carries no values, so late, doubled or reordered does no harm.

    `source` is the system whose change caused it; `target` addresses it to one system alone.
    `attempt` counts what failed before, `waits` how often a parent was waited for, and `since` is when it
    began (microseconds, UTC). `deferred` says that it comes back because calls were short.
    """

    entity: str
    source: str
    ids: tuple[str, ...]
    target: str | None = None
    cause: str = "poll"
    attempt: int = 0
    waits: int = 0
    since: int = 0
    fields: tuple[str, ...] = ()
    trace: str | None = None
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message for the bus. `due` (microseconds) schedules it; `id` is its duplicate-detection id."""

    destination: str
    id: str
    body: bytes
    properties: Mapping[str, str | int] = field(default_factory=dict)
    due: int | None = None
